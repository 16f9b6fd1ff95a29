import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { eluOp } from './elu.ts';
import { slopeOfElu } from './elu-slope.ts';
import { mul } from './mul.ts';
import { floating } from './rules.ts';

/** @internal */
export const seluOp = defineOp({
  type: 'Selu',
  since: 6,
  inputs: ['x'],
  outputs: ['y'],
  attrs: {
    alpha: { kind: 'float', default: 1.6732632423543772 },
    gamma: { kind: 'float', default: 1.0507009873554805 },
  },
  infer: ({ x }) => ({ y: floating('Selu', x) }),
  expand: ({ x }, { alpha, gamma }) => ({ y: mul(eluOp({ x }, { alpha }).y, gamma) }),
  grad: ({ x, dy }, { alpha, gamma }) => ({ x: mul(dy, mul(slopeOfElu(x, alpha), gamma)) }),
});

/**
 * Scaled exponential linear unit, elementwise: `y = γ x` above 0, `γ α (e^x - 1)` below, with the constants α = 1.67326 and
 * γ = 1.05070 that keep means and variances.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers.
 * Source: ONNX Selu-6, torch.selu; Klambauer et al., Self-Normalizing Neural Networks (2017).
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.selu(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const selu = (x: Value): Value => seluOp({ x }).y;

/** @internal */
export const seluCases: OpCase[] = [
  { name: 'positive', ins: 'any', domain: [0.5, 2], build: selu, torch: 'torch.selu(a)', float32: 'no float64 kernel' },
  { name: 'negative', ins: 'any', domain: [-2, -0.5], build: selu, torch: 'torch.selu(a)', float32: 'no float64 kernel' },
];
