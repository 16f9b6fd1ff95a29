import type { Value } from '../graph/index.ts';
import { div, max, mul, neg, reduceSum, sqrt } from '../ops/index.ts';
import { perSample } from '../targets/index.ts';
import { denseTarget } from './align.ts';
import { type Loss, likePrediction } from './loss.ts';
import { EPSILON } from './probabilities.ts';

const NAME = 'cosineSimilarity';

// The bound is under the root: the gradient of a root at 0 is not finite.
const normalised = (x: Value): Value =>
  div(x, sqrt(max(reduceSum(mul(x, x), { axes: [-1], keepDims: true }), EPSILON * EPSILON)));

/**
 * The negative cosine of the angle between target and prediction, as in Keras, so that a smaller loss means more alike:
 * `-sum(t y) / (|t| |y|)` over the last axis, the mean over further axes. -1: same direction, 0: orthogonal or a vector of zeros.
 *
 * Shapes: `target and prediction [batch, .., features] -> [batch]`. Errors: `shape-mismatch`.
 * Source: keras.losses.CosineSimilarity; `-torch.nn.functional.cosine_similarity`.
 *
 * @example
 * import { graphInput, losses } from '@stratus/core';
 * const prediction = graphInput('prediction', ['batch', 64]);
 * console.log(losses.cosineSimilarity().apply(graphInput('target', ['batch', 64]), prediction).shape); // ['batch']
 */
export const cosineSimilarity = (): Loss => ({
  type: NAME,
  config: {},
  target: likePrediction,
  apply(target, prediction) {
    const t = denseTarget(NAME, target, prediction);
    return perSample(neg(reduceSum(mul(normalised(t), normalised(prediction)), { axes: [-1] })));
  },
});
