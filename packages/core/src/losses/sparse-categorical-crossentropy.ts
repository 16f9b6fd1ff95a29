import type { Value } from '../graph/index.ts';
import { add, cast, div, equal, log, logSoftmax, max, mul, neg, not, oneHot, reduceMean, reduceSum, sub } from '../ops/index.ts';
import { checkOptions } from '../options.ts';
import { perSample } from '../targets/index.ts';
import { classTarget } from './align.ts';
import type { Loss } from './loss.ts';
import { type CrossentropyOptions, checkSmoothing, classesOf, inside, logitsOf } from './probabilities.ts';

const NAME = 'sparseCategoricalCrossentropy';

/** How {@link sparseCategoricalCrossentropy} is called. */
export interface SparseCrossentropyOptions extends CrossentropyOptions {
  /** Targets of this number count nothing: padding, or nodes that are not to be learnt from. It need not be a class. */
  readonly ignoreClass?: number | undefined;
}

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
 * With `ignoreClass` the mean of the batch is that over the positions that count, wherever they are: a sample's loss is the sum over its
 * positions, divided by how many the batch has, times the batch's size. Where none counts it is 0.
 *
 * Shapes: `target [batch, ..] (int32), prediction [batch, .., classes] -> [batch]`.
 * Errors: `shape-mismatch`; `bad-value` for `fromLogits` on a softmax and an `ignoreClass` that is not whole; at run time `label-range`.
 * Source: keras.losses.SparseCategoricalCrossentropy, torch.nn.functional.cross_entropy (ignore_index).
 *
 * @example
 * import { graphInput, losses } from '@stratus/core';
 * const loss = losses.sparseCategoricalCrossentropy({ fromLogits: true });
 * const logits = graphInput('logits', ['batch', 10]);
 * console.log(loss.target(logits)); // { dtype: 'int32', shape: ['batch'] }
 * console.log(loss.apply(graphInput('labels', ['batch'], 'int32'), logits).shape); // ['batch']
 */
export function sparseCategoricalCrossentropy(options: SparseCrossentropyOptions = {}): Loss {
  const { fromLogits = false, labelSmoothing = 0, ignoreClass } = options;
  checkSmoothing(NAME, labelSmoothing);
  if (ignoreClass !== undefined) checkOptions(NAME, { ignoreClass }, { ignoreClass: 'integer' });
  return {
    type: NAME,
    config: { fromLogits, labelSmoothing, ...(ignoreClass !== undefined && { ignoreClass }) },
    target: ({ shape }) => ({ dtype: 'int32', shape: shape.slice(0, -1) }),
    classes: (prediction) => classesOf(NAME, prediction),
    ignored: ignoreClass,
    apply(target, prediction) {
      const classes = classesOf(NAME, prediction);
      const logP = logProbabilities(prediction, fromLogits);
      const labels = classTarget(NAME, target, prediction);
      // A product with a mask, not a gather: its gradient is the mask, where that of a gather is a scatter.
      const mask = oneHot(labels, classes, { dtype: logP.dtype });
      const wanted = labelSmoothing > 0 ? add(mul(mask, 1 - labelSmoothing), labelSmoothing / classes) : mask;
      const losses = neg(reduceSum(mul(logP, wanted), { axes: [-1] }));
      if (ignoreClass === undefined) return perSample(losses);
      const counted = cast(not(equal(labels, ignoreClass)), logP.dtype);
      const sums = mul(losses, counted);
      // Divided by the share of positions that count, the mean over all becomes that over those.
      return div(perSample(sums), max(reduceMean(counted), 1e-30));
    },
  };
}
