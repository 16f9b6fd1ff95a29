import type { Value } from '../graph/index.ts';
import type { DType, Shape } from '../tensor/index.ts';
import { bitShift } from './bit-shift.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { mul } from './mul.ts';
import { type RandomLike, randomBits } from './random-bits.ts';

/** What random numbers are made as. */
export interface RandomOptions extends RandomLike {
  /** A float dtype; float32 unless told. */
  readonly dtype?: DType;
}

/**
 * Random numbers from 0 (inclusive) to 1 (exclusive), evenly spread: multiples of 2⁻²⁴. The gradient is zero.
 *
 * Shapes: `key [2] -> shape`. Symbolic sizes are those of `like`. Errors: `bad-value`, `dtype-mismatch` for a wrong key.
 * Source: the counter-based stream of `uniformAt`, bit for bit.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const key = graphInput('key', [2], 'uint32');
 * console.log(ops.randomUniform([3, 4], key).dtype); // float32
 */
export const randomUniform = (shape: Shape, key: Value, { dtype = 'float32', like }: RandomOptions = {}): Value =>
  mul(cast(bitShift(randomBits(shape, key, { like }), 8, { direction: 'right' }), dtype), 2 ** -24);

/** @internal */
export const randomUniformCases: OpCase[] = [
  {
    ins: [{ dtype: 'uint32', values: [1, 2] }],
    build: (key) => randomUniform([3, 4], key),
    torch: 'random_uniform(a, (3, 4)).float()',
    gradient: false,
  },
  {
    ins: [{ dtype: 'uint32', values: [4294967295, 2147483648] }],
    build: (key) => randomUniform([5], key, { dtype: 'float64' }),
    torch: 'random_uniform(a, (5,))',
    gradient: false,
  },
];
