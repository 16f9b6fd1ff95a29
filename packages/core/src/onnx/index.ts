export { type DecodeOptions, decodeModel } from './decode.ts';
export { encodeModel, encodeModelInTurns } from './encode.ts';
export { type ExportOptions, exportGraph, graphToModel } from './export.ts';
export { type Imported, type ImportOptions, importGraph } from './import.ts';
export { type ModelInfo, type ModelPort, readModelInfo } from './model-info.ts';
export type {
  AttributeProto,
  DimensionProto,
  FunctionProto,
  GraphProto,
  MapTypeProto,
  ModelProto,
  NodeProto,
  OperatorSetIdProto,
  SegmentProto,
  SequenceTypeProto,
  SparseTensorProto,
  StringStringEntryProto,
  TensorAnnotation,
  TensorProto,
  TensorShapeProto,
  TensorTypeProto,
  TrainingInfoProto,
  TypeProto,
  ValueInfoProto,
} from './proto.ts';
export { attributeTypes } from './proto.ts';
export { type ExternalData, type ExternalFiles, externalDataOf, protoOfTensor, tensorOfProto } from './tensor-proto.ts';
export type { Int64 } from './wire.ts';
