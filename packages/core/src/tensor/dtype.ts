/** Element types that cross the engine's boundary, by ONNX Runtime's names. */
export type DType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool'
  | 'string';

/** The JavaScript array behind each dtype. bool: one byte, 0 or 1. float16: the raw bits. */
export interface DataTypes {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  bool: Uint8Array;
  string: string[];
}
export type TensorData = DataTypes[DType];
/** Any of them but the texts. */
export type TypedArray = Exclude<TensorData, string[]>;

interface DTypeFacts {
  /** TensorProto.DataType. */
  readonly onnx: number;
  readonly bytes: number;
  readonly kind: 'float' | 'int' | 'uint' | 'bool' | 'string';
  /** The least and the largest whole number that it holds, for 64 bits the largest that float64 can say; undefined for floats and texts. */
  readonly range: readonly [number, number] | undefined;
  /** The name in the Open Inference Protocol. */
  readonly oip: string;
  readonly make: (length: number) => TensorData;
}

function rangeOf(kind: DTypeFacts['kind'], bytes: number): DTypeFacts['range'] {
  const below = (end: number): number => (bytes < 8 ? end - 1 : end * (1 - 2 ** -53));
  if (kind === 'bool') return [0, 1];
  if (kind === 'uint') return [0, below(2 ** (8 * bytes))];
  return kind === 'int' ? [-(2 ** (8 * bytes - 1)), below(2 ** (8 * bytes - 1))] : undefined;
}

const facts = (onnx: number, bytes: number, kind: DTypeFacts['kind'], oip: string, make: DTypeFacts['make']): DTypeFacts => ({
  onnx,
  bytes,
  kind,
  range: rangeOf(kind, bytes),
  oip,
  make,
});

/** All facts about a dtype, in one table. */
export const dtypes: { readonly [D in DType]: DTypeFacts } = {
  float32: facts(1, 4, 'float', 'FP32', (n) => new Float32Array(n)),
  float64: facts(11, 8, 'float', 'FP64', (n) => new Float64Array(n)),
  float16: facts(10, 2, 'float', 'FP16', (n) => new Uint16Array(n)),
  int8: facts(3, 1, 'int', 'INT8', (n) => new Int8Array(n)),
  uint8: facts(2, 1, 'uint', 'UINT8', (n) => new Uint8Array(n)),
  int16: facts(5, 2, 'int', 'INT16', (n) => new Int16Array(n)),
  uint16: facts(4, 2, 'uint', 'UINT16', (n) => new Uint16Array(n)),
  int32: facts(6, 4, 'int', 'INT32', (n) => new Int32Array(n)),
  uint32: facts(12, 4, 'uint', 'UINT32', (n) => new Uint32Array(n)),
  int64: facts(7, 8, 'int', 'INT64', (n) => new BigInt64Array(n)),
  uint64: facts(13, 8, 'uint', 'UINT64', (n) => new BigUint64Array(n)),
  bool: facts(9, 1, 'bool', 'BOOL', (n) => new Uint8Array(n)),
  string: facts(8, 0, 'string', 'BYTES', (n) => new Array<string>(n).fill('')),
};

export const isFloat = (dtype: DType): boolean => dtypes[dtype].kind === 'float';
/** Whole numbers, with or without a sign. */
export const isInteger = (dtype: DType): boolean => dtypes[dtype].kind === 'int' || dtypes[dtype].kind === 'uint';

/** The dtype with this number in TensorProto.DataType, if it is one that Stratus knows. */
export const dtypeOfOnnx = (code: number): DType | undefined =>
  (Object.keys(dtypes) as DType[]).find((d) => dtypes[d].onnx === code);
