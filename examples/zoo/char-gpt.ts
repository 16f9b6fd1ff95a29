// A GPT that writes like Shakespeare, one character at a time: nanoGPT's setting for a laptop's CPU (config/train_shakespeare_char.py and
// its README): 4 blocks, 4 heads, 128 wide, 64 characters of context, 12 pieces of text a step, 2,000 steps, no dropout.
// Its README reports a validation loss of 1.88.
import {
  adamw,
  cosineDecay,
  initializers,
  input,
  layerNormalization,
  type Model,
  type ModelOptions,
  model,
  positionEmbedding,
  randomKey,
  reversibleEmbedding,
  type Stream,
  Tensor,
  tinyShakespeare,
  transformerEncoder,
  uniforms,
} from 'stratus';
import { runAsScript, type TrainOptions } from './script.ts';

/** What can be changed, besides what every example has. */
export interface CharGptOptions extends TrainOptions {
  /** The text to learn from. */
  readonly data?: string | undefined;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  /** Characters to write at the end. */
  readonly sample?: number;
}

/** Sizes of the model. */
export interface CharGptSizes extends ModelOptions {
  /** How many different characters there are. */
  readonly vocabulary: number;
  /** Characters that it sees at once. */
  readonly block?: number;
  readonly layers?: number;
  readonly heads?: number;
  readonly width?: number;
}

/** The model: numbers of characters `[block]` to a score for each that may come next, `[block, vocabulary]`. */
export function buildCharGpt({ vocabulary, block = 64, layers = 4, heads = 4, width = 128, ...options }: CharGptSizes): Model {
  const normal = initializers.randomNormal({ stddev: 0.02 });
  const characters = reversibleEmbedding({ inputDim: vocabulary, outputDim: width, embeddingsInitializer: normal });
  const tokens = input({ shape: [block], dtype: 'int32', name: 'tokens' });
  let x = positionEmbedding({ maxLength: block, embeddingsInitializer: normal })(characters(tokens));
  for (let i = 0; i < layers; i++)
    x = transformerEncoder({
      numHeads: heads,
      intermediateDim: 4 * width,
      activation: 'gelu',
      normalizeFirst: true,
      causal: true,
      useBias: false,
      kernelInitializer: normal,
      name: `block${i}`,
    })(x);
  const scores = characters(layerNormalization({ epsilon: 1e-5, name: 'norm' })(x)); // the same table at both ends
  return model({ inputs: tokens, outputs: { next: scores }, name: 'char-gpt', ...options });
}

/** Characters to numbers and back. */
export class Alphabet {
  readonly characters: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;
  constructor(text: string) {
    this.characters = [...new Set(text)].sort();
    this.#numbers = new Map(this.characters.map((character, i) => [character, i]));
  }
  encode(text: string): Int32Array {
    return Int32Array.from(text, (character) => this.#numbers.get(character)!);
  }
  decode(numbers: ArrayLike<number>): string {
    return Array.from(numbers, (i) => this.characters[i]!).join('');
  }
}

/** Pieces of the text that begin at `starts`, and the same one character later: what comes next. */
function pieces(text: Int32Array, starts: readonly number[], block: number): { x: Tensor; y: Tensor } {
  const x = new Int32Array(starts.length * block);
  const y = new Int32Array(starts.length * block);
  for (const [row, start] of starts.entries()) {
    x.set(text.subarray(start, start + block), row * block);
    y.set(text.subarray(start + 1, start + 1 + block), row * block);
  }
  return { x: new Tensor('int32', [starts.length, block], x), y: new Tensor('int32', [starts.length, block], y) };
}

/** Batches of random pieces. */
function* randomPieces(
  text: Int32Array,
  { block, batchSize, steps, seed }: Record<'block' | 'batchSize' | 'steps' | 'seed', number>,
) {
  const random = uniforms(randomKey(seed));
  for (let step = 0; step < steps; step++) {
    const starts = Array.from({ length: batchSize }, () => Math.floor(random() * (text.length - block - 1)));
    yield pieces(text, starts, block);
  }
}

/** Lets the model write: each character is drawn by the model's own probabilities. */
export async function write(
  gpt: Model,
  alphabet: Alphabet,
  { length, block, seed = 0, prompt = '\n' }: { length: number; block: number; seed?: number; prompt?: string },
): Promise<string> {
  const random = uniforms(randomKey(seed));
  const written = [...alphabet.encode(prompt)];
  const vocabulary = alphabet.characters.length;
  while (written.length < length) {
    const seen = written.slice(-block);
    const tokens = new Int32Array(block); // what lies after the last character is not seen
    tokens.set(seen);
    const { data } = await gpt.predict(new Tensor('int32', [1, block], tokens));
    const scores = (data as Float32Array).subarray((seen.length - 1) * vocabulary, seen.length * vocabulary);
    const most = Math.max(...scores);
    const weights = Array.from(scores, (score) => Math.exp(score - most));
    let left = random() * weights.reduce((a, b) => a + b);
    let next = 0;
    while (next < vocabulary - 1 && (left -= weights[next]!) > 0) next++;
    written.push(next);
  }
  return alphabet.decode(written);
}

/** Trains on nine tenths of the text, measures the loss on all of the last tenth, and lets the model write. */
export async function train({
  data,
  seed = 0,
  quick = false,
  verbose = false,
  signal,
  steps = quick ? 4 : 2000,
  batchSize = 12,
  learningRate = 1e-3,
  sample = quick ? 20 : 500,
}: CharGptOptions = {}) {
  const text = data ?? (await tinyShakespeare({ signal }));
  const alphabet = new Alphabet(text);
  const numbers = alphabet.encode(text);
  const cut = Math.floor(numbers.length * 0.9);
  const [learn, held] = [numbers.subarray(0, cut), numbers.subarray(cut)];
  const block = quick ? 16 : 64;
  const gpt = buildCharGpt({
    vocabulary: alphabet.characters.length,
    block,
    seed,
    ...(quick ? { layers: 1, heads: 2, width: 16 } : {}),
  });
  const rate = cosineDecay({
    initialLearningRate: 0,
    warmupTarget: learningRate,
    warmupSteps: Math.min(100, steps),
    decaySteps: steps,
    alpha: 0.1,
  });
  gpt.compile({
    optimizer: adamw({
      learningRate: rate,
      beta2: 0.99,
      weightDecay: 0.1,
      excludeFromWeightDecay: ['gamma', 'beta', 'bias'],
      globalClipNorm: 1,
    }),
    loss: { next: { type: 'sparseCategoricalCrossentropy', config: { fromLogits: true } } },
  });
  const stream: Stream = { [Symbol.iterator]: () => randomPieces(learn, { block, batchSize, steps, seed }) };
  await gpt.fit(stream, { epochs: 1, verbose: verbose ? 'auto' : 0, signal });
  const starts = Array.from({ length: Math.floor((held.length - 1) / block) }, (_, i) => i * block);
  const { x, y } = pieces(held, quick ? starts.slice(0, 20) : starts, block);
  const { loss } = await gpt.evaluate(x, y, { signal });
  const written = await write(gpt, alphabet, { length: sample, block, seed });
  await gpt.release();
  return { loss: loss as number, sample: written };
}

await runAsScript(import.meta, train);
