import type { Value } from '../graph/index.ts';
import { cast, equal } from '../ops/index.ts';
import { meanMetric } from './mean-metric.ts';
import type { Metric, MetricOptions } from './metric.ts';
import { above, denseTarget } from './samples.ts';

/** How a metric that turns numbers into yes or no is called. */
export interface ThresholdOptions extends MetricOptions {
  /** Predictions above it mean yes; 0.5 unless told, which is right for probabilities. For logits give 0. */
  readonly threshold?: number;
}

/** 1 where the prediction falls on the side of the threshold that its target says. */
export const binaryMatches = (what: string, target: Value, prediction: Value, threshold: number): Value =>
  cast(equal(denseTarget(what, target, prediction), above(prediction, threshold)), prediction.dtype);

/**
 * How often a prediction falls on the right side of the threshold; targets are 0 or 1. The mean over all axes.
 *
 * Shapes: `target and prediction [batch, ..]`; targets [batch] fit predictions [batch, 1]. Errors: `shape-mismatch`.
 * Source: keras.metrics.BinaryAccuracy.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * const accuracy = metrics.binaryAccuracy({ threshold: 0 }); // logits
 * console.log(accuracy.result({ total: Float64Array.of(9), count: Float64Array.of(10) })); // 0.9
 */
export const binaryAccuracy = ({ threshold = 0.5, name }: ThresholdOptions = {}): Metric =>
  meanMetric({
    type: 'binaryAccuracy',
    name,
    config: { threshold },
    better: 'higher',
    of: (target, prediction) => binaryMatches('binaryAccuracy', target, prediction, threshold),
  });
