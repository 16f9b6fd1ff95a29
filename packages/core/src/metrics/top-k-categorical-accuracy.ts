import type { Value } from '../graph/index.ts';
import { cast, gatherElements, greater, lessOrEqual, reduceSum, unsqueeze } from '../ops/index.ts';
import { checkOptions } from '../options.ts';
import { meanMetric } from './mean-metric.ts';
import type { Metric, MetricOptions } from './metric.ts';
import { classesOf, classTarget } from './samples.ts';

/** How a top-k accuracy is called. */
export interface TopKOptions extends MetricOptions {
  /** How many of the largest predictions count; 5 unless told. */
  readonly k?: number;
}

/** A mean of 1 where fewer than k predictions are larger than that of the target's class. */
export function topKMetric(type: string, { k = 5, name }: TopKOptions): Metric {
  checkOptions(type, { k }, { k: 'count' });
  return meanMetric({
    type,
    name,
    config: { k },
    better: 'higher',
    of(target, prediction) {
      const classes = classesOf(type, prediction);
      const wanted: Value = gatherElements(prediction, unsqueeze(classTarget(type, target, prediction), { axes: [-1] }), {
        axis: -1,
      });
      // Counting those that are not larger, so that NaN is never a hit.
      const others = reduceSum(cast(lessOrEqual(prediction, wanted), prediction.dtype), { axes: [-1] });
      return cast(greater(others, classes - k), prediction.dtype);
    },
  });
}

/**
 * How often the target's class is among the k largest predictions; targets are one-hot. Ties count as hits.
 *
 * Shapes: `target and prediction [batch, .., classes]`. Errors: `shape-mismatch`; `bad-value` unless k is a whole number from 1.
 * Source: keras.metrics.TopKCategoricalAccuracy.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * console.log(metrics.topKCategoricalAccuracy({ k: 3 }).config); // { k: 3 }
 */
export const topKCategoricalAccuracy = (options: TopKOptions = {}): Metric => topKMetric('topKCategoricalAccuracy', options);
