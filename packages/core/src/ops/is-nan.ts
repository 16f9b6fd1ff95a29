import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { floating } from './rules.ts';

/** @internal */
export const isNaNOp = defineOp({
  type: 'IsNaN',
  since: 20,
  inputs: ['x'],
  outputs: ['y'],
  infer: ({ x }) => ({ y: { ...floating('IsNaN', x), dtype: 'bool' } }),
  grad: 'zero',
});

/**
 * Where a value is not a number, elementwise: bool.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX IsNaN-20, torch.isnan.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.isNaN(graphInput('x', [2, 3])).dtype); // bool
 */
export const isNaN = (x: Value): Value => isNaNOp({ x }).y;

/** @internal */
export const isNaNCases: OpCase[] = [
  { ins: [{ values: [0, NaN, Infinity, -1] }], build: isNaN, torch: 'torch.isnan(a)', gradient: false },
];
