import type { FanAxes } from './fans.ts';
import type { Initializer } from './initializer.ts';
import { scaling } from './variance-scaling.ts';

/**
 * Uniform within `sqrt(6 / fanIn)`; made for ReLU. Also called Kaiming.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.initializers.HeUniform, torch.nn.init.kaiming_uniform_ with a = 0; He et al. 2015.
 *
 * @example
 * import { initializers, randomKey } from '@stratus/core';
 * console.log(initializers.heUniform().make([784, 10], randomKey(7)).shape); // [784, 10]
 */
export const heUniform = (axes: FanAxes = {}): Initializer =>
  scaling('heUniform', { ...axes, scale: 2, mode: 'fanIn', distribution: 'uniform' });
