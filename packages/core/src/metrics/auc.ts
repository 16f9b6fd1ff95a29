import { fail } from '../errors.ts';
import { constant, type Value } from '../graph/index.ts';
import { cast, ceil, clip, isNaN, mul, reshape, scatterAdd, sigmoid, sub, where } from '../ops/index.ts';
import { showShape, zeros } from '../tensor/index.ts';
import { type Metric, type MetricOptions, ratio } from './metric.ts';
import { above, denseTarget, isSparse, weightsLike } from './samples.ts';

/** How the area under a curve is called. */
export interface AucOptions extends MetricOptions {
  /** How many thresholds approximate the curve, spread evenly over 0 to 1; 200 unless told. */
  readonly numThresholds?: number;
  /** True positives over false positives, or precision over recall. */
  readonly curve?: 'ROC' | 'PR';
  /** The predictions are what sigmoid takes, not what it gives. */
  readonly fromLogits?: boolean;
}

/** What lies above each threshold, from what lies between two. */
const cumulated = (between: Float64Array): Float64Array => {
  const sums = between.slice();
  for (let i = sums.length - 2; i >= 0; i--) sums[i]! += sums[i + 1]!;
  return sums;
};

/** The area under true over false positive rate, by trapezoids. */
function rocArea(tp: Float64Array, fp: Float64Array): number {
  let area = 0;
  for (let i = 0; i + 1 < tp.length; i++) area += ((fp[i]! - fp[i + 1]!) * (tp[i]! + tp[i + 1]!)) / 2;
  return ratio(area, tp[0]! * fp[0]!);
}

/**
 * The area under precision over recall. Between two thresholds true positives grow linearly with predicted ones, P:
 *   TP = slope P + c, and the integral of TP / P over TP is slope (dTP + c log(P1 / P0)).
 */
function precisionRecallArea(tp: Float64Array, fp: Float64Array): number {
  let area = 0;
  for (let i = 0; i + 1 < tp.length; i++) {
    const [more, fewer] = [tp[i]! + fp[i]!, tp[i + 1]! + fp[i + 1]!];
    const dtp = tp[i]! - tp[i + 1]!;
    const slope = ratio(dtp, more - fewer);
    const intercept = tp[i + 1]! - slope * fewer;
    area += slope * (dtp + (more > 0 && fewer > 0 ? intercept * Math.log(more / fewer) : 0));
  }
  return ratio(area, tp[0]!);
}

/**
 * The area under the ROC curve (or the precision-recall curve) of yes-or-no predictions, approximated with thresholds as
 * Keras does; all elements taken together. 0 if the targets are all alike. Targets above 0.5 mean yes.
 *
 * Shapes: `target and prediction [batch, ..]`, predictions from 0 to 1. Errors: `shape-mismatch`; `bad-value` for class
 * numbers as targets, or fewer than 2 thresholds. Source: keras.metrics.AUC; Davis and Goadrich, The Relationship Between
 * Precision-Recall and ROC Curves (2006).
 *
 * @example
 * import { metrics } from '@stratus/core';
 * const auc = metrics.auc({ numThresholds: 3 });
 * console.log(auc.result({ positives: Float64Array.of(1, 1, 0), negatives: Float64Array.of(2, 0, 0) })); // 0.75
 */
export function auc({ numThresholds = 200, curve = 'ROC', fromLogits = false, name = 'auc' }: AucOptions = {}): Metric {
  if (!(Number.isInteger(numThresholds) && numThresholds >= 2))
    throw fail('bad-value', { what: 'auc', got: `numThresholds ${numThresholds}`, want: 'a whole number from 2' });
  if (curve !== 'ROC' && curve !== 'PR')
    throw fail('bad-value', { what: 'auc', got: `curve '${String(curve)}'`, want: "'ROC' or 'PR'" });

  return {
    type: 'auc',
    name,
    config: { numThresholds, curve, fromLogits },
    better: 'higher',
    accumulate(target, prediction, weight) {
      if (isSparse(target, prediction))
        throw fail('bad-value', {
          what: 'auc',
          got: `class numbers as targets, for predictions ${showShape(prediction.shape)}`,
          want: 'yes-or-no targets in the shape of the predictions',
          fix: 'Make the targets one-hot, or give the last layer one unit with a sigmoid.',
        });
      const flat = (x: Value): Value => reshape(x, [-1]);
      const wanted = above(denseTarget('auc', target, prediction), 0.5);
      const weights = weightsLike(prediction, weight);
      const yes = mul(wanted, weights);
      const at = flat(interval(fromLogits ? sigmoid(prediction) : prediction, numThresholds));
      const none = constant(zeros([numThresholds], prediction.dtype));
      return { positives: scatterAdd(none, at, flat(yes)), negatives: scatterAdd(none, at, flat(sub(weights, yes))) };
    },
    result(sums) {
      const [tp, fp] = [cumulated(sums['positives']!), cumulated(sums['negatives']!)];
      return curve === 'ROC' ? rocArea(tp, fp) : precisionRecallArea(tp, fp);
    },
  };
}

/** Between which thresholds each prediction lies: above number i, not above number i + 1. NaN, which is no place, as 0. */
const interval = (p: Value, numThresholds: number): Value => {
  const safe = clip(where(isNaN(p), 0, p), { min: 0, max: 1 });
  return cast(clip(sub(ceil(mul(safe, numThresholds - 1)), 1), { min: 0 }), 'int64');
};
