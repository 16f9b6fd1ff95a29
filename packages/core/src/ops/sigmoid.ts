import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { mul } from './mul.ts';
import { floating } from './rules.ts';
import { sub } from './sub.ts';

/** @internal */
export const sigmoidOp = defineOp({
  type: 'Sigmoid',
  since: 13,
  elementwise: 'sigmoid',
  inputs: ['x'],
  outputs: ['y'],
  increasing: true,
  infer: ({ x }) => ({ y: floating('Sigmoid', x) }),
  grad: ({ y, dy }) => ({ x: mul(dy, mul(y, sub(1, y))) }), // y' = y (1 - y)
});

/**
 * Logistic function, elementwise: `y = 1 / (1 + e^-x)`.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Sigmoid-13, torch.sigmoid.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.sigmoid(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const sigmoid = (x: Value): Value => sigmoidOp({ x }).y;

/**
 * The logits of a value that sigmoid made, so that a loss can be calculated from them without overflow; undefined for any
 * other value.
 *
 * Shapes: that of `y`. Source: the crossentropies of Keras, which look behind the activation likewise.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const y = ops.sigmoid(graphInput('logits', ['batch', 1]));
 * console.log(ops.sigmoidInput(y)?.name, ops.sigmoidInput(ops.neg(y))); // logits undefined
 */
export const sigmoidInput = (y: Value): Value | undefined => (y.node?.op === sigmoidOp.op ? y.node.ins[0] : undefined);

/** @internal */
export const sigmoidCases: OpCase[] = [
  { ins: 'any', build: sigmoid, torch: 'torch.sigmoid(a)' },
  { name: 'saturated', ins: [{ values: [-100, -20, 20, 100] }], build: sigmoid, torch: 'torch.sigmoid(a)', gradient: false },
];
