import type { Value } from '../graph/index.ts';
import { divDims } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { arithmetic } from './kinds.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { lift, type Operand } from './rules.ts';
import { without } from './without.ts';

/** @internal */
export const divOp = defineOp({
  type: 'Div',
  since: 14,
  elementwise: 'div',
  inputs: ['a', 'b'],
  outputs: ['c'],
  infer: ({ a, b }) => ({ c: arithmetic('Div', a, b, divDims) }),
  grad({ b, c, dc }) {
    const da = div(dc, b);
    return { a: da, b: neg(mul(da, c)) }; // (a / b)' = a' / b - (a / b) b' / b
  },
  simplify: ([a, b]) => without(a!, b!, 1),
});

/**
 * Quotient, elementwise: `a / b`; of integers without the fraction. A number takes the dtype of the other side.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch`. Source: ONNX Div-14, torch.div.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3]);
 * console.log(ops.div(1, x).shape); // ['batch', 3]
 */
export const div = (a: Operand, b: Operand): Value => divOp({ a: lift(a, b), b: lift(b, a) }).c;

/** @internal */
export const divCases: OpCase[] = [
  { ins: 'broadcast', domain: [0.5, 2], build: div, torch: 'a / b' },
  { name: 'by a number', ins: 'any', build: (x) => div(x, 4), torch: 'a / 4' },
  { name: 'of a number', ins: 'any', domain: [-2, -0.5], build: (x) => div(3, x), torch: '3 / a' },
  { name: 'by zero', ins: [{ values: [1, -1, 0] }, { values: [0, 0, 0] }], build: div, torch: 'a / b', gradient: false },
  {
    name: 'int32',
    ins: [
      { dtype: 'int32', values: [7, -7, 6] },
      { dtype: 'int32', values: [2, 2, -4] },
    ],
    build: div,
    torch: "torch.div(a, b, rounding_mode='trunc')",
    gradient: false,
  },
];
