import type { FanAxes } from './fans.ts';
import type { Initializer } from './initializer.ts';
import { scaling } from './variance-scaling.ts';

/**
 * Uniform within `sqrt(3 / fanIn)`.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.initializers.LecunUniform; LeCun et al. 1998.
 *
 * @example
 * import { initializers, randomKey } from '@stratus/core';
 * console.log(initializers.lecunUniform().make([784, 10], randomKey(7)).shape); // [784, 10]
 */
export const lecunUniform = (axes: FanAxes = {}): Initializer =>
  scaling('lecunUniform', { ...axes, scale: 1, mode: 'fanIn', distribution: 'uniform' });
