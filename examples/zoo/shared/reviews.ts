// What the examples on film reviews have in common: texts to numbers of words, training until the held-out reviews say stop.
import {
  cleanText,
  earlyStopping,
  exponentialDecay,
  type Imdb,
  imdb,
  type Model,
  type Optimizer,
  padSequences,
  type Tensor,
  tokenizer,
} from 'stratus';
import type { TrainOptions } from '../script.ts';

/** What can be changed, besides what every example has. */
export interface ReviewOptions extends TrainOptions {
  readonly data?: Imdb | undefined;
  readonly epochs?: number;
  /** 128 unless told. */
  readonly batchSize?: number;
  /** Epochs without a lower loss on the held-out reviews that are borne. */
  readonly patience?: number;
}

/** How the reviews are prepared. */
export interface Preparation {
  /** So many words are told apart; the others are one. */
  readonly vocabulary: number;
  /** Words of each review; of longer ones the end. */
  readonly length: number;
  readonly padding?: 'pre' | 'post';
}

/** Sizes of the models. */
export interface ReviewSizes {
  readonly vocabulary?: number;
  readonly length?: number;
}

/** Film reviews as numbers of words `[n, length]`, and whether they praise. A tenth of the training part is held out. */
export async function reviews(options: ReviewOptions, { vocabulary, length, padding = 'pre' }: Preparation) {
  const { data, quick = false, signal } = options;
  const { train, test } = data ?? (await imdb({ signal }));
  const learned = quick ? train.take(160) : train;
  const words = tokenizer({ numWords: vocabulary, oovToken: '<unknown>' }).fitOnTexts(learned.text.data.map(cleanText));
  const part = (table: typeof train): { x: Tensor<'int32'>; y: Tensor<'uint8'> } => ({
    x: padSequences(words.textsToSequences(table.text.data.map(cleanText)), { maxLength: length, padding }),
    y: table.label,
  });
  const cut = Math.floor(learned.length * 0.9);
  return { learn: part(learned.take(cut)), held: part(learned.skip(cut)), test: part(quick ? test.take(64) : test) };
}

/** A rate that is halved with each epoch: what these models learn after the second one is mostly the reviews by heart. */
export const halving = (learningRate: number, { learn }: Awaited<ReturnType<typeof reviews>>, batchSize: number) =>
  exponentialDecay({ initialLearningRate: learningRate, decaySteps: Math.ceil(learn.x.shape[0]! / batchSize), decayRate: 0.5 });

/**
 * Trains a model with one probability as its output; the weights of its best epoch are measured on the test part. The best one has the
 * lowest loss on the held-out reviews: their accuracy goes up and down by chance.
 */
export async function trainOnReviews(
  model: Model,
  parts: Awaited<ReturnType<typeof reviews>>,
  { optimizer, ...options }: ReviewOptions & { readonly optimizer: Optimizer },
) {
  const { quick = false, verbose = false, signal, epochs = quick ? 1 : 8, batchSize = quick ? 32 : 128, patience = 2 } = options;
  model.compile({ optimizer, loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  const { epochs: trained } = await model.fit(parts.learn.x, parts.learn.y, {
    batchSize,
    epochs,
    validationData: [parts.held.x, parts.held.y],
    callbacks: [earlyStopping({ monitor: 'valLoss', patience, restoreBestWeights: true })],
    verbose: verbose ? 'auto' : 0,
    signal,
  });
  const { accuracy, loss } = await model.evaluate(parts.test.x, parts.test.y, { signal });
  await model.release();
  return { accuracy: accuracy as number, loss: loss as number, epochs: trained };
}
