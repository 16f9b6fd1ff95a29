import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { floating } from './rules.ts';

/** @internal */
export const floorOp = defineOp({
  type: 'Floor',
  since: 13,
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: floating('Floor', x) }),
  grad: 'zero',
});

/**
 * The largest whole number that is not above it, elementwise: `y = ⌊x⌋`. Its slope is 0.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX Floor-13, torch.floor.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.floor(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const floor = (x: Value): Value => floorOp({ x }).y;

/** @internal */
export const floorCases: OpCase[] = [
  { ins: 'any', domain: [0.1, 0.9], build: floor, torch: 'torch.floor(a)' },
  {
    name: 'edges',
    ins: [{ values: [-2.5, -1.5, -1, -0.5, -0.2, 0, 0.5, 1.5, 2, 2.5, 1e9] }],
    build: floor,
    torch: 'torch.floor(a)',
    gradient: false,
  },
];
