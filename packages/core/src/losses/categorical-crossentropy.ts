import type { Value } from '../graph/index.ts';
import { add, div, log, logSoftmax, mul, neg, reduceSum } from '../ops/index.ts';
import { perSample } from '../targets/index.ts';
import { denseTarget } from './align.ts';
import { type Loss, likePrediction } from './loss.ts';
import { type CrossentropyOptions, checkSmoothing, classesOf, inside, logitsOf } from './probabilities.ts';

const NAME = 'categoricalCrossentropy';

/** log p, from logits where they can be had. As in Keras, other predictions are scaled to sum to 1, then clipped. */
function logProbabilities(prediction: Value, fromLogits: boolean): Value {
  const logits = logitsOf(NAME, prediction, fromLogits, 'softmax');
  if (logits) return logSoftmax(logits);
  return log(inside(div(prediction, reduceSum(prediction, { axes: [-1], keepDims: true }))));
}

/**
 * Cross-entropy with one-hot or soft targets: `-sum(t log p)` over the classes, the mean over further axes. With
 * `labelSmoothing` s and C classes, t becomes `(1 - s) t + s/C`.
 *
 * Probabilities made by softmax are traced back to their logits, so the result is exact for any logits; others are scaled
 * to sum to 1 and clipped to [1e-7, 1 - 1e-7], as Keras does.
 *
 * Shapes: `target and prediction [batch, .., classes] -> [batch]`.
 * Errors: `shape-mismatch`; `bad-value` for `fromLogits` on a softmax.
 * Source: keras.losses.CategoricalCrossentropy, torch.nn.functional.cross_entropy with probabilities as targets.
 *
 * @example
 * import { graphInput, losses } from '@stratus/core';
 * const loss = losses.categoricalCrossentropy({ fromLogits: true, labelSmoothing: 0.1 });
 * const logits = graphInput('logits', ['batch', 10]);
 * console.log(loss.apply(graphInput('target', ['batch', 10]), logits).shape); // ['batch']
 */
export function categoricalCrossentropy({ fromLogits = false, labelSmoothing = 0 }: CrossentropyOptions = {}): Loss {
  checkSmoothing(NAME, labelSmoothing);
  return {
    type: NAME,
    config: { fromLogits, labelSmoothing },
    target: likePrediction,
    apply(target, prediction) {
      const classes = classesOf(NAME, prediction);
      const t = denseTarget(NAME, target, prediction);
      const wanted = labelSmoothing > 0 ? add(mul(t, 1 - labelSmoothing), labelSmoothing / classes) : t;
      return perSample(neg(reduceSum(mul(logProbabilities(prediction, fromLogits), wanted), { axes: [-1] })));
    },
  };
}
