// A small residual network on CIFAR-10, made to reach as much as two cores can in twenty minutes: shallow, batch normalisation,
// pictures mirrored and shifted at random, one rise and one fall of the learning rate.
import {
  activation,
  add,
  augment,
  batchNormalization,
  type Cifar10,
  cifar10,
  conv2d,
  dataset,
  dense,
  globalMaxPooling2d,
  input,
  type Model,
  type ModelOptions,
  maxPooling2d,
  model,
  oneCycle,
  randomFlip,
  randomTranslation,
  rescaling,
  type Symbolic,
  sgd,
} from 'stratus';
import { runAsScript, type TrainOptions } from './script.ts';

/** What can be changed, besides what every example has. */
export interface CifarBestOptions extends TrainOptions {
  readonly data?: Cifar10 | undefined;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
}

/** Channels after the first convolution; each stage doubles them. */
export interface CifarBestSizes extends ModelOptions {
  readonly width?: number;
}

const unit = (x: Symbolic, filters: number): Symbolic =>
  activation({ activation: 'relu' })(
    batchNormalization({ momentum: 0.9, epsilon: 1e-5 })(
      conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false, kernelInitializer: 'heNormal' })(x),
    ),
  );

/** The model: pictures of bytes `[32, 32, 3]` to probabilities of ten classes. After D. Page, "How to train your ResNet" (2018). */
export function buildCifarBest({ width = 16, ...options }: CifarBestSizes = {}): Model {
  const image = input({ shape: [32, 32, 3], dtype: 'uint8', name: 'image' });
  const pool = (x: Symbolic): Symbolic => maxPooling2d({ poolSize: 2 })(x);
  const residual = (x: Symbolic, filters: number): Symbolic => add()([x, unit(unit(x, filters), filters)]);
  let x = unit(rescaling({ scale: 1 / 64, offset: -1.9 })(image), width);
  x = residual(pool(unit(x, 2 * width)), 2 * width);
  x = pool(unit(x, 4 * width));
  x = residual(pool(unit(x, 8 * width)), 8 * width);
  const scores = dense({ units: 10, activation: 'softmax', name: 'class' })(globalMaxPooling2d()(x));
  return model({ inputs: image, outputs: scores, name: 'cifar-best', ...options });
}

/** How far a picture is moved: two pixels, as few epochs leave little to memorise. What is uncovered is black. */
const far = 2 / 32;
const change = augment(randomFlip({ mode: 'horizontal' }), randomTranslation({ heightFactor: far, widthFactor: far }));

/** Batches in another order in each epoch, each picture mirrored or not and moved. */
export const shaken = ({ train }: Pick<Cifar10, 'train'>, { batchSize, seed }: { batchSize: number; seed: number }) =>
  dataset(train)
    .shuffle(seed)
    .map(({ image, label }, _, key) => ({ x: change(image, key), y: label }), { seed })
    .batch(batchSize, { dropRemainder: true });

/** Trains and measures it on the test pictures. */
export async function train({
  data,
  seed = 0,
  quick = false,
  verbose = false,
  signal,
  epochs = quick ? 1 : 8,
  batchSize = quick ? 50 : 128,
  learningRate = 0.2,
}: CifarBestOptions = {}) {
  const all = data ?? (await cifar10({ signal }));
  const parts = quick ? { ...all, train: all.train.take(100), test: all.test.take(50) } : all;
  const steps = epochs * Math.floor(parts.train.length / batchSize);
  const net = buildCifarBest({ seed, ...(quick ? { width: 4 } : {}) });
  net.compile({
    optimizer: sgd({
      learningRate: oneCycle({ maxLearningRate: learningRate, totalSteps: steps }),
      momentum: 0.9,
      nesterov: true,
      weightDecay: 5e-4,
    }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const began = performance.now();
  await net.fit(shaken(parts, { batchSize, seed }), { epochs, verbose: verbose ? 'auto' : 0, signal });
  const minutes = (performance.now() - began) / 60_000;
  const { accuracy } = await net.evaluate(parts.test.image, parts.test.label, { signal });
  await net.release();
  return { accuracy: accuracy as number, minutes };
}

await runAsScript(import.meta, train);
