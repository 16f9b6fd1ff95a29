import type { Value } from '../graph/index.ts';
import { addDims } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { arithmetic } from './kinds.ts';
import { lift, type Operand } from './rules.ts';
import { throughUint64 } from './through-uint64.ts';
import { without } from './without.ts';

const madeOf = (c: Value | undefined) => c && { c };

/** @internal */
export const addOp = defineOp({
  type: 'Add',
  since: 14,
  elementwise: 'add',
  inputs: ['a', 'b'],
  outputs: ['c'],
  infer: ({ a, b }) => ({ c: arithmetic('Add', a, b, addDims) }),
  expand: ({ a, b }) => madeOf(throughUint64([a, b], ([p, q]) => add(p!, q!))),
  grad: ({ dc }) => ({ a: dc, b: dc }),
  simplify: ([a, b]) => without(a!, b!, -0) ?? without(b!, a!, -0),
  sumSteps({ ins }, { after, sum }) {
    const [a, b] = ins.map((x) => after(x!));
    return a || b ? add(a ?? sum(ins[0]!), b ?? sum(ins[1]!)) : undefined;
  },
});

/**
 * Sum, elementwise: `a + b`. A number takes the dtype of the other side.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch`. Source: ONNX Add-14, torch.add.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3]);
 * console.log(ops.add(x, 1).shape); // ['batch', 3]
 */
export const add = (a: Operand, b: Operand): Value => addOp({ a: lift(a, b), b: lift(b, a) }).c;

/** @internal */
export const addCases: OpCase[] = [{ ins: 'broadcast', build: add, torch: 'a + b' }];
