import type { Value } from '../graph/index.ts';
import { type Shape, stream } from '../tensor/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { mul } from './mul.ts';
import { bitsOf, counter, countOf, rowAxis } from './random-stream.ts';
import { reshape, reshapeOp } from './reshape.ts';
import { dimsOf } from './shape.ts';

/** Where the sizes of random numbers come from. */
export interface RandomLike {
  /** A value that has the symbolic sizes of the shape. */
  readonly like?: Value | undefined;
}

/**
 * 32 random bits an element: `mix(mix(i · 0x9e3779b9 + key[0]) xor key[1])` for the i-th element in row-major order. The same key
 * gives the same bits, so every use needs a key of its own: see `foldKey`. The gradient is zero.
 *
 * Shapes: `key [2] -> shape`, uint32. Symbolic sizes are those of `like`. Errors: `bad-value` for a key of another shape,
 * `dtype-mismatch` for a key that is not uint32. Source: the counter-based stream of `bitsAt`, bit for bit.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3]);
 * const key = graphInput('key', [2], 'uint32');
 * console.log(ops.randomBits(['batch', 3], key, { like: x }).shape); // ['batch', 3]
 */
export function randomBits(shape: Shape, key: Value, { like = key }: RandomLike = {}): Value {
  // i = row · columns + column: two short lists of positions and one sum, where a list of all positions costs four passes.
  const axis = rowAxis(shape);
  const columns = countOf(shape.slice(axis), like);
  const perRow = typeof columns === 'number' ? Math.imul(columns, stream.weyl) >>> 0 : mul(cast(columns, 'uint32'), stream.weyl);
  const rows = reshape(mul(counter(countOf(shape.slice(0, axis), like)), perRow), [-1, 1]);
  const bits = bitsOf(add(rows, mul(counter(columns), stream.weyl)), key);
  return reshapeOp({ data: bits, shape: dimsOf(shape, like) }, { allowzero: 1 }).reshaped;
}

/** @internal */
export const randomBitsCases: OpCase[] = [
  {
    ins: [{ dtype: 'uint32', values: [123456789, 3987654321] }],
    build: (key) => randomBits([2, 3, 2], key),
    torch: 'random_bits(a, (2, 3, 2))',
    gradient: false,
  },
  {
    ins: [{ dtype: 'uint32', values: [0, 0] }],
    build: (key) => randomBits([], key),
    torch: 'random_bits(a, ())',
    gradient: false,
  },
  {
    name: 'like',
    ins: [[3, 2], { dtype: 'uint32', values: [7, 8] }],
    build: (x, key) => randomBits([2, x.shape[0]!], key, { like: x }),
    torch: 'random_bits(b, (2, 3))',
    gradient: false,
  },
];
