import type { Value } from '../graph/index.ts';
import { mul, sub } from '../ops/index.ts';
import { meanMetric } from './mean-metric.ts';
import type { Metric, MetricOptions } from './metric.ts';
import { denseTarget } from './samples.ts';

/** `(prediction - target)²` of each element. */
export const squaredError = (what: string, target: Value, prediction: Value): Value => {
  const error = sub(prediction, denseTarget(what, target, prediction));
  return mul(error, error);
};

/**
 * The mean of `(prediction - target)²` over all elements.
 *
 * Shapes: `target and prediction [batch, ..]`; targets [batch] fit predictions [batch, 1]. Errors: `shape-mismatch`.
 * Source: keras.metrics.MeanSquaredError.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * console.log(metrics.meanSquaredError().result({ total: Float64Array.of(9), count: Float64Array.of(4) })); // 2.25
 */
export const meanSquaredError = ({ name }: MetricOptions = {}): Metric =>
  meanMetric({
    type: 'meanSquaredError',
    name,
    better: 'lower',
    of: (target, prediction) => squaredError('meanSquaredError', target, prediction),
  });
