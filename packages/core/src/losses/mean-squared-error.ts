import { mul, sub } from '../ops/index.ts';
import { perSample } from '../targets/index.ts';
import { denseTarget } from './align.ts';
import { type Loss, likePrediction } from './loss.ts';

const NAME = 'meanSquaredError';

/**
 * Squared error: the mean of `(prediction - target)²` over all axes but the first.
 *
 * Shapes: `target and prediction [batch, ..] -> [batch]`; targets [batch] fit predictions [batch, 1]. Errors: `shape-mismatch`.
 * Source: keras.losses.MeanSquaredError, torch.nn.functional.mse_loss.
 *
 * @example
 * import { graphInput, losses } from '@stratus/core';
 * const prediction = graphInput('prediction', ['batch', 3]);
 * console.log(losses.meanSquaredError().apply(graphInput('target', ['batch', 3]), prediction).shape); // ['batch']
 */
export const meanSquaredError = (): Loss => ({
  type: NAME,
  config: {},
  target: likePrediction,
  apply(target, prediction) {
    const error = sub(prediction, denseTarget(NAME, target, prediction));
    return perSample(mul(error, error));
  },
});
