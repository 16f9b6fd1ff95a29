import { classMatches } from './categorical-accuracy.ts';
import { meanMetric } from './mean-metric.ts';
import type { Metric, MetricOptions } from './metric.ts';

/**
 * How often the largest prediction is that of the target's class; targets are class numbers. Logits will do as well as
 * probabilities.
 *
 * Shapes: `target [batch, ..], prediction [batch, .., classes]`. Errors: `shape-mismatch`.
 * Source: keras.metrics.SparseCategoricalAccuracy.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * console.log(metrics.sparseCategoricalAccuracy({ name: 'acc' }).name); // acc
 */
export const sparseCategoricalAccuracy = ({ name }: MetricOptions = {}): Metric =>
  meanMetric({
    type: 'sparseCategoricalAccuracy',
    name,
    better: 'higher',
    of: (target, prediction) => classMatches('sparseCategoricalAccuracy', target, prediction),
  });
