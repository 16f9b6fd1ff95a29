import type { FanAxes } from './fans.ts';
import type { Initializer } from './initializer.ts';
import { scaling } from './variance-scaling.ts';

/**
 * Normal, cut at two standard deviations, with standard deviation `sqrt(2 / fanIn)` after the cut; made for ReLU.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.initializers.HeNormal; torch.nn.init.kaiming_normal_ does not cut; He et al. 2015.
 *
 * @example
 * import { initializers, randomKey } from '@stratus/core';
 * console.log(initializers.heNormal().make([784, 10], randomKey(7)).shape); // [784, 10]
 */
export const heNormal = (axes: FanAxes = {}): Initializer =>
  scaling('heNormal', { ...axes, scale: 2, mode: 'fanIn', distribution: 'truncatedNormal' });
