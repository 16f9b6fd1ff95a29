import type { Value } from '../graph/index.ts';
import { and } from './and.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { defineOp } from './define.ts';
import { greater } from './greater.ts';
import { less } from './less.ts';
import { mul } from './mul.ts';
import { floating } from './rules.ts';

/** @internal */
export const hardSigmoidOp = defineOp({
  type: 'HardSigmoid',
  since: 6,
  inputs: ['x'],
  outputs: ['y'],
  attrs: { alpha: { kind: 'float', default: 0.2 }, beta: { kind: 'float', default: 0.5 } },
  infer: ({ x }) => ({ y: floating('HardSigmoid', x) }),
  grad: ({ y, dy }, { alpha }) => ({ x: mul(dy, mul(cast(and(greater(y, 0), less(y, 1)), y.dtype), alpha)) }),
});

/** How {@link hardSigmoid} is called. */
export interface HardSigmoidOptions {
  readonly alpha?: number;
  readonly beta?: number;
}

/**
 * Piecewise linear stand-in for the logistic function, elementwise: `y = min(max(α x + β, 0), 1)`. Its slope is α between
 * the two corners, and 0 at and outside them. The defaults are PyTorch's and Keras 3's; ONNX's own α is 0.2.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX HardSigmoid-6, torch.nn.functional.hardsigmoid.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.hardSigmoid(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const hardSigmoid = (x: Value, { alpha = 1 / 6, beta = 0.5 }: HardSigmoidOptions = {}): Value =>
  hardSigmoidOp({ x }, { alpha, beta }).y;

/** @internal */
export const hardSigmoidCases: OpCase[] = [
  { ins: 'any', build: (x) => hardSigmoid(x), torch: 'F.relu6(a + 3) / 6', float32: 'no float64 kernel' },
  {
    name: 'flat',
    ins: [{ values: [-8, -3.5, 3.5, 8, 1] }],
    build: (x) => hardSigmoid(x),
    torch: 'F.relu6(a + 3) / 6',
    float32: 'no float64 kernel',
  },
  {
    name: 'alpha and beta',
    ins: 'any',
    domain: [-1, 1],
    build: (x) => hardSigmoid(x, { alpha: 0.25, beta: 0.4 }),
    torch: '(0.25 * a + 0.4).clamp(0, 1)',
    float32: 'no float64 kernel',
  },
];
