import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { productOf } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { mul } from './mul.ts';
import { pad } from './pad.ts';
import {
  axesWereAttribute,
  inferReduction,
  keepAxes,
  type ReduceOptions,
  reduce,
  reducedAxes,
  reductionAttrs,
} from './reduction.ts';
import { reshape, reshapeLike } from './reshape.ts';
import { knownDims } from './rules.ts';
import { transpose } from './transpose.ts';

/** @internal */
export const reduceProdOp = defineOp({
  type: 'ReduceProd',
  since: 18,
  inputs: ['data'],
  optional: ['axes'],
  outputs: ['reduced'],
  attrs: reductionAttrs,
  written: [axesWereAttribute()],
  infer(ins, attrs) {
    const reduced = inferReduction('ReduceProd', ins, attrs);
    const sizes = ins.data.shape.length === 1 && reduced.shape.length === 0 ? knownDims(ins.data) : undefined; // elements of a shape
    return { reduced: { ...reduced, ...(sizes && { dims: [productOf(sizes)] }) } };
  },
  grad({ data, axes, dreduced }, attrs) {
    const gone = reducedAxes('ReduceProd', { data, axes }, attrs);
    return { data: mul(productOfOthers(data, gone), keepAxes(dreduced, data, gone)), axes: null };
  },
});

/**
 * For each element the product of all others along `axes`: (product of those before) (product of those after). Nothing is
 * divided, so that zeros are exact, in gradients of any order.
 */
function productOfOthers(x: Value, axes: readonly number[]): Value {
  const rest = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...rest, ...axes];
  const count = productOf(axes.map((axis) => x.shape[axis]!));
  if (typeof count === 'string')
    throw fail('bad-value', {
      what: 'ReduceProd',
      got: `a product over '${count}' elements, known only at run time`,
      want: 'static sizes on the reduced axes, for a gradient',
    });
  const inOrder = transpose(x, order);
  const rows = reshape(inOrder, [...rest.map((axis) => x.shape[axis]!), count]);
  const others = mul(running(rows, count, 1), running(rows, count, -1));
  return transpose(
    reshapeLike(others, inOrder),
    order.map((_, axis) => order.indexOf(axis)),
  );
}

/** Product of all elements before each (after each, for -1) along the last axis, in log2(n) steps (Hillis and Steele 1986). */
function running(rows: Value, count: number, direction: 1 | -1): Value {
  const shifted = (x: Value, by: number): Value => {
    const last = direction > 0 ? ([by, -by] as const) : ([-by, by] as const);
    return pad(
      x,
      x.shape.map((_, i) => (i === x.shape.length - 1 ? last : [0, 0])),
      { value: 1 },
    );
  };
  let product = shifted(rows, 1);
  for (let step = 1; step < count; step *= 2) product = mul(product, shifted(product, step));
  return product;
}

/**
 * Product over axes. Its gradient is exact where elements are zero.
 *
 * Shapes: `S -> S` without `axes` (or with size 1 there). Errors: `bad-value` for an axis outside, and for a gradient over an
 * axis whose size is known only at run time. Source: ONNX ReduceProd-18, torch.prod.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * console.log(ops.reduceProd(graphInput('x', ['batch', 3]), { axes: [1] }).shape); // ['batch']
 */
export const reduceProd = (x: Value, options: ReduceOptions = {}): Value => reduce(reduceProdOp, x, options);

/** @internal */
export const reduceProdCases: OpCase[] = [
  { ins: [[2, 5]], build: (x) => reduceProd(x), torch: 'a.prod()' },
  { ins: [[2, 3, 4]], build: (x) => reduceProd(x, { axes: [1] }), torch: 'a.prod(1)' },
  {
    ins: [[2, 3, 4]],
    build: (x) => reduceProd(x, { axes: [0, -1], keepDims: true }),
    torch: 'a.prod(2, keepdim=True).prod(0, keepdim=True)',
  },
  { ins: [[3, 1]], build: (x) => reduceProd(x, { axes: [1] }), torch: 'a.prod(1)' },
  {
    name: 'zeros',
    ins: [
      {
        values: [
          [2, 0, 3],
          [0, 5, 0],
          [1, 2, 4],
        ],
      },
    ],
    build: (x) => reduceProd(x, { axes: [1] }),
    torch: 'a.prod(1)',
  },
];
