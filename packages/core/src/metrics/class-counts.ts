// What precision, recall and F1 have in common: how often each class was right, predicted and wanted.
import { fail } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { argMax, mul, oneHot, reduceSum } from '../ops/index.ts';
import { showShape } from '../tensor/index.ts';
import type { Metric, MetricOptions } from './metric.ts';
import { ratio } from './metric.ts';
import { above, classesOf, isSparse, oneHotTarget, weighted } from './samples.ts';

/** How precision, recall and F1 are called. */
export interface ClassAverageOptions extends MetricOptions {
  /**
   * Over several classes: the mean of their figures ('macro'), that mean weighted by how often each class occurs
   * ('weighted'), or one figure from all counts together ('micro'). null: yes or no, all elements taken together.
   */
  readonly average?: 'macro' | 'micro' | 'weighted' | null;
  /** Predictions above it mean yes. Unless told: 0.5 without an average; with one, the largest prediction is the one class. */
  readonly threshold?: number | null;
}

/** Counts of one class: predicted and right, predicted, wanted. */
export interface Counts {
  readonly right: number;
  readonly predicted: number;
  readonly wanted: number;
}

const averages = ['macro', 'micro', 'weighted', null];

/** A metric that is made of the counts of each class. */
export function classMetric(type: string, options: ClassAverageOptions, figure: (counts: Counts) => number): Metric {
  const { average = null, name = type } = options;
  const threshold = options.threshold ?? (average === null ? 0.5 : null);
  if (!averages.includes(average))
    throw fail('bad-value', { what: type, got: `average '${average}'`, want: "'macro', 'micro', 'weighted' or null" });

  return {
    type,
    name,
    config: { average, threshold },
    better: 'higher',
    accumulate(target, prediction, weight) {
      if (average === null && isSparse(target, prediction))
        throw fail('bad-value', {
          what: type,
          got: `class numbers as targets, for predictions ${showShape(prediction.shape)}`,
          want: 'an average over the classes',
          fix: `Choose one: metrics.${type}({ average: 'macro' }).`,
        });
      const single = prediction.shape.length <= 1 || prediction.shape.at(-1) === 1;
      const yes = threshold === null && !single ? largest(type, prediction) : above(prediction, threshold ?? 0.5);
      const wanted = above(oneHotTarget(type, target, prediction), 0.5);
      const perClass = average === 'macro' || average === 'weighted';
      const count = (x: Value): Value => reduceSum(x, perClass ? { axes: x.shape.slice(0, -1).map((_, i) => i) } : {});
      const [w, p] = [weighted(wanted, weight), weighted(yes, weight)];
      return { right: count(mul(w, yes)), predicted: count(p), wanted: count(w) };
    },
    result(sums) {
      const counts = Array.from(sums['right']!, (right, i) => ({
        right,
        predicted: sums['predicted']![i]!,
        wanted: sums['wanted']![i]!,
      }));
      const weights = counts.map(({ wanted }) => (average === 'weighted' ? wanted : 1));
      const total = counts.reduce((sum, c, i) => sum + figure(c) * weights[i]!, 0);
      return ratio(
        total,
        weights.reduce((sum, w) => sum + w, 0),
      );
    },
  };
}

const largest = (what: string, prediction: Value): Value =>
  oneHot(argMax(prediction), classesOf(what, prediction), { dtype: prediction.dtype });
