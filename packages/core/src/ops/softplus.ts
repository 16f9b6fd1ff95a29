import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { mul } from './mul.ts';
import { floating } from './rules.ts';
import { sigmoid } from './sigmoid.ts';

/** @internal */
export const softplusOp = defineOp({
  type: 'Softplus',
  since: 1,
  inputs: ['x'],
  outputs: ['y'],
  increasing: true,
  infer: ({ x }) => ({ y: floating('Softplus', x) }),
  grad: ({ x, dy }) => ({ x: mul(dy, sigmoid(x)) }), // y' = 1 / (1 + e^-x)
});

/**
 * Smooth rectifier, elementwise: `y = ln(1 + e^x)`, without overflow.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Softplus-1, torch.nn.functional.softplus.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.softplus(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const softplus = (x: Value): Value => softplusOp({ x }).y;

/** @internal */
export const softplusCases: OpCase[] = [
  { ins: 'any', domain: [-4, 4], build: softplus, torch: 'F.softplus(a)', float32: 'no float64 kernel' },
  {
    name: 'saturated',
    ins: [{ values: [-90, 30, 90, 1000] }],
    build: softplus,
    torch: 'F.softplus(a)',
    gradient: false,
    float32: 'no float64 kernel',
  },
];
