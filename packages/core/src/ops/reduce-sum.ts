import type { Value } from '../graph/index.ts';
import { full, productOf } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { constantOfShape } from './constant-of-shape.ts';
import { defineOp } from './define.ts';
import { matMul } from './mat-mul.ts';
import {
  axesWereAttribute,
  inferReduction,
  type ReduceOptions,
  reduce,
  reducedAxes,
  reductionAttrs,
  spread,
} from './reduction.ts';
import { reshape } from './reshape.ts';
import { ints } from './rules.ts';
import { dimsOf } from './shape.ts';
import { unsqueeze } from './unsqueeze.ts';

export type { ReduceOptions } from './reduction.ts';

/** @internal */
export const reduceSumOp = defineOp({
  type: 'ReduceSum',
  since: 13,
  inputs: ['data'],
  optional: ['axes'],
  outputs: ['reduced'],
  attrs: reductionAttrs,
  written: [axesWereAttribute(13)],
  infer: (ins, attrs) => ({ reduced: inferReduction('ReduceSum', ins, attrs) }),
  grad: ({ data, axes, dreduced }, attrs) => ({
    data: spread(dreduced, data, reducedAxes('ReduceSum', { data, axes }, attrs)),
    axes: null,
  }),
  sumSteps({ ins: [data, axes], attrs }, { known }) {
    const all = known(data!);
    if (!all) return undefined;
    const over = reducedAxes('ReduceSum', { data: data!, axes }, attrs as never);
    const rowsOnly = all.dtype === 'float32' && over.length === all.shape.length - 2 && !over.includes(over.length);
    const sum = rowsOnly ? sumOfRows(all) : reduceSum(all, { axes: [0, ...over.map((axis) => axis + 1)] });
    return attrs['keepdims'] === 0 || over.length === 0 ? sum : unsqueeze(sum, { axes: over });
  },
});

/** Over all axes but the last. A row of ones times many rows: ReduceSum reads them with one thread only. */
function sumOfRows(x: Value): Value {
  const width = x.shape[x.shape.length - 1]!;
  const rows = reshape(x, [productOf(x.shape.slice(0, -1)), width]);
  const ones = constantOfShape(dimsOf([1, rows.shape[0]!], rows), full([1], 1));
  return reshape(matMul(ones, rows), [width]);
}

/**
 * Sum over axes.
 *
 * Shapes: `S -> S` without `axes` (or with size 1 there). Errors: `bad-value` for an axis outside.
 * Source: ONNX ReduceSum-13, torch.sum.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.reduceSum(graphInput('x', ['batch', 3]), { axes: [-1] }).shape); // ['batch']
 */
export const reduceSum = (x: Value, options: ReduceOptions = {}): Value => reduce(reduceSumOp, x, options);

/** @internal */
export const reduceSumCases: OpCase[] = [
  { ins: [[2, 3, 4]], build: (x) => reduceSum(x), torch: 'a.sum()' },
  { ins: [[2, 3, 4]], build: (x) => reduceSum(x, { axes: [1] }), torch: 'a.sum(1)' },
  { ins: [[2, 3, 4]], build: (x) => reduceSum(x, { axes: [0, -1], keepDims: true }), torch: 'a.sum((0, 2), keepdim=True)' },
  { ins: [[2, 3]], build: (x) => reduceSum(x, { axes: [] }), torch: 'a' },
  {
    ins: [{ shape: [2, 3], dtype: 'int64', domain: [-9, 9] }],
    build: (x) => reduceSum(x, { axes: [0] }),
    torch: 'a.sum(0)',
    gradient: false,
  },
  {
    name: 'empty axes kept',
    ins: [[2, 3]],
    build: (data) => reduceSumOp({ data, axes: ints([]) }, { noop_with_empty_axes: 1 }).reduced,
    torch: 'a',
  },
];
