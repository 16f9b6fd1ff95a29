// Film reviews with the encoder of a Transformer: every word looks at every other; the mean of what they came to says whether the review
// praises. Reviews are filled up at their end, and what fills them up is neither looked at nor counted.
import {
  adam,
  dense,
  dropout,
  embedding,
  globalAveragePooling1d,
  input,
  type Model,
  type ModelOptions,
  model,
  positionEmbedding,
  transformerEncoder,
} from 'stratus';
import { runAsScript } from './script.ts';
import { type ReviewOptions, type ReviewSizes, reviews, trainOnReviews } from './shared/reviews.ts';

/** Sizes of the model. */
export interface ImdbTransformerSizes extends ReviewSizes {
  readonly width?: number;
  readonly heads?: number;
  readonly blocks?: number;
}

/** The model: numbers of words `[length]` to the probability of praise. */
export function buildImdbTransformer({
  vocabulary = 20_000,
  length = 256,
  width = 64,
  heads = 4,
  blocks = 1,
  ...options
}: ImdbTransformerSizes & ModelOptions = {}): Model {
  const words = input({ shape: [length], dtype: 'int32', name: 'words' });
  let x = positionEmbedding({ maxLength: length })(embedding({ inputDim: vocabulary, outputDim: width, maskZero: true })(words));
  x = dropout({ rate: 0.2 })(x);
  for (let i = 0; i < blocks; i++)
    x = transformerEncoder({ numHeads: heads, intermediateDim: 2 * width, dropout: 0.2, normalizeFirst: true })(x);
  const review = dropout({ rate: 0.4 })(globalAveragePooling1d()(x));
  const praise = dense({ units: 1, activation: 'sigmoid', name: 'praise' })(review);
  return model({ inputs: words, outputs: praise, name: 'imdb-transformer', ...options });
}

/** Trains until the loss on held-out reviews rises, and measures the test reviews. */
export async function train({ batchSize, ...options }: ReviewOptions = {}) {
  const sizes = options.quick ? { vocabulary: 500, length: 20, width: 16, heads: 2 } : { vocabulary: 20_000, length: 256 };
  const net = buildImdbTransformer({ ...sizes, seed: options.seed ?? 0 });
  const parts = await reviews(options, { ...sizes, padding: 'post' });
  return trainOnReviews(net, parts, { ...options, batchSize: batchSize ?? 32, optimizer: adam({ learningRate: 5e-4 }) });
}

await runAsScript(import.meta, train);
