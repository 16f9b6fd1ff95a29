// BERT (Devlin et al. 2018): the encoder of a Transformer learns language by guessing words that were hidden from it, and then, with
// another head, to tell whether a film review praises. `buildBert(bertBase)` is BERT base, with its 109,482,240 parameters; what is trained
// here is a small one, from nothing, on the reviews alone.
import {
  adamw,
  add,
  cleanText,
  cosineDecay,
  defineLayer,
  dense,
  dropout,
  embedding,
  type Imdb,
  imdb,
  initializers,
  input,
  type LayerOptions,
  layerNormalization,
  type Model,
  type ModelOptions,
  model,
  ops,
  padSequences,
  positionEmbedding,
  randomKey,
  reversibleEmbedding,
  type Stream,
  type Symbolic,
  Tensor,
  tokenizer,
  transformerEncoder,
  uniforms,
} from 'stratus';
import { runAsScript, type TrainOptions } from './script.ts';

/** What can be changed, besides what every example has. */
export interface BertOptions extends TrainOptions {
  readonly data?: Imdb | undefined;
  /** Steps of guessing hidden words. */
  readonly steps?: number;
  /** Epochs over the labelled reviews afterwards. */
  readonly epochs?: number;
}

/** Sizes of the model. */
export interface BertSizes {
  readonly vocabulary: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly maxLength: number;
  readonly dropout?: number;
}

/** BERT base. */
export const bertBase: BertSizes = {
  vocabulary: 30_522,
  width: 768,
  layers: 12,
  heads: 12,
  intermediate: 3072,
  maxLength: 512,
  dropout: 0.1,
};

/** The vector of the first step, which stands for the whole text. A layer of one's own: who loads a file that has it gives it to `load`. */
export const firstStep = defineLayer<LayerOptions>({
  type: 'FirstStep',
  build: (_, [x]) => ops.squeeze(ops.slice(x!, { starts: [0], ends: [1], axes: [1] }), { axes: [1] }),
});

/** The parts of BERT, to be put together with one head or another. Steps whose token is 0 are padding. */
function bertParts({ vocabulary, width, layers, heads, intermediate, maxLength, dropout: rate = 0 }: BertSizes, length: number) {
  const normal = initializers.truncatedNormal({ stddev: 0.02 });
  const tokens = input({ shape: [length], dtype: 'int32', name: 'tokens' });
  const segments = input({ shape: [length], dtype: 'int32', name: 'segments' });
  const words = reversibleEmbedding({
    inputDim: vocabulary,
    outputDim: width,
    embeddingsInitializer: normal,
    maskZero: true,
    reverseBias: true,
    name: 'words',
  });
  const kinds = embedding({ inputDim: 2, outputDim: width, embeddingsInitializer: normal, name: 'segmentKinds' });
  const positions = positionEmbedding({ maxLength, embeddingsInitializer: normal, name: 'positions' });
  let x = positions(add({ name: 'sum' })([words(tokens), kinds(segments)]));
  x = dropout({ rate, name: 'drop' })(layerNormalization({ epsilon: 1e-12, name: 'norm' })(x));
  for (let i = 0; i < layers; i++)
    x = transformerEncoder({
      numHeads: heads,
      intermediateDim: intermediate,
      activation: 'gelu',
      dropout: rate,
      layerNormEpsilon: 1e-12,
      kernelInitializer: normal,
      name: `layer${i}`,
    })(x);
  const hiddenLayer = (units: number, name: string, activation?: 'tanh' | 'gelu') =>
    dense({ units, name, kernelInitializer: normal, ...(activation && { activation }) });
  const pooled = (): Symbolic => hiddenLayer(width, 'pooler', 'tanh')(firstStep({ name: 'first' })(x));
  const guess = (): Symbolic =>
    words(layerNormalization({ epsilon: 1e-12, name: 'guessNorm' })(hiddenLayer(width, 'guess', 'gelu')(x)));
  return { inputs: [tokens, segments], states: x, pooled, guess };
}

/** The encoder: the vector of every step, and of the whole text. */
export function buildBert(
  sizes: BertSizes,
  { length = sizes.maxLength, ...options }: { readonly length?: number } & ModelOptions = {},
): Model {
  const { inputs, states, pooled } = bertParts(sizes, length);
  return model({ inputs, outputs: { states, pooled: pooled() }, name: 'bert', ...options });
}

/** With a score for every word at every step. */
export function buildGuesser(sizes: BertSizes, length: number, options: ModelOptions = {}): Model {
  const { inputs, guess } = bertParts(sizes, length);
  return model({ inputs, outputs: { word: guess() }, name: 'guesser', ...options });
}

/** With the probability of praise. */
export function buildJudge(sizes: BertSizes, length: number, options: ModelOptions = {}): Model {
  const { inputs, pooled } = bertParts(sizes, length);
  const praise = dense({ units: 1, activation: 'sigmoid', name: 'praise' })(
    dropout({ rate: sizes.dropout ?? 0, name: 'dropHead' })(pooled()),
  );
  return model({ inputs, outputs: praise, name: 'judge', ...options });
}

/** Numbers with a meaning of their own: padding, unknown words, hidden words, the beginning. */
const [padding, hidden, beginning] = [0, 2, 3];

/** Texts as numbers: the beginning, then words. */
function numbersOf(texts: readonly string[], words: ReturnType<typeof tokenizer>, length: number): Tensor<'int32'> {
  const sequences = words
    .textsToSequences(texts)
    .map((ids) => [beginning, ...ids.slice(0, length - 1).map((id) => (id > 1 ? id + 2 : id))]);
  return padSequences(sequences, { maxLength: length, padding: 'post', truncating: 'post' });
}

/** Batches in which 15 % of the words are to be guessed: of ten of these eight are hidden, one is another word, one stays. */
function* guesses(
  texts: Tensor<'int32'>,
  { vocabulary, batchSize, steps, seed }: Record<'vocabulary' | 'batchSize' | 'steps' | 'seed', number>,
) {
  const [count, length] = texts.shape as [number, number];
  const random = uniforms(randomKey(seed));
  for (let step = 0; step < steps; step++) {
    const tokens = new Int32Array(batchSize * length);
    const wanted = new Int32Array(batchSize * length).fill(-1);
    for (let row = 0; row < batchSize; row++) {
      const from = Math.floor(random() * count) * length;
      for (let i = 0; i < length; i++) {
        const word = texts.data[from + i]!;
        const at = row * length + i;
        tokens[at] = word;
        if (word === padding || word === beginning || random() >= 0.15) continue;
        wanted[at] = word;
        const luck = random();
        if (luck < 0.8) tokens[at] = hidden;
        else if (luck < 0.9) tokens[at] = 4 + Math.floor(random() * (vocabulary - 4));
      }
    }
    const shape = [batchSize, length];
    yield {
      x: [new Tensor('int32', shape, tokens), new Tensor('int32', shape, new Int32Array(tokens.length))],
      y: new Tensor('int32', shape, wanted),
    };
  }
}

/** Learns to guess hidden words, then whether reviews praise; measures the test reviews. */
export async function train({
  data,
  seed = 0,
  quick = false,
  verbose = false,
  signal,
  steps = quick ? 3 : 600,
  epochs = quick ? 1 : 3,
}: BertOptions = {}) {
  const all = data ?? (await imdb({ signal }));
  const [learn, test] = quick ? [all.train.take(64), all.test.take(32)] : [all.train, all.test];
  const length = quick ? 16 : 128;
  const sizes: BertSizes = quick
    ? { vocabulary: 200, width: 16, layers: 1, heads: 2, intermediate: 32, maxLength: 16 }
    : { vocabulary: 10_000, width: 128, layers: 2, heads: 2, intermediate: 512, maxLength: 128, dropout: 0.1 };
  const words = tokenizer({ numWords: sizes.vocabulary - 2, oovToken: '<unknown>' });
  const clean = (table: typeof learn): string[] => table.text.data.map(cleanText);
  words.fitOnTexts(clean(learn));
  const x = numbersOf(clean(learn), words, length);
  const testX = numbersOf(clean(test), words, length);
  const segments = (of: Tensor): Tensor => new Tensor('int32', of.shape, new Int32Array(of.size));
  const common = { verbose: verbose ? 'auto' : 0, signal } as const;
  const optimizer = (total: number) =>
    adamw({
      learningRate: cosineDecay({
        initialLearningRate: 0,
        warmupTarget: 1e-3,
        warmupSteps: Math.ceil(total / 10),
        decaySteps: total,
      }),
      excludeFromWeightDecay: ['bias', 'gamma', 'beta'],
      globalClipNorm: 1,
    });

  const guesser = buildGuesser(sizes, length, { seed });
  guesser.compile({
    optimizer: optimizer(steps),
    loss: { word: { type: 'sparseCategoricalCrossentropy', config: { fromLogits: true, ignoreClass: -1 } } },
  });
  const batches = (count: number, from: number): Stream => ({
    [Symbol.iterator]: () => guesses(x, { vocabulary: sizes.vocabulary, batchSize: 32, steps: count, seed: from }),
  });
  const before = await guesser.evaluate(batches(quick ? 1 : 20, 1000), { signal });
  await guesser.fit(batches(steps, seed), { epochs: 1, ...common });
  const after = await guesser.evaluate(batches(quick ? 1 : 20, 1000), { signal });

  const judge = buildJudge(sizes, length, { seed });
  const known = Object.keys(await judge.getWeights());
  const learned = Object.entries(await guesser.getWeights()).filter(([name]) => known.includes(name));
  await judge.setWeights(Object.fromEntries(learned));
  await guesser.release();
  judge.compile({
    optimizer: optimizer(epochs * Math.ceil(learn.length / 32)),
    loss: 'binaryCrossentropy',
    metrics: ['accuracy'],
  });
  await judge.fit([x, segments(x)], learn.label, { batchSize: 32, epochs, ...common });
  const { accuracy } = await judge.evaluate([testX, segments(testX)], test.label, { signal });
  await judge.release();
  return { lossBefore: before['loss'] as number, lossAfter: after['loss'] as number, accuracy: accuracy as number };
}

await runAsScript(import.meta, train);
