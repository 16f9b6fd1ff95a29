import { type ActivationName, activate, alongLastAxis, checkActivation } from '../activations.ts';
import { defineLayer } from '../layer.ts';
import { elementwise } from '../layout.ts';

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
  mask: 'pass',
  check: (config) => checkActivation(config.activation),
  build: ({ activation }, inputs) =>
    alongLastAxis(activation) ? activate(activation, inputs[0]!) : elementwise(inputs, ([x]) => activate(activation, x!)),
});
