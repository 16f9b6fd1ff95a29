import type { Value } from '../graph/index.ts';
import { abs } from './abs.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
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
import { sign } from './sign.ts';

/** @internal */
export const reduceL1Op = defineOp({
  type: 'ReduceL1',
  since: 18,
  inputs: ['data'],
  optional: ['axes'],
  outputs: ['reduced'],
  attrs: reductionAttrs,
  written: [axesWereAttribute()],
  infer: (ins, attrs) => ({ reduced: inferReduction('ReduceL1', ins, attrs) }),
  grad: ({ data, axes, dreduced }, attrs) => ({
    data: mul(sign(data), keepAxes(dreduced, data, reducedAxes('ReduceL1', { data, axes }, attrs))),
    axes: null,
  }),
});

/**
 * Sum of magnitudes over axes: `y = sum(|x|)`. The gradient at 0 is 0.
 *
 * Shapes: `S -> S` without `axes` (or with size 1 there). Errors: `bad-value` for an axis outside.
 * Source: ONNX ReduceL1-18, torch.linalg.vector_norm(x, 1).
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.reduceL1(graphInput('x', ['batch', 3]), { axes: [-1] }).shape); // ['batch']
 */
export const reduceL1 = (x: Value, options: ReduceOptions = {}): Value => reduce(reduceL1Op, x, { ...options, alone: abs });

/** @internal */
export const reduceL1Cases: OpCase[] = [
  { ins: [[2, 3, 4]], build: (x) => reduceL1(x), torch: 'a.abs().sum()' },
  { ins: [[2, 3, 4]], build: (x) => reduceL1(x, { axes: [1] }), torch: 'a.abs().sum(1)' },
  { ins: [[2, 3, 4]], build: (x) => reduceL1(x, { axes: [0, -1], keepDims: true }), torch: 'a.abs().sum((0, 2), keepdim=True)' },
  { ins: [[2, 3]], build: (x) => reduceL1(x, { axes: [] }), torch: 'a.abs()' },
  { name: 'at zero', ins: [{ values: [[0, -1, 2]] }], build: (x) => reduceL1(x, { axes: [1] }), torch: 'a.abs().sum(1)' },
];
