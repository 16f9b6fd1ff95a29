import type { Value } from '../graph/index.ts';
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

/** @internal */
export const reduceSumSquareOp = defineOp({
  type: 'ReduceSumSquare',
  since: 18,
  inputs: ['data'],
  optional: ['axes'],
  outputs: ['reduced'],
  attrs: reductionAttrs,
  written: [axesWereAttribute()],
  infer: (ins, attrs) => ({ reduced: inferReduction('ReduceSumSquare', ins, attrs) }),
  grad({ data, axes, dreduced }, attrs) {
    const dy = keepAxes(dreduced, data, reducedAxes('ReduceSumSquare', { data, axes }, attrs));
    return { data: mul(data, mul(dy, 2)), axes: null }; // y' = 2 x
  },
});

/**
 * Sum of squares over axes: `y = sum(x²)`.
 *
 * Shapes: `S -> S` without `axes` (or with size 1 there). Errors: `bad-value` for an axis outside.
 * Source: ONNX ReduceSumSquare-18, torch.sum(torch.square(x)).
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.reduceSumSquare(graphInput('x', ['batch', 3])).shape); // []
 */
export const reduceSumSquare = (x: Value, options: ReduceOptions = {}): Value =>
  reduce(reduceSumSquareOp, x, { ...options, alone: (v) => mul(v, v) });

/** @internal */
export const reduceSumSquareCases: OpCase[] = [
  { ins: [[2, 3, 4]], build: (x) => reduceSumSquare(x), torch: 'a.square().sum()' },
  { ins: [[2, 3, 4]], build: (x) => reduceSumSquare(x, { axes: [1] }), torch: 'a.square().sum(1)' },
  {
    ins: [[2, 3, 4]],
    build: (x) => reduceSumSquare(x, { axes: [0, -1], keepDims: true }),
    torch: 'a.square().sum((0, 2), keepdim=True)',
  },
  { ins: [[2, 3]], build: (x) => reduceSumSquare(x, { axes: [] }), torch: 'a.square()' },
];
