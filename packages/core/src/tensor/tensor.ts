import { fail } from '../errors.ts';
import { type DataTypes, type DType, dtypes, type TensorData, type TypedArray } from './dtype.ts';
import { fromFloat16, toFloat16 } from './float16.ts';
import { showShape, sizeOf } from './shape.ts';

/** Nested lists of numbers, as people write tensors. */
export type Nested = number | bigint | boolean | string | readonly Nested[];

/**
 * Numbers in a row-major block of memory, with a dtype and a shape.
 *
 * @example
 * import { tensor } from '@stratus/core';
 * const x = tensor([[1, 2], [3, 4]]);
 * console.log(x.dtype, x.shape, x.toArray()); // float32 [2, 2] [[1, 2], [3, 4]]
 */
export class Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DataTypes[D];

  /** Takes `data` as it is, without a copy. Errors: `bad-value` when the length does not fit the shape. */
  constructor(dtype: D, shape: readonly number[], data: DataTypes[D]) {
    if (data.length !== sizeOf(shape) || shape.some((d) => d < 0)) {
      throw fail('bad-value', {
        what: 'tensor',
        got: `${data.length} elements for shape ${showShape(shape)}`,
        want: `${sizeOf(shape)} elements`,
        fix: 'Give a shape whose sizes multiply to the number of elements.',
      });
    }
    this.dtype = dtype;
    this.shape = shape;
    this.data = data;
  }

  /** Number of elements. */
  get size(): number {
    return this.data.length;
  }

  /** The only element as a number. Errors: `bad-value` unless there is exactly one. */
  item(): number {
    if (this.size !== 1)
      throw fail('bad-value', { what: 'item()', got: `a tensor of shape ${showShape(this.shape)}`, want: 'one element' });
    return this.dtype === 'float16' ? fromFloat16(Number(this.data[0])) : Number(this.data[0]);
  }

  /** Nested arrays, as many levels as there are axes. 64-bit integers come as numbers, bool as booleans. */
  toArray(): Nested {
    const read = (i: number): Nested => {
      const v = this.data[i]!;
      if (this.dtype === 'bool') return v !== 0;
      if (this.dtype === 'float16') return fromFloat16(v as number);
      return typeof v === 'bigint' ? Number(v) : v;
    };
    const walk = (axis: number, offset: number, size: number): Nested => {
      if (axis === this.shape.length) return read(offset);
      const n = this.shape[axis]!;
      const step = n === 0 ? 0 : size / n;
      return Array.from({ length: n }, (_, i) => walk(axis + 1, offset + i * step, step));
    };
    return walk(0, 0, this.size);
  }

  /** Rows `start` (inclusive) to `end` (exclusive) along the first axis; shares the memory. */
  rows(start: number, end: number): Tensor<D> {
    const step = this.shape[0] ? this.size / this.shape[0] : 0;
    const data =
      this.dtype === 'string'
        ? (this.data as string[]).slice(start * step, end * step)
        : (this.data as TypedArray).subarray(start * step, end * step);
    return new Tensor(this.dtype, [end - start, ...this.shape.slice(1)], data as DataTypes[D]);
  }

  /** The same numbers in another shape; shares the memory. */
  reshape(shape: readonly number[]): Tensor<D> {
    return new Tensor(this.dtype, shape, this.data);
  }
}

/** Which dtype a typed array has when nothing else is said. */
const dtypeOfArray = (data: TensorData): DType => {
  if (Array.isArray(data)) return 'string';
  const name = Object.prototype.toString.call(data).slice(8, -1);
  const found = (Object.keys(dtypes) as DType[]).find(
    (d) =>
      d !== 'float16' &&
      d !== 'bool' &&
      d !== 'string' &&
      Object.prototype.toString.call(dtypes[d].make(0)).slice(8, -1) === name,
  );
  if (!found) throw fail('dtype-mismatch', { what: 'tensor', got: name, want: 'a typed array of numbers' });
  return found;
};

/**
 * A tensor of zeros (empty texts for string).
 *
 * @example
 * import { zeros } from '@stratus/core';
 * console.log(zeros([2, 3]).size); // 6
 */
export const zeros = <D extends DType = 'float32'>(shape: readonly number[], dtype: D = 'float32' as D): Tensor<D> =>
  new Tensor(dtype, shape, dtypes[dtype].make(sizeOf(shape)) as DataTypes[D]);

/**
 * A tensor filled with one number.
 *
 * @example
 * import { full } from '@stratus/core';
 * console.log(full([2], 7, 'int32').toArray()); // [7, 7]
 */
export function full<D extends DType = 'float32'>(shape: readonly number[], value: number, dtype: D = 'float32' as D): Tensor<D> {
  const t = zeros(shape, dtype);
  if (Object.is(value, 0)) return t; // memory comes as zeros, and touching it takes time
  if (dtype === 'int64' || dtype === 'uint64') (t.data as BigInt64Array).fill(BigInt(value));
  else (t.data as Float32Array).fill(dtype === 'float16' ? toFloat16(value) : value);
  return t;
}

const write = (data: TensorData, i: number, value: Nested): void => {
  if (Array.isArray(data)) data[i] = String(value);
  else if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(value as number | bigint | boolean);
  else data[i] = Number(value);
};

/** JavaScript reads null as 0 and undefined as NaN: a missing value must not pass for a number. */
function checkElement(value: unknown, dtype: DType): void {
  const kind = typeof value;
  const fits = dtype === 'string' ? kind === 'string' : kind === 'number' || kind === 'bigint' || kind === 'boolean';
  if (!fits)
    throw fail('bad-value', {
      what: 'tensor',
      got: `${value === null ? 'null' : kind} among the elements`,
      want: dtype === 'string' ? 'texts only' : 'numbers only',
      fix: 'Replace missing values, and turn texts into numbers, first.',
    });
  if ((dtype === 'int64' || dtype === 'uint64') && kind === 'number' && !Number.isInteger(value))
    throw fail('bad-value', { what: 'tensor', got: `${String(value)} among the elements`, want: `whole numbers, for ${dtype}` });
}

/**
 * Makes a tensor of nested lists, of a flat typed array (no copy), or of one number.
 *
 * Shapes: that of the nesting, unless `shape` is given. Dtypes: `float32` for numbers, `bool` for booleans, `string` for
 * texts, `int64` for bigints, that of the typed array; or `dtype`.
 * Errors: `bad-value` for ragged lists, missing values, texts among numbers, or a shape that does not fit.
 *
 * @example
 * import { tensor } from '@stratus/core';
 * const labels = tensor([3, 1, 2], { dtype: 'int32' });
 * const image = tensor(new Float32Array(784), { shape: [28, 28] });
 * console.log(labels.shape, image.shape); // [3] [28, 28]
 */
export function tensor<D extends DType = DType>(
  values: Nested | TypedArray,
  { dtype, shape }: { readonly dtype?: D; readonly shape?: readonly number[] } = {},
): Tensor<D> {
  if (ArrayBuffer.isView(values)) {
    const own = dtypeOfArray(values);
    const asIs =
      dtype === undefined || dtype === own || (dtype === 'bool' && own === 'uint8') || (dtype === 'float16' && own === 'uint16');
    if (asIs) return new Tensor((dtype ?? own) as D, shape ?? [values.length], values as DataTypes[D]);
  }
  const nested = values as Nested | ArrayLike<number>;
  const inferred: number[] = [];
  for (let level: unknown = nested; typeof level === 'object' && level !== null; level = (level as ArrayLike<unknown>)[0])
    inferred.push((level as ArrayLike<unknown>).length);

  const flat: Nested[] = [];
  const walk = (level: unknown, axis: number): void => {
    const list = typeof level === 'object' && level !== null;
    if (list !== axis < inferred.length || (list && (level as ArrayLike<unknown>).length !== inferred[axis])) {
      throw fail('bad-value', {
        what: 'tensor',
        got: 'a ragged list',
        want: `every list on level ${axis} to have ${inferred[axis] ?? 'no more'} elements`,
        fix: 'Pad the shorter ones.',
      });
    }
    if (!list) flat.push(level as Nested);
    else for (let i = 0; i < (level as ArrayLike<unknown>).length; i++) walk((level as ArrayLike<unknown>)[i], axis + 1);
  };
  walk(nested, 0);

  const first = flat[0];
  const natural = { number: 'float32', bigint: 'int64', boolean: 'bool', string: 'string' } as const;
  const type = dtype ?? ((natural[typeof first as keyof typeof natural] ?? 'float32') as D);
  const data = dtypes[type].make(flat.length);
  flat.forEach((v, i) => {
    checkElement(v, type);
    write(data, i, type === 'float16' ? toFloat16(Number(v)) : v);
  });
  return new Tensor(type, shape ?? inferred, data as DataTypes[D]);
}

/** The bytes behind a tensor, without a copy. Not for `string`. */
export const bytesOf = (t: Tensor): Uint8Array => {
  const { buffer, byteOffset, byteLength } = t.data as TypedArray;
  return new Uint8Array(buffer, byteOffset, byteLength);
};

/** A tensor over a copy of little-endian bytes. Errors: `bad-value` when the number of bytes does not fit. */
export function tensorOfBytes<D extends DType>(dtype: D, shape: readonly number[], bytes: Uint8Array): Tensor<D> {
  const t = zeros(shape, dtype);
  const target = bytesOf(t);
  if (target.byteLength !== bytes.byteLength) {
    throw fail('bad-value', {
      what: 'tensor',
      got: `${bytes.byteLength} bytes for ${dtype} ${showShape(shape)}`,
      want: `${target.byteLength} bytes`,
    });
  }
  target.set(bytes);
  return t;
}

/**
 * True for anything that has the fields of a tensor, also from another copy of the package.
 *
 * @example
 * import { isTensor, tensor } from '@stratus/core';
 * console.log(isTensor(tensor([1])), isTensor([1])); // true false
 */
export const isTensor = (x: unknown): x is Tensor =>
  typeof x === 'object' && x !== null && 'dtype' in x && 'shape' in x && 'data' in x && 'rows' in x;
