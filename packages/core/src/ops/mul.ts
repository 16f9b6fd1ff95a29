import type { Value } from '../graph/index.ts';
import { mulDims } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { arithmetic } from './kinds.ts';
import { lift, type Operand } from './rules.ts';
import { throughUint64 } from './through-uint64.ts';
import { without } from './without.ts';

const madeOf = (c: Value | undefined) => c && { c };

/** @internal */
export const mulOp = defineOp({
  type: 'Mul',
  since: 14,
  elementwise: 'mul',
  inputs: ['a', 'b'],
  outputs: ['c'],
  infer: ({ a, b }) => ({ c: arithmetic('Mul', a, b, mulDims) }),
  expand: ({ a, b }) => madeOf(throughUint64([a, b], ([p, q]) => mul(p!, q!))),
  grad: ({ a, b, dc }) => ({ a: mul(dc, b), b: mul(dc, a) }), // (a b)' = a' b + a b'
  simplify: ([a, b]) => without(a!, b!, 1) ?? without(b!, a!, 1),
  sumSteps({ ins: [a, b] }, { fixed, after }) {
    const [p, q] = [fixed(a!), fixed(b!)];
    const sum = q ? after(a!) : p ? after(b!) : undefined;
    return sum && mul(sum, (q ?? p)!);
  },
});

/**
 * Product, elementwise: `a * b`. A number takes the dtype of the other side.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch`. Source: ONNX Mul-14, torch.mul.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3]);
 * console.log(ops.mul(x, 0.5).shape); // ['batch', 3]
 */
export const mul = (a: Operand, b: Operand): Value => mulOp({ a: lift(a, b), b: lift(b, a) }).c;

/** @internal */
export const mulCases: OpCase[] = [{ ins: 'broadcast', build: mul, torch: 'a * b' }];
