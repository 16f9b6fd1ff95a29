import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { mul } from './mul.ts';
import { floating } from './rules.ts';

/** @internal */
export const expOp = defineOp({
  type: 'Exp',
  since: 13,
  elementwise: 'exp',
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: floating('Exp', x) }),
  grad: ({ y, dy }) => ({ x: mul(dy, y) }), // y' = y
});

/**
 * Exponential, elementwise: `y = e^x`.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Exp-13, torch.exp.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.exp(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const exp = (x: Value): Value => expOp({ x }).y;

/** @internal */
export const expCases: OpCase[] = [{ ins: 'any', build: exp, torch: 'torch.exp(a)' }];
