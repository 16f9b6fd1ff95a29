import { fail } from '../errors.ts';
import { constant, type Value } from '../graph/index.ts';
import { full, isFloat, productOf, sameShape, showShape } from '../tensor/index.ts';
import { addRowsOp } from './add-rows.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { defineOp } from './define.ts';
import { div } from './div.ts';
import { equal } from './equal.ts';
import { expandLike } from './expand.ts';
import { gatherElements } from './gather-elements.ts';
import { mul } from './mul.ts';
import { reshape, reshapeOp } from './reshape.ts';
import { axisIn, sameDtype } from './rules.ts';
import { dimsOf } from './shape.ts';

/** @internal */
export const scatterElementsOp = defineOp({
  type: 'ScatterElements',
  since: 18,
  inputs: ['data', 'indices', 'updates'],
  outputs: ['output'],
  attrs: { axis: { kind: 'int', default: 0 }, reduction: { kind: 'string', default: 'none' } },
  infer({ data, indices, updates }, { axis }) {
    const dtype = sameDtype('ScatterElements', data, updates);
    const at = axisIn('ScatterElements', axis, data.shape);
    const fits =
      indices.shape.length === data.shape.length &&
      updates.shape.length === data.shape.length &&
      indices.shape.every((d, i) => d === updates.shape[i] || typeof d !== typeof updates.shape[i]) &&
      indices.shape.every(
        (d, i) => i === at || typeof d === 'string' || typeof data.shape[i] === 'string' || d <= data.shape[i]!,
      );
    if (!fits)
      throw fail('shape-mismatch', {
        what: 'ScatterElements',
        got: `data ${showShape(data.shape)}, indices ${showShape(indices.shape)}, updates ${showShape(updates.shape)}`,
        want: `indices and updates of one shape, inside that of data on every axis but ${at}`,
      });
    return { output: { dtype, shape: data.shape } };
  },
  grad({ data, indices, updates, output, doutput }, { axis, reduction }) {
    if (reduction === 'max' || reduction === 'min')
      return { ...extremeGradient({ data, indices, updates, output, doutput }, axis), indices: null };
    if (reduction !== 'none' && reduction !== 'add')
      throw fail('no-gradient', { op: `ScatterElements with reduction '${reduction}'`, at: '', path: 'input data' });
    // Overwritten elements of data had no influence; added ones and all others pass on what comes.
    const kept = reduction === 'add' ? doutput : overwrite(doutput, indices, { updates: zerosLike(indices, data), axis });
    return { data: kept, indices: null, updates: gatherElements(doutput, indices, { axis }) };
  },
});

type Scattered = Readonly<Record<'data' | 'indices' | 'updates' | 'output' | 'doutput', Value>>;

/** Of all that was compared for one position, those that tie share the gradient evenly, as in PyTorch's scatter_reduce. */
function extremeGradient({ data, indices, updates, output, doutput }: Scattered, axis: number): { data: Value; updates: Value } {
  const won = cast(equal(updates, gatherElements(output, indices, { axis })), data.dtype);
  const stayed = cast(equal(data, output), data.dtype);
  const each = div(doutput, scatterAdd(stayed, indices, won, { axis })); // what won is at least one
  return { data: mul(stayed, each), updates: mul(won, gatherElements(each, indices, { axis })) };
}

const overwrite = (data: Value, indices: Value, { updates, axis }: { readonly updates: Value; readonly axis: number }): Value =>
  scatterElementsOp({ data, indices, updates }, { axis }).output;

const zerosLike = (like: Value, { dtype }: Value): Value => expandLike(constant(full([], 0, dtype)), like);

/**
 * Adds each element of `updates` to the element of `data` at its position: `y[indices[i, j], j] += updates[i, j]` for axis 0.
 * Positions may occur many times; nothing is lost.
 *
 * Shapes: `data S, indices U, updates U -> S`, U inside S on every axis but `axis`. Negative positions count from the end.
 * Errors: `shape-mismatch`, `dtype-mismatch`. Source: ONNX ScatterElements-18 (reduction add), torch.scatter_add.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const indices = graphInput('i', [4, 2], 'int64');
 * console.log(ops.scatterAdd(graphInput('x', [3, 2]), indices, graphInput('u', [4, 2])).shape); // [3, 2]
 */
export const scatterAdd = (data: Value, indices: Value, updates: Value, { axis = 0 }: { readonly axis?: number } = {}): Value =>
  scatterElementsOp({ data, indices, updates }, { axis, reduction: 'add' }).output;

/**
 * Zeros shaped like `data`, plus the rows of `updates` at their positions along one axis: the adjoint of `gather`.
 *
 * Shapes: `data [.., n, ..], indices I, updates [.., ...I, ..] -> [.., n, ..]`. Errors: `shape-mismatch`, `dtype-mismatch`.
 * Source: torch.index_add. Never ONNX's ScatterND, which loses additions when more than one thread runs it.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const tokens = graphInput('tokens', ['batch', 5], 'int64');
 * const rows = graphInput('rows', ['batch', 5, 8]);
 * console.log(ops.scatterAddRows(graphInput('table', [100, 8]), tokens, rows).shape); // [100, 8]
 */
export function scatterAddRows(
  data: Value,
  indices: Value,
  updates: Value,
  { axis = 0 }: { readonly axis?: number } = {},
): Value {
  const at = axisIn('scatterAddRows', axis, data.shape);
  const [before, after] = [updates.shape.slice(0, at), updates.shape.slice(at + indices.shape.length)];
  const width = productOf(data.shape.slice(1));
  const [rows] = data.shape;
  if (
    at === 0 &&
    typeof width === 'number' &&
    typeof rows === 'number' &&
    sameShape(after, data.shape.slice(1)) &&
    isFloat(updates.dtype)
  ) {
    const flatRows = cast(reshape(indices, [-1]), 'int64');
    return reshape(rowsAdded(flatRows, reshape(updates, [-1, width]), rows), data.shape);
  }
  const flat =
    indices.shape.length === 1
      ? updates
      : reshapeOp({ data: updates, shape: dimsOf([...before, -1, ...after], updates) }).reshaped;
  const along = reshape(indices, [...before.map(() => 1), -1, ...after.map(() => 1)]);
  return scatterAdd(zerosLike(data, updates), expandLike(along, flat), flat, { axis: at });
}

const rowsAdded = (indices: Value, updates: Value, rows: number): Value => addRowsOp({ indices, updates }, { rows }).table;

/** @internal */
export const scatterAddCases: OpCase[] = [
  {
    ins: [
      [3, 4],
      {
        dtype: 'int64',
        values: [
          [0, 2, 2, 1],
          [0, 2, 0, 1],
          [0, 1, 2, 1],
        ],
      },
      [3, 4],
    ],
    build: (x, i, u) => scatterAdd(x, i, u),
    torch: 'a.scatter_add(0, b, c)',
  },
  {
    ins: [
      [2, 3, 2],
      {
        dtype: 'int32',
        values: [
          [
            [0, 0],
            [0, 1],
            [0, 2],
            [0, 2],
          ],
        ],
      },
      [1, 4, 2],
    ],
    build: (x, i, u) => scatterAdd(x, i, u, { axis: 1 }),
    torch: 'a.scatter_add(1, b.long(), c)',
  },
  ...(['max', 'min'] as const).map(
    (reduction): OpCase => ({
      name: reduction,
      ins: [
        [3, 2],
        {
          dtype: 'int64',
          values: [
            [0, 2],
            [0, 2],
            [2, 0],
            [0, 2],
          ],
        },
        [4, 2],
      ],
      build: (data, indices, updates) => scatterElementsOp({ data, indices, updates }, { reduction }).output,
      torch: `a.scatter_reduce(0, b, c, 'a${reduction}')`,
    }),
  ),
  {
    name: 'rows',
    ins: [
      [5, 3],
      {
        dtype: 'int64',
        values: [
          [0, 2, 2],
          [4, 2, -1],
        ],
      },
      [2, 3, 3],
    ],
    build: (x, i, u) => scatterAddRows(x, i, u),
    torch: 'torch.zeros_like(a).index_add(0, b.flatten() % 5, c.reshape(6, 3))',
  },
  {
    name: 'rows of a larger table',
    ins: [
      [130, 2],
      {
        dtype: 'int64',
        values: [
          [0, 129, 2],
          [2, 2, -1],
        ],
      },
      [2, 3, 2],
    ],
    build: (x, i, u) => scatterAddRows(x, i, u),
    torch: 'torch.zeros_like(a).index_add(0, b.flatten() % 130, c.reshape(6, 2))',
  },
  {
    name: 'rows of axis 1',
    ins: [[2, 4, 2], { dtype: 'int32', values: [3, 3, 0] }, [2, 3, 2]],
    build: (x, i, u) => scatterAddRows(x, i, u, { axis: 1 }),
    torch: 'torch.zeros_like(a).index_add(1, b, c)',
  },
  {
    name: 'one row',
    ins: [[4, 3], { dtype: 'int64', values: 2 }, [3]],
    build: (x, i, u) => scatterAddRows(x, i, u),
    torch: 'torch.zeros_like(a).index_add(0, b.reshape(1), c.reshape(1, 3))',
  },
  {
    name: 'overwrite',
    ins: [
      [3, 2],
      {
        dtype: 'int64',
        values: [
          [2, 0],
          [1, 2],
        ],
      },
      [2, 2],
    ],
    build: (data, indices, updates) => scatterElementsOp({ data, indices, updates }).output,
    torch: 'a.scatter(0, b, c)',
  },
];
