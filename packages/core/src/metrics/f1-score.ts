import { type ClassAverageOptions, classMetric } from './class-counts.ts';
import { type Metric, ratio } from './metric.ts';

/**
 * The harmonic mean of precision and recall: `2 right / (predicted + wanted)`, 0 if there is neither. Targets above 0.5 mean
 * yes. Without an average all elements count together (Keras gives a figure for each class then); with one, of equal
 * predictions only the first counts (Keras: all of them).
 *
 * Shapes: `target and prediction [batch, ..]`; with an average also class numbers `[batch, ..]` for predictions
 * `[batch, .., classes]`. Errors: `shape-mismatch`; `bad-value` for class numbers without an average.
 * Source: keras.metrics.F1Score, sklearn.metrics.f1_score.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * const f1 = metrics.f1Score({ average: 'macro' });
 * console.log(f1.result({ right: Float64Array.of(3, 0), predicted: Float64Array.of(4, 0), wanted: Float64Array.of(4, 1) })); // 0.375
 */
export const f1Score = (options: ClassAverageOptions = {}): Metric =>
  classMetric('f1Score', options, ({ right, predicted, wanted }) => ratio(2 * right, predicted + wanted));
