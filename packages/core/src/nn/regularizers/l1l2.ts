import { add } from '../../ops/index.ts';
import { refuseUnknown } from '../../options.ts';
import { l1 as absolute } from './l1.ts';
import { l2 as squares } from './l2.ts';
import type { Regularizer } from './regularizer.ts';

/**
 * Sum of absolute values and of squares: `l1 * sum(|w|) + l2 * sum(w^2)`; 0.01 each unless told.
 *
 * Shapes: `S -> []`. Errors: `bad-value`, `unknown-name`. Source: keras.regularizers.L1L2 (whose factors are 0 unless told).
 *
 * @example
 * import { graphInput, regularizers } from '@stratus/core';
 * console.log(regularizers.l1l2({ l1: 1e-5, l2: 1e-4 }).apply(graphInput('kernel', [3, 2])).shape); // []
 */
export function l1l2({ l1 = 0.01, l2 = 0.01, ...unknown }: { readonly l1?: number; readonly l2?: number } = {}): Regularizer {
  refuseUnknown('l1l2', unknown, ['l1', 'l2']);
  const [first, second] = [absolute(l1), squares(l2)];
  return { type: 'l1l2', config: { l1, l2 }, apply: (w) => add(first.apply(w), second.apply(w)) };
}
