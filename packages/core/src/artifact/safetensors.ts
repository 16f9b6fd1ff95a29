import { fail } from '../errors.ts';
import { bytesOf, type DataTypes, type DType, dtypes, showShape, sizeOf, Tensor, tensorOfBytes } from '../tensor/index.ts';
import { copyInTurns } from './copy-in-turns.ts';

/** What a file holds: tensors by name, and texts by name. */
export interface Safetensors {
  readonly tensors: Record<string, Tensor>;
  readonly metadata: Record<string, string>;
}

const names = {
  bool: 'BOOL',
  uint8: 'U8',
  int8: 'I8',
  uint16: 'U16',
  int16: 'I16',
  float16: 'F16',
  uint32: 'U32',
  int32: 'I32',
  float32: 'F32',
  uint64: 'U64',
  int64: 'I64',
  float64: 'F64',
} as const satisfies Partial<Record<DType, string>>;
type Stored = keyof typeof names;
const dtypeOfName: Readonly<Record<string, Stored>> = Object.fromEntries(
  Object.entries(names).map(([d, name]) => [name, d as Stored]),
);

const metadataKey = '__metadata__';
/** As in the format's own implementation: a larger header is an attack. */
const headerLimit = 100_000_000;

/**
 * Writes tensors as one safetensors file: the header's length (8 bytes, little-endian), the header (JSON), the numbers.
 * The widest dtypes come first and the numbers start at a multiple of 8, so every tensor is aligned.
 *
 * Shapes: any. Errors: `dtype-mismatch` for string tensors; `bad-value` for a tensor named `__metadata__`.
 * Source: https://huggingface.co/docs/safetensors, format of version 0.4 and later.
 *
 * @example
 * import { decodeSafetensors, encodeSafetensors, tensor } from '@stratus/core';
 * const bytes = encodeSafetensors({ w: tensor([[1, 2], [3, 4]]) }, { step: '3' });
 * const { tensors, metadata } = decodeSafetensors(bytes);
 * console.log(tensors.w?.toArray(), metadata.step); // [[1, 2], [3, 4]] 3
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const { file, parts } = layOut(tensors, metadata);
  for (const { target, bytes } of parts) target.set(bytes);
  return file;
}

/** As {@link encodeSafetensors}, with turns of the event loop between. The tensors must stay as they are meanwhile. */
export async function encodeSafetensorsInTurns(tensors: Readonly<Record<string, Tensor>>): Promise<Uint8Array<ArrayBuffer>> {
  const { file, parts } = layOut(tensors, {});
  for (const { target, bytes } of parts)
    if (bytes.length < onePiece) target.set(bytes);
    else await copyInTurns(target, bytes);
  return file;
}

const onePiece = 2 ** 20;

/** The file without its numbers, and where these go. */
function layOut(tensors: Readonly<Record<string, Tensor>>, metadata: Readonly<Record<string, string>>) {
  const entries = Object.entries(tensors).map(([name, tensor]) => {
    if (!Object.hasOwn(names, tensor.dtype))
      throw fail('dtype-mismatch', { what: 'safetensors', at: name, got: tensor.dtype, want: 'numbers or booleans' });
    if (name === metadataKey)
      throw fail('bad-value', {
        what: 'safetensors',
        got: `a tensor named '${name}'`,
        want: 'any other name: this one is reserved',
      });
    return { name, tensor, bytes: bytesOf(tensor) };
  });
  entries.sort((a, b) => dtypes[b.tensor.dtype].bytes - dtypes[a.tensor.dtype].bytes || (a.name < b.name ? -1 : 1));

  let offset = 0;
  const header: [string, unknown][] = Object.keys(metadata).length ? [[metadataKey, metadata]] : [];
  for (const { name, tensor, bytes } of entries) {
    const data_offsets = [offset, (offset += bytes.length)];
    header.push([name, { dtype: names[tensor.dtype as Stored], shape: tensor.shape, data_offsets }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const length = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(json, 8);
  file.fill(0x20, 8 + json.length, 8 + length);
  let at = 8 + length;
  const parts = entries.map(({ bytes }) => ({ target: file.subarray(at, (at += bytes.length)), bytes }));
  return { file, parts };
}

const isObject = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === 'object' && x !== null && !Array.isArray(x);
const isSizes = (x: unknown): x is readonly number[] => Array.isArray(x) && x.every((d) => Number.isSafeInteger(d) && d >= 0);

/** bfloat16 is the upper half of float32, so this is exact. */
const widen = (shape: readonly number[], bytes: Uint8Array): Tensor<'float32'> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bits = Uint32Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true) << 16);
  return new Tensor('float32', shape, new Float32Array(bits.buffer));
};

/** A view where the bytes are aligned for the dtype, else a copy. */
function tensorOver(dtype: Stored, shape: readonly number[], bytes: Uint8Array): Tensor {
  if (bytes.byteOffset % dtypes[dtype].bytes !== 0) return tensorOfBytes(dtype, shape, bytes);
  const Type = dtypes[dtype].make(0).constructor as new (
    buffer: ArrayBufferLike,
    offset: number,
    length: number,
  ) => DataTypes[Stored];
  return new Tensor(dtype, shape, new Type(bytes.buffer, bytes.byteOffset, sizeOf(shape)));
}

/**
 * Reads a safetensors file. Tensors share the memory of `bytes` where they are aligned, as those of `encodeSafetensors` are.
 * bfloat16 becomes float32, exactly. `file` is the name for errors.
 *
 * Shapes: those in the header. Errors: `corrupt` for anything that breaks the format: sizes, offsets that overlap, leave gaps
 * or point outside, wrong JSON, missing bytes; `dtype-mismatch` for dtypes that there are no tensors for (8-bit floats).
 * Source: https://huggingface.co/docs/safetensors.
 *
 * @example
 * import { decodeSafetensors, encodeSafetensors, tensor } from '@stratus/core';
 * const { tensors } = decodeSafetensors(encodeSafetensors({ b: tensor([1, 2, 3]) }));
 * console.log(tensors.b?.shape); // [3]
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  { file = 'The safetensors data' }: { readonly file?: string } = {},
): Safetensors {
  const corrupt = (reason: string, cause?: unknown) =>
    fail('corrupt', { file, reason, fix: 'Use another copy, or write it again.' }, cause);
  if (bytes.length < 8) throw corrupt(`it has ${bytes.length} bytes, fewer than the length of a header`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(Math.min(bytes.length - 8, headerLimit)))
    throw corrupt(`its header claims ${length} bytes, but ${bytes.length - 8} follow (limit ${headerLimit})`);
  const dataAt = 8 + Number(length);

  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, dataAt)));
  } catch (e) {
    throw corrupt(`its header is no JSON (${(e as Error).message})`, e);
  }
  if (!isObject(header)) throw corrupt('its header is no JSON object');

  const { [metadataKey]: metadata = {}, ...described } = header;
  if (!isObject(metadata) || Object.values(metadata).some((v) => typeof v !== 'string'))
    throw corrupt('its metadata are not all texts');

  const entries = Object.entries(described).map(([name, entry]) => {
    const at = `tensor '${name}'`;
    if (!isObject(entry)) throw corrupt(`${at} is not described by an object`);
    const { dtype, shape, data_offsets: range } = entry;
    if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(range) || range.length !== 2)
      throw corrupt(`${at} lacks a dtype, a shape or two offsets`);
    const stored = Object.hasOwn(dtypeOfName, dtype) ? dtypeOfName[dtype] : undefined;
    if (!stored && dtype !== 'BF16')
      throw fail('dtype-mismatch', { what: file, at, got: dtype, want: [...Object.keys(dtypeOfName), 'BF16'].join(', ') });
    const [begin, end] = range as readonly [number, number];
    // As BigInt: hostile sizes must not round to a product that fits.
    const size = shape.reduce((n, d) => n * BigInt(d), BigInt(stored ? dtypes[stored].bytes : 2));
    if (BigInt(end) - BigInt(begin) !== size)
      throw corrupt(`${at} of ${dtype} ${showShape(shape)} needs ${size} bytes, but its offsets are ${begin} to ${end}`);
    return { name, stored, shape, begin, end };
  });

  let covered = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) throw corrupt(`tensor '${name}' starts at ${begin}, but the one before it ends at ${covered}`);
    covered = end;
  }
  if (covered !== bytes.length - dataAt)
    throw corrupt(`its tensors take ${covered} bytes, but ${bytes.length - dataAt} follow the header`);

  const tensors = entries.map(({ name, stored, shape, begin, end }): [string, Tensor] => {
    const part = bytes.subarray(dataAt + begin, dataAt + end);
    return [name, stored ? tensorOver(stored, shape, part) : widen(shape, part)];
  });
  // fromEntries defines own properties, so a tensor named __proto__ is only a tensor.
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> };
}
