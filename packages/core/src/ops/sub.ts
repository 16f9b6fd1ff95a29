import type { Value } from '../graph/index.ts';
import { subDims } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { arithmetic } from './kinds.ts';
import { neg } from './neg.ts';
import { lift, type Operand } from './rules.ts';
import { without } from './without.ts';

/** @internal */
export const subOp = defineOp({
  type: 'Sub',
  since: 14,
  elementwise: 'sub',
  inputs: ['a', 'b'],
  outputs: ['c'],
  infer: ({ a, b }) => ({ c: arithmetic('Sub', a, b, subDims) }),
  grad: ({ dc }) => ({ a: dc, b: neg(dc) }),
  simplify: ([a, b]) => without(a!, b!, 0),
});

/**
 * Difference, elementwise: `a - b`. A number takes the dtype of the other side.
 *
 * Shapes: any two that broadcast. Errors: `shape-mismatch`, `dtype-mismatch`. Source: ONNX Sub-14, torch.sub.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3]);
 * console.log(ops.sub(x, 0.5).shape); // ['batch', 3]
 */
export const sub = (a: Operand, b: Operand): Value => subOp({ a: lift(a, b), b: lift(b, a) }).c;

/** @internal */
export const subCases: OpCase[] = [{ ins: 'broadcast', build: sub, torch: 'a - b' }];
