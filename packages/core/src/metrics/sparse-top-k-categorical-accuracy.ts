import type { Metric } from './metric.ts';
import { type TopKOptions, topKMetric } from './top-k-categorical-accuracy.ts';

/**
 * How often the target's class is among the k largest predictions; targets are class numbers. Ties count as hits.
 *
 * Shapes: `target [batch, ..], prediction [batch, .., classes]`. Errors: `shape-mismatch`; `bad-value` unless k is a whole
 * number from 1. Source: keras.metrics.SparseTopKCategoricalAccuracy.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * console.log(metrics.sparseTopKCategoricalAccuracy().config); // { k: 5 }
 */
export const sparseTopKCategoricalAccuracy = (options: TopKOptions = {}): Metric =>
  topKMetric('sparseTopKCategoricalAccuracy', options);
