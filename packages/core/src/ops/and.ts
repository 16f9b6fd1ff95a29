import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { logical } from './kinds.ts';

/** @internal */
export const andOp = defineOp({
  type: 'And',
  since: 7,
  elementwise: 'and',
  inputs: ['a', 'b'],
  outputs: ['c'],
  infer: ({ a, b }) => ({ c: logical('And', a, b) }),
  grad: 'zero',
});

/**
 * Where both hold, elementwise: bool `a && b`.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch` unless both are bool.
 * Source: ONNX And-7, torch.logical_and.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const a = graphInput('a', ['batch', 3], 'bool');
 * console.log(ops.and(a, graphInput('b', [3], 'bool')).shape); // ['batch', 3]
 */
export const and = (a: Value, b: Value): Value => andOp({ a, b }).c;

/** @internal */
export const andCases: OpCase[] = [
  {
    ins: [
      { dtype: 'bool', values: [true, true, false, false] },
      { dtype: 'bool', values: [true, false, true, false] },
    ],
    build: and,
    torch: 'a & b',
    gradient: false,
  },
  {
    name: 'broadcast',
    ins: [
      { dtype: 'bool', values: [[true], [false]] },
      { dtype: 'bool', values: [true, false, true] },
    ],
    build: and,
    torch: 'a & b',
    gradient: false,
  },
];
