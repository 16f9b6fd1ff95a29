import type { Value } from '../graph/index.ts';
import { cast } from './cast.ts';
import { div } from './div.ts';
import { equal } from './equal.ts';
import { mul } from './mul.ts';
import { reduceSum } from './reduce-sum.ts';
import { keepAxes } from './reduction.ts';

/** The gradient of a maximum or minimum: elements that tie share it evenly, as in PyTorch's amax. */
export function shareTies(
  data: Value,
  extreme: Value,
  { dy, axes }: { readonly dy: Value; readonly axes: readonly number[] },
): Value {
  const chosen = cast(equal(data, keepAxes(extreme, data, axes)), data.dtype);
  const ties = reduceSum(chosen, { axes, keepDims: true });
  return mul(chosen, div(keepAxes(dy, data, axes), ties));
}
