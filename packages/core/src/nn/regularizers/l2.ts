import { mul, reduceSumSquare } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import type { Regularizer } from './regularizer.ts';

/**
 * Sum of squares: `l2 * sum(w^2)`; 0.01 unless told. Its gradient is `2 l2 w`, so an optimizer's `weightDecay` of `2 l2` does the
 * same with plain SGD.
 *
 * Shapes: `S -> []`. Errors: `bad-value`. Source: keras.regularizers.L2.
 *
 * @example
 * import { graphInput, regularizers } from '@stratus/core';
 * console.log(regularizers.l2(1e-4).apply(graphInput('kernel', [3, 2])).shape); // []
 */
export function l2(factor = 0.01): Regularizer {
  checkOptions('l2', { l2: factor }, { l2: 'nonNegative' });
  return { type: 'l2', config: { l2: factor }, apply: (w) => mul(reduceSumSquare(w), factor) };
}
