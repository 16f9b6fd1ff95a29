import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { elementwise, lift, type Operand } from './rules.ts';

/** @internal */
export const equalOp = defineOp({
  type: 'Equal',
  since: 19,
  elementwise: 'equal',
  inputs: ['a', 'b'],
  outputs: ['c'],
  infer: ({ a, b }) => ({ c: { ...elementwise('Equal', a, b), dtype: 'bool' } }),
  grad: 'zero',
});

/**
 * Where two values are equal, elementwise: bool `a == b`. A number takes the dtype of the other side.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch`. Source: ONNX Equal-19, torch.eq.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const mask = ops.equal(graphInput('x', ['batch', 3]), 0);
 * console.log(mask.dtype, mask.shape); // bool ['batch', 3]
 */
export const equal = (a: Operand, b: Operand): Value => equalOp({ a: lift(a, b), b: lift(b, a) }).c;

/** @internal */
export const equalCases: OpCase[] = [
  { ins: 'broadcast', build: equal, torch: 'a == b', gradient: false },
  { name: 'ties', ins: [{ values: [1, 2, 3, -0] }, { values: [1, 3, 2, 0] }], build: equal, torch: 'a == b', gradient: false },
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
    build: (x) => equal(x, 0),
    torch: 'a == 0',
    gradient: false,
  },
  {
    name: 'int64',
    ins: [
      { dtype: 'int64', values: [1, 2, 3] },
      { dtype: 'int64', values: [3, 2, 1] },
    ],
    build: equal,
    torch: 'a == b',
    gradient: false,
  },
  {
    name: 'bool',
    ins: [
      { dtype: 'bool', values: [true, false] },
      { dtype: 'bool', values: [true, true] },
    ],
    build: equal,
    torch: 'a == b',
    gradient: false,
  },
];
