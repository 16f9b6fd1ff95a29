import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { div } from './div.ts';
import { floating } from './rules.ts';

/** @internal */
export const logOp = defineOp({
  type: 'Log',
  since: 13,
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: floating('Log', x) }),
  grad: ({ x, dy }) => ({ x: div(dy, x) }), // y' = 1 / x
});

/**
 * Natural logarithm, elementwise: `y = ln x`; NaN below 0.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Log-13, torch.log.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.log(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const log = (x: Value): Value => logOp({ x }).y;

/** @internal */
export const logCases: OpCase[] = [
  { ins: 'any', domain: [0.5, 3], build: log, torch: 'torch.log(a)' },
  { name: 'edges', ins: [{ values: [1e-30, 0, 1e30, -1] }], build: log, torch: 'torch.log(a)', gradient: false },
];
