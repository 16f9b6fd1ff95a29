// Sequences as matrices. ONNX Runtime's fastest product is that of two matrices, so layers that treat every step alike work on one
// matrix of all steps; where the next layer does so too, nothing is reshaped in between, because what a value is a view of is remembered.
import type { Value } from '../graph/index.ts';
import { dimsOf, reshape, reshapeOp } from '../ops/index.ts';
import { type Dim, productOf } from '../tensor/index.ts';

/** Values, and the same as matrices. */
const matrices = new WeakMap<Value, Value>();

/** `[..., width] -> [rows, width]`. */
export function rowsOf(x: Value): Value {
  if (x.shape.length === 2) return x;
  const known = matrices.get(x);
  if (known) return known;
  const rows = reshape(x, [productOf(x.shape.slice(0, -1)), x.shape[x.shape.length - 1]!]);
  matrices.set(x, rows);
  return rows;
}

/** `[rows, width] -> [..., ...tail]`, the rows in the order that `like` has on all axes but the last. */
export function fromRows(rows: Value, like: Value, tail: readonly Dim[] = rows.shape.slice(1)): Value {
  const lead = like.shape.slice(0, -1);
  if (lead.length === 1 && tail.length === 1) return rows;
  const shape = [...lead, ...tail];
  // One size that is known only at run time is what is left; more are read off.
  const x =
    lead.filter((d) => typeof d === 'string').length <= 1
      ? reshape(rows, shape)
      : reshapeOp({ data: rows, shape: dimsOf(shape, like) }, { allowzero: 1 }).reshaped;
  if (tail.length === 1) matrices.set(x, rows);
  return x;
}
