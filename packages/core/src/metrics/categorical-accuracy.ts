import type { Value } from '../graph/index.ts';
import { argMax, cast, equal } from '../ops/index.ts';
import { meanMetric } from './mean-metric.ts';
import type { Metric, MetricOptions } from './metric.ts';
import { classesOf, classTarget } from './samples.ts';

/** 1 where the largest prediction is that of the target's class. Of equal ones the first counts. */
export const classMatches = (what: string, target: Value, prediction: Value): Value => {
  classesOf(what, prediction);
  return cast(equal(argMax(prediction), classTarget(what, target, prediction)), prediction.dtype);
};

/**
 * How often the largest prediction is that of the target's class; targets are one-hot. Logits will do as well as
 * probabilities.
 *
 * Shapes: `target and prediction [batch, .., classes]`. Errors: `shape-mismatch`. Source: keras.metrics.CategoricalAccuracy.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * console.log(metrics.categoricalAccuracy().better); // higher
 */
export const categoricalAccuracy = ({ name }: MetricOptions = {}): Metric =>
  meanMetric({
    type: 'categoricalAccuracy',
    name,
    better: 'higher',
    of: (target, prediction) => classMatches('categoricalAccuracy', target, prediction),
  });
