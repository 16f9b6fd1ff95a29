/** One axis: a size, or a name for a size that is known only at run time ('batch'). */
export type Dim = number | string;
/** A shape of a graph value. A shape of numbers only is a shape of a tensor. */
export type Shape = readonly Dim[];

export const isStatic = (shape: Shape): shape is readonly number[] => shape.every((d) => typeof d === 'number');

/** Number of elements. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);

/** `[batch, 784]`. */
export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

const arithmetic =
  (symbol: string, compute: (a: number, b: number) => number) =>
  (a: Dim, b: Dim): Dim =>
    typeof a === 'number' && typeof b === 'number' ? compute(a, b) : `(${a} ${symbol} ${b})`;

const plus = arithmetic('+', (a, b) => a + b);
const times = arithmetic('*', (a, b) => a * b);

/** Sum of two sizes; a text such as `(batch + 2)` when one is known only at run time. */
export const addDims = (a: Dim, b: Dim): Dim => (a === 0 ? b : b === 0 ? a : plus(a, b));
/** Product of two sizes; a text such as `(batch * 28)` when one is known only at run time. */
export const mulDims = (a: Dim, b: Dim): Dim => (a === 1 ? b : b === 1 ? a : a === 0 || b === 0 ? 0 : times(a, b));
/** Difference of two sizes. */
export const subDims = (a: Dim, b: Dim): Dim =>
  b === 0 ? a : a === b ? 0 : arithmetic('-', (p, q) => p - q)(a, b);

/** Product of all sizes. */
export const productOf = (shape: Shape): Dim => shape.reduce(mulDims, 1);

/** Strides of a row-major tensor, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; step *= shape[i]!, i--) strides[i] = step;
  return strides;
}

/** An axis in -rank..rank-1 as 0..rank-1, or undefined if it is outside. */
export const normalAxis = (axis: number, rank: number): number | undefined =>
  Number.isInteger(axis) && axis >= -rank && axis < rank ? (axis + rank) % Math.max(rank, 1) : undefined;
