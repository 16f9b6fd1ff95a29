import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { mul } from './mul.ts';
import { reduceMean } from './reduce-mean.ts';
import { axesIn } from './rules.ts';
import { subOp } from './sub.ts';

// A difference to ONNX. Its gradient is the centered cotangent: fewer passes over memory than going back through the mean.
const lessMean = defineOp({
  type: 'Sub',
  since: 14,
  inputs: ['x', 'mean'],
  outputs: ['y'],
  infer: ({ x, mean }) => ({ y: subOp.op.infer([x, mean], {})[0]! }),
  grad: ({ mean, dy }) => ({ x: center(dy, averaged(mean)).centered, mean: null }),
});

/** The axes that a mean was taken over. */
const averaged = ({ shape }: Value): number[] => shape.flatMap((size, axis) => (size === 1 ? [axis] : []));

/**
 * A value less its mean over axes, and that mean.
 *
 * Shapes: `centered S`, `mean S` with size 1 on the axes. Errors: `bad-value` for an axis outside.
 * Source: the first step of batch normalization, Ioffe and Szegedy 2015, algorithm 1.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const { centered, mean } = ops.center(graphInput('x', ['batch', 3, 8]), [0, 2]);
 * console.log(centered.shape, mean.shape); // ['batch', 3, 8] [1, 3, 1]
 */
export function center(x: Value, axes: readonly number[]): { readonly centered: Value; readonly mean: Value } {
  const mean = reduceMean(x, { axes: axesIn('center', axes, x.shape), keepDims: true });
  return { centered: lessMean({ x, mean }).y, mean };
}

/** @internal */
export const centerCases: OpCase[] = [
  {
    ins: [[2, 3, 4]],
    build: (x) => Object.values(center(x, [0, -1])),
    torch: '(a - a.mean((0, 2), keepdim=True), a.mean((0, 2), keepdim=True))',
  },
  {
    name: 'a curve of it',
    ins: [[3, 2]],
    build(x) {
      const { centered } = center(x, [0]);
      return mul(mul(centered, centered), centered);
    },
    torch: '(a - a.mean(0)) ** 3',
  },
];
