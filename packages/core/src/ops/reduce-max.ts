import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { axesWereAttribute, inferReduction, type ReduceOptions, reduce, reducedAxes, reductionAttrs } from './reduction.ts';
import { shareTies } from './share-ties.ts';

/** @internal */
export const reduceMaxOp = defineOp({
  type: 'ReduceMax',
  since: 20,
  inputs: ['data'],
  optional: ['axes'],
  outputs: ['reduced'],
  attrs: reductionAttrs,
  written: [axesWereAttribute()],
  infer: (ins, attrs) => ({ reduced: inferReduction('ReduceMax', ins, attrs) }),
  grad: ({ data, axes, reduced, dreduced }, attrs) => ({
    data: shareTies(data, reduced, { dy: dreduced, axes: reducedAxes('ReduceMax', { data, axes }, attrs) }),
    axes: null,
  }),
});

/**
 * Largest over axes. Elements that tie share the gradient evenly.
 *
 * Shapes: `S -> S` without `axes` (or with size 1 there). Errors: `bad-value` for an axis outside.
 * Source: ONNX ReduceMax-20, torch.amax.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.reduceMax(graphInput('x', ['batch', 3]), { axes: [1], keepDims: true }).shape); // ['batch', 1]
 */
export const reduceMax = (x: Value, options: ReduceOptions = {}): Value => reduce(reduceMaxOp, x, options);

/** @internal */
export const reduceMaxCases: OpCase[] = [
  { ins: [[2, 3, 4]], build: (x) => reduceMax(x), torch: 'a.amax()' },
  { ins: [[2, 3, 4]], build: (x) => reduceMax(x, { axes: [1] }), torch: 'a.amax(1)' },
  { ins: [[2, 3, 4]], build: (x) => reduceMax(x, { axes: [0, -1], keepDims: true }), torch: 'a.amax((0, 2), keepdim=True)' },
  { ins: [[2, 3]], build: (x) => reduceMax(x, { axes: [] }), torch: 'a' },
  {
    name: 'ties',
    ins: [
      {
        values: [
          [1, 3, 3],
          [-2, -2, -2],
        ],
      },
    ],
    build: (x) => reduceMax(x, { axes: [1] }),
    torch: 'a.amax(1)',
  },
];
