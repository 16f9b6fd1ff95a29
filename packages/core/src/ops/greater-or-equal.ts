import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { inOrder } from './in-int32.ts';
import { ordered } from './kinds.ts';
import { lift, type Operand } from './rules.ts';

/** @internal */
export const greaterOrEqualOp = defineOp({
  type: 'GreaterOrEqual',
  since: 16,
  elementwise: 'greaterOrEqual',
  inputs: ['a', 'b'],
  outputs: ['c'],
  infer: ({ a, b }) => ({ c: ordered('GreaterOrEqual', a, b) }),
  expand: ({ a, b }) => (a.dtype === 'uint16' ? { c: greaterOrEqual(inOrder(a), inOrder(b)) } : undefined),
  grad: 'zero',
});

/**
 * Where one value is not below the other, elementwise: bool `a >= b`. A number takes the dtype of the other side.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch` (also for bool).
 * Source: ONNX GreaterOrEqual-16, torch.ge.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const mask = ops.greaterOrEqual(graphInput('x', ['batch', 3]), 0);
 * console.log(mask.dtype, mask.shape); // bool ['batch', 3]
 */
export const greaterOrEqual = (a: Operand, b: Operand): Value => greaterOrEqualOp({ a: lift(a, b), b: lift(b, a) }).c;

/** @internal */
export const greaterOrEqualCases: OpCase[] = [
  { ins: 'broadcast', build: greaterOrEqual, torch: 'a >= b', gradient: false },
  {
    name: 'ties',
    ins: [{ values: [1, 2, 3, -0] }, { values: [1, 3, 2, 0] }],
    build: greaterOrEqual,
    torch: 'a >= b',
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
    build: (x) => greaterOrEqual(x, 0),
    torch: 'a >= 0',
    gradient: false,
  },
  {
    name: 'int64',
    ins: [
      { dtype: 'int64', values: [1, 2, 3] },
      { dtype: 'int64', values: [3, 2, 1] },
    ],
    build: greaterOrEqual,
    torch: 'a >= b',
    gradient: false,
  },
];
