import { cast, equal, mul, not, reduceSum } from '../ops/index.ts';
import { checkOptions } from '../options.ts';
import { classMatches } from './categorical-accuracy.ts';
import { meanMetric } from './mean-metric.ts';
import type { Metric, MetricOptions } from './metric.ts';
import { classTarget, weighted } from './samples.ts';

const TYPE = 'sparseCategoricalAccuracy';

/** How {@link sparseCategoricalAccuracy} is called. */
export interface SparseAccuracyOptions extends MetricOptions {
  /** Targets of this number count nothing. It need not be a class. */
  readonly ignoreClass?: number | undefined;
}

/**
 * How often the largest prediction is that of the target's class; targets are class numbers. Logits will do as well as
 * probabilities. With `ignoreClass`, among the positions that count.
 *
 * Shapes: `target [batch, ..], prediction [batch, .., classes]`. Errors: `shape-mismatch`; `bad-value` for an `ignoreClass` that is
 * not whole. Source: keras.metrics.SparseCategoricalAccuracy.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * console.log(metrics.sparseCategoricalAccuracy({ name: 'acc' }).name); // acc
 */
export function sparseCategoricalAccuracy({ name, ignoreClass }: SparseAccuracyOptions = {}): Metric {
  const plain = meanMetric({
    type: TYPE,
    name,
    config: ignoreClass === undefined ? {} : { ignoreClass },
    better: 'higher',
    of: (target, prediction) => classMatches(TYPE, target, prediction),
  });
  if (ignoreClass === undefined) return plain;
  checkOptions(TYPE, { ignoreClass }, { ignoreClass: 'integer' });
  return {
    ...plain,
    accumulate(target, prediction, weight) {
      const matches = classMatches(TYPE, target, prediction);
      const counted = cast(not(equal(classTarget(TYPE, target, prediction), ignoreClass)), matches.dtype);
      return {
        total: reduceSum(weighted(mul(matches, counted), weight)),
        count: reduceSum(weighted(counted, weight)),
      };
    },
  };
}
