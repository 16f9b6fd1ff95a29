import type { PerFeature } from '../../nn/index.ts';
import { defineScaling } from './scaling.ts';

/** Options of {@link standardize}; learnt where they are not given. */
export interface StandardizeOptions {
  readonly mean?: PerFeature | undefined;
  /** Of the population: divided by n. */
  readonly variance?: PerFeature | undefined;
}

/** What rounding alone can make of the variance of numbers that are all the same: scikit-learn's bound. */
const noise = (mean: number, variance: number, count: number): number =>
  count * Number.EPSILON * variance + (count * mean * Number.EPSILON) ** 2;

/**
 * Brings numbers to mean 0 and variance 1, in the graph. What never varies becomes 0. Missing numbers stay missing: put `impute()` before.
 *
 * Shapes: `[n] -> [n]`. Errors: `bad-value`. Source: scikit-learn StandardScaler, Keras Normalization.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const prep = await preprocessing({ features: { size: [steps.standardize()] } }).fit([{ size: 1 }, { size: 3 }]);
 * console.log(prep.fitted.features.input.size.steps[0]!.config); // { mean: 2, variance: 1 }
 */
export const standardize = defineScaling<'mean' | 'variance', StandardizeOptions>({
  type: 'standardize',
  learns: ['mean', 'variance'],
  sizes: ['variance'],
  learn: ({ mean, variance, count }) => ({ mean, variance: variance <= noise(mean, variance, count) ? 0 : variance }),
  scale: ({ mean, variance }) => ({ center: mean, width: Math.sqrt(variance) || 1 }),
});
