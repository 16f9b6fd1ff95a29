import type { Value } from '../graph/index.ts';
import { and } from './and.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { logical } from './kinds.ts';
import { not } from './not.ts';

/** @internal */
export const orOp = defineOp({
  type: 'Or',
  since: 7,
  elementwise: 'or',
  inputs: ['a', 'b'],
  outputs: ['c'],
  infer: ({ a, b }) => ({ c: logical('Or', a, b) }),
  expand: ({ a, b }) => ({ c: not(and(not(a), not(b))) }),
  grad: 'zero',
});

/**
 * Where at least one holds, elementwise: bool `a || b`.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch` unless both are bool.
 * Source: ONNX Or-7, torch.logical_or.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const a = graphInput('a', ['batch', 3], 'bool');
 * console.log(ops.or(a, graphInput('b', [3], 'bool')).shape); // ['batch', 3]
 */
export const or = (a: Value, b: Value): Value => orOp({ a, b }).c;

/** @internal */
export const orCases: OpCase[] = [
  {
    ins: [
      { dtype: 'bool', values: [true, true, false, false] },
      { dtype: 'bool', values: [true, false, true, false] },
    ],
    build: or,
    torch: 'a | b',
    gradient: false,
  },
  {
    name: 'broadcast',
    ins: [
      { dtype: 'bool', values: [[true], [false]] },
      { dtype: 'bool', values: [true, false, true] },
    ],
    build: or,
    torch: 'a | b',
    gradient: false,
  },
];
