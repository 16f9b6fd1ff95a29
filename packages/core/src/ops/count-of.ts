import type { Value } from '../graph/index.ts';
import { productOf } from '../tensor/index.ts';
import { cast } from './cast.ts';
import { gather } from './gather.ts';
import { reduceProd } from './reduce-prod.ts';
import { ints, type Operand } from './rules.ts';
import { shapeOf } from './shape.ts';

/** How many elements lie along axes: what a mean divides by. */
export const countOf = (data: Value, axes: readonly number[]): Operand => {
  const count = productOf(axes.map((axis) => data.shape[axis]!));
  return typeof count === 'number' ? count : cast(reduceProd(gather(shapeOf(data), ints(axes))), data.dtype);
};
