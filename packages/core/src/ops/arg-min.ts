import type { Value } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { axisIn, reducedShape } from './rules.ts';

/** @internal */
export const argMinOp = defineOp({
  type: 'ArgMin',
  since: 13,
  inputs: ['data'],
  outputs: ['reduced'],
  attrs: {
    axis: { kind: 'int', default: 0 },
    keepdims: { kind: 'int', default: 1 },
    select_last_index: { kind: 'int', default: 0 },
  },
  infer: ({ data }, { axis, keepdims }) => ({
    reduced: { dtype: 'int64', shape: reducedShape(data.shape, [axisIn('ArgMin', axis, data.shape)], keepdims === 1) },
  }),
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
export const argMin = (
  x: Value,
  { axis = -1, keepDims = false }: { readonly axis?: number; readonly keepDims?: boolean } = {},
): Value => argMinOp({ data: x }, { axis, keepdims: keepDims ? 1 : 0 }).reduced;

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
