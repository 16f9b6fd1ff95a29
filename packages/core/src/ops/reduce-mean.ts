import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { countOf } from './count-of.ts';
import { defineOp } from './define.ts';
import { div } from './div.ts';
import {
  axesWereAttribute,
  inferReduction,
  type ReduceOptions,
  reduce,
  reducedAxes,
  reductionAttrs,
  spread,
} from './reduction.ts';

/** @internal */
export const reduceMeanOp = defineOp({
  type: 'ReduceMean',
  since: 18,
  inputs: ['data'],
  optional: ['axes'],
  outputs: ['reduced'],
  attrs: reductionAttrs,
  written: [axesWereAttribute()],
  infer: (ins, attrs) => ({ reduced: inferReduction('ReduceMean', ins, attrs) }),
  grad({ data, axes, dreduced }, attrs) {
    const gone = reducedAxes('ReduceMean', { data, axes }, attrs);
    return { data: spread(div(dreduced, countOf(data, gone)), data, gone), axes: null };
  },
});

/**
 * Mean over axes: `y = sum(x) / n`.
 *
 * Shapes: `S -> S` without `axes` (or with size 1 there). Errors: `bad-value` for an axis outside.
 * Source: ONNX ReduceMean-18, torch.mean.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.reduceMean(graphInput('x', ['batch', 3]), { axes: [0] }).shape); // [3]
 */
export const reduceMean = (x: Value, options: ReduceOptions = {}): Value => reduce(reduceMeanOp, x, options);

/** @internal */
export const reduceMeanCases: OpCase[] = [
  { ins: [[2, 3, 4]], build: (x) => reduceMean(x), torch: 'a.mean()' },
  { ins: [[2, 3, 4]], build: (x) => reduceMean(x, { axes: [0, 1] }), torch: 'a.mean((0, 1))' },
  { ins: [[2, 3, 4]], build: (x) => reduceMean(x, { axes: [-1], keepDims: true }), torch: 'a.mean(-1, keepdim=True)' },
  { ins: [[2, 3]], build: (x) => reduceMean(x, { axes: [] }), torch: 'a' },
];
