// Film reviews with a model that is no chain: a second LSTM reads what the first one says at each word, and what both say at the end is
// added.
import { adam, add, dense, embedding, input, lstm, type Model, type ModelOptions, model } from 'stratus';
import { runAsScript } from './script.ts';
import { type ReviewOptions, type ReviewSizes, reviews, trainOnReviews } from './shared/reviews.ts';

/** The model: numbers of words `[length]` to the probability of praise. */
export function buildImdbFunctional({
  vocabulary = 20_000,
  length = 200,
  units = 100,
  ...options
}: ReviewSizes & { readonly units?: number } & ModelOptions = {}): Model {
  const words = input({ shape: [length], dtype: 'int32', name: 'words' });
  const vectors = embedding({ inputDim: vocabulary, outputDim: units })(words);
  const [steps, first] = lstm({ units, returnSequences: true, returnState: true })(vectors);
  const both = add()([first, lstm({ units })(steps)]);
  const praise = dense({ units: 1, activation: 'sigmoid', name: 'praise' })(dense({ units, activation: 'relu' })(both));
  return model({ inputs: words, outputs: praise, name: 'imdb-functional', ...options });
}

/** Trains until the loss on held-out reviews rises, and measures the test reviews. */
export async function train(options: ReviewOptions = {}) {
  const sizes = options.quick ? { vocabulary: 500, length: 20, units: 8 } : { vocabulary: 20_000, length: 200 };
  const net = buildImdbFunctional({ ...sizes, seed: options.seed ?? 0 });
  return trainOnReviews(net, await reviews(options, sizes), { ...options, optimizer: adam() });
}

await runAsScript(import.meta, train);
