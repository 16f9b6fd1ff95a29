// A Transformer encoder and decoder (Vaswani et al. 2017) that learns to sort: digits in, the same digits in order out. The sequences
// have different lengths, so that padding is at work on both sides.
import {
  adam,
  dense,
  embedding,
  input,
  type Model,
  type ModelOptions,
  model,
  positionEmbedding,
  randomKey,
  Tensor,
  transformerDecoder,
  transformerEncoder,
  uniforms,
} from 'stratus';
import { runAsScript, type TrainOptions } from './script.ts';

/** What can be changed, besides what every example has. */
export interface Seq2SeqOptions extends TrainOptions {
  /** What is to be learned; 'sort' unless told. */
  readonly task?: 'sort' | 'reverse';
  readonly epochs?: number;
  readonly samples?: number;
  readonly learningRate?: number;
}

/** 0 fills up, 1 begins an answer, 2 ends it, then the ten digits. */
const [padding, begin, end, firstDigit] = [0, 1, 2, 3];
const vocabulary = firstDigit + 10;
const longest = 10;

/** The model: a sequence and the answer so far to a probability for each symbol that may come next. */
export function buildSeq2Seq({
  width = 64,
  layers = 2,
  ...options
}: { readonly width?: number; readonly layers?: number } & ModelOptions = {}): Model {
  const source = input({ shape: [longest], dtype: 'int32', name: 'source' });
  const answer = input({ shape: [longest + 1], dtype: 'int32', name: 'answer' });
  const embed = (name: string) => embedding({ inputDim: vocabulary, outputDim: width, maskZero: true, name });
  const block = { numHeads: 4, intermediateDim: 2 * width, normalizeFirst: true };
  let encoded = positionEmbedding({ maxLength: longest })(embed('sourceSymbols')(source));
  for (let i = 0; i < layers; i++) encoded = transformerEncoder(block)(encoded);
  let decoded = positionEmbedding({ maxLength: longest + 1 })(embed('answerSymbols')(answer));
  for (let i = 0; i < layers; i++) decoded = transformerDecoder(block)([decoded, encoded]);
  const next = dense({ units: vocabulary, activation: 'softmax', name: 'next' })(decoded);
  return model({ inputs: [source, answer], outputs: next, name: 'seq2seq', ...options });
}

/** Random sequences of 3 to 10 digits: what goes into the encoder, into the decoder, and what shall come out of it. */
function examples(count: number, task: 'sort' | 'reverse', seed: number) {
  const random = uniforms(randomKey(seed));
  const below = (n: number): number => Math.floor(random() * n);
  const source = new Int32Array(count * longest).fill(padding);
  const answer = new Int32Array(count * (longest + 1)).fill(padding);
  const target = new Int32Array(count * (longest + 1)).fill(padding);
  for (let row = 0; row < count; row++) {
    const digits = Array.from({ length: 3 + below(longest - 2) }, () => below(10));
    const wanted = task === 'sort' ? digits.toSorted((a, b) => a - b) : digits.toReversed();
    source.set(
      digits.map((d) => d + firstDigit),
      row * longest,
    );
    const symbols = wanted.map((d) => d + firstDigit);
    answer.set([begin, ...symbols], row * (longest + 1));
    target.set([...symbols, end], row * (longest + 1));
  }
  return {
    source: new Tensor('int32', [count, longest], source),
    answer: new Tensor('int32', [count, longest + 1], answer),
    target: new Tensor('int32', [count, longest + 1], target),
  };
}

/** Lets the model answer, one symbol after another, and says which share of the answers is right to the last symbol. */
async function exactShare(net: Model, { source, target }: ReturnType<typeof examples>, signal?: AbortSignal): Promise<number> {
  const count = source.shape[0]!;
  const width = longest + 1;
  const said = new Int32Array(count * width).fill(padding);
  for (let row = 0; row < count; row++) said[row * width] = begin;
  for (let step = 0; step < width; step++) {
    const { data } = await net.predict([source, new Tensor('int32', [count, width], said)], { signal });
    const scores = data as Float32Array;
    if (step + 1 === width) break;
    for (let row = 0; row < count; row++) said[row * width + step + 1] = best(scores, (row * width + step) * vocabulary);
  }
  let right = 0;
  for (let row = 0; row < count; row++) {
    const length = (target.data as Int32Array).subarray(row * width, (row + 1) * width).indexOf(end);
    const wanted = (target.data as Int32Array).subarray(row * width, row * width + Math.min(length + 1, width - 1));
    if (wanted.every((symbol, i) => said[row * width + 1 + i] === symbol)) right++;
  }
  return right / count;
}

function best(scores: Float32Array, from: number): number {
  let most = from;
  for (let i = from + 1; i < from + vocabulary; i++) if (scores[i]! > scores[most]!) most = i;
  return most - from;
}

/** Trains on random sequences, and lets the model answer 1,000 others. */
export async function train({
  task = 'sort',
  seed = 0,
  quick = false,
  verbose = false,
  signal,
  epochs = quick ? 1 : 10,
  samples = quick ? 256 : 20_000,
  learningRate = 1e-3,
}: Seq2SeqOptions = {}) {
  const { source, answer, target } = examples(samples, task, 2 * seed);
  const test = examples(quick ? 50 : 1000, task, 2 * seed + 1);
  const net = buildSeq2Seq({ seed, ...(quick ? { width: 16, layers: 1 } : {}) });
  net.compile({
    optimizer: adam({ learningRate }),
    loss: { type: 'sparseCategoricalCrossentropy', config: { ignoreClass: padding } },
  });
  await net.fit([source, answer], target, { batchSize: 64, epochs, verbose: verbose ? 'auto' : 0, signal });
  const exact = await exactShare(net, test, signal);
  await net.release();
  return { exact };
}

await runAsScript(import.meta, train);
