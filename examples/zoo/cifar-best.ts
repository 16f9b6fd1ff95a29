// A small residual network on CIFAR-10, made to reach as much as two cores can in twenty minutes: shallow, batch normalisation,
// pictures mirrored and shifted at random, one rise and one fall of the learning rate.
import {
  activation,
  add,
  batchNormalization,
  type Cifar10,
  cifar10,
  conv2d,
  dense,
  foldIn,
  globalMaxPooling2d,
  input,
  type Model,
  type ModelOptions,
  maxPooling2d,
  model,
  oneCycle,
  permutation,
  randomKey,
  rescaling,
  type Stream,
  type Symbolic,
  sgd,
  Tensor,
  uniforms,
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

/** How far a picture is moved: little, as few epochs leave little to memorise. */
const far = 2;

/** Batches in another order in each epoch, each picture mirrored or not and moved by up to two pixels; what is uncovered is black. */
export function shaken({ train }: Cifar10, { batchSize, seed }: { batchSize: number; seed: number }): Stream {
  let epoch = 0;
  return {
    *[Symbol.iterator]() {
      const key = foldIn(randomKey(seed), epoch++);
      const order = permutation(train.length, key);
      const random = uniforms(foldIn(key, 1));
      const below = (n: number): number => Math.floor(random() * n);
      for (let at = 0; at + batchSize <= order.length; at += batchSize) {
        const pictures = new Uint8Array(batchSize * 3072);
        const labels = new Uint8Array(batchSize);
        for (let row = 0; row < batchSize; row++) {
          const from = order[at + row]!;
          labels[row] = train.label.data[from]!;
          const [down, right, mirrored] = [below(2 * far + 1) - far, below(2 * far + 1) - far, below(2) === 1];
          for (let y = Math.max(0, down); y < Math.min(32, 32 + down); y++)
            for (let x = Math.max(0, right); x < Math.min(32, 32 + right); x++) {
              const source = (from * 32 + y - down) * 96 + (mirrored ? 31 - (x - right) : x - right) * 3;
              const target = (row * 32 + y) * 96 + x * 3;
              pictures[target] = train.image.data[source]!;
              pictures[target + 1] = train.image.data[source + 1]!;
              pictures[target + 2] = train.image.data[source + 2]!;
            }
        }
        yield { x: new Tensor('uint8', [batchSize, 32, 32, 3], pictures), y: new Tensor('uint8', [batchSize], labels) };
      }
    },
  };
}

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
