// Does a film review praise or not? Two LSTM layers read its last 200 words, one after the other.
import { adam, dense, embedding, input, lstm, type Model, type ModelOptions, sequential, sgd } from 'stratus';
import { runAsScript } from './script.ts';
import { halving, type ReviewOptions, type ReviewSizes, reviews, trainOnReviews } from './shared/reviews.ts';

/** What can be changed, besides what every example on reviews has. */
export interface ImdbLstmOptions extends ReviewOptions {
  readonly learningRate?: number;
  /** Plain SGD with a momentum of 0.9 in the place of Adam; it learns far more slowly. */
  readonly sgd?: boolean;
}

/** The model: numbers of words `[length]` to the probability of praise. */
export const buildImdbLstm = ({
  vocabulary = 20_000,
  length = 200,
  units = 100,
  ...options
}: ReviewSizes & { readonly units?: number } & ModelOptions = {}): Model =>
  sequential(
    [
      input({ shape: [length], dtype: 'int32', name: 'words' }),
      embedding({ inputDim: vocabulary, outputDim: units }),
      lstm({ units, returnSequences: true }),
      lstm({ units }),
      dense({ units: 1, activation: 'sigmoid', name: 'praise' }),
    ],
    { name: 'imdb-lstm', ...options },
  );

/** Trains until the loss on held-out reviews rises, and measures the test reviews. */
export async function train({ learningRate, sgd: plain = false, ...options }: ImdbLstmOptions = {}) {
  const sizes = options.quick ? { vocabulary: 500, length: 20, units: 8 } : { vocabulary: 20_000, length: 200 };
  const model = buildImdbLstm({ ...sizes, seed: options.seed ?? 0 });
  const parts = await reviews(options, sizes);
  const batchSize = options.batchSize ?? (options.quick ? 32 : 128);
  const optimizer = plain
    ? sgd({ learningRate: learningRate ?? 0.01, momentum: 0.9 })
    : adam({ learningRate: halving(learningRate ?? 1e-3, parts, batchSize) });
  return trainOnReviews(model, parts, { ...options, batchSize, optimizer });
}

await runAsScript(import.meta, train);
