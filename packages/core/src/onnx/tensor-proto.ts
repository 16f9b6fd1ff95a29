import { fail } from '../errors.ts';
import {
  bytesOf,
  type DType,
  dtypeOfOnnx,
  dtypes,
  showShape,
  sizeOf,
  Tensor,
  type TensorData,
  type TypedArray,
} from '../tensor/index.ts';
import type { TensorProto } from './proto.ts';

/** Where the numbers of a tensor are, if not in the model. */
export interface ExternalData {
  /** A path, relative to the model's folder. */
  readonly location: string;
  readonly offset: number;
  /** To the end of the file unless told. */
  readonly length?: number | undefined;
}

/** Contents of external files by the location that the model names. */
export type ExternalFiles = Readonly<Record<string, Uint8Array>>;

const external = 1;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What a tensor says about a file of its own; undefined when its numbers are in the model. Errors: `not-onnx` without a location. */
export function externalDataOf(proto: TensorProto): ExternalData | undefined {
  if (proto.dataLocation !== external) return undefined;
  const entries = new Map(proto.externalData?.map(({ key, value }) => [key, value]));
  const location = entries.get('location');
  const [offset, length] = [entries.get('offset') ?? '0', entries.get('length')].map((text) =>
    text === undefined ? undefined : Number(text),
  );
  const whole = (n: number | undefined): boolean => n === undefined || (Number.isSafeInteger(n) && n >= 0);
  if (!location || !whole(offset) || !whole(length)) throw broken(proto, 'does not say where its data is');
  return { location, offset: offset!, ...(length !== undefined && { length }) };
}

const broken = (proto: TensorProto, reason: string, cause?: unknown) =>
  fail('not-onnx', { file: 'The model', reason: `tensor '${proto.name ?? ''}' ${reason}` }, cause);

/**
 * The tensor of a message. Raw data that lies at a multiple of its element's size is used where it is, without a copy.
 *
 * Errors: `not-onnx` when the data does not fit the shape, is of a type that cannot cross the engine's boundary, or is external
 * and not among `files`. Source: onnx.proto, TensorProto.
 */
export function tensorOfProto(proto: TensorProto, files: ExternalFiles = {}): Tensor {
  const dtype = dtypeOfOnnx(proto.dataType ?? 0);
  if (!dtype) throw broken(proto, `has the element type ${proto.dataType ?? 0}, which cannot be read`);
  const shape = (proto.dims ?? []).map(Number);
  if (shape.some((d) => d < 0 || !Number.isSafeInteger(d))) throw broken(proto, `has the shape ${showShape(shape)}`);
  const size = sizeOf(shape);
  const data = dataOf(proto, dtype, files);
  if (data.length !== size) throw broken(proto, `has ${data.length} elements for the shape ${showShape(shape)}`);
  return new Tensor(dtype, shape, data as never);
}

function dataOf(proto: TensorProto, dtype: DType, files: ExternalFiles): TensorData {
  if (dtype === 'string') return (proto.stringData ?? []).map((bytes) => decoder.decode(bytes));
  const raw = rawOf(proto, files);
  if (raw) {
    const width = dtypes[dtype].bytes;
    if (raw.length % width !== 0) throw broken(proto, `has ${raw.length} bytes, which is no whole number of elements`);
    return viewOf(dtype, raw);
  }
  const list = proto[listOf[dtype]];
  const data = dtypes[dtype].make(list?.length ?? 0) as TypedArray;
  if (!list || Object.getPrototypeOf(list) === Object.getPrototypeOf(data)) return list ?? data;
  for (let i = 0; i < list.length; i++) data[i] = Number(list[i]);
  return data;
}

/** Which list holds which type. The elements of a list are as wide as those of the type, or wider. Source: onnx.proto, TensorProto. */
const listOf = {
  float32: 'floatData',
  float64: 'doubleData',
  int64: 'int64Data',
  uint64: 'uint64Data',
  uint32: 'uint64Data',
  int32: 'int32Data',
  int16: 'int32Data',
  uint16: 'int32Data',
  int8: 'int32Data',
  uint8: 'int32Data',
  bool: 'int32Data',
  float16: 'int32Data',
} as const satisfies Record<Exclude<DType, 'string'>, keyof TensorProto>;

function rawOf(proto: TensorProto, files: ExternalFiles): Uint8Array | undefined {
  const where = externalDataOf(proto);
  if (!where) return proto.rawData;
  const file = Object.hasOwn(files, where.location) ? files[where.location] : undefined;
  if (!file) throw broken(proto, `has its data in '${where.location}', which was not given`);
  const end = where.length === undefined ? file.length : where.offset + where.length;
  if (where.offset > end || end > file.length) throw broken(proto, `has its data outside '${where.location}'`);
  return file.subarray(where.offset, end);
}

/** Typed arrays must begin at a multiple of their element's size, files need not: only then is there a copy. */
function viewOf(dtype: DType, raw: Uint8Array): TypedArray {
  const width = dtypes[dtype].bytes;
  // Not slice: a Buffer's shares memory.
  const { buffer, byteOffset, length } = raw.byteOffset % width === 0 ? raw : new Uint8Array(raw);
  const View = dtypes[dtype].make(0).constructor as new (b: ArrayBufferLike, offset: number, count: number) => TypedArray;
  return new View(buffer, byteOffset, length / width);
}

/** The message of a tensor; its numbers are not copied. */
export function protoOfTensor(tensor: Tensor, name?: string): TensorProto {
  const { dtype, shape } = tensor;
  const data =
    dtype === 'string'
      ? { stringData: (tensor as Tensor<'string'>).data.map((text) => encoder.encode(text)) }
      : { rawData: bytesOf(tensor) };
  return { dims: shape, dataType: dtypes[dtype].onnx, ...(name !== undefined && { name }), ...data };
}
