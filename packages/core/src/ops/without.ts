import type { Value } from '../graph/index.ts';
import { fromFloat16, isInteger, sameShape } from '../tensor/index.ts';
import { broadcastShapes } from './rules.ts';

/** Constants of more elements are not looked through. */
const mostElements = 256;

/**
 * `x`, if it is all that an op gives that calculates with `other`, element by element: every element of that is the neutral one, and none
 * makes the result larger. -0 is told from 0, except in whole numbers: `-0 + 0` is 0.
 */
export function without(x: Value, other: Value, neutral: number): Value | undefined {
  const { data, dtype } = other;
  if (
    !data ||
    data.size > mostElements ||
    data.size === 0 ||
    !sameShape(broadcastShapes('an operand', x.shape, other.shape), x.shape)
  )
    return undefined;
  const wanted = isInteger(dtype) ? Math.abs(neutral) : neutral;
  const isNeutral = (v: unknown): boolean => Object.is(dtype === 'float16' ? fromFloat16(v as number) : Number(v), wanted);
  return Array.from(data.data as ArrayLike<unknown>).every(isNeutral) ? x : undefined;
}
