// Kim 2014, "Convolutional Neural Networks for Sentence Classification", CNN-rand: windows of 3, 4 and 5 words over word vectors that
// are learned with the rest, the strongest answer of each filter, dropout. One tenth of the sentences is the test, a tenth of the rest
// decides when to stop. In place of the paper's limit on the length of the last layer's weights: L2, and a little dropout on the vectors.
import {
  adam,
  concatenate,
  conv1d,
  dense,
  dropout,
  earlyStopping,
  embedding,
  globalMaxPooling1d,
  initializers,
  input,
  type Model,
  type ModelOptions,
  model,
  padSequences,
  regularizers,
  rtPolarity,
  type Table,
  type TextColumns,
  type TextRecord,
  tokenizer,
  trainTestSplit,
} from 'stratus';
import { runAsScript, type TrainOptions } from './script.ts';

/** What can be changed, besides what every example has. */
export interface TextCnnOptions extends TrainOptions {
  readonly data?: Table<TextColumns, TextRecord> | undefined;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
}

/** Sizes of the model. */
export interface TextCnnSizes extends ModelOptions {
  /** How many different numbers of words there are, 0 included. */
  readonly vocabulary: number;
  /** Words a sentence. */
  readonly length: number;
  /** Size of a word's vector. */
  readonly width?: number;
  /** Filters for each window. */
  readonly filters?: number;
}

/** The model: numbers of words `[length]` to the probability of a positive sentence. */
export function buildTextCnn({ vocabulary, length, width = 300, filters = 100, ...options }: TextCnnSizes): Model {
  const words = input({ shape: [length], dtype: 'int32', name: 'words' });
  const embeddingsInitializer = initializers.randomUniform({ minval: -0.25, maxval: 0.25 });
  const vectors = dropout({ rate: 0.3 })(embedding({ inputDim: vocabulary, outputDim: width, embeddingsInitializer })(words));
  const strongest = [3, 4, 5].map((kernelSize) =>
    globalMaxPooling1d()(conv1d({ filters, kernelSize, activation: 'relu' })(vectors)),
  );
  const sentence = dropout({ rate: 0.5 })(concatenate()(strongest));
  const positive = dense({ units: 1, activation: 'sigmoid', kernelRegularizer: regularizers.l2(1e-3), name: 'positive' })(
    sentence,
  );
  return model({ inputs: words, outputs: positive, name: 'textcnn', ...options });
}

/** Trains until the accuracy on held-out sentences falls, goes back to the best epoch, and measures the test sentences. */
export async function train({
  data,
  seed = 0,
  quick = false,
  verbose = false,
  signal,
  epochs = quick ? 1 : 12,
  batchSize = 50,
  learningRate = 1e-3,
}: TextCnnOptions = {}) {
  const all = data ?? (await rtPolarity({ signal }));
  const [rest, test] = trainTestSplit(quick ? all.take(200) : all, { testSize: 0.1, seed, stratify: 'label' });
  const [learn, held] = trainTestSplit(rest, { testSize: 0.1, seed: seed + 1, stratify: 'label' });
  // The sentences are words and punctuation with spaces between them already.
  const words = tokenizer({ filters: '', oovToken: '<unknown>' }).fitOnTexts(learn.text);
  const length = 56; // the longest has 59 words
  const numbers = (part: typeof learn) => padSequences(words.textsToSequences(part.text), { maxLength: length, padding: 'post' });
  const classifier = buildTextCnn({
    vocabulary: words.vocabularySize,
    length,
    seed,
    ...(quick ? { width: 16, filters: 8 } : {}),
  });
  classifier.compile({ optimizer: adam({ learningRate }), loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  const { epochs: trained } = await classifier.fit(numbers(learn), learn.label, {
    batchSize,
    epochs,
    validationData: [numbers(held), held.label],
    callbacks: [earlyStopping({ monitor: 'valAccuracy', patience: 3, restoreBestWeights: true })],
    verbose: verbose ? 'auto' : 0,
    signal,
  });
  const { accuracy, loss } = await classifier.evaluate(numbers(test), test.label, { signal });
  await classifier.release();
  return { accuracy: accuracy as number, loss: loss as number, epochs: trained, vocabulary: words.vocabularySize };
}

await runAsScript(import.meta, train);
