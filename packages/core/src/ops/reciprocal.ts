import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { floating } from './rules.ts';

/** @internal */
export const reciprocalOp = defineOp({
  type: 'Reciprocal',
  since: 13,
  elementwise: 'reciprocal',
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: floating('Reciprocal', x) }),
  grad: ({ y, dy }) => ({ x: neg(mul(dy, mul(y, y))) }), // y' = -y²
});

/**
 * One over it, elementwise: `y = 1 / x`.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Reciprocal-13, torch.reciprocal.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.reciprocal(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const reciprocal = (x: Value): Value => reciprocalOp({ x }).y;

/** @internal */
export const reciprocalCases: OpCase[] = [
  { ins: 'any', domain: [0.5, 3], build: reciprocal, torch: 'torch.reciprocal(a)' },
  { name: 'negative', ins: 'any', domain: [-3, -0.5], build: reciprocal, torch: '1 / a' },
];
