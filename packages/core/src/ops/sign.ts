import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { defineOp } from './define.ts';
import { greater } from './greater.ts';
import { numeric } from './kinds.ts';
import { less } from './less.ts';
import { sub } from './sub.ts';

/** @internal */
export const signOp = defineOp({
  type: 'Sign',
  since: 13,
  elementwise: 'sign',
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: numeric('Sign', x) }),
  expand: ({ x }) => ({ y: sub(cast(greater(x, 0), x.dtype), cast(less(x, 0), x.dtype)) }),
  grad: 'zero',
});

/**
 * Sign, elementwise: -1, 0 or 1. Its slope is 0.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for bool. Source: ONNX Sign-13, torch.sign.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.sign(graphInput('x', [2, 3])).shape); // [2, 3]
 */
export const sign = (x: Value): Value => signOp({ x }).y;

/** @internal */
export const signCases: OpCase[] = [
  { ins: 'any', domain: [0.5, 2], build: sign, torch: 'torch.sign(a)' },
  { name: 'edges', ins: [{ values: [-3, -1e-30, 0, 1e-30, 3] }], build: sign, torch: 'torch.sign(a)', gradient: false },
  { name: 'int32', ins: [{ dtype: 'int32', values: [-5, 0, 7] }], build: sign, torch: 'torch.sign(a)', gradient: false },
];
