import { fail } from '../../errors.ts';
import { uniformAt } from '../../tensor/index.ts';
import { defineInitializer, type Initializer } from './initializer.ts';

/** Options of {@link randomUniform}. */
export interface UniformOptions {
  /** The lower bound, which may occur; -0.05 unless told. */
  readonly minval?: number;
  /** The upper bound, which does not but by rounding; 0.05 unless told. */
  readonly maxval?: number;
}

/**
 * Evenly distributed numbers from `minval` to `maxval`.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.initializers.RandomUniform, torch.nn.init.uniform_ (0 to 1).
 *
 * @example
 * import { initializers, randomKey } from '@stratus/core';
 * console.log(initializers.randomUniform({ minval: -1, maxval: 1 }).make([4], randomKey(7)).shape); // [4]
 */
export function randomUniform({ minval = -0.05, maxval = 0.05, ...unknown }: UniformOptions = {}): Initializer {
  if (minval > maxval)
    throw fail('bad-value', {
      what: 'randomUniform',
      got: `minval = ${minval}, maxval = ${maxval}`,
      want: 'minval below maxval',
    });
  return defineInitializer({
    type: 'randomUniform',
    options: { minval, maxval },
    rules: { minval: 'number', maxval: 'number' },
    unknown,
    numbers: (_shape, key) => (i) => minval + (maxval - minval) * uniformAt(key, i),
  });
}
