import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { floating } from './rules.ts';

/** @internal */
export const ceilOp = defineOp({
  type: 'Ceil',
  since: 13,
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: floating('Ceil', x) }),
  grad: 'zero',
});

/**
 * The least whole number that is not below it, elementwise: `y = ⌈x⌉`. Its slope is 0.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Ceil-13, torch.ceil.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.ceil(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const ceil = (x: Value): Value => ceilOp({ x }).y;

/** @internal */
export const ceilCases: OpCase[] = [
  { ins: 'any', domain: [0.1, 0.9], build: ceil, torch: 'torch.ceil(a)' },
  {
    name: 'edges',
    ins: [{ values: [-2.5, -1.5, -1, -0.5, -0.2, 0, 0.5, 1.5, 2, 2.5, 1e9] }],
    build: ceil,
    torch: 'torch.ceil(a)',
    gradient: false,
  },
];
