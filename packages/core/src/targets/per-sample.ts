import type { Value } from '../graph/index.ts';
import { reduceMean } from '../ops/index.ts';

/** The mean over all axes but the first: one figure a sample. */
export const perSample = (x: Value): Value =>
  x.shape.length <= 1 ? x : reduceMean(x, { axes: x.shape.slice(1).map((_, i) => i + 1) });
