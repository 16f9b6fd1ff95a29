import type { FanAxes } from './fans.ts';
import type { Initializer } from './initializer.ts';
import { scaling } from './variance-scaling.ts';

/**
 * Uniform within `sqrt(6 / (fanIn + fanOut))`; keeps the variance of values and gradients. Also called Xavier.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.initializers.GlorotUniform, torch.nn.init.xavier_uniform_; Glorot and Bengio 2010.
 *
 * @example
 * import { initializers, randomKey } from '@stratus/core';
 * console.log(initializers.glorotUniform().make([784, 10], randomKey(7)).shape); // [784, 10]
 */
export const glorotUniform = (axes: FanAxes = {}): Initializer =>
  scaling('glorotUniform', { ...axes, scale: 1, mode: 'fanAvg', distribution: 'uniform' });
