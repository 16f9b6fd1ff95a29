import { abs, mul, reduceSum } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import type { Regularizer } from './regularizer.ts';

/**
 * Sum of absolute values: `l1 * sum(|w|)`; 0.01 unless told.
 *
 * Shapes: `S -> []`. Errors: `bad-value`. Source: keras.regularizers.L1.
 *
 * @example
 * import { graphInput, regularizers } from '@stratus/core';
 * console.log(regularizers.l1(1e-4).apply(graphInput('kernel', [3, 2])).shape); // []
 */
export function l1(factor = 0.01): Regularizer {
  checkOptions('l1', { l1: factor }, { l1: 'nonNegative' });
  return { type: 'l1', config: { l1: factor }, apply: (w) => mul(reduceSum(abs(w)), factor) };
}
