import { fail } from '../errors.ts';
import type { Info, Value } from '../graph/index.ts';
import { showShape } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { knownSizes } from './kinds.ts';
import { axisIn, knownInts } from './rules.ts';
import { scatterAddRows } from './scatter-add.ts';
import { throughUint64 } from './through-uint64.ts';

/** @internal */
export const gatherOp = defineOp({
  type: 'Gather',
  since: 13,
  inputs: ['data', 'indices'],
  outputs: ['output'],
  attrs: { axis: { kind: 'int', default: 0 } },
  readsRows: ({ axis }) => axis === 0,
  infer({ data, indices }, { axis }) {
    const at = axisIn('Gather', axis, data.shape);
    const { dims: sizes } = indices.data && data.shape.length === 1 ? knownSizes(data) : {};
    const dims = sizes && knownInts('Gather', 'indices', indices).map((i) => sizes.at(i) ?? outside(i, data));
    const shape = [...data.shape.slice(0, at), ...indices.shape, ...data.shape.slice(at + 1)];
    return { output: { dtype: data.dtype, shape, ...(dims && { dims }) } };
  },
  expand({ data, indices }, { axis }) {
    const output = throughUint64([data, indices], ([from, at]) => gather(from!, at!, { axis }));
    return output && { output };
  },
  grad: ({ data, indices, doutput }, { axis }) => ({ data: scatterAddRows(data, indices, doutput, { axis }), indices: null }),
});

const outside = (index: number, { shape }: Info): never => {
  throw fail('bad-value', { what: 'Gather', got: `the index ${index} for shape ${showShape(shape)}`, want: 'an index inside' });
};

/**
 * Picks entries along one axis by their positions; an embedding look-up is `gather(table, tokens)`.
 *
 * Shapes: `data [.., n, ..], indices I -> [.., ...I, ..]`. Negative positions count from the end.
 * Source: ONNX Gather-13, torch.index_select, torch.nn.functional.embedding.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const tokens = graphInput('tokens', ['batch', 20], 'int32');
 * console.log(ops.gather(graphInput('table', [1000, 64]), tokens).shape); // ['batch', 20, 64]
 */
export const gather = (data: Value, indices: Value, { axis = 0 }: { readonly axis?: number } = {}): Value =>
  gatherOp({ data, indices }, { axis }).output;

/** @internal */
export const gatherCases: OpCase[] = [
  {
    ins: [
      [5, 3],
      {
        dtype: 'int64',
        values: [
          [0, 2],
          [4, 2],
        ],
      },
    ],
    build: (x, i) => gather(x, i),
    torch: 'a[b]',
  },
  { ins: [[3, 5], { dtype: 'int32', values: [1, 1, -1] }], build: (x, i) => gather(x, i, { axis: 1 }), torch: 'a[:, b]' },
];
