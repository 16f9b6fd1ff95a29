// What the examples on film reviews have in common: what is done to texts, training until the held-out reviews say stop.
import { earlyStopping, exponentialDecay, type Imdb, imdb, type Model, type Optimizer, preprocessing, steps } from 'stratus';
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

/** Film reviews and whether they praise, and how their words become numbers. A tenth of the training part is held out. */
export async function reviews(options: ReviewOptions, { vocabulary, length, padding = 'pre' }: Preparation) {
  const { data, quick = false, signal } = options;
  const { train, test } = data ?? (await imdb({ signal }));
  const learned = quick ? train.take(160) : train;
  const tokens = steps.tokenize({ numWords: vocabulary, oovToken: '<unknown>' });
  const prep = await preprocessing({
    features: { text: [steps.cleanText(), tokens, steps.pad({ maxLength: length, padding })] },
    target: { label: [] },
  }).fit(learned, { signal });
  const cut = Math.floor(learned.length * 0.9);
  return { prep, learn: learned.take(cut), held: learned.skip(cut), test: quick ? test.take(64) : test };
}

/** A rate that is halved with each epoch: what these models learn after the second one is mostly the reviews by heart. */
export const halving = (learningRate: number, { learn }: Awaited<ReturnType<typeof reviews>>, batchSize: number) =>
  exponentialDecay({ initialLearningRate: learningRate, decaySteps: Math.ceil(learn.length / batchSize), decayRate: 0.5 });

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
  model.preprocess(parts.prep).compile({ optimizer, loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  const { epochs: trained } = await model.fit(parts.learn, {
    batchSize,
    epochs,
    validationData: parts.held,
    callbacks: [earlyStopping({ monitor: 'valLoss', patience, restoreBestWeights: true })],
    verbose: verbose ? 'auto' : 0,
    signal,
  });
  const { accuracy, loss } = await model.evaluate(parts.test, { signal });
  await model.release();
  return { accuracy: accuracy as number, loss: loss as number, epochs: trained };
}
