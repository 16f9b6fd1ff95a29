// What the random ops share: the mixer of the stream in `tensor/rng.ts`, and its keys.
import { fail } from '../errors.ts';
import { constant, type Value } from '../graph/index.ts';
import { full, showShape, stream } from '../tensor/index.ts';
import { bitShift } from './bit-shift.ts';
import { bitwiseXor } from './bitwise-xor.ts';
import { gather } from './gather.ts';
import { mul } from './mul.ts';

/** Scrambles 32 bits: the mixer of the stream in `tensor/rng.ts`, in wrapping uint32 arithmetic. */
export function mix(x: Value): Value {
  const [s0, s1, s2] = stream.shifts;
  const [m0, m1] = stream.multipliers;
  const fold = (v: Value, by: number): Value => bitwiseXor(v, bitShift(v, by, { direction: 'right' }));
  return fold(mul(fold(mul(fold(x, s0), m0), s1), m1), s2);
}

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
