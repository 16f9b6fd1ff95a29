import { fail } from '../errors.ts';
import { bytesOf, type DType, dtypes, Tensor, tensorOfBytes } from '../tensor/index.ts';

/** NumPy's types, by their letter and size. */
const dtypeOf: Readonly<Record<string, DType>> = {
  b1: 'bool',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
};

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

interface Header {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** The header is a dictionary as Python writes it; no more of Python is read than that. */
function headerOf(text: string): Header | undefined {
  const [, descr] = /'descr':\s*'([^']*)'/.exec(text) ?? [];
  const [, fortran] = /'fortran_order':\s*(True|False)/.exec(text) ?? [];
  const [, sizes] = /'shape':\s*\(([\d,\s]*)\)/.exec(text) ?? [];
  if (descr === undefined || fortran === undefined || sizes === undefined) return undefined;
  const shape = sizes.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)]));
  return { descr, fortran: fortran === 'True', shape };
}

/** Elements that lie column by column, row by row. */
function rowByRow(t: Tensor): Tensor {
  const rank = t.shape.length;
  if (rank < 2) return t;
  const made = dtypes[t.dtype].make(t.size);
  const index = new Array<number>(rank).fill(0);
  for (let i = 0; i < t.size; i++) {
    let [at, step] = [0, 1];
    for (let axis = 0; axis < rank; axis++) {
      at += index[axis]! * step;
      step *= t.shape[axis]!;
    }
    made[i] = t.data[at] as never;
    for (let axis = rank - 1; axis >= 0 && ++index[axis]! === t.shape[axis]; axis--) index[axis] = 0;
  }
  return new Tensor(t.dtype, t.shape, made as never);
}

/** Texts of four bytes a character, filled up with zeros. */
function textsOf(
  bytes: Uint8Array,
  shape: readonly number[],
  { length, little }: { readonly length: number; readonly little: boolean },
): Tensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = shape.reduce((a, b) => a * b, 1);
  const texts = Array.from({ length: count }, (_, i) => {
    let text = '';
    for (let k = 0; k < length; k++) text += String.fromCodePoint(view.getUint32(4 * (i * length + k), little));
    return text.replace(/\0+$/, '');
  });
  return new Tensor('string', shape, texts);
}

/**
 * Reads a .npy file of NumPy: one array of numbers, truth values or texts (`<U`), of either byte order, row by row or column by column.
 *
 * Shapes: those in the header. Little-endian numbers are copied once. `file` is the name for errors. Errors: `corrupt` for what is no .npy file, has another length, or holds
 * Python objects, which are never executed. Source: numpy.lib.format, versions 1 to 3.
 *
 * @example no-run
 * import { readFile } from 'node:fs/promises';
 * import { parseNpy } from '@stratus/core';
 * const embeddings = parseNpy(await readFile('embeddings.npy'));
 * console.log(embeddings.dtype, embeddings.shape);
 */
export function parseNpy(bytes: Uint8Array, { file = 'The .npy data' }: { readonly file?: string } = {}): Tensor {
  const corrupt = (reason: string, fix = 'Write it again with numpy.save.') => fail('corrupt', { file, reason, fix });
  if (bytes.length < 10 || magic.some((byte, i) => bytes[i] !== byte)) throw corrupt('it does not start as .npy files do');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6]! > 1; // version 2 and 3 have four bytes for the length of the header
  if (bytes.length < 12) throw corrupt('its header is cut off');
  const start = (wide ? 12 : 10) + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = start <= bytes.length ? headerOf(new TextDecoder().decode(bytes.subarray(wide ? 12 : 10, start))) : undefined;
  if (!header) throw corrupt('its header is no description of an array of numbers or texts');
  const { descr, fortran, shape } = header;
  const [, order, letter, size] = /^([<>|=])([a-zA-Z])(\d*)$/.exec(descr) ?? [];
  const dtype = dtypeOf[`${letter}${size}`];
  if (letter === 'O' || (!dtype && letter !== 'U'))
    throw corrupt(
      `it holds elements of type '${descr}'`,
      letter === 'O' ? 'Python objects are not read: turn them into numbers or texts.' : 'Convert it with astype.',
    );
  const width = dtype ? dtypes[dtype].bytes : 4 * Number(size);
  const want = shape.reduce((n, d) => n * BigInt(d), BigInt(width));
  const data = bytes.subarray(start);
  if (BigInt(data.length) !== want)
    throw corrupt(`it has ${data.length} bytes after its header, and [${shape.join(', ')}] of ${descr} asks for ${want}`);
  if (!dtype) return rowOrder(textsOf(data, shape, { length: Number(size), little: order !== '>' }), fortran);
  const made = tensorOfBytes(dtype, shape, data);
  if (order === '>') swap(bytesOf(made), width);
  return rowOrder(made, fortran);
}

const rowOrder = (t: Tensor, fortran: boolean): Tensor => (fortran ? rowByRow(t) : t);

function swap(bytes: Uint8Array, width: number): void {
  for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}
