import { fail } from '../errors.ts';
import { constant, type Value } from '../graph/index.ts';
import { full, showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { expandLike } from './expand.ts';
import { axisIn } from './rules.ts';
import { scatterAdd } from './scatter-add.ts';

/** @internal */
export const gatherElementsOp = defineOp({
  type: 'GatherElements',
  since: 13,
  inputs: ['data', 'indices'],
  outputs: ['output'],
  attrs: { axis: { kind: 'int', default: 0 } },
  infer({ data, indices }, { axis }) {
    const at = axisIn('GatherElements', axis, data.shape);
    const fits =
      indices.shape.length === data.shape.length &&
      indices.shape.every(
        (d, i) => i === at || typeof d === 'string' || typeof data.shape[i] === 'string' || d <= data.shape[i]!,
      );
    if (!fits)
      throw fail('shape-mismatch', {
        what: 'GatherElements',
        got: `data ${showShape(data.shape)} and indices ${showShape(indices.shape)}`,
        want: `indices of the same rank, no larger than data on every axis but ${at}`,
      });
    return { output: { dtype: data.dtype, shape: indices.shape } };
  },
  grad: ({ data, indices, doutput }, { axis }) => ({
    data: scatterAdd(expandLike(constant(full([], 0, data.dtype)), data), indices, doutput, { axis }),
    indices: null,
  }),
});

/**
 * Picks single elements along one axis: `y[i, j] = x[indices[i, j], j]` for axis 0.
 *
 * Shapes: `data S, indices U -> U`, U inside S on every axis but `axis`. Negative positions count from the end.
 * Errors: `shape-mismatch`, `bad-value` for an axis outside. Source: ONNX GatherElements-13, torch.gather.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const labels = graphInput('labels', ['batch', 1], 'int64');
 * console.log(ops.gatherElements(graphInput('x', ['batch', 10]), labels, { axis: 1 }).shape); // ['batch', 1]
 */
export const gatherElements = (data: Value, indices: Value, { axis = 0 }: { readonly axis?: number } = {}): Value =>
  gatherElementsOp({ data, indices }, { axis }).output;

/** @internal */
export const gatherElementsCases: OpCase[] = [
  {
    ins: [
      [3, 2],
      {
        dtype: 'int64',
        values: [
          [0, 2],
          [2, 2],
          [1, 0],
          [0, 2],
        ],
      },
    ],
    build: (x, i) => gatherElements(x, i),
    torch: 'torch.gather(a, 0, b)',
  },
  {
    ins: [[2, 3], { dtype: 'int32', values: [[-1], [1]] }],
    build: (x, i) => gatherElements(x, i, { axis: -1 }),
    torch: 'torch.gather(a, 1, b.long() % 3)',
  },
  {
    ins: [
      [2, 3, 2],
      {
        dtype: 'int64',
        values: [
          [
            [1, 1],
            [2, 0],
            [2, 1],
          ],
        ],
      },
    ],
    build: (x, i) => gatherElements(x, i, { axis: 1 }),
    torch: 'torch.gather(a, 1, b)',
  },
];
