import type { Value } from '../graph/index.ts';
import { add, log, logSoftmax, mul, neg, oneHot, reduceSum, sub } from '../ops/index.ts';
import { perSample } from '../targets/index.ts';
import { classTarget } from './align.ts';
import type { Loss } from './loss.ts';
import { type CrossentropyOptions, checkSmoothing, classesOf, inside, logitsOf } from './probabilities.ts';

const NAME = 'sparseCategoricalCrossentropy';

/** log p, from logits where they can be had. As in Keras, clipped probabilities are made to sum to 1 again. */
function logProbabilities(prediction: Value, fromLogits: boolean): Value {
  const logits = logitsOf(NAME, prediction, fromLogits, 'softmax');
  if (logits) return logSoftmax(logits);
  const p = inside(prediction);
  return sub(log(p), log(reduceSum(p, { axes: [-1], keepDims: true })));
}

/**
 * Cross-entropy with class numbers as targets: `-log p[label]`, the mean over further axes. With `labelSmoothing` s and C
 * classes, `-(1 - s) log p[label] - s/C sum(log p)`.
 *
 * Probabilities made by softmax are traced back to their logits, so the result is exact for any logits; others are clipped
 * to [1e-7, 1 - 1e-7] and scaled to sum to 1, as Keras does.
 *
 * Shapes: `target [batch, ..] (int32), prediction [batch, .., classes] -> [batch]`.
 * Errors: `shape-mismatch`; `bad-value` for `fromLogits` on a softmax; at run time `label-range`.
 * Source: keras.losses.SparseCategoricalCrossentropy, torch.nn.functional.cross_entropy.
 *
 * @example
 * import { graphInput, losses } from '@stratus/core';
 * const loss = losses.sparseCategoricalCrossentropy({ fromLogits: true });
 * const logits = graphInput('logits', ['batch', 10]);
 * console.log(loss.target(logits)); // { dtype: 'int32', shape: ['batch'] }
 * console.log(loss.apply(graphInput('labels', ['batch'], 'int32'), logits).shape); // ['batch']
 */
export function sparseCategoricalCrossentropy({ fromLogits = false, labelSmoothing = 0 }: CrossentropyOptions = {}): Loss {
  checkSmoothing(NAME, labelSmoothing);
  return {
    type: NAME,
    config: { fromLogits, labelSmoothing },
    target: ({ shape }) => ({ dtype: 'int32', shape: shape.slice(0, -1) }),
    classes: (prediction) => classesOf(NAME, prediction),
    apply(target, prediction) {
      const classes = classesOf(NAME, prediction);
      const logP = logProbabilities(prediction, fromLogits);
      // A product with a mask, not a gather: its gradient is the mask, where that of a gather is a scatter.
      const mask = oneHot(classTarget(NAME, target, prediction), classes, { dtype: logP.dtype });
      const wanted = labelSmoothing > 0 ? add(mul(mask, 1 - labelSmoothing), labelSmoothing / classes) : mask;
      return perSample(neg(reduceSum(mul(logP, wanted), { axes: [-1] })));
    },
  };
}
