import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { floating } from './rules.ts';

/** @internal */
export const isInfOp = defineOp({
  type: 'IsInf',
  since: 20,
  inputs: ['x'],
  outputs: ['y'],
  attrs: { detect_negative: { kind: 'int', default: 1 }, detect_positive: { kind: 'int', default: 1 } },
  infer: ({ x }) => ({ y: { ...floating('IsInf', x), dtype: 'bool' } }),
  grad: 'zero',
});

/**
 * Where a value is infinite, of either sign, elementwise: bool.
 *
 * Shapes: `S -> S`. Errors: `dtype-mismatch` for integers. Source: ONNX IsInf-20, torch.isinf.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.isInf(graphInput('x', [2, 3])).dtype); // bool
 */
export const isInf = (x: Value): Value => isInfOp({ x }).y;

/** @internal */
export const isInfCases: OpCase[] = [
  { ins: [{ values: [0, NaN, Infinity, -Infinity, 1] }], build: isInf, torch: 'torch.isinf(a)', gradient: false },
];
