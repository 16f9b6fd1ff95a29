import type { Value } from '../graph/index.ts';
import { type ArgReductionOptions, argReductionAttrs, inferArgReduction } from './arg-reduction.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';

/** @internal */
export const argMinOp = defineOp({
  type: 'ArgMin',
  since: 13,
  inputs: ['data'],
  outputs: ['reduced'],
  attrs: argReductionAttrs,
  infer: ({ data }, attrs) => ({ reduced: inferArgReduction('ArgMin', data, attrs) }),
  grad: 'zero',
});

/**
 * Position of the smallest element along one axis, as int64; the first one of those that tie.
 *
 * Shapes: `S -> S` without `axis` (or with size 1 there). Errors: `bad-value` for an axis outside.
 * Source: ONNX ArgMin-13, torch.argmin.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.argMin(graphInput('logits', ['batch', 10])).shape); // ['batch']
 */
export const argMin = (x: Value, { axis = -1, keepDims = false }: ArgReductionOptions = {}): Value =>
  argMinOp({ data: x }, { axis, keepdims: keepDims ? 1 : 0 }).reduced;

/** @internal */
export const argMinCases: OpCase[] = [
  { ins: [[3, 5]], build: (x) => argMin(x), torch: 'a.argmin(-1)' },
  { ins: [[3, 5]], build: (x) => argMin(x, { axis: 0, keepDims: true }), torch: 'a.argmin(0, keepdim=True)' },
  {
    name: 'ties',
    ins: [
      {
        values: [
          [1, 3, 3],
          [2, 2, 2],
          [0, 0, -1],
        ],
      },
    ],
    build: (x) => argMin(x),
    torch: 'torch.tensor([0, 0, 2])',
  },
];
