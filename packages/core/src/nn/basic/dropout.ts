import { checkOptions } from '../../options.ts';
import { defineLayer } from '../layer.ts';
import { elementwise } from '../layout.ts';
import { alongSteps } from '../recurrent/steps.ts';
import { drop } from './drop.ts';

/**
 * Sets a random share `rate` of the elements to zero in training, and scales the others by `1 / (1 - rate)`; does nothing in
 * inference. The mask comes from the run's seed, the step and the layer's name; the rate is rounded to a multiple of 2⁻¹⁶.
 *
 * Shapes: `S -> S`. Errors: `bad-value` for a rate outside [0, 1). Source: Srivastava et al. 2014; Keras Dropout.
 *
 * @example
 * import { dropout, input } from '@stratus/core';
 * console.log(dropout({ rate: 0.5 })(input({ shape: [128] })).shape); // ['batch', 128]
 */
export const dropout = defineLayer<{ readonly rate: number }>({
  type: 'Dropout',
  mask: 'pass',
  check: ({ rate }) => checkOptions('Dropout', { rate }, { rate: 'fraction' }),
  build: ({ rate }, inputs, scope) => alongSteps(inputs, (values) => elementwise(values, ([x]) => drop(x!, rate, scope))),
});
