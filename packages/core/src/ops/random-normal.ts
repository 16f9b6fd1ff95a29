import type { Value } from '../graph/index.ts';
import type { Shape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { cos } from './cos.ts';
import { foldKey } from './fold-key.ts';
import { log } from './log.ts';
import { mul } from './mul.ts';
import { type RandomOptions, randomUniform } from './random-uniform.ts';
import { sqrt } from './sqrt.ts';
import { sub } from './sub.ts';

/**
 * Standard normal random numbers: `sqrt(-2 log(1 - u)) cos(2π v)`, u and v uniform. The gradient is zero.
 *
 * Shapes: `key [2] -> shape`. Symbolic sizes are those of `like`. Errors: `bad-value`, `dtype-mismatch` for a wrong key.
 * Source: Box and Muller (1958) over the counter-based stream of `normals`.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const key = graphInput('key', [2], 'uint32');
 * console.log(ops.randomNormal([3, 4], key).shape); // [3, 4]
 */
export function randomNormal(shape: Shape, key: Value, { dtype = 'float32', like }: RandomOptions = {}): Value {
  // In float64, as on the host: in float32 the angle alone would cost the last three digits.
  const uniform = (salt: number): Value => randomUniform(shape, foldKey(key, salt), { dtype: 'float64', like });
  const radius = sqrt(mul(log(sub(1, uniform(1))), -2));
  return cast(mul(radius, cos(mul(uniform(2), 2 * Math.PI))), dtype);
}

/** @internal */
export const randomNormalCases: OpCase[] = [
  {
    ins: [{ dtype: 'uint32', values: [1, 2] }],
    build: (key) => randomNormal([3, 4], key),
    torch: 'random_normal(a, (3, 4)).float()',
    gradient: false,
  },
  {
    ins: [{ dtype: 'uint32', values: [99, 4000000000] }],
    build: (key) => randomNormal([6], key, { dtype: 'float64' }),
    torch: 'random_normal(a, (6,))',
    gradient: false,
  },
];
