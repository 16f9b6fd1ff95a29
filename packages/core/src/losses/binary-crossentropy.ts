import { add, log, mul, neg, softplus, sub } from '../ops/index.ts';
import { perSample } from '../targets/index.ts';
import { denseTarget } from './align.ts';
import { type Loss, likePrediction } from './loss.ts';
import { type CrossentropyOptions, checkSmoothing, inside, logitsOf } from './probabilities.ts';

const NAME = 'binaryCrossentropy';

/**
 * Cross-entropy of independent yes-or-no targets: the mean of `-t log p - (1 - t) log(1 - p)`. With `labelSmoothing` s, t
 * becomes `(1 - s) t + s/2`.
 *
 * Probabilities made by sigmoid are traced back to their logits, so the result is exact for any logits; others are clipped
 * to [1e-7, 1 - 1e-7], as Keras does.
 *
 * Shapes: `target and prediction [batch, ..] -> [batch]`; targets [batch] fit predictions [batch, 1].
 * Errors: `shape-mismatch`; `bad-value` for `fromLogits` on a sigmoid.
 * Source: keras.losses.BinaryCrossentropy, torch.nn.functional.binary_cross_entropy_with_logits.
 *
 * @example
 * import { graphInput, losses } from '@stratus/core';
 * const loss = losses.binaryCrossentropy({ fromLogits: true });
 * const logits = graphInput('logits', ['batch', 1]);
 * console.log(loss.apply(graphInput('target', ['batch', 1]), logits).shape); // ['batch']
 */
export function binaryCrossentropy({ fromLogits = false, labelSmoothing = 0 }: CrossentropyOptions = {}): Loss {
  checkSmoothing(NAME, labelSmoothing);
  return {
    type: NAME,
    config: { fromLogits, labelSmoothing },
    target: likePrediction,
    apply(target, prediction) {
      const aligned = denseTarget(NAME, target, prediction);
      const t = labelSmoothing > 0 ? add(mul(aligned, 1 - labelSmoothing), labelSmoothing / 2) : aligned;
      const logits = logitsOf(NAME, prediction, fromLogits, 'sigmoid');
      // -log sigmoid(x) = softplus(-x). Both halves, not softplus(x) - t x: that cancels where the answer is right and sure.
      if (logits) return perSample(add(mul(t, softplus(neg(logits))), mul(sub(1, t), softplus(logits))));
      // 1 - p is clipped by itself: the 1 - 1e-7 that p is clipped to has one digit in float32.
      const [logP, logNotP] = [log(inside(prediction)), log(inside(sub(1, prediction)))];
      return perSample(neg(add(mul(t, logP), mul(sub(1, t), logNotP))));
    },
  };
}
