// Tensors as bytes: the binary tensor data extension of the Open Inference Protocol. Numbers are little-endian, as on every machine
// that the engine runs on, and lie row by row without gaps; a text has its length before it, in four bytes.
import { type DType, dtypes, fail, Tensor, type TypedArray } from '@stratus/core';
import type { ServablePort } from './servable.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

const wrong = (name: string, reason: string) => fail('bad-request', { reason: `Input '${name}': ${reason}` });

/** What an input is, and how its bytes were described. */
export interface RawInput {
  readonly port: Pick<ServablePort, 'name' | 'dtype' | 'unit'>;
  readonly shape: readonly number[];
  /** The upper halves of float32 numbers, where the input takes those. */
  readonly isBfloat16?: boolean;
}

/** Texts of BYTES. What is to hold bytes (an encoded image) gets them as base64, which is its form in JSON as well. */
function textsOf({ port: { name, unit }, shape }: RawInput, bytes: Uint8Array): string[] {
  const count = shape.reduce((n, d) => n * d, 1);
  // Each text takes four bytes at least: nothing is allocated for a shape that only says to be large.
  if (count * 4 > bytes.length) throw wrong(name, `${bytes.length} bytes are too few for ${count} texts with their lengths.`);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const holdsBytes = unit?.endsWith('base64') === true;
  const texts: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const length = at + 4 <= bytes.length ? buffer.readUInt32LE(at) : -1;
    const [start, end] = [at + 4, at + 4 + length];
    if (length < 0 || end > bytes.length)
      throw wrong(name, `the text ${i} does not end within the ${bytes.length} bytes of the tensor.`);
    texts.push(textOf(name, buffer.subarray(start, end), holdsBytes));
    at = end;
  }
  if (at !== bytes.length) throw wrong(name, `${bytes.length - at} bytes follow the last of its ${count} texts.`);
  return texts;
}

/** One text. Errors: `bad-request`. */
function textOf(name: string, bytes: Buffer, holdsBytes: boolean): string {
  if (holdsBytes) {
    const text = bytes.toString('latin1');
    return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? text : bytes.toString('base64');
  }
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (e) {
    throw fail('bad-request', { reason: `Input '${name}': a text is not UTF-8.` }, e);
  }
  if (text.includes('\0')) throw wrong(name, 'a text holds NUL, at which the engine would end it.');
  return text;
}

/** Bytes as numbers: a view where they lie as the processor needs them, else a copy. */
function viewOf(dtype: Exclude<DType, 'string'>, bytes: Uint8Array): TypedArray {
  const size = dtypes[dtype].bytes;
  const lies = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes); // slice() of a Buffer is no copy
  const Numbers = dtypes[dtype].make(0).constructor as new (buffer: ArrayBufferLike, at: number, length: number) => TypedArray;
  return new Numbers(lies.buffer, lies.byteOffset, lies.length / size);
}

/**
 * The tensor that some bytes stand for; it shares their memory where it can.
 * Errors: `bad-request` for sizes that do not fit the shape, bytes of a flag that are neither 0 nor 1, texts that are not UTF-8 or hold NUL.
 */
export function tensorOfBytes(input: RawInput, bytes: Uint8Array): Tensor {
  const { port, shape, isBfloat16 = false } = input;
  const { name, dtype } = port;
  if (dtype === 'string') return new Tensor(dtype, shape, textsOf(input, bytes));
  const each = isBfloat16 ? 2 : dtypes[dtype].bytes;
  const wanted = shape.reduce((n, d) => n * d, each);
  if (bytes.length !== wanted)
    throw wrong(name, `the shape [${shape.join(', ')}] needs ${wanted} bytes of ${each} each element, and got ${bytes.length}.`);
  if (isBfloat16) {
    const data = new Float32Array(bytes.length / 2);
    const bits = new Uint32Array(data.buffer);
    viewOf('uint16', bytes).forEach((half, i) => void (bits[i] = Number(half) * 2 ** 16));
    return new Tensor('float32', shape, data);
  }
  const data = viewOf(dtype, bytes);
  if (dtype === 'bool') {
    const odd = (data as Uint8Array).findIndex((flag) => flag > 1);
    if (odd !== -1) throw wrong(name, `byte ${odd} is ${data[odd]}; BOOL takes 0 and 1.`);
  }
  return new Tensor(dtype, shape, data as Uint8Array);
}

/** So many bytes a tensor takes. */
export function rawSize({ dtype, data }: Tensor): number {
  if (dtype !== 'string') return (data as TypedArray).byteLength;
  return (data as readonly string[]).reduce((n, text) => n + 4 + Buffer.byteLength(text), 0);
}

/** Writes a tensor into a buffer; returns where it ends. */
export function writeRaw({ dtype, data }: Tensor, to: Buffer, start: number): number {
  if (dtype !== 'string') {
    const { buffer, byteOffset, byteLength } = data as TypedArray;
    to.set(new Uint8Array(buffer, byteOffset, byteLength), start);
    return start + byteLength;
  }
  let at = start;
  for (const text of data as readonly string[]) {
    const length = to.write(text, at + 4);
    to.writeUInt32LE(length, at);
    at += 4 + length;
  }
  return at;
}
