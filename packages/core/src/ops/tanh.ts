import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { mul } from './mul.ts';
import { floating } from './rules.ts';
import { sub } from './sub.ts';

/** @internal */
export const tanhOp = defineOp({
  type: 'Tanh',
  since: 13,
  elementwise: 'tanh',
  inputs: ['x'],
  outputs: ['y'],
  increasing: true,
  infer: ({ x }) => ({ y: floating('Tanh', x) }),
  grad: ({ y, dy }) => ({ x: mul(dy, sub(1, mul(y, y))) }), // y' = 1 - y²
});

/**
 * Hyperbolic tangent, elementwise: `y = (e^x - e^-x) / (e^x + e^-x)`.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Tanh-13, torch.tanh.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.tanh(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const tanh = (x: Value): Value => tanhOp({ x }).y;

/** @internal */
export const tanhCases: OpCase[] = [
  { ins: 'any', build: tanh, torch: 'torch.tanh(a)' },
  { name: 'saturated', ins: [{ values: [-50, -10, 10, 50] }], build: tanh, torch: 'torch.tanh(a)', gradient: false },
];
