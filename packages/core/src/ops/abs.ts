import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { defineOp } from './define.ts';
import { greater } from './greater.ts';
import { numeric } from './kinds.ts';
import { less } from './less.ts';
import { mul } from './mul.ts';
import { sub } from './sub.ts';

/** @internal */
export const absOp = defineOp({
  type: 'Abs',
  since: 13,
  elementwise: 'abs',
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: numeric('Abs', x) }),
  // y' = sign(x), by compares because Sign is slow.
  grad: ({ x, dy }) => ({ x: mul(dy, sub(cast(greater(x, 0), x.dtype), cast(less(x, 0), x.dtype))) }),
});

/**
 * Absolute value, elementwise: `y = |x|`. Its slope at 0 is 0.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for bool. Source: ONNX Abs-13, torch.abs.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.abs(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const abs = (x: Value): Value => absOp({ x }).y;

/** @internal */
export const absCases: OpCase[] = [
  { ins: 'any', domain: [0.5, 2], build: abs, torch: 'torch.abs(a)' },
  { name: 'negative', ins: 'any', domain: [-2, -0.5], build: abs, torch: 'torch.abs(a)' },
  { name: 'int64', ins: [{ dtype: 'int64', values: [-5, 0, 7] }], build: abs, torch: 'torch.abs(a)', gradient: false },
];
