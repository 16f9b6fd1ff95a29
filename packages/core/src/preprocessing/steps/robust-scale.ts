import type { PerFeature } from '../../nn/index.ts';
import { defineScaling } from './scaling.ts';

/** Options of {@link robustScale}; learnt where they are not given. */
export interface RobustScaleOptions {
  readonly median?: PerFeature | undefined;
  /** From the first quartile to the third. */
  readonly interquartileRange?: PerFeature | undefined;
}

/**
 * Brings numbers to median 0 and interquartile range 1, in the graph: a few outliers change nothing.
 *
 * Shapes: `[n] -> [n]`. Errors: `bad-value`. Source: scikit-learn RobustScaler.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const prep = await preprocessing({ features: { size: [steps.robustScale()] } }).fit([{ size: 1 }, { size: 2 }, { size: 900 }]);
 * console.log(prep.fitted.features.input.size.steps[0]!.config['median']); // 2
 */
export const robustScale = defineScaling<'median' | 'interquartileRange', RobustScaleOptions>({
  type: 'robustScale',
  learns: ['median', 'interquartileRange'],
  sizes: ['interquartileRange'],
  learn: (seen) => ({ median: seen.quantile(0.5), interquartileRange: seen.quantile(0.75) - seen.quantile(0.25) }),
  scale: ({ median, interquartileRange }) => ({ center: median, width: interquartileRange || 1 }),
});
