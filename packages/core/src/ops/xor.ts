import type { Value } from '../graph/index.ts';
import { and } from './and.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { logical } from './kinds.ts';
import { not } from './not.ts';
import { or } from './or.ts';

/** @internal */
export const xorOp = defineOp({
  type: 'Xor',
  since: 7,
  inputs: ['a', 'b'],
  outputs: ['c'],
  infer: ({ a, b }) => ({ c: logical('Xor', a, b) }),
  expand: ({ a, b }) => ({ c: and(or(a, b), not(and(a, b))) }),
  grad: 'zero',
});

/**
 * Where exactly one holds, elementwise: bool `a != b`.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch` unless both are bool.
 * Source: ONNX Xor-7, torch.logical_xor.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const a = graphInput('a', ['batch', 3], 'bool');
 * console.log(ops.xor(a, graphInput('b', [3], 'bool')).shape); // ['batch', 3]
 */
export const xor = (a: Value, b: Value): Value => xorOp({ a, b }).c;

/** @internal */
export const xorCases: OpCase[] = [
  {
    ins: [
      { dtype: 'bool', values: [true, true, false, false] },
      { dtype: 'bool', values: [true, false, true, false] },
    ],
    build: xor,
    torch: 'a ^ b',
    gradient: false,
  },
  {
    name: 'broadcast',
    ins: [
      { dtype: 'bool', values: [[true], [false]] },
      { dtype: 'bool', values: [true, false, true] },
    ],
    build: xor,
    torch: 'a ^ b',
    gradient: false,
  },
];
