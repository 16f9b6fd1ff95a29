// Shape and dtype rules that several ops share. Each throws an error that says what came and what would fit.
import { fail } from '../errors.ts';
import { constant, type Info, scoped, type Value } from '../graph/index.ts';
import { type Dim, type DType, full, isFloat, isStatic, normalAxis, type Shape, showShape, tensor } from '../tensor/index.ts';

/** What elementwise ops take: a value, or a number that takes the dtype of the other side. */
export type Operand = Value | number;

/** A number as a scalar constant with the dtype of `like`. */
export const lift = (x: Operand, like: Operand): Value => {
  if (typeof x !== 'number') return x;
  return constant(full([], x, typeof like === 'number' ? 'float32' : like.dtype));
};

/** A list of whole numbers (axes, sizes) as an int64 constant. */
export function ints(values: readonly number[]): Value {
  if (!values.every(Number.isInteger))
    return scoped(() => {
      throw fail('bad-value', { what: 'a list of sizes, axes or positions', got: showShape(values), want: 'whole numbers' });
    });
  return constant(tensor(BigInt64Array.from(values, BigInt)));
}

/** The sizes that a list of sizes is known to hold, symbolic ones by name; undefined when nothing is known. */
export const knownDims = (info: Info): Shape | undefined =>
  info.data ? Array.from(info.data.data as ArrayLike<number | bigint>, Number) : info.dims;

/** The numbers of an input that must be known while the graph is built (axes, pads). */
export function knownInts(what: string, name: string, info: Info): number[] {
  const known = knownDims(info);
  if (!known || !isStatic(known))
    throw fail('bad-value', { what, got: `${name} computed at run time`, want: `constant ${name}` });
  return [...known];
}

const dimOf = (what: string, a: Shape, b: Shape, p: Dim, q: Dim): Dim => {
  if (p === q || q === 1) return p;
  if (p === 1) return q;
  // A size known only at run time is taken to be the other one: ONNX Runtime then refuses any size but that, and 1, which it repeats.
  if (typeof p === 'string' && typeof q === 'number') return q;
  if (typeof p === 'number' && typeof q === 'string') return p;
  throw fail('shape-mismatch', {
    what,
    got: `${showShape(a)} and ${showShape(b)}`,
    want: 'shapes that broadcast (equal from the right, or 1)',
    fix: 'Reshape one of them, or insert an axis of size 1.',
  });
};

/** The shape of an elementwise result, by NumPy's rule. */
export function broadcastShapes(what: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => dimOf(what, a, b, a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1));
}

/** Two inputs of one dtype. */
export function sameDtype(what: string, a: Info, b: Info): DType {
  if (a.dtype === b.dtype) return a.dtype;
  const wider = isFloat(b.dtype) && !isFloat(a.dtype) ? b.dtype : a.dtype; // parameters are floats
  throw fail('dtype-mismatch', {
    what,
    got: `${a.dtype} and ${b.dtype}`,
    want: 'one dtype on both sides',
    fix: `Cast one: cast(x, '${wider}').`,
  });
}

/** The result of an elementwise op on two inputs. */
export const elementwise = (what: string, a: Info, b: Info): { dtype: DType; shape: Shape } => ({
  dtype: sameDtype(what, a, b),
  shape: broadcastShapes(what, a.shape, b.shape),
});

/** An input of a floating-point dtype, for ops that have no integer meaning. */
export function floating(what: string, x: Info): { dtype: DType; shape: Shape } {
  if (!isFloat(x.dtype))
    throw fail('dtype-mismatch', { what, got: x.dtype, want: 'a float dtype', fix: "Cast it first: cast(x, 'float32')." });
  return { dtype: x.dtype, shape: x.shape };
}

/** An axis in 0..rank-1. */
export function axisIn(what: string, axis: number, shape: Shape): number {
  const normal = normalAxis(axis, shape.length);
  if (normal === undefined)
    throw fail('bad-value', {
      what,
      got: `axis ${axis} for shape ${showShape(shape)}`,
      want: shape.length === 0 ? 'no axis: it is a scalar' : `an axis from ${-shape.length} to ${shape.length - 1}`,
    });
  return normal;
}

/** Several different axes in 0..rank-1, ascending; all of them for undefined. */
export function axesIn(what: string, axes: readonly number[] | undefined, shape: Shape): number[] {
  const normal = (axes ?? shape.map((_, i) => i)).map((axis) => axisIn(what, axis, shape)).sort((p, q) => p - q);
  if (new Set(normal).size !== normal.length)
    throw fail('bad-value', { what, got: `axes ${showShape(axes ?? [])}`, want: 'every axis at most once' });
  return normal;
}

/** A shape after reducing some axes. */
export const reducedShape = (shape: Shape, axes: readonly number[], keepDims: boolean): Shape =>
  keepDims ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : shape.filter((_, i) => !axes.includes(i));
