import { add, mul, randomNormal } from '../ops/index.ts';
import { checkOptions } from '../options.ts';
import { defineLayer } from './layer.ts';

/**
 * Adds normal noise with standard deviation `stddev` in training; does nothing in inference.
 *
 * Shapes: `S -> S`. Errors: `bad-value` for a negative stddev. Source: Keras GaussianNoise.
 *
 * @example
 * import { gaussianNoise, input } from '@stratus/core';
 * console.log(gaussianNoise({ stddev: 0.1 })(input({ shape: [16] })).shape); // ['batch', 16]
 */
export const gaussianNoise = defineLayer<{ readonly stddev: number }>({
  type: 'GaussianNoise',
  check: ({ stddev }) => checkOptions('GaussianNoise', { stddev }, { stddev: 'nonNegative' }),
  build({ stddev }, [x], scope) {
    if (!scope.training || stddev === 0) return x!;
    return add(x!, mul(randomNormal(x!.shape, scope.key(), { like: x! }), stddev));
  },
});
