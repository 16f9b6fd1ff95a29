import type { FanAxes } from './fans.ts';
import type { Initializer } from './initializer.ts';
import { scaling } from './variance-scaling.ts';

/**
 * Normal, cut at two standard deviations, with standard deviation `sqrt(1 / fanIn)` after the cut; made for SELU.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.initializers.LecunNormal; LeCun et al. 1998, Klambauer et al. 2017.
 *
 * @example
 * import { initializers, randomKey } from '@stratus/core';
 * console.log(initializers.lecunNormal().make([784, 10], randomKey(7)).shape); // [784, 10]
 */
export const lecunNormal = (axes: FanAxes = {}): Initializer =>
  scaling('lecunNormal', { ...axes, scale: 1, mode: 'fanIn', distribution: 'truncatedNormal' });
