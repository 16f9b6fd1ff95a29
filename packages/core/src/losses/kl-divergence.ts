import { clip, log, logSoftmax, mul, reduceSum, sub } from '../ops/index.ts';
import { perSample } from '../targets/index.ts';
import { denseTarget } from './align.ts';
import { type Loss, likePrediction } from './loss.ts';
import { EPSILON, softmaxLogits } from './probabilities.ts';

const NAME = 'klDivergence';

/**
 * Kullback-Leibler divergence from a predicted to a target distribution: `sum(t log(t / p))` over the last axis, the mean
 * over further axes. Both are clipped to [1e-7, 1], as in Keras; a prediction made by softmax is traced back to its logits
 * instead, and needs no clipping.
 *
 * Shapes: `target and prediction [batch, .., classes] -> [batch]`. Errors: `shape-mismatch`.
 * Source: keras.losses.KLDivergence, torch.nn.functional.kl_div.
 *
 * @example
 * import { graphInput, losses } from '@stratus/core';
 * const prediction = graphInput('prediction', ['batch', 4]);
 * console.log(losses.klDivergence().apply(graphInput('target', ['batch', 4]), prediction).shape); // ['batch']
 */
export const klDivergence = (): Loss => ({
  type: NAME,
  config: {},
  target: likePrediction,
  apply(target, prediction) {
    const positive = { min: EPSILON, max: 1 };
    const t = clip(denseTarget(NAME, target, prediction), positive);
    const logits = softmaxLogits(prediction);
    const logP = logits ? logSoftmax(logits) : log(clip(prediction, positive));
    return perSample(reduceSum(mul(t, sub(log(t), logP)), { axes: [-1] }));
  },
});
