import { clip, mul, sub } from '../ops/index.ts';
import { checkOptions } from '../options.ts';
import { perSample } from '../targets/index.ts';
import { denseTarget } from './align.ts';
import { type Loss, likePrediction } from './loss.ts';

const NAME = 'huber';

/**
 * Huber's error, quadratic near 0 and linear beyond `delta`: with e = prediction - target, the mean of `e²/2` where
 * `|e| <= delta` and `delta (|e| - delta/2)` elsewhere.
 *
 * Shapes: `target and prediction [batch, ..] -> [batch]`; targets [batch] fit predictions [batch, 1].
 * Errors: `shape-mismatch`; `bad-value` unless delta is positive.
 * Source: keras.losses.Huber, torch.nn.functional.huber_loss; Huber, Robust Estimation of a Location Parameter (1964).
 *
 * @example
 * import { graphInput, losses } from '@stratus/core';
 * const prediction = graphInput('prediction', ['batch', 3]);
 * console.log(losses.huber({ delta: 0.5 }).apply(graphInput('target', ['batch', 3]), prediction).shape); // ['batch']
 */
export function huber({ delta = 1 }: { readonly delta?: number } = {}): Loss {
  checkOptions(NAME, { delta }, { delta: 'positive' });
  return {
    type: NAME,
    config: { delta },
    target: likePrediction,
    apply(target, prediction) {
      const error = sub(prediction, denseTarget(NAME, target, prediction));
      // With c = clip(e, -delta, delta) both pieces are c (e - c/2), without a branch.
      const near = clip(error, { min: -delta, max: delta });
      return perSample(mul(near, sub(error, mul(near, 0.5))));
    },
  };
}
