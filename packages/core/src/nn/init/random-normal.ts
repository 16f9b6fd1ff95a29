import { normals } from '../../tensor/index.ts';
import { defineInitializer, type Initializer } from './initializer.ts';

/** Options of {@link randomNormal} and `truncatedNormal`. */
export interface NormalOptions {
  /** 0 unless told. */
  readonly mean?: number;
  /** 0.05 unless told. */
  readonly stddev?: number;
}

/**
 * Normal numbers with this mean and standard deviation; 0 and 0.05 unless told.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.initializers.RandomNormal, torch.nn.init.normal_ (standard deviation 1).
 *
 * @example
 * import { initializers, randomKey } from '@stratus/core';
 * console.log(initializers.randomNormal({ stddev: 0.02 }).make([2, 3], randomKey(7)).shape); // [2, 3]
 */
export const randomNormal = ({ mean = 0, stddev = 0.05, ...unknown }: NormalOptions = {}): Initializer =>
  defineInitializer({
    type: 'randomNormal',
    options: { mean, stddev },
    rules: { mean: 'number', stddev: 'nonNegative' },
    unknown,
    numbers(_shape, key) {
      const normal = normals(key);
      return (i) => mean + stddev * normal(i);
    },
  });
