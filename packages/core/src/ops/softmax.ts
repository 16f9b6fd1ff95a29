import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { alongAxis } from './kinds.ts';
import { matMul } from './mat-mul.ts';
import { mul } from './mul.ts';
import { reduceSum } from './reduce-sum.ts';
import { rowProduct } from './row-product.ts';
import { axisIn } from './rules.ts';
import { softmaxWasOverRows } from './softmax-rows.ts';
import { sub } from './sub.ts';

/** @internal */
export const softmaxOp = defineOp({
  type: 'Softmax',
  since: 13,
  inputs: ['input'],
  outputs: ['output'],
  attrs: { axis: { kind: 'int', default: -1 } },
  written: [softmaxWasOverRows],
  infer: ({ input }, { axis }) => ({ output: alongAxis('Softmax', input, axis) }),
  grad({ output: y, doutput: dy }, { axis }) {
    const last = axisIn('Softmax', axis, y.shape) === y.shape.length - 1;
    const inner = last ? rowProduct(dy, y) : reduceSum(mul(dy, y), { axes: [axis], keepDims: true });
    return { input: mul(y, sub(dy, inner)) }; // dx = y (dy - Σ dy y)
  },
});

/**
 * Exponentials in proportion to their sum along one axis: `y = e^x / Σ e^x`, without overflow. Quickest on the last axis.
 *
 * Shapes: `S -> S`. Errors: `bad-value` for an axis outside, `dtype-mismatch` for integers.
 * Source: ONNX Softmax-13, torch.softmax.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.softmax(graphInput('logits', ['batch', 10])).shape); // ['batch', 10]
 */
export const softmax = (x: Value, { axis = -1 }: { readonly axis?: number } = {}): Value =>
  softmaxOp({ input: x }, { axis }).output;

/**
 * The logits and the axis (from 0) of a value that softmax made, so that a loss can be calculated from them without
 * overflow; undefined for any other value.
 *
 * Shapes: the logits have that of `y`. Source: the crossentropies of Keras, which look behind the activation likewise.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const y = ops.softmax(graphInput('logits', ['batch', 10]));
 * console.log(ops.softmaxInput(y)?.axis, ops.softmaxInput(ops.neg(y))); // 1 undefined
 */
export function softmaxInput(y: Value): { readonly logits: Value; readonly axis: number } | undefined {
  if (y.node?.op !== softmaxOp.op) return undefined;
  const logits = y.node.ins[0]!;
  return { logits, axis: axisIn('Softmax', Number(y.node.attrs['axis']), logits.shape) };
}

/** @internal */
export const softmaxCases: OpCase[] = [
  { ins: [[2, 5]], build: (x) => softmax(x), torch: 'torch.softmax(a, -1)' },
  { name: 'first axis', ins: [[4, 3]], build: (x) => softmax(x, { axis: 0 }), torch: 'torch.softmax(a, 0)' },
  { name: 'middle axis', ins: [[2, 3, 4]], build: (x) => softmax(x, { axis: -2 }), torch: 'torch.softmax(a, 1)' },
  { name: 'one class', ins: [[3, 1]], build: (x) => softmax(x), torch: 'torch.softmax(a, -1)' },
  {
    name: 'of a product',
    ins: [
      [2, 3, 4],
      [2, 4, 2],
    ],
    build: (x, v) => matMul(softmax(x), v),
    torch: 'torch.softmax(a, -1) @ b',
  },
  {
    name: 'of a product, with a mask',
    ins: [
      [2, 3, 4],
      [2, 3, 4],
      [2, 4, 2],
    ],
    build: (x, m, v) => matMul(mul(softmax(x), m), v),
    torch: '(torch.softmax(a, -1) * b) @ c',
  },
  {
    name: 'large',
    ins: [
      {
        values: [
          [1000, 999, -1000],
          [-1e30, 0, -1e30],
        ],
      },
    ],
    build: (x) => softmax(x),
    torch: 'torch.softmax(a, -1)',
    gradient: false,
  },
];
