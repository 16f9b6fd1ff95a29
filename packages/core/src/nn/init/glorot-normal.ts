import type { FanAxes } from './fans.ts';
import type { Initializer } from './initializer.ts';
import { scaling } from './variance-scaling.ts';

/**
 * Normal, cut at two standard deviations, with standard deviation `sqrt(2 / (fanIn + fanOut))` after the cut.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.initializers.GlorotNormal; torch.nn.init.xavier_normal_ does not cut; Glorot and Bengio 2010.
 *
 * @example
 * import { initializers, randomKey } from '@stratus/core';
 * console.log(initializers.glorotNormal().make([784, 10], randomKey(7)).shape); // [784, 10]
 */
export const glorotNormal = (axes: FanAxes = {}): Initializer =>
  scaling('glorotNormal', { ...axes, scale: 1, mode: 'fanAvg', distribution: 'truncatedNormal' });
