// Film reviews with a wider pair of LSTM layers and dropout between them, in small batches.
import { adam, dense, dropout, embedding, input, lstm, type Model, type ModelOptions, sequential } from 'stratus';
import { runAsScript } from './script.ts';
import { halving, type ReviewOptions, type ReviewSizes, reviews, trainOnReviews } from './shared/reviews.ts';

/** The model: numbers of words `[length]` to the probability of praise. */
export const buildImdbLstmDropout = ({
  vocabulary = 20_000,
  length = 200,
  units = 128,
  ...options
}: ReviewSizes & { readonly units?: number } & ModelOptions = {}): Model =>
  sequential(
    [
      input({ shape: [length], dtype: 'int32', name: 'words' }),
      embedding({ inputDim: vocabulary, outputDim: units }),
      lstm({ units, returnSequences: true }),
      dropout({ rate: 0.5 }),
      lstm({ units }),
      dense({ units: 1, activation: 'sigmoid', name: 'praise' }),
    ],
    { name: 'imdb-lstm-dropout', ...options },
  );

/** Trains until the loss on held-out reviews rises, and measures the test reviews. */
export async function train({ batchSize = 32, ...options }: ReviewOptions = {}) {
  const sizes = options.quick ? { vocabulary: 500, length: 20, units: 8 } : { vocabulary: 20_000, length: 200 };
  const model = buildImdbLstmDropout({ ...sizes, seed: options.seed ?? 0 });
  const parts = await reviews(options, sizes);
  return trainOnReviews(model, parts, {
    ...options,
    batchSize,
    optimizer: adam({ learningRate: halving(1e-3, parts, batchSize) }),
  });
}

await runAsScript(import.meta, train);
