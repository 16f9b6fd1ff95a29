import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { truth } from './kinds.ts';

/** @internal */
export const notOp = defineOp({
  type: 'Not',
  since: 1,
  elementwise: 'not',
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: truth('Not', x) }),
  grad: 'zero',
  simplify: ([x]): Value | undefined => (x!.node?.op === notOp.op ? x!.node.ins[0] : undefined),
});

/**
 * Where it does not hold, elementwise: bool `!x`.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` unless bool. Source: ONNX Not-1, torch.logical_not.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.not(graphInput('mask', ['batch', 3], 'bool')).shape); // ['batch', 3]
 */
export const not = (x: Value): Value => notOp({ x }).y;

/** @internal */
export const notCases: OpCase[] = [
  {
    ins: [
      {
        dtype: 'bool',
        values: [
          [true, false],
          [false, true],
        ],
      },
    ],
    build: not,
    torch: 'torch.logical_not(a)',
    gradient: false,
  },
];
