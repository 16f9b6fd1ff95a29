import { fail } from '../errors.ts';
import { bytesOf, type DType, dtypes, Tensor, tensorOfBytes } from '../tensor/index.ts';

/** The third byte of the magic number. */
const dtypeOfCode: Readonly<Record<number, DType>> = {
  0x08: 'uint8',
  0x09: 'int8',
  0x0b: 'int16',
  0x0c: 'int32',
  0x0d: 'float32',
  0x0e: 'float64',
};

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(' ');

/**
 * Reads the IDX format of MNIST: two zero bytes, a type, the number of axes, their sizes and the elements, all big-endian.
 *
 * Shapes: those in the header. Bytes are not copied; wider elements are, in this machine's byte order. `file` is the name for errors.
 * Errors: `corrupt` for a wrong magic number, missing bytes or bytes too many.
 * Source: http://yann.lecun.com/exdb/mnist/, "the IDX file format".
 *
 * @example
 * import { parseIdx } from '@stratus/core';
 * const labels = parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1));
 * console.log(labels.dtype, labels.toArray()); // uint8 [7, 2, 1]
 */
export function parseIdx(bytes: Uint8Array, { file = 'The IDX data' }: { readonly file?: string } = {}): Tensor {
  const corrupt = (reason: string, fix = 'Get the file again from its source.') => fail('corrupt', { file, reason, fix });
  if (bytes.length < 4) throw corrupt(`it has ${bytes.length} bytes, fewer than the magic number`);
  const dtype = dtypeOfCode[bytes[2]!];
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) throw corrupt('it is still compressed with gzip', 'Decompress it first.');
  if (bytes[0] !== 0 || bytes[1] !== 0 || !dtype)
    throw corrupt(
      `it starts with ${hex(bytes.subarray(0, 4))}, which is not the magic number of IDX`,
      'Check that it is the right file.',
    );
  const rank = bytes[3]!;
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw corrupt(`it has ${bytes.length} bytes, but its header alone has ${header}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const width = dtypes[dtype].bytes;
  // As BigInt: hostile sizes must not wrap to a number that fits.
  const want = shape.reduce((n, d) => n * BigInt(d), BigInt(width)) + BigInt(header);
  if (BigInt(bytes.length) !== want)
    throw corrupt(`it has ${bytes.length} bytes, but its header [${shape.join(', ')}] of ${dtype} asks for ${want}`);

  const data = bytes.subarray(header);
  if (dtype === 'uint8') return new Tensor(dtype, shape, data);
  const result = tensorOfBytes(dtype, shape, data);
  const swapped = bytesOf(result);
  for (let i = 0; i < swapped.length; i += width) {
    for (let low = i, high = i + width - 1; low < high; low++, high--)
      [swapped[low], swapped[high]] = [swapped[high]!, swapped[low]!];
  }
  return result;
}
