// The largest element over all positions, of real steps only where a mask says which they are.
import { constant, type Value } from '../../graph/index.ts';
import { cast, globalMaxPool, mul, reduceMax, unsqueeze, where } from '../../ops/index.ts';
import { full } from '../../tensor/index.ts';
import type { Mask } from '../layer.ts';
import { channelsFirstly, type Place } from '../spatial.ts';

/** Leaves axes of size 1. A row without a real step gives 0. */
export const globalMax = (x: Value, place: Place, mask: Mask): Value =>
  channelsFirstly(x, place, (v) => {
    if (!mask) return globalMaxPool(v);
    const real = unsqueeze(mask, { axes: [1] });
    const lowest = constant(full([], -3.4028234663852886e38, v.dtype));
    return mul(globalMaxPool(where(real, v, lowest)), reduceMax(cast(real, v.dtype), { axes: [2], keepDims: true }));
  });
