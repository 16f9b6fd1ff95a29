import type { Value } from '../graph/index.ts';
import { cast, mul, reduceSum, sub } from '../ops/index.ts';
import { type Metric, type MetricOptions, ratio } from './metric.ts';
import { denseTarget, weighted, weightsLike } from './samples.ts';

/**
 * Coefficient of determination: `1 - sum((prediction - target)²) / sum((target - mean)²)`, of each output (the last axis),
 * and the mean over the outputs. 1: exact; 0: no better than the mean. An output whose targets are all alike counts 0.
 *
 * Shapes: `target and prediction [batch]` or `[batch, .., outputs]`; targets [batch] fit predictions [batch, 1].
 * Errors: `shape-mismatch`. Source: keras.metrics.R2Score with class_aggregation 'uniform_average'.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * const [count, sum, squares, residual] = [[4], [8], [20], [1]].map((x) => Float64Array.from(x));
 * console.log(metrics.r2Score().result({ count: count!, sum: sum!, squares: squares!, residual: residual! })); // 0.75
 */
export const r2Score = ({ name = 'r2Score' }: MetricOptions = {}): Metric => ({
  type: 'r2Score',
  name,
  config: {},
  better: 'higher',
  accumulate(target, prediction, weight) {
    // The spread of the targets comes out as a difference of sums: of numbers far from 0 float32 would keep no digit of it.
    const wide = (x: Value): Value => cast(x, 'float64');
    const t = wide(denseTarget('r2Score', target, prediction));
    const error = sub(wide(prediction), t);
    const axes = t.shape.length <= 1 ? undefined : t.shape.slice(0, -1).map((_, i) => i);
    const sum = (x: Value): Value => reduceSum(x, { axes });
    const wt = weighted(t, weight);
    return {
      count: sum(weightsLike(t, weight)),
      sum: sum(wt),
      squares: sum(mul(wt, t)),
      residual: sum(weighted(mul(error, error), weight)),
    };
  },
  result({ count, sum, squares, residual }) {
    const scores = Array.from(residual!, (rest, i) => {
      const spread = squares![i]! - ratio(sum![i]! * sum![i]!, count![i]!);
      // What rounding leaves of equal targets is not a spread.
      return spread > squares![i]! * 1e-14 ? 1 - rest / spread : 0;
    });
    return ratio(
      scores.reduce((a, b) => a + b, 0),
      scores.length,
    );
  },
});
