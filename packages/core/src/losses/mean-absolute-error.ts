import { abs, sub } from '../ops/index.ts';
import { perSample } from '../targets/index.ts';
import { denseTarget } from './align.ts';
import { type Loss, likePrediction } from './loss.ts';

const NAME = 'meanAbsoluteError';

/**
 * Absolute error: the mean of `|prediction - target|` over all axes but the first. The gradient is 0 where they are equal.
 *
 * Shapes: `target and prediction [batch, ..] -> [batch]`; targets [batch] fit predictions [batch, 1]. Errors: `shape-mismatch`.
 * Source: keras.losses.MeanAbsoluteError, torch.nn.functional.l1_loss.
 *
 * @example
 * import { graphInput, losses } from '@stratus/core';
 * const prediction = graphInput('prediction', ['batch', 3]);
 * console.log(losses.meanAbsoluteError().apply(graphInput('target', ['batch', 3]), prediction).shape); // ['batch']
 */
export const meanAbsoluteError = (): Loss => ({
  type: NAME,
  config: {},
  target: likePrediction,
  apply: (target, prediction) => perSample(abs(sub(prediction, denseTarget(NAME, target, prediction)))),
});
