import { abs, sub } from '../ops/index.ts';
import { meanMetric } from './mean-metric.ts';
import type { Metric, MetricOptions } from './metric.ts';
import { denseTarget } from './samples.ts';

/**
 * The mean of `|prediction - target|` over all elements.
 *
 * Shapes: `target and prediction [batch, ..]`; targets [batch] fit predictions [batch, 1]. Errors: `shape-mismatch`.
 * Source: keras.metrics.MeanAbsoluteError.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * console.log(metrics.meanAbsoluteError({ name: 'mae' }).better); // lower
 */
export const meanAbsoluteError = ({ name }: MetricOptions = {}): Metric =>
  meanMetric({
    type: 'meanAbsoluteError',
    name,
    better: 'lower',
    of: (target, prediction) => abs(sub(prediction, denseTarget('meanAbsoluteError', target, prediction))),
  });
