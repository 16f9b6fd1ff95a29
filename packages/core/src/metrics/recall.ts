import { type ClassAverageOptions, classMetric } from './class-counts.ts';
import { type Metric, ratio } from './metric.ts';

/**
 * How much of what was wanted is found: `right / wanted`, 0 if nothing was wanted. Targets above 0.5 mean yes.
 *
 * Shapes: `target and prediction [batch, ..]`; with an average also class numbers `[batch, ..]` for predictions
 * `[batch, .., classes]`. Errors: `shape-mismatch`; `bad-value` for class numbers without an average.
 * Source: keras.metrics.Recall; the averages of keras.metrics.F1Score.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * const recall = metrics.recall();
 * console.log(recall.result({ right: Float64Array.of(3), predicted: Float64Array.of(4), wanted: Float64Array.of(6) })); // 0.5
 */
export const recall = (options: ClassAverageOptions = {}): Metric =>
  classMetric('recall', options, ({ right, wanted }) => ratio(right, wanted));
