import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { defineOp } from './define.ts';
import { greater } from './greater.ts';
import { numeric } from './kinds.ts';
import { mul } from './mul.ts';

/** @internal */
export const reluOp = defineOp({
  type: 'Relu',
  since: 14,
  elementwise: 'relu',
  inputs: ['x'],
  outputs: ['y'],
  increasing: true,
  infer: ({ x }) => ({ y: numeric('Relu', x) }),
  grad: ({ y, dy }) => ({ x: mul(dy, cast(greater(y, 0), y.dtype)) }), // 1 where it let x through
});

/**
 * Rectified linear unit, elementwise: `y = max(x, 0)`. Its slope at 0 is 0.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for bool. Source: ONNX Relu-14, torch.relu.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.relu(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const relu = (x: Value): Value => reluOp({ x }).y;

/** @internal */
export const reluCases: OpCase[] = [
  { name: 'positive', ins: 'any', domain: [0.5, 2], build: relu, torch: 'torch.relu(a)' },
  { name: 'negative', ins: 'any', domain: [-2, -0.5], build: relu, torch: 'torch.relu(a)' },
  {
    name: 'both',
    ins: [
      {
        values: [
          [-1.5, 0.7, 2],
          [0.3, -0.4, -3],
        ],
      },
    ],
    build: relu,
    torch: 'torch.relu(a)',
  },
];
