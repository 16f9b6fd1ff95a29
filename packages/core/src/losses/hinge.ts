import { cast, equal, mul, relu, sub } from '../ops/index.ts';
import { perSample } from '../targets/index.ts';
import { denseTarget } from './align.ts';
import { type Loss, likePrediction } from './loss.ts';

const NAME = 'hinge';

/**
 * Hinge loss of a margin classifier: the mean of `max(0, 1 - t y)` for targets t of -1 or 1. A target of 0 counts as -1, so
 * targets of 0 and 1 will do as well.
 *
 * Shapes: `target and prediction [batch, ..] -> [batch]`; targets [batch] fit predictions [batch, 1]. Errors: `shape-mismatch`.
 * Source: keras.losses.Hinge (which converts a batch only if it holds nothing but 0 and 1).
 *
 * @example
 * import { graphInput, losses } from '@stratus/core';
 * const prediction = graphInput('prediction', ['batch', 1]);
 * console.log(losses.hinge().apply(graphInput('target', ['batch', 1]), prediction).shape); // ['batch']
 */
export const hinge = (): Loss => ({
  type: NAME,
  config: {},
  target: likePrediction,
  apply(target, prediction) {
    const t = denseTarget(NAME, target, prediction);
    const sign = sub(t, cast(equal(t, 0), t.dtype));
    return perSample(relu(sub(1, mul(sign, prediction))));
  },
});
