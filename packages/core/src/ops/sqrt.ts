import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { div } from './div.ts';
import { mul } from './mul.ts';
import { floating } from './rules.ts';

/** @internal */
export const sqrtOp = defineOp({
  type: 'Sqrt',
  since: 13,
  elementwise: 'sqrt',
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: floating('Sqrt', x) }),
  grad: ({ y, dy }) => ({ x: div(mul(dy, 0.5), y) }), // y' = 1 / (2 y)
});

/**
 * Square root, elementwise: `y = x^½`; NaN below 0. Its slope at 0 is infinite.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Sqrt-13, torch.sqrt.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.sqrt(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const sqrt = (x: Value): Value => sqrtOp({ x }).y;

/** @internal */
export const sqrtCases: OpCase[] = [
  { ins: 'any', domain: [0.5, 3], build: sqrt, torch: 'torch.sqrt(a)' },
  { name: 'edges', ins: [{ values: [0, 1e-30, 1e30, -1] }], build: sqrt, torch: 'torch.sqrt(a)', gradient: false },
];
