import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { exp } from './exp.ts';
import { alongAxis } from './kinds.ts';
import { log } from './log.ts';
import { mul } from './mul.ts';
import { reduceMax } from './reduce-max.ts';
import { reduceSum } from './reduce-sum.ts';
import { softmaxWasOverRows } from './softmax-rows.ts';
import { sub } from './sub.ts';

/** @internal */
export const logSoftmaxOp = defineOp({
  type: 'LogSoftmax',
  since: 13,
  inputs: ['input'],
  outputs: ['output'],
  attrs: { axis: { kind: 'int', default: -1 } },
  written: [softmaxWasOverRows],
  infer: ({ input }, { axis }) => ({ output: alongAxis('LogSoftmax', input, axis) }),
  expand({ input: x }, { axis }) {
    const options = { axes: [axis], keepDims: true };
    const shifted = sub(x, reduceMax(x, options)); // e^x does not overflow
    return { output: sub(shifted, log(reduceSum(exp(shifted), options))) };
  },
  grad({ output: y, doutput: dy }, { axis }) {
    return { input: sub(dy, mul(exp(y), reduceSum(dy, { axes: [axis], keepDims: true }))) }; // dx = dy - e^y Σ dy
  },
});

/**
 * Logarithm of softmax along one axis: `y = x - ln Σ e^x`, without overflow. Quickest on the last axis.
 *
 * Shapes: `S -> S`. Errors: `bad-value` for an axis outside, `dtype-mismatch` for integers.
 * Source: ONNX LogSoftmax-13, torch.log_softmax.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.logSoftmax(graphInput('logits', ['batch', 10])).shape); // ['batch', 10]
 */
export const logSoftmax = (x: Value, { axis = -1 }: { readonly axis?: number } = {}): Value =>
  logSoftmaxOp({ input: x }, { axis }).output;

/** @internal */
export const logSoftmaxCases: OpCase[] = [
  { ins: [[2, 5]], build: (x) => logSoftmax(x), torch: 'torch.log_softmax(a, -1)' },
  { name: 'first axis', ins: [[4, 3]], build: (x) => logSoftmax(x, { axis: 0 }), torch: 'torch.log_softmax(a, 0)' },
  { name: 'middle axis', ins: [[2, 3, 4]], build: (x) => logSoftmax(x, { axis: -2 }), torch: 'torch.log_softmax(a, 1)' },
  {
    name: 'large',
    ins: [
      {
        values: [
          [1000, 999, -1000],
          [-1e4, 0, 3],
        ],
      },
    ],
    build: (x) => logSoftmax(x),
    torch: 'torch.log_softmax(a, -1)',
    gradient: false,
  },
];
