import { type ActivationName, activate, checkActivation } from './activations.ts';
import { defineLayer } from './layer.ts';

/**
 * An activation as a layer of its own: `y = activation(x)`.
 *
 * Shapes: `S -> S`. Errors: `unknown-name`. Source: Keras Activation.
 *
 * @example
 * import { activation, input } from '@stratus/core';
 * console.log(activation({ activation: 'relu' })(input({ shape: [3] })).shape); // ['batch', 3]
 */
export const activation = defineLayer<{ readonly activation: ActivationName }>({
  type: 'Activation',
  check: (config) => checkActivation(config.activation),
  build: (config, [x]) => activate(config.activation, x!),
});
