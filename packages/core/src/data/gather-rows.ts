import { fail } from '../errors.ts';
import { copyRows, type DataTypes, type DType, dtypes, showShape, sizeOf, Tensor } from '../tensor/index.ts';

/** The rows of `into` that are filled, checked. */
function targetFor<D extends DType>(source: Tensor<D>, count: number, into: Tensor<D> | undefined): Tensor<D> {
  const rest = source.shape.slice(1);
  if (into === undefined) {
    const shape = [count, ...rest];
    return new Tensor(source.dtype, shape, dtypes[source.dtype].make(sizeOf(shape)) as DataTypes[D]);
  }
  if (into.dtype !== source.dtype)
    throw fail('dtype-mismatch', { what: 'gatherRows', got: `into of ${into.dtype}`, want: `${source.dtype}, as the rows` });
  const fits =
    into.shape.length === source.shape.length && rest.every((d, i) => into.shape[i + 1] === d) && into.shape[0]! >= count;
  // The rows of a string tensor are copies, so a larger one cannot be filled in part.
  if (!fits || (into.dtype === 'string' && into.shape[0] !== count)) {
    throw fail('shape-mismatch', {
      what: 'gatherRows',
      got: `into of shape ${showShape(into.shape)}`,
      want: `${showShape([count, ...rest])}${into.dtype === 'string' ? '' : ', or more rows'}`,
    });
  }
  return into.shape[0] === count ? into : into.rows(0, count);
}

/**
 * A batch: the rows `indices[start..end)` of a tensor, in that order, `y[i] = x[indices[start + i]]`. With `into` they are
 * written there, and what comes back shares its memory: one buffer then serves all batches, also a shorter last one.
 *
 * Shapes: `[n, ...row]` to `[end - start, ...row]`; `into` has as many rows or more. Any dtype.
 * Errors: `bad-value` for an index beyond the rows or a range beyond the indices; `shape-mismatch`, `dtype-mismatch` for `into`.
 * Source: ONNX Gather-13 with axis 0, torch.index_select.
 *
 * @example
 * import { gatherRows, tensor } from '@stratus/core';
 * const x = tensor([[1, 2], [3, 4], [5, 6]]);
 * console.log(gatherRows(x, Uint32Array.of(2, 0, 1), 0, 2).toArray()); // [[5, 6], [1, 2]]
 */
export function gatherRows<D extends DType>(
  tensor: Tensor<D>,
  indices: Uint32Array,
  start = 0,
  end = indices.length,
  into?: Tensor<D>,
): Tensor<D> {
  const rows = tensor.shape[0];
  if (rows === undefined)
    throw fail('shape-mismatch', { what: 'gatherRows', got: 'a tensor of shape []', want: 'at least one axis' });
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end > indices.length) {
    throw fail('bad-value', {
      what: 'gatherRows',
      got: `the range ${start} to ${end}`,
      want: `one within 0 to ${indices.length}`,
    });
  }
  const wanted = indices.subarray(start, end);
  for (const i of wanted) {
    // Typed arrays clamp and give undefined, silently: this is the only guard.
    if (i >= rows) throw fail('bad-value', { what: 'gatherRows', got: `row ${i}`, want: `0 to ${rows - 1} (${rows} rows)` });
  }
  const batch = targetFor(tensor, wanted.length, into);
  copyRows(tensor, batch, { order: wanted, start: 0, count: wanted.length });
  return batch;
}
