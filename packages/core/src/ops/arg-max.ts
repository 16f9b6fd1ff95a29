import type { Value } from '../graph/index.ts';
import { type ArgReductionOptions, argReductionAttrs, inferArgReduction } from './arg-reduction.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';

/** @internal */
export const argMaxOp = defineOp({
  type: 'ArgMax',
  since: 13,
  inputs: ['data'],
  outputs: ['reduced'],
  attrs: argReductionAttrs,
  infer: ({ data }, attrs) => ({ reduced: inferArgReduction('ArgMax', data, attrs) }),
  grad: 'zero',
});

/**
 * Position of the largest element along one axis, as int64; the first one of those that tie.
 *
 * Shapes: `S -> S` without `axis` (or with size 1 there). Errors: `bad-value` for an axis outside.
 * Source: ONNX ArgMax-13, torch.argmax.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.argMax(graphInput('logits', ['batch', 10])).shape); // ['batch']
 */
export const argMax = (x: Value, { axis = -1, keepDims = false }: ArgReductionOptions = {}): Value =>
  argMaxOp({ data: x }, { axis, keepdims: keepDims ? 1 : 0 }).reduced;

/** @internal */
export const argMaxCases: OpCase[] = [
  { ins: [[3, 5]], build: (x) => argMax(x), torch: 'a.argmax(-1)' },
  { ins: [[3, 5]], build: (x) => argMax(x, { axis: 0, keepDims: true }), torch: 'a.argmax(0, keepdim=True)' },
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
    build: (x) => argMax(x),
    torch: 'torch.tensor([1, 0, 0])',
  },
];
