// The mean over all positions, of real steps only where a mask says which they are.
import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import { cast, div, globalAveragePool, matMul, max, reduceMean, reduceSum, transpose, unsqueeze } from '../../ops/index.ts';
import { isFloat } from '../../tensor/index.ts';
import type { Mask } from '../layer.ts';
import { asTheyLie, checkSpatial, type Place } from '../spatial.ts';

/** Leaves axes of size 1. A row without a real step gives 0. */
export function globalAverage(x: Value, place: Place, mask: Mask): Value {
  checkSpatial(x, place);
  if (!isFloat(x.dtype))
    throw fail('dtype-mismatch', { what: place.what, got: x.dtype, want: 'a float dtype', fix: 'Put rescaling() before it.' });
  if (mask) return meanOfReal(x, place, mask);
  return asTheyLie(x, place, (v, first) =>
    first === 2 ? globalAveragePool(v) : reduceMean(v, { axes: v.shape.map((_, i) => i).slice(1, -1), keepDims: true }),
  );
}

/** A matrix product weights and sums the steps in one pass. */
function meanOfReal(x: Value, { dataFormat }: Place, mask: Value): Value {
  const real = unsqueeze(cast(mask, x.dtype), { axes: [1] });
  const count = max(reduceSum(real, { axes: [2], keepDims: true }), 1);
  const share = div(real, count);
  return dataFormat === 'channelsFirst' ? matMul(x, transpose(share, [0, 2, 1])) : matMul(share, x);
}
