import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { exp } from './exp.ts';
import { identity } from './identity.ts';
import { log } from './log.ts';
import { mul } from './mul.ts';
import { reduceMax } from './reduce-max.ts';
import { reduceSum } from './reduce-sum.ts';
import {
  axesWereAttribute,
  inferReduction,
  keepAxes,
  type ReduceOptions,
  reduce,
  reducedAxes,
  reductionAttrs,
} from './reduction.ts';
import { reshape } from './reshape.ts';
import { floating, reducedShape } from './rules.ts';
import { sub } from './sub.ts';

/** @internal */
export const reduceLogSumExpOp = defineOp({
  type: 'ReduceLogSumExp',
  since: 18,
  inputs: ['data'],
  optional: ['axes'],
  outputs: ['reduced'],
  attrs: reductionAttrs,
  written: [axesWereAttribute()],
  infer({ data, axes }, attrs) {
    floating('ReduceLogSumExp', data);
    return { reduced: inferReduction('ReduceLogSumExp', { data, axes }, attrs) };
  },
  expand({ data, axes }, attrs) {
    const gone = reducedAxes('ReduceLogSumExp', { data, axes }, attrs);
    if (gone.length === 0) return { reduced: identity(data) };
    const largest = reduceMax(data, { axes: gone, keepDims: true });
    const sum = reduceSum(exp(sub(data, largest)), { axes: gone, keepDims: true });
    return { reduced: reshape(add(log(sum), largest), reducedShape(data.shape, gone, attrs.keepdims === 1)) };
  },
  grad({ data, axes, reduced, dreduced }, attrs) {
    const gone = reducedAxes('ReduceLogSumExp', { data, axes }, attrs);
    const softmax = exp(sub(data, keepAxes(reduced, data, gone)));
    return { data: mul(softmax, keepAxes(dreduced, data, gone)), axes: null };
  },
});

/**
 * Soft maximum over axes: `y = log(sum(e^x))`, without overflow.
 *
 * Shapes: `S -> S` without `axes` (or with size 1 there). Errors: `bad-value` for an axis outside, `dtype-mismatch` for integers.
 * Source: ONNX ReduceLogSumExp-18, torch.logsumexp.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.reduceLogSumExp(graphInput('x', ['batch', 3]), { axes: [-1] }).shape); // ['batch']
 */
export const reduceLogSumExp = (x: Value, options: ReduceOptions = {}): Value => reduce(reduceLogSumExpOp, x, options);

/** @internal */
export const reduceLogSumExpCases: OpCase[] = [
  { ins: [[2, 3, 4]], build: (x) => reduceLogSumExp(x), torch: 'torch.logsumexp(a, (0, 1, 2))' },
  { ins: [[2, 3, 4]], build: (x) => reduceLogSumExp(x, { axes: [1] }), torch: 'torch.logsumexp(a, 1)' },
  {
    ins: [[2, 3, 4]],
    build: (x) => reduceLogSumExp(x, { axes: [0, -1], keepDims: true }),
    torch: 'torch.logsumexp(a, (0, 2), keepdim=True)',
  },
  { ins: [[2, 3]], build: (x) => reduceLogSumExp(x, { axes: [] }), torch: 'a' },
  {
    name: 'large',
    ins: [
      {
        values: [
          [1000, 999, 998],
          [-1000, -1001, -1003],
        ],
      },
    ],
    build: (x) => reduceLogSumExp(x, { axes: [1] }),
    torch: 'torch.logsumexp(a, 1)',
  },
];
