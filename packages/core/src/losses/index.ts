// What a training minimises, one file each; all look alike to `compile`.
import { fail } from '../errors.ts';
import { lookUpAnyCase } from '../suggest.ts';
import { perSample } from '../targets/index.ts';
import { showShape } from '../tensor/index.ts';
import { binaryCrossentropy } from './binary-crossentropy.ts';
import { categoricalCrossentropy } from './categorical-crossentropy.ts';
import { cosineSimilarity } from './cosine-similarity.ts';
import { hinge } from './hinge.ts';
import { huber } from './huber.ts';
import { klDivergence } from './kl-divergence.ts';
import { type Loss, type LossFunction, likePrediction, type SavedLoss } from './loss.ts';
import { meanAbsoluteError } from './mean-absolute-error.ts';
import { meanSquaredError } from './mean-squared-error.ts';
import { sparseCategoricalCrossentropy } from './sparse-categorical-crossentropy.ts';

/** The losses that Stratus brings, by name; each makes a loss from its options. */
export const losses = {
  sparseCategoricalCrossentropy,
  categoricalCrossentropy,
  binaryCrossentropy,
  meanSquaredError,
  meanAbsoluteError,
  huber,
  klDivergence,
  hinge,
  cosineSimilarity,
} as const;

/** The name of a loss that Stratus brings. */
export type LossName = keyof typeof losses;
/** Whatever says which loss is meant: a name, a loss, an own function, or a saved loss. */
export type LossLike = LossName | (string & {}) | Loss | LossFunction | SavedLoss;

/** Short names, and Keras' that differ by more than the way they are written. */
const aliases: Readonly<Record<string, LossName>> = {
  mse: 'meanSquaredError',
  mae: 'meanAbsoluteError',
  kld: 'klDivergence',
  kullbackLeiblerDivergence: 'klDivergence',
  kLDivergence: 'klDivergence',
};

const named = (name: string, config: Readonly<Record<string, unknown>> = {}): Loss =>
  lookUpAnyCase<(options: Readonly<Record<string, unknown>>) => Loss>('loss', { table: losses, aliases }, name)(config);

const own = (build: LossFunction): Loss => ({
  type: 'custom',
  config: { name: build.name },
  target: likePrediction,
  apply(target, prediction) {
    const y = build(target, prediction);
    const [got, want] = [y.shape[0], prediction.shape[0]];
    if (y.shape.length === 0 || (typeof got === 'number' && typeof want === 'number' && got !== want))
      throw fail('shape-mismatch', {
        what: `loss ${build.name || 'function'}`,
        got: showShape(y.shape),
        want: `one figure for each sample: ${showShape([want ?? 'batch'])}`,
        fix: 'Reduce over every axis but the first; compile takes the mean over the batch.',
      });
    return perSample(y);
  },
});

/**
 * The loss that is meant by a name, a loss, an own function or a saved loss. Names may be written as Keras does
 * ('mse', 'mean_squared_error', 'MeanSquaredError'). Targets of an own function look like the prediction.
 *
 * Errors: `unknown-name` with the nearest name.
 *
 * @example
 * import { ops, resolveLoss } from '@stratus/core';
 * console.log(resolveLoss('mse').type); // meanSquaredError
 * const cubic = resolveLoss((target, prediction) => ops.pow(ops.abs(ops.sub(prediction, target)), 3));
 * console.log(cubic.type); // custom
 */
export function resolveLoss(loss: LossLike): Loss {
  if (typeof loss === 'string') return named(loss);
  if (typeof loss === 'function') return own(loss);
  if ('apply' in loss) return loss;
  if (loss.type === 'custom')
    throw fail('bad-value', {
      what: 'loss',
      got: 'a saved loss that was an own function',
      want: 'a loss that is known by name',
      fix: 'Functions cannot be saved; pass the function again.',
    });
  return named(loss.type, loss.config);
}

export type { CrossentropyOptions } from './probabilities.ts';
export type { SparseCrossentropyOptions } from './sparse-categorical-crossentropy.ts';
export type { Loss, LossFunction, SavedLoss };
export {
  binaryCrossentropy,
  categoricalCrossentropy,
  cosineSimilarity,
  hinge,
  huber,
  klDivergence,
  meanAbsoluteError,
  meanSquaredError,
  sparseCategoricalCrossentropy,
};
