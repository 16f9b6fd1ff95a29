import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { axesWereAttribute, inferReduction, type ReduceOptions, reduce, reducedAxes, reductionAttrs } from './reduction.ts';
import { shareTies } from './share-ties.ts';

/** @internal */
export const reduceMinOp = defineOp({
  type: 'ReduceMin',
  since: 20,
  inputs: ['data'],
  optional: ['axes'],
  outputs: ['reduced'],
  attrs: reductionAttrs,
  written: [axesWereAttribute()],
  infer: (ins, attrs) => ({ reduced: inferReduction('ReduceMin', ins, attrs) }),
  grad: ({ data, axes, reduced, dreduced }, attrs) => ({
    data: shareTies(data, reduced, { dy: dreduced, axes: reducedAxes('ReduceMin', { data, axes }, attrs) }),
    axes: null,
  }),
});

/**
 * Smallest over axes. Elements that tie share the gradient evenly.
 *
 * Shapes: `S -> S` without `axes` (or with size 1 there). Errors: `bad-value` for an axis outside.
 * Source: ONNX ReduceMin-20, torch.amin.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.reduceMin(graphInput('x', ['batch', 3]), { axes: [1], keepDims: true }).shape); // ['batch', 1]
 */
export const reduceMin = (x: Value, options: ReduceOptions = {}): Value => reduce(reduceMinOp, x, options);

/** @internal */
export const reduceMinCases: OpCase[] = [
  { ins: [[2, 3, 4]], build: (x) => reduceMin(x), torch: 'a.amin()' },
  { ins: [[2, 3, 4]], build: (x) => reduceMin(x, { axes: [1] }), torch: 'a.amin(1)' },
  { ins: [[2, 3, 4]], build: (x) => reduceMin(x, { axes: [0, -1], keepDims: true }), torch: 'a.amin((0, 2), keepdim=True)' },
  { ins: [[2, 3]], build: (x) => reduceMin(x, { axes: [] }), torch: 'a' },
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
    build: (x) => reduceMin(x, { axes: [1] }),
    torch: 'a.amin(1)',
  },
];
