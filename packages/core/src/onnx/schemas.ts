// How the messages of proto.ts are written: the field numbers of onnx.proto.
import type {
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
import { list, message, messages, packed, type Schema, scalar, schema } from './schema.ts';

export const stringStringEntry: Schema<StringStringEntryProto> = schema({ key: scalar(1, 'text'), value: scalar(2, 'text') });

export const operatorSetId: Schema<OperatorSetIdProto> = schema({ domain: scalar(1, 'text'), version: scalar(2, 'int64') });

export const segment: Schema<SegmentProto> = schema({ begin: scalar(1, 'int64'), end: scalar(2, 'int64') });

export const tensor: Schema<TensorProto> = schema({
  dims: list(1, 'int64'),
  dataType: scalar(2, 'int32'),
  segment: message(3, () => segment),
  floatData: packed(4, 'float32'),
  int32Data: packed(5, 'int32'),
  stringData: list(6, 'bytes'),
  int64Data: packed(7, 'int64'),
  name: scalar(8, 'text'),
  rawData: scalar(9, 'bytes'),
  doubleData: packed(10, 'float64'),
  uint64Data: packed(11, 'uint64'),
  docString: scalar(12, 'text'),
  externalData: messages(13, () => stringStringEntry),
  dataLocation: scalar(14, 'int32'),
  metadataProps: messages(16, () => stringStringEntry),
});

export const sparseTensor: Schema<SparseTensorProto> = schema({
  values: message(1, () => tensor),
  indices: message(2, () => tensor),
  dims: list(3, 'int64'),
});

export const dimension: Schema<DimensionProto> = schema({
  dimValue: scalar(1, 'int64'),
  dimParam: scalar(2, 'text'),
  denotation: scalar(3, 'text'),
});

export const tensorShape: Schema<TensorShapeProto> = schema({ dim: messages(1, () => dimension) });

export const tensorType: Schema<TensorTypeProto> = schema({ elemType: scalar(1, 'int32'), shape: message(2, () => tensorShape) });

export const sequenceType: Schema<SequenceTypeProto> = schema({ elemType: message(1, (): Schema<TypeProto> => type) });

export const mapType: Schema<MapTypeProto> = schema({
  keyType: scalar(1, 'int32'),
  valueType: message(2, (): Schema<TypeProto> => type),
});

export const type: Schema<TypeProto> = schema({
  tensorType: message(1, () => tensorType),
  sequenceType: message(4, () => sequenceType),
  mapType: message(5, () => mapType),
  denotation: scalar(6, 'text'),
  sparseTensorType: message(8, () => tensorType),
  optionalType: message(9, () => sequenceType),
});

export const valueInfo: Schema<ValueInfoProto> = schema({
  name: scalar(1, 'text'),
  type: message(2, () => type),
  docString: scalar(3, 'text'),
  metadataProps: messages(4, () => stringStringEntry),
});

export const attribute: Schema<AttributeProto> = schema({
  name: scalar(1, 'text'),
  f: scalar(2, 'float'),
  i: scalar(3, 'int64'),
  s: scalar(4, 'bytes'),
  t: message(5, () => tensor),
  g: message(6, (): Schema<GraphProto> => graph),
  floats: list(7, 'float'),
  ints: list(8, 'int64'),
  strings: list(9, 'bytes'),
  tensors: messages(10, () => tensor),
  graphs: messages(11, (): Schema<GraphProto> => graph),
  docString: scalar(13, 'text'),
  tp: message(14, () => type),
  typeProtos: messages(15, () => type),
  type: scalar(20, 'int32'),
  refAttrName: scalar(21, 'text'),
  sparseTensor: message(22, () => sparseTensor),
  sparseTensors: messages(23, () => sparseTensor),
});

export const node: Schema<NodeProto> = schema({
  input: list(1, 'text'),
  output: list(2, 'text'),
  name: scalar(3, 'text'),
  opType: scalar(4, 'text'),
  attribute: messages(5, () => attribute),
  docString: scalar(6, 'text'),
  domain: scalar(7, 'text'),
  overload: scalar(8, 'text'),
  metadataProps: messages(9, () => stringStringEntry),
});

export const tensorAnnotation: Schema<TensorAnnotation> = schema({
  tensorName: scalar(1, 'text'),
  quantParameterTensorNames: messages(2, () => stringStringEntry),
});

export const graph: Schema<GraphProto> = schema({
  node: messages(1, () => node),
  name: scalar(2, 'text'),
  initializer: messages(5, () => tensor),
  docString: scalar(10, 'text'),
  input: messages(11, () => valueInfo),
  output: messages(12, () => valueInfo),
  valueInfo: messages(13, () => valueInfo),
  quantizationAnnotation: messages(14, () => tensorAnnotation),
  sparseInitializer: messages(15, () => sparseTensor),
  metadataProps: messages(16, () => stringStringEntry),
});

export const trainingInfo: Schema<TrainingInfoProto> = schema({
  initialization: message(1, () => graph),
  algorithm: message(2, () => graph),
  initializationBinding: messages(3, () => stringStringEntry),
  updateBinding: messages(4, () => stringStringEntry),
});

export const functions: Schema<FunctionProto> = schema({
  name: scalar(1, 'text'),
  input: list(4, 'text'),
  output: list(5, 'text'),
  attribute: list(6, 'text'),
  node: messages(7, () => node),
  docString: scalar(8, 'text'),
  opsetImport: messages(9, () => operatorSetId),
  domain: scalar(10, 'text'),
  attributeProto: messages(11, () => attribute),
  valueInfo: messages(12, () => valueInfo),
  overload: scalar(13, 'text'),
  metadataProps: messages(14, () => stringStringEntry),
});

export const model: Schema<ModelProto> = schema({
  irVersion: scalar(1, 'int64'),
  producerName: scalar(2, 'text'),
  producerVersion: scalar(3, 'text'),
  domain: scalar(4, 'text'),
  modelVersion: scalar(5, 'int64'),
  docString: scalar(6, 'text'),
  graph: message(7, () => graph),
  opsetImport: messages(8, () => operatorSetId),
  metadataProps: messages(14, () => stringStringEntry),
  trainingInfo: messages(20, () => trainingInfo),
  functions: messages(25, () => functions),
});
