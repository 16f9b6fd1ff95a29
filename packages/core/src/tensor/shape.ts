import { addSizes, divideSizes, multiplySizes, sizesDiffer } from './symbolic-size.ts';

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

/** Sum of two sizes; a text such as `(batch + 2)` when one is known only at run time. */
export const addDims = (a: Dim, b: Dim): Dim =>
  typeof a === 'number' && typeof b === 'number' ? a + b : a === 0 ? b : b === 0 ? a : addSizes(a, b);
/** Product of two sizes; a text such as `(batch * 28)` when one is known only at run time. */
export const mulDims = (a: Dim, b: Dim): Dim =>
  typeof a === 'number' && typeof b === 'number' ? a * b : a === 1 ? b : b === 1 ? a : multiplySizes(a, b);
/** Difference of two sizes; a text such as `(batch - 2)` when one is known only at run time. */
export const subDims = (a: Dim, b: Dim): Dim =>
  typeof a === 'number' && typeof b === 'number' ? a - b : b === 0 ? a : addSizes(a, b, -1);
/** Quotient of two sizes, if there is no remainder whatever the sizes known only at run time are. */
export const divDims = (a: Dim, b: Dim): Dim | undefined => divideSizes(a, b);

/** Quotient of a size and a number, rounded up; a text such as `ceil(time / 2)` when that is known only at run time. */
export function ceilDivDims(size: Dim, by: number): Dim {
  if (typeof size === 'number') return Math.ceil(size / by);
  for (let more = 0; more < by; more++) {
    const even = divDims(addDims(size, more), by);
    if (even !== undefined) return even;
  }
  return `ceil(${size} / ${by})`;
}

/** True if two sizes differ whatever the sizes known only at run time are, as long as none is 0. */
export const dimsDiffer = (a: Dim, b: Dim): boolean =>
  typeof a === 'number' && typeof b === 'number' ? a !== b : sizesDiffer(a, b);

/** Product of all sizes. */
export const productOf = (shape: Shape): Dim => shape.reduce(mulDims, 1);

/** An axis in -rank..rank-1 as 0..rank-1, or undefined if it is outside. */
export const normalAxis = (axis: number, rank: number): number | undefined =>
  Number.isInteger(axis) && axis >= -rank && axis < rank ? (axis + rank) % Math.max(rank, 1) : undefined;
