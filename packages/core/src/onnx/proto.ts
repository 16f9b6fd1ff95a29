// The messages of onnx.proto (IR 10) as plain objects. Every field may be absent, as in the file; names are camelCased. How each
// is written: schemas.ts. Source: onnx/onnx.proto of ONNX 1.16.
import type { Extensible } from './schema.ts';
import type { Int64 } from './wire.ts';

/** A whole file. */
export interface ModelProto extends Extensible {
  readonly irVersion?: Int64 | undefined;
  readonly opsetImport?: readonly OperatorSetIdProto[] | undefined;
  readonly producerName?: string | undefined;
  readonly producerVersion?: string | undefined;
  readonly domain?: string | undefined;
  readonly modelVersion?: Int64 | undefined;
  readonly docString?: string | undefined;
  readonly graph?: GraphProto | undefined;
  readonly metadataProps?: readonly StringStringEntryProto[] | undefined;
  readonly trainingInfo?: readonly TrainingInfoProto[] | undefined;
  readonly functions?: readonly FunctionProto[] | undefined;
}

/** Which version of a domain's operators is meant. No domain is ONNX itself. */
export interface OperatorSetIdProto extends Extensible {
  readonly domain?: string | undefined;
  readonly version?: Int64 | undefined;
}

/** One entry of a table of texts. */
export interface StringStringEntryProto extends Extensible {
  readonly key?: string | undefined;
  readonly value?: string | undefined;
}

/** Nodes in dependency order, with what flows in and out by name. */
export interface GraphProto extends Extensible {
  readonly node?: readonly NodeProto[] | undefined;
  readonly name?: string | undefined;
  readonly initializer?: readonly TensorProto[] | undefined;
  readonly sparseInitializer?: readonly SparseTensorProto[] | undefined;
  readonly docString?: string | undefined;
  readonly input?: readonly ValueInfoProto[] | undefined;
  readonly output?: readonly ValueInfoProto[] | undefined;
  readonly valueInfo?: readonly ValueInfoProto[] | undefined;
  readonly quantizationAnnotation?: readonly TensorAnnotation[] | undefined;
  readonly metadataProps?: readonly StringStringEntryProto[] | undefined;
}

/** One application of an operator. An input of no name is a missing optional one. */
export interface NodeProto extends Extensible {
  readonly input?: readonly string[] | undefined;
  readonly output?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly opType?: string | undefined;
  readonly domain?: string | undefined;
  readonly overload?: string | undefined;
  readonly attribute?: readonly AttributeProto[] | undefined;
  readonly docString?: string | undefined;
  readonly metadataProps?: readonly StringStringEntryProto[] | undefined;
}

/** AttributeProto.AttributeType. */
export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparseTensor: 11,
  sparseTensors: 12,
  typeProto: 13,
  typeProtos: 14,
} as const;

/** A named setting of a node; `type` says which of the fields it is in. */
export interface AttributeProto extends Extensible {
  readonly name?: string | undefined;
  readonly refAttrName?: string | undefined;
  readonly docString?: string | undefined;
  /** One of `attributeTypes`. */
  readonly type?: number | undefined;
  readonly f?: number | undefined;
  readonly i?: Int64 | undefined;
  readonly s?: Uint8Array | undefined;
  readonly t?: TensorProto | undefined;
  readonly g?: GraphProto | undefined;
  readonly sparseTensor?: SparseTensorProto | undefined;
  readonly tp?: TypeProto | undefined;
  readonly floats?: readonly number[] | undefined;
  readonly ints?: readonly Int64[] | undefined;
  readonly strings?: readonly Uint8Array[] | undefined;
  readonly tensors?: readonly TensorProto[] | undefined;
  readonly graphs?: readonly GraphProto[] | undefined;
  readonly sparseTensors?: readonly SparseTensorProto[] | undefined;
  readonly typeProtos?: readonly TypeProto[] | undefined;
}

/** Numbers: in `rawData` (little-endian), in the list for their type, or in another file. */
export interface TensorProto extends Extensible {
  readonly dims?: readonly Int64[] | undefined;
  /** TensorProto.DataType. */
  readonly dataType?: number | undefined;
  readonly segment?: SegmentProto | undefined;
  readonly floatData?: Float32Array | undefined;
  readonly int32Data?: Int32Array | undefined;
  readonly stringData?: readonly Uint8Array[] | undefined;
  readonly int64Data?: BigInt64Array | undefined;
  readonly name?: string | undefined;
  readonly docString?: string | undefined;
  readonly rawData?: Uint8Array | undefined;
  /** Keys `location`, `offset`, `length`, `checksum`. */
  readonly externalData?: readonly StringStringEntryProto[] | undefined;
  /** 1: the numbers are where `externalData` says. */
  readonly dataLocation?: number | undefined;
  readonly doubleData?: Float64Array | undefined;
  readonly uint64Data?: BigUint64Array | undefined;
  readonly metadataProps?: readonly StringStringEntryProto[] | undefined;
}

export interface SegmentProto extends Extensible {
  readonly begin?: Int64 | undefined;
  readonly end?: Int64 | undefined;
}

export interface SparseTensorProto extends Extensible {
  readonly values?: TensorProto | undefined;
  readonly indices?: TensorProto | undefined;
  readonly dims?: readonly Int64[] | undefined;
}

/** Name and type of an input, an output or something between. */
export interface ValueInfoProto extends Extensible {
  readonly name?: string | undefined;
  readonly type?: TypeProto | undefined;
  readonly docString?: string | undefined;
  readonly metadataProps?: readonly StringStringEntryProto[] | undefined;
}

/** One of the types; in practice `tensorType`. */
export interface TypeProto extends Extensible {
  readonly tensorType?: TensorTypeProto | undefined;
  readonly sequenceType?: SequenceTypeProto | undefined;
  readonly mapType?: MapTypeProto | undefined;
  readonly denotation?: string | undefined;
  readonly sparseTensorType?: TensorTypeProto | undefined;
  readonly optionalType?: SequenceTypeProto | undefined;
}

/** Of dense and of sparse tensors. No shape: nothing is known, not even the rank. */
export interface TensorTypeProto extends Extensible {
  readonly elemType?: number | undefined;
  readonly shape?: TensorShapeProto | undefined;
}

/** Of sequences and of optional values. */
export interface SequenceTypeProto extends Extensible {
  readonly elemType?: TypeProto | undefined;
}

export interface MapTypeProto extends Extensible {
  readonly keyType?: number | undefined;
  readonly valueType?: TypeProto | undefined;
}

export interface TensorShapeProto extends Extensible {
  readonly dim?: readonly DimensionProto[] | undefined;
}

/** A size, a name for a size, or (neither) an unknown size. */
export interface DimensionProto extends Extensible {
  readonly dimValue?: Int64 | undefined;
  readonly dimParam?: string | undefined;
  readonly denotation?: string | undefined;
}

/** An operator that the file itself defines. */
export interface FunctionProto extends Extensible {
  readonly name?: string | undefined;
  readonly input?: readonly string[] | undefined;
  readonly output?: readonly string[] | undefined;
  readonly attribute?: readonly string[] | undefined;
  readonly attributeProto?: readonly AttributeProto[] | undefined;
  readonly node?: readonly NodeProto[] | undefined;
  readonly docString?: string | undefined;
  readonly opsetImport?: readonly OperatorSetIdProto[] | undefined;
  readonly domain?: string | undefined;
  readonly overload?: string | undefined;
  readonly valueInfo?: readonly ValueInfoProto[] | undefined;
  readonly metadataProps?: readonly StringStringEntryProto[] | undefined;
}

export interface TensorAnnotation extends Extensible {
  readonly tensorName?: string | undefined;
  readonly quantParameterTensorNames?: readonly StringStringEntryProto[] | undefined;
}

export interface TrainingInfoProto extends Extensible {
  readonly initialization?: GraphProto | undefined;
  readonly algorithm?: GraphProto | undefined;
  readonly initializationBinding?: readonly StringStringEntryProto[] | undefined;
  readonly updateBinding?: readonly StringStringEntryProto[] | undefined;
}
