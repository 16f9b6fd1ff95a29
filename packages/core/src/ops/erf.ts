import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { exp } from './exp.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { floating } from './rules.ts';

/** @internal */
export const erfOp = defineOp({
  type: 'Erf',
  since: 13,
  elementwise: 'erf',
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: floating('Erf', x) }),
  grad: ({ x, dy }) => ({ x: mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))) }), // y' = 2/√π e^-x²
});

/**
 * Error function, elementwise: `y = 2/√π ∫₀ˣ e^-t² dt`.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Erf-13, torch.erf.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.erf(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const erf = (x: Value): Value => erfOp({ x }).y;

/** @internal */
export const erfCases: OpCase[] = [{ ins: 'any', build: erf, torch: 'torch.erf(a)', float32: 'no float64 kernel' }];
