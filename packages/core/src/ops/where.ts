import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { defineOp } from './define.ts';
import { truth } from './kinds.ts';
import { mul } from './mul.ts';
import { not } from './not.ts';
import { broadcastShapes, elementwise, lift, type Operand } from './rules.ts';

/** @internal */
export const whereOp = defineOp({
  type: 'Where',
  since: 16,
  elementwise: 'where',
  inputs: ['condition', 'x', 'y'],
  outputs: ['output'],
  infer({ condition, x, y }) {
    const { dtype, shape } = elementwise('Where', x, y);
    return { output: { dtype, shape: broadcastShapes('Where', truth('Where', condition).shape, shape) } };
  },
  // A product with the mask: Where itself runs on one thread.
  grad: ({ condition, x, doutput }) => ({
    condition: null,
    x: mul(doutput, cast(condition, x.dtype)),
    y: mul(doutput, cast(not(condition), x.dtype)),
  }),
});

/**
 * One of two, elementwise: `a` where the condition holds, else `b`. A number takes the dtype of the other side.
 *
 * Shapes: any three that broadcast. Errors: `shape-mismatch`, `dtype-mismatch` (the condition must be bool).
 * Source: ONNX Where-16, torch.where.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3]);
 * console.log(ops.where(ops.greater(x, 0), x, 0).shape); // ['batch', 3]
 */
export const where = (condition: Value, a: Operand, b: Operand): Value =>
  whereOp({ condition, x: lift(a, b), y: lift(b, a) }).output;

/** @internal */
export const whereCases: OpCase[] = [
  {
    ins: [
      {
        dtype: 'bool',
        values: [
          [true, false, true],
          [false, false, true],
        ],
      },
      [2, 3],
      [2, 3],
    ],
    build: where,
    torch: 'torch.where(a, b, c)',
  },
  {
    name: 'broadcast',
    ins: [{ dtype: 'bool', values: [[true], [false]] }, [3], [4, 1, 1]],
    build: where,
    torch: 'torch.where(a, b, c)',
  },
  {
    name: 'number',
    ins: [{ dtype: 'bool', values: [true, false, true] }, [2, 3]],
    build: (m, x) => where(m, x, -1),
    torch: 'torch.where(a, b, -1.0)',
  },
  {
    name: 'int64',
    ins: [
      { dtype: 'bool', values: [true, false] },
      { dtype: 'int64', values: [1, 2] },
      { dtype: 'int64', values: [3, 4] },
    ],
    build: where,
    torch: 'torch.where(a, b, c)',
    gradient: false,
  },
];
