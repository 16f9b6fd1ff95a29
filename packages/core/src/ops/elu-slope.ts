// What Elu and Selu have in common.
import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import { cast } from './cast.ts';
import { exp } from './exp.ts';
import { greater } from './greater.ts';
import { min } from './min.ts';
import { mul } from './mul.ts';
import { sub } from './sub.ts';

/** y' = 1 above 0, α e^x below. The exponent is kept at 0 or less, so that no infinity meets a mask of 0. */
export function slopeOfElu(x: Value, alpha: number): Value {
  const above = cast(greater(x, 0), x.dtype);
  const below = mul(exp(min(x, 0)), alpha);
  return add(mul(sub(1, above), below), above);
}
