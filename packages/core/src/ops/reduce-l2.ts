import type { Value } from '../graph/index.ts';
import { abs } from './abs.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { div } from './div.ts';
import { equal } from './equal.ts';
import { mul } from './mul.ts';
import {
  axesWereAttribute,
  inferReduction,
  keepAxes,
  type ReduceOptions,
  reduce,
  reducedAxes,
  reductionAttrs,
} from './reduction.ts';
import { where } from './where.ts';

/** @internal */
export const reduceL2Op = defineOp({
  type: 'ReduceL2',
  since: 18,
  inputs: ['data'],
  optional: ['axes'],
  outputs: ['reduced'],
  attrs: reductionAttrs,
  written: [axesWereAttribute()],
  infer: (ins, attrs) => ({ reduced: inferReduction('ReduceL2', ins, attrs) }),
  grad({ data, axes, reduced, dreduced }, attrs) {
    const length = where(equal(reduced, 0), 1, reduced); // x = 0 where the length is 0, so the gradient is 0 there
    return { data: mul(data, keepAxes(div(dreduced, length), data, reducedAxes('ReduceL2', { data, axes }, attrs))), axes: null };
  },
});

/**
 * Euclidean length over axes: `y = sqrt(sum(x²))`. The gradient at 0 is 0. For the norm of large gradients
 * `sqrt(reduceSumSquare(x))` is faster.
 *
 * Shapes: `S -> S` without `axes` (or with size 1 there). Errors: `bad-value` for an axis outside.
 * Source: ONNX ReduceL2-18, torch.linalg.vector_norm.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.reduceL2(graphInput('x', ['batch', 3]), { axes: [-1], keepDims: true }).shape); // ['batch', 1]
 */
export const reduceL2 = (x: Value, options: ReduceOptions = {}): Value => reduce(reduceL2Op, x, { ...options, alone: abs });

/** @internal */
export const reduceL2Cases: OpCase[] = [
  { ins: [[2, 3, 4]], build: (x) => reduceL2(x), torch: 'torch.linalg.vector_norm(a)' },
  { ins: [[2, 3, 4]], build: (x) => reduceL2(x, { axes: [1] }), torch: 'torch.linalg.vector_norm(a, dim=1)' },
  {
    ins: [[2, 3, 4]],
    build: (x) => reduceL2(x, { axes: [0, -1], keepDims: true }),
    torch: 'torch.linalg.vector_norm(a, dim=(0, 2), keepdim=True)',
  },
  { ins: [[2, 3]], build: (x) => reduceL2(x, { axes: [] }), torch: 'a.abs()' },
];
