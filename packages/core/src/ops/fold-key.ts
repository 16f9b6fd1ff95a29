import { constant, type Value } from '../graph/index.ts';
import { stream, tensor } from '../tensor/index.ts';
import { add } from './add.ts';
import { bitwiseXor } from './bitwise-xor.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { concat } from './concat.ts';
import { keyPart, mix } from './random-stream.ts';
import { reshape } from './reshape.ts';

/**
 * A new, independent key from a key and a whole number: `[mix(k0 xor mix(salt + c0)), mix(k1 + mix(salt xor c1))]`. Uses that
 * shall differ need salts that differ; a step counter is a salt too.
 *
 * Shapes: `key [2], salt [] -> [2]`, uint32. Errors: `bad-value`, `dtype-mismatch` for a wrong key.
 * Source: the counter-based stream of `foldIn`, bit for bit; jax.random.fold_in.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const key = graphInput('key', [2], 'uint32');
 * const step = graphInput('step', [], 'int64');
 * console.log(ops.foldKey(ops.foldKey(key, step), 7).shape); // [2]
 */
export function foldKey(key: Value, salt: number | Value): Value {
  const [c0, c1] = stream.salts;
  const number =
    typeof salt === 'number' ? constant(tensor([salt >>> 0], { dtype: 'uint32' })) : reshape(cast(salt, 'uint32'), [1]);
  return mix(
    concat([
      bitwiseXor(keyPart(key, 0), mix(add(number, c0))), //
      add(keyPart(key, 1), mix(bitwiseXor(number, c1))),
    ]),
  );
}

/** @internal */
export const foldKeyCases: OpCase[] = [
  { ins: [{ dtype: 'uint32', values: [1, 2] }], build: (key) => foldKey(key, 3), torch: 'fold_key(a, 3)', gradient: false },
  {
    ins: [{ dtype: 'uint32', values: [4294967295, 0] }],
    build: (key) => foldKey(key, 4294967295),
    torch: 'fold_key(a, 4294967295)',
    gradient: false,
  },
  {
    ins: [
      { dtype: 'uint32', values: [11, 22] },
      { dtype: 'int64', values: 5000 },
    ],
    build: (key, step) => foldKey(key, step),
    torch: 'fold_key(a, int(b))',
    gradient: false,
  },
];
