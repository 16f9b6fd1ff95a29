// Linear maps along one axis, as a constant matrix: what pooling and resizing do to each axis, and their adjoints.
import { constant, type Value } from '../graph/index.ts';
import { productOf, type Shape, tensor } from '../tensor/index.ts';
import { matMul } from './mat-mul.ts';
import { reshape } from './reshape.ts';

/** The largest axis for which a matrix is not too much work. */
export const matrixUpTo = 256;

/** `weights[o][i]`: the share of element i in element o. */
export type Weights = readonly (readonly number[])[];

export const transposed = (weights: Weights): Weights => (weights[0] ?? []).map((_, i) => weights.map((row) => row[i]!));

/** `[.., i, ..] -> [.., o, ..]`. */
export function matrixAlong(x: Value, axis: number, weights: Weights): Value {
  const as = (rows: Weights): Value => constant(tensor(rows.flat(), { dtype: x.dtype, shape: [rows.length, rows[0]!.length] }));
  if (axis === x.shape.length - 1) return matMul(x, as(transposed(weights)));
  const shape = x.shape.with(axis, weights.length);
  const flat = (s: Shape): Shape => [...s.slice(0, axis + 1), productOf(s.slice(axis + 1))];
  return reshape(matMul(as(weights), reshape(x, flat(x.shape))), shape);
}
