import type { Value } from '../graph/index.ts';
import { reduceSum } from '../ops/index.ts';
import { perSample } from '../targets/index.ts';
import { type Metric, only, ratio } from './metric.ts';
import { weighted, weightsLike } from './samples.ts';

/** What a metric that is the mean of a figure over the samples says about itself. */
export interface MeanMetricSpec {
  readonly type: string;
  /** The name it is reported under; `type` unless told. */
  readonly name?: string | undefined;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly better: 'higher' | 'lower';
  /** The figure of each sample, or of each element (then the mean of each sample is taken). */
  of(target: Value, prediction: Value): Value;
  /** Turns the mean into the figure: a root, for example. */
  finish?(mean: number): number;
}

/**
 * A metric that is the weighted mean of a figure over the samples: `sum(w m) / sum(w)`. Own metrics are made with it.
 *
 * Shapes: `of` gives `[batch]`, or `[batch, ..]`. Source: keras.metrics.MeanMetricWrapper.
 *
 * @example
 * import { meanMetric, ops } from '@stratus/core';
 * const bias = meanMetric({ type: 'bias', better: 'lower', of: (target, prediction) => ops.sub(prediction, target) });
 * console.log(bias.result({ total: Float64Array.of(3), count: Float64Array.of(4) })); // 0.75
 */
export const meanMetric = ({ type, name = type, config = {}, better, of, finish = (mean) => mean }: MeanMetricSpec): Metric => ({
  type,
  name,
  config,
  better,
  accumulate(target, prediction, weight) {
    const figure = perSample(of(target, prediction));
    return {
      total: reduceSum(weighted(figure, weight)),
      count: reduceSum(weightsLike(figure, weight)),
    };
  },
  result: (sums) => finish(ratio(only(sums, 'total'), only(sums, 'count'))),
});
