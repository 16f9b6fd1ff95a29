import { type ClassAverageOptions, classMetric } from './class-counts.ts';
import { type Metric, ratio } from './metric.ts';

/**
 * How much of what was predicted is right: `right / predicted`, 0 if nothing was predicted. Targets above 0.5 mean yes.
 *
 * Shapes: `target and prediction [batch, ..]`; with an average also class numbers `[batch, ..]` for predictions
 * `[batch, .., classes]`. Errors: `shape-mismatch`; `bad-value` for class numbers without an average.
 * Source: keras.metrics.Precision; the averages of keras.metrics.F1Score.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * const precision = metrics.precision();
 * console.log(precision.result({ right: Float64Array.of(3), predicted: Float64Array.of(4), wanted: Float64Array.of(6) })); // 0.75
 */
export const precision = (options: ClassAverageOptions = {}): Metric =>
  classMetric('precision', options, ({ right, predicted }) => ratio(right, predicted));
