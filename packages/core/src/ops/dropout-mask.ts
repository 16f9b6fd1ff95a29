import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { type Shape, stream } from '../tensor/index.ts';
import { add } from './add.ts';
import { bitShift } from './bit-shift.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { greaterOrEqual } from './greater-or-equal.ts';
import { mul } from './mul.ts';
import { bitsOf, counter, countOf, rowAxis } from './random-stream.ts';
import type { RandomOptions } from './random-uniform.ts';
import { reshape, reshapeOp } from './reshape.ts';
import { dimsOf } from './shape.ts';

/** What a mask is made of. */
export interface DropoutMaskOptions extends RandomOptions {
  /** The share of zeros, from 0 to below 1; rounded to a multiple of 2⁻¹⁶. */
  readonly rate: number;
  /** False leaves ones where elements are kept, and {@link dropoutScale} to the caller; true unless told. */
  readonly scaled?: boolean;
}

const levels = 2 ** 16;
/** Positions of the stream from here on belong to columns, those before to rows. */
const columnsFrom = 2 ** 31;

/**
 * What dropout multiplies by: 0 for a random share `rate` of the elements, `1 / (1 - rate)` for the others, exact for the rate as it
 * is rounded. A function of the key, the shape and the position, so every use needs a key of its own: see `foldKey`.
 *
 * A mask needs neither many bits nor a stream for cryptographers, so it is much cheaper than `randomUniform`: each row and each column
 * (the axes before and after the cut that leaves about 1,024 columns) has 32 bits of the stream, halves p and q, and the element
 * is kept where `(p_row + p_column) (2 q_row + 2 q_column + 1) mod 2^16` is not below `rate · 2^16`. The odd factor keeps every
 * value equally likely; rows and columns pass the tests that independent masks pass. The gradient is zero.
 *
 * Shapes: `key [2] -> shape`. Symbolic sizes are those of `like`. Errors: `bad-value` for a rate outside [0, 1) and for a key of
 * another shape, `dtype-mismatch` for a key that is not uint32. Source: Srivastava et al. 2014; Dietzfelbinger 1996 on universal
 * hashing by multiplication.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 512]);
 * const key = graphInput('key', [2], 'uint32');
 * console.log(ops.mul(x, ops.dropoutMask(x.shape, key, { rate: 0.1, like: x })).shape); // ['batch', 512]
 */
export function dropoutMask(
  shape: Shape,
  key: Value,
  { rate, dtype = 'float32', like = key, scaled = true }: DropoutMaskOptions,
): Value {
  if (!(rate >= 0 && rate < 1))
    throw fail('bad-value', { what: 'dropoutMask', got: `rate = ${rate}`, want: 'a number from 0 to 1, below 1' });
  const axis = rowAxis(shape);
  const rows = halves(mul(counter(countOf(shape.slice(0, axis), like)), stream.weyl), key);
  const columns = halves(mul(add(counter(countOf(shape.slice(axis), like)), columnsFrom), stream.weyl), key);
  const left = add(reshape(rows.low, [-1, 1]), columns.low);
  const right = add(reshape(rows.high, [-1, 1]), add(columns.high, 1));
  const kept = greaterOrEqual(mul(left, right), droppedLevels(rate));
  // Reshaped while an element is one byte: some engines copy
  const fitted = reshapeOp({ data: kept, shape: dimsOf(shape, like) }, { allowzero: 1 }).reshaped;
  return scaled ? mul(cast(fitted, dtype), dropoutScale(rate)) : cast(fitted, dtype);
}

const droppedLevels = (rate: number): number => Math.min(Math.round(rate * levels), levels - 1);

/**
 * What dropout multiplies kept elements by: `1 / (1 - rate)` for the rate as {@link dropoutMask} rounds it.
 *
 * @internal
 */
export const dropoutScale = (rate: number): number => levels / (levels - droppedLevels(rate));

/** The lower half of the bits at some positions, and twice the upper half; uint16, which wraps. */
function halves(spread: Value, key: Value): { readonly low: Value; readonly high: Value } {
  const bits = bitsOf(spread, key);
  return { low: cast(bits, 'uint16'), high: mul(cast(bitShift(bits, 16, { direction: 'right' }), 'uint16'), 2) };
}

/** @internal */
export const dropoutMaskCases: OpCase[] = [
  {
    ins: [{ dtype: 'uint32', values: [1, 2] }],
    build: (key) => dropoutMask([3, 4, 5], key, { rate: 0.3 }),
    torch: 'dropout_mask(a, 3, 20, 0.3).reshape(3, 4, 5)',
    gradient: false,
  },
  {
    name: 'one axis',
    ins: [{ dtype: 'uint32', values: [4294967295, 77] }],
    build: (key) => dropoutMask([9], key, { rate: 0.5 }),
    torch: 'dropout_mask(a, 1, 9, 0.5).reshape(9)',
    gradient: false,
  },
  {
    name: 'ones',
    ins: [{ dtype: 'uint32', values: [1, 2] }],
    build: (key) => mul(dropoutMask([3, 4, 5], key, { rate: 0.3, scaled: false }), dropoutScale(0.3)),
    torch: 'dropout_mask(a, 3, 20, 0.3).reshape(3, 4, 5)',
    gradient: false,
  },
  {
    name: 'like',
    ins: [[3, 2], { dtype: 'uint32', values: [7, 8] }],
    build: (x, key) => dropoutMask([x.shape[0]!, 6], key, { rate: 0.1, like: x, dtype: x.dtype }),
    torch: 'dropout_mask(b, 3, 6, 0.1)',
    gradient: false,
  },
];
