import { cast, div, sub } from '../../ops/index.ts';
import { isFloat } from '../../tensor/index.ts';
import { defineLayer } from '../layer.ts';
import { checkPerFeature, constantLike, type PerFeature } from './per-feature.ts';

/** Options of {@link normalization}. */
export interface NormalizationOptions {
  /** Mean of the training data: one number, or one for each feature. */
  readonly mean: PerFeature;
  /** Variance of the training data. A feature that never varies is not scaled. */
  readonly variance: PerFeature;
}

const deviation = (variance: number): number => Math.sqrt(variance) || 1;

/**
 * Brings features to mean 0 and variance 1 by numbers that are known: `y = (x - mean) / sqrt(variance)`. Whole numbers become float32 first. Unlike batch
 * normalisation it learns nothing while the model trains.
 *
 * Shapes: `[..., features] -> [..., features]`. Errors: `bad-value` for a negative variance, `shape-mismatch` for another number of features.
 * Source: Keras Normalization; scikit-learn StandardScaler, which leaves features that never vary unscaled.
 *
 * @example
 * import { input, normalization } from '@stratus/core';
 * const y = normalization({ mean: [40, 170], variance: [100, 64] })(input({ shape: [2] }));
 * console.log(y.shape); // ['batch', 2]
 */
export const normalization = defineLayer<NormalizationOptions>({
  type: 'Normalization',
  mask: 'pass',
  check({ mean, variance }) {
    checkPerFeature('normalization', 'mean', mean, 'number');
    checkPerFeature('normalization', 'variance', variance, 'nonNegative');
  },
  build({ mean, variance }, [x]) {
    const value = isFloat(x!.dtype) ? x! : cast(x!, 'float32');
    const scale = typeof variance === 'number' ? deviation(variance) : variance.map(deviation);
    return div(sub(value, constantLike('normalization', value, mean)), constantLike('normalization', value, scale));
  },
});
