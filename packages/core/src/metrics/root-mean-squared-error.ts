import { meanMetric } from './mean-metric.ts';
import { squaredError } from './mean-squared-error.ts';
import type { Metric, MetricOptions } from './metric.ts';

/**
 * The root of the mean of `(prediction - target)²` over all elements (not the mean of the roots of batches).
 *
 * Shapes: `target and prediction [batch, ..]`; targets [batch] fit predictions [batch, 1]. Errors: `shape-mismatch`.
 * Source: keras.metrics.RootMeanSquaredError.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * console.log(metrics.rootMeanSquaredError().result({ total: Float64Array.of(9), count: Float64Array.of(4) })); // 1.5
 */
export const rootMeanSquaredError = ({ name }: MetricOptions = {}): Metric =>
  meanMetric({
    type: 'rootMeanSquaredError',
    name,
    better: 'lower',
    of: (target, prediction) => squaredError('rootMeanSquaredError', target, prediction),
    finish: Math.sqrt,
  });
