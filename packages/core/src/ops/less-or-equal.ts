import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { ordered } from './kinds.ts';
import { lift, type Operand } from './rules.ts';

/** @internal */
export const lessOrEqualOp = defineOp({
  type: 'LessOrEqual',
  since: 16,
  elementwise: 'lessOrEqual',
  inputs: ['a', 'b'],
  outputs: ['c'],
  infer: ({ a, b }) => ({ c: ordered('LessOrEqual', a, b) }),
  grad: 'zero',
});

/**
 * Where one value is not above the other, elementwise: bool `a <= b`. A number takes the dtype of the other side.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch` (also for bool).
 * Source: ONNX LessOrEqual-16, torch.le.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const mask = ops.lessOrEqual(graphInput('x', ['batch', 3]), 0);
 * console.log(mask.dtype, mask.shape); // bool ['batch', 3]
 */
export const lessOrEqual = (a: Operand, b: Operand): Value => lessOrEqualOp({ a: lift(a, b), b: lift(b, a) }).c;

/** @internal */
export const lessOrEqualCases: OpCase[] = [
  { ins: 'broadcast', build: lessOrEqual, torch: 'a <= b', gradient: false },
  {
    name: 'ties',
    ins: [{ values: [1, 2, 3, -0] }, { values: [1, 3, 2, 0] }],
    build: lessOrEqual,
    torch: 'a <= b',
    gradient: false,
  },
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
    build: (x) => lessOrEqual(x, 0),
    torch: 'a <= 0',
    gradient: false,
  },
  {
    name: 'int64',
    ins: [
      { dtype: 'int64', values: [1, 2, 3] },
      { dtype: 'int64', values: [3, 2, 1] },
    ],
    build: lessOrEqual,
    torch: 'a <= b',
    gradient: false,
  },
];
