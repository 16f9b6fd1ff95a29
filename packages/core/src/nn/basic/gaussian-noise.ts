import { add, mul, randomNormal } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { defineLayer } from '../layer.ts';
import { elementwise } from '../layout.ts';

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
  mask: 'pass',
  check: ({ stddev }) => checkOptions('GaussianNoise', { stddev }, { stddev: 'nonNegative' }),
  build({ stddev }, inputs, scope) {
    if (!scope.training || stddev === 0) return inputs[0]!;
    return elementwise(inputs, ([x]) => add(x!, mul(randomNormal(x!.shape, scope.key(), { like: x! }), stddev)));
  },
});
