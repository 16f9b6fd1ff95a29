import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { slopeOfElu } from './elu-slope.ts';
import { mul } from './mul.ts';
import { floating } from './rules.ts';

/** @internal */
export const eluOp = defineOp({
  type: 'Elu',
  since: 6,
  inputs: ['x'],
  outputs: ['y'],
  attrs: { alpha: { kind: 'float', default: 1 } },
  infer: ({ x }) => ({ y: floating('Elu', x) }),
  grad: ({ x, dy }, { alpha }) => ({ x: mul(dy, slopeOfElu(x, alpha)) }),
});

/**
 * Exponential linear unit, elementwise: `y = x` above 0, `α (e^x - 1)` below.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Elu-6, torch.nn.functional.elu.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.elu(graphInput('x', [2, 3]), { alpha: 0.5 }).shape); // [2, 3]
 */
export const elu = (x: Value, { alpha = 1 }: { readonly alpha?: number } = {}): Value => eluOp({ x }, { alpha }).y;

/** @internal */
export const eluCases: OpCase[] = [
  { name: 'positive', ins: 'any', domain: [0.5, 2], build: (x) => elu(x), torch: 'F.elu(a)', float32: 'no float64 kernel' },
  { name: 'negative', ins: 'any', domain: [-2, -0.5], build: (x) => elu(x), torch: 'F.elu(a)', float32: 'no float64 kernel' },
  {
    name: 'alpha',
    ins: [{ values: [-2, -0.7, 0.4, 3] }],
    build: (x) => elu(x, { alpha: 0.3 }),
    torch: 'F.elu(a, alpha=0.3)',
    float32: 'no float64 kernel',
  },
];
