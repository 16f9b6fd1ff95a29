// A small convolutional network on CIFAR-10: two convolutions with pooling, then two dense layers.
import {
  type Cifar10,
  cifar10,
  conv2d,
  dense,
  flatten,
  input,
  type Model,
  type ModelOptions,
  maxPooling2d,
  rescaling,
  sequential,
  sgd,
} from 'stratus';
import { runAsScript, type TrainOptions } from './script.ts';

/** What can be changed, besides what every example has. */
export interface CifarCnnOptions extends TrainOptions {
  readonly data?: Cifar10 | undefined;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
}

/** The model: pictures of bytes `[32, 32, 3]` to probabilities of ten classes. */
export const buildCifarCnn = (options: ModelOptions = {}): Model =>
  sequential(
    [
      input({ shape: [32, 32, 3], dtype: 'uint8', name: 'image' }),
      rescaling({ scale: 1 / 255 }),
      conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 64, activation: 'relu' }),
      dense({ units: 10, activation: 'softmax', name: 'class' }),
    ],
    { name: 'cifar-cnn', ...options },
  );

/** Trains it with plain SGD and momentum, and measures it on the test pictures. */
export async function train({
  data,
  seed = 0,
  quick = false,
  verbose = false,
  signal,
  epochs = quick ? 1 : 10,
  batchSize = quick ? 32 : 128,
  learningRate = 0.01,
}: CifarCnnOptions = {}) {
  const parts = data ?? (await cifar10({ signal }));
  const learn = quick ? parts.train.take(3 * batchSize) : parts.train;
  const test = quick ? parts.test.take(batchSize) : parts.test;
  const model = buildCifarCnn({ seed }).compile({
    optimizer: sgd({ learningRate, momentum: 0.9 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const { history } = await model.fit(learn.image, learn.label, {
    batchSize,
    epochs,
    validationData: [test.image, test.label],
    verbose: verbose ? 'auto' : 0,
    signal,
  });
  const last = (name: string): number => history[name]!.at(-1) as number;
  await model.release();
  return { accuracy: last('valAccuracy'), loss: last('valLoss'), trainAccuracy: last('accuracy') };
}

await runAsScript(import.meta, train);
