import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { reduceSum } from '../ops/index.ts';
import { type Shape, sameShape, showShape } from '../tensor/index.ts';

/** The adjoint of broadcasting: sums `x` over every axis that a broadcast from `shape` had repeated. */
export function sumTo(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const repeated = shape.flatMap((d, i) => (d === 1 && x.shape[i + lead] !== 1 ? [i + lead] : []));
  const unclear = shape.some(
    (d, i) => d !== 1 && typeof d === 'number' && typeof x.shape[i + lead] === 'number' && d !== x.shape[i + lead],
  );
  if (lead < 0 || unclear)
    throw fail('shape-mismatch', {
      what: 'gradient',
      got: showShape(x.shape),
      want: `a shape that ${showShape(shape)} broadcasts to`,
      fix: 'The gradient rule of the op that made it is wrong.',
    });
  const inner = repeated.length > 0 ? reduceSum(x, { axes: repeated, keepDims: true }) : x;
  return lead > 0 ? reduceSum(inner, { axes: Array.from({ length: lead }, (_, i) => i) }) : inner;
}
