import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { ordered } from './kinds.ts';
import { lift, type Operand } from './rules.ts';

/** @internal */
export const greaterOp = defineOp({
  type: 'Greater',
  since: 13,
  elementwise: 'greater',
  inputs: ['a', 'b'],
  outputs: ['c'],
  infer: ({ a, b }) => ({ c: ordered('Greater', a, b) }),
  grad: 'zero',
});

/**
 * Where one value is above the other, elementwise: bool `a > b`. A number takes the dtype of the other side.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch` (also for bool).
 * Source: ONNX Greater-13, torch.gt.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const mask = ops.greater(graphInput('x', ['batch', 3]), 0);
 * console.log(mask.dtype, mask.shape); // bool ['batch', 3]
 */
export const greater = (a: Operand, b: Operand): Value => greaterOp({ a: lift(a, b), b: lift(b, a) }).c;

/** @internal */
export const greaterCases: OpCase[] = [
  { ins: 'broadcast', build: greater, torch: 'a > b', gradient: false },
  { name: 'ties', ins: [{ values: [1, 2, 3, -0] }, { values: [1, 3, 2, 0] }], build: greater, torch: 'a > b', gradient: false },
  {
    name: 'number',
    ins: [
      {
        values: [
          [-1, 0],
          [1, 2],
        ],
      },
    ],
    build: (x) => greater(x, 0),
    torch: 'a > 0',
    gradient: false,
  },
  {
    name: 'int64',
    ins: [
      { dtype: 'int64', values: [1, 2, 3] },
      { dtype: 'int64', values: [3, 2, 1] },
    ],
    build: greater,
    torch: 'a > b',
    gradient: false,
  },
];
