// Figures that are reported beside the loss, one file each: statistics that add up over batches, and what comes of them.
import { lookUpAnyCase } from '../suggest.ts';
import { accuracy } from './accuracy.ts';
import { auc } from './auc.ts';
import { binaryAccuracy } from './binary-accuracy.ts';
import { categoricalAccuracy } from './categorical-accuracy.ts';
import { confusionMatrix } from './confusion-matrix.ts';
import { f1Score } from './f1-score.ts';
import { meanAbsoluteError } from './mean-absolute-error.ts';
import { meanSquaredError } from './mean-squared-error.ts';
import type { Metric, SavedMetric } from './metric.ts';
import { precision } from './precision.ts';
import { r2Score } from './r2-score.ts';
import { recall } from './recall.ts';
import { rootMeanSquaredError } from './root-mean-squared-error.ts';
import { sparseCategoricalAccuracy } from './sparse-categorical-accuracy.ts';
import { sparseTopKCategoricalAccuracy } from './sparse-top-k-categorical-accuracy.ts';
import { topKCategoricalAccuracy } from './top-k-categorical-accuracy.ts';

/** The metrics that Stratus brings, by name; each makes a metric from its options. */
export const metrics = {
  accuracy,
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  topKCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  precision,
  recall,
  f1Score,
  auc,
  confusionMatrix,
  meanAbsoluteError,
  meanSquaredError,
  rootMeanSquaredError,
  r2Score,
} as const;

/** The name of a metric that Stratus brings. */
export type MetricName = keyof typeof metrics;
/** Whatever says which metric is meant: a name, a metric, or a saved metric. */
export type MetricLike = MetricName | (string & {}) | Metric | SavedMetric;

/** Short names. */
const aliases: Readonly<Record<string, MetricName>> = {
  acc: 'accuracy',
  mae: 'meanAbsoluteError',
  mse: 'meanSquaredError',
  rmse: 'rootMeanSquaredError',
  r2: 'r2Score',
  f1: 'f1Score',
};

const named = (name: string, config: Readonly<Record<string, unknown>>): Metric =>
  lookUpAnyCase<(options: Readonly<Record<string, unknown>>) => Metric>('metric', { table: metrics, aliases }, name)(config);

/**
 * The metric that is meant by a name, a metric or a saved metric. Names may be written as Keras does ('acc',
 * 'mean_squared_error', 'AUC'); the metric is reported under the name that was written.
 *
 * Errors: `unknown-name` with the nearest name.
 *
 * @example
 * import { resolveMetric } from '@stratus/core';
 * const metric = resolveMetric('acc');
 * console.log(metric.type, metric.name); // accuracy acc
 */
export function resolveMetric(metric: MetricLike): Metric {
  if (typeof metric === 'string') return named(metric, { name: metric });
  return 'accumulate' in metric ? metric : named(metric.type, { ...metric.config, name: metric.name });
}

export type { AucOptions } from './auc.ts';
export type { ThresholdOptions } from './binary-accuracy.ts';
export type { ClassAverageOptions } from './class-counts.ts';
export { type MeanMetricSpec, meanMetric } from './mean-metric.ts';
export type { Metric, MetricOptions, SavedMetric } from './metric.ts';
export type { SparseAccuracyOptions } from './sparse-categorical-accuracy.ts';
export type { TopKOptions } from './top-k-categorical-accuracy.ts';
export {
  accuracy,
  auc,
  binaryAccuracy,
  categoricalAccuracy,
  confusionMatrix,
  f1Score,
  meanAbsoluteError,
  meanSquaredError,
  precision,
  r2Score,
  recall,
  rootMeanSquaredError,
  sparseCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  topKCategoricalAccuracy,
};
