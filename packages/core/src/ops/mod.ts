import type { Value } from '../graph/index.ts';
import { isFloat } from '../tensor/index.ts';
import { abs } from './abs.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { div } from './div.ts';
import { floor } from './floor.ts';
import { arithmetic } from './kinds.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { lift, type Operand } from './rules.ts';
import { sign } from './sign.ts';

/** @internal */
export const modOp = defineOp({
  type: 'Mod',
  since: 13,
  inputs: ['a', 'b'],
  outputs: ['c'],
  attrs: { fmod: { kind: 'int', default: 0 } },
  infer: ({ a, b }) => ({ c: arithmetic('Mod', a, b) }),
  grad({ a, b, dc }) {
    if (!isFloat(a.dtype)) return { a: null, b: null };
    const quotient = div(a, b); // c = a - trunc(a / b) b
    return { a: dc, b: neg(mul(dc, mul(sign(quotient), floor(abs(quotient))))) };
  },
});

/**
 * Remainder, elementwise. Floats: that of a division rounded towards zero, with the sign of `a` (fmod). Whole numbers: that of a
 * division rounded down, with the sign of `b`.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch`. Source: ONNX Mod-13, torch.fmod, torch.remainder.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.mod(graphInput('x', ['batch', 3]), 2).shape); // ['batch', 3]
 */
export const mod = (a: Operand, b: Operand): Value => {
  const [x, y] = [lift(a, b), lift(b, a)];
  return modOp({ a: x, b: y }, { fmod: isFloat(x.dtype) ? 1 : 0 }).c;
};

/** @internal */
export const modCases: OpCase[] = [
  {
    ins: [
      { shape: [2, 3], domain: [2.1, 2.4] },
      { shape: [3], domain: [0.85, 0.99] },
    ],
    build: mod,
    torch: 'torch.fmod(a, b)',
    tolerance: { value: 1e-4, reason: 'the remainder keeps the rounding of a, which is larger' },
  },
  {
    name: 'int',
    ins: [
      { values: [-7, 7, -7, 7], dtype: 'int32' },
      { values: [3, 3, -3, -3], dtype: 'int32' },
    ],
    build: mod,
    torch: 'torch.remainder(a, b)',
    gradient: false,
  },
];
