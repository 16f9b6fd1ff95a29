import type { Value } from '../graph/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { defineOp } from './define.ts';
import { greater } from './greater.ts';
import { mul } from './mul.ts';
import { floating } from './rules.ts';

/** @internal */
export const leakyReluOp = defineOp({
  type: 'LeakyRelu',
  since: 16,
  inputs: ['x'],
  outputs: ['y'],
  attrs: { alpha: { kind: 'float', default: 0.01 } },
  infer: ({ x }) => ({ y: floating('LeakyRelu', x) }),
  grad: ({ x, dy }, { alpha }) => ({ x: mul(dy, add(mul(cast(greater(x, 0), x.dtype), 1 - alpha), alpha)) }), // 1 or α
});

/**
 * Leaky rectified linear unit, elementwise: `y = x` above 0, `α x` below.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX LeakyRelu-16, torch.nn.functional.leaky_relu.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.leakyRelu(graphInput('x', [2, 3]), { alpha: 0.2 }).shape); // [2, 3]
 */
export const leakyRelu = (x: Value, { alpha = 0.01 }: { readonly alpha?: number } = {}): Value => leakyReluOp({ x }, { alpha }).y;

/** @internal */
export const leakyReluCases: OpCase[] = [
  {
    name: 'positive',
    ins: 'any',
    domain: [0.5, 2],
    build: (x) => leakyRelu(x),
    torch: 'F.leaky_relu(a)',
    float32: 'no float64 kernel',
  },
  {
    name: 'negative',
    ins: 'any',
    domain: [-2, -0.5],
    build: (x) => leakyRelu(x),
    torch: 'F.leaky_relu(a)',
    float32: 'no float64 kernel',
  },
  {
    name: 'alpha',
    ins: [{ values: [-2, -0.7, 0.4, 3] }],
    build: (x) => leakyRelu(x, { alpha: 0.3 }),
    torch: 'F.leaky_relu(a, 0.3)',
    float32: 'no float64 kernel',
  },
];
