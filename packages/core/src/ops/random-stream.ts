// What the random ops share: the mixer of the stream in `tensor/rng.ts`, its keys, and how a shape is counted through.
import { fail } from '../errors.ts';
import { constant, type Value } from '../graph/index.ts';
import { full, isStatic, productOf, type Shape, showShape, stream } from '../tensor/index.ts';
import { add } from './add.ts';
import { bitShift } from './bit-shift.ts';
import { bitwiseXor } from './bitwise-xor.ts';
import { cast } from './cast.ts';
import { gather } from './gather.ts';
import { mul } from './mul.ts';
import { range } from './range.ts';
import { reduceProd } from './reduce-prod.ts';
import { dimsOf } from './shape.ts';

/** Scrambles 32 bits: the mixer of the stream in `tensor/rng.ts`, in wrapping uint32 arithmetic. */
export function mix(x: Value): Value {
  const [s0, s1, s2] = stream.shifts;
  const [m0, m1] = stream.multipliers;
  const fold = (v: Value, by: number): Value => bitwiseXor(v, bitShift(v, by, { direction: 'right' }));
  return fold(mul(fold(mul(fold(x, s0), m0), s1), m1), s2);
}

/** The bits at positions that were multiplied by `stream.weyl`. */
export const bitsOf = (spread: Value, key: Value): Value => mix(bitwiseXor(mix(add(spread, keyPart(key, 0))), keyPart(key, 1)));

/** Where a shape is cut into rows and columns, counted through one after the other: near 1,024 columns, if there is a choice. */
export function rowAxis(shape: Shape): number {
  // A size that is known only at run time is taken to be 64: it decides nothing but speed, and which mask a key gives.
  const columns = (axis: number): number => shape.slice(axis).reduce<number>((n, d) => n * (typeof d === 'number' ? d : 64), 1);
  const distance = (axis: number): number => Math.abs(Math.log2(Math.max(1, columns(axis))) - 10);
  let best = Math.min(1, Math.max(0, shape.length - 1));
  for (let axis = best + 1; axis < shape.length; axis++) if (distance(axis) < distance(best)) best = axis;
  return best;
}

/** How many elements a shape has: a number, or an int64 scalar where it is known only at run time. */
export const countOf = (shape: Shape, like: Value): number | Value =>
  isStatic(shape) ? (productOf(shape) as number) : reduceProd(dimsOf(shape, like));

/** `0, 1, …, count - 1`, uint32. */
export const counter = (count: number | Value): Value => cast(range(0, count, 1), 'uint32');

/** A key of random numbers: two uint32. */
function checkKey(key: Value): Value {
  if (key.dtype !== 'uint32')
    throw fail('dtype-mismatch', {
      what: 'random key',
      got: key.dtype,
      want: 'uint32',
      fix: "Cast it first: cast(key, 'uint32').",
    });
  if (key.shape.length !== 1 || key.shape[0] !== 2)
    throw fail('bad-value', {
      what: 'random key',
      got: `shape ${showShape(key.shape)}`,
      want: 'shape [2]',
      fix: 'Feed the two numbers of randomKey(seed).',
    });
  return key;
}

/** Half `i` of a key, as a scalar. */
export const keyPart = (key: Value, i: 0 | 1): Value => gather(checkKey(key), constant(full([], i, 'int64')));
