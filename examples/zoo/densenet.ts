// DenseNet-40-12 (Huang et al. 2017) for CIFAR-10: three blocks of twelve convolutions, each of which sees what all before it in its block
// have found. 1,019,722 parameters that training moves, as in the paper.
import {
  activation,
  averagePooling2d,
  batchNormalization,
  type Cifar10,
  cifar10,
  concatenate,
  conv2d,
  dense,
  globalAveragePooling2d,
  input,
  type Model,
  type ModelOptions,
  model,
  rescaling,
  type Symbolic,
  sgd,
} from 'stratus';
import { runAsScript, type TrainOptions } from './script.ts';

/** What can be changed, besides what every example has. */
export interface DenseNetOptions extends TrainOptions {
  readonly data?: Cifar10 | undefined;
  readonly epochs?: number;
  /** Pictures to learn from; all 50,000 unless told. */
  readonly samples?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
}

/** Sizes of the model. */
export interface DenseNetSizes extends ModelOptions {
  /** Convolutions in each of the three blocks. */
  readonly blockSize?: number;
  /** Channels that each of them adds. */
  readonly growth?: number;
}

const bias = { useBias: false, padding: 'same', kernelInitializer: 'heNormal' } as const;
const normal = { momentum: 0.9, epsilon: 1e-5 } as const;
const relu = (x: Symbolic): Symbolic => activation({ activation: 'relu' })(batchNormalization(normal)(x));

/** The model: pictures of bytes `[32, 32, 3]` to probabilities of ten classes. */
export function buildDenseNet({ blockSize = 12, growth = 12, ...options }: DenseNetSizes = {}): Model {
  const image = input({ shape: [32, 32, 3], dtype: 'uint8', name: 'image' });
  let x = conv2d({ filters: 16, kernelSize: 3, ...bias })(rescaling({ scale: 1 / 64, offset: -2 })(image));
  for (let block = 0; block < 3; block++) {
    if (block > 0) {
      const channels = x.shape.at(-1) as number;
      x = averagePooling2d({ poolSize: 2 })(conv2d({ filters: channels, kernelSize: 1, ...bias })(relu(x)));
    }
    for (let i = 0; i < blockSize; i++) x = concatenate()([x, conv2d({ filters: growth, kernelSize: 3, ...bias })(relu(x))]);
  }
  const kind = dense({ units: 10, activation: 'softmax', name: 'class' })(globalAveragePooling2d()(relu(x)));
  return model({ inputs: image, outputs: kind, name: 'densenet', ...options });
}

/** Trains it as the paper does, but for far fewer epochs, and measures it on the test pictures. */
export async function train({
  data,
  seed = 0,
  quick = false,
  verbose = false,
  signal,
  epochs = 1,
  samples = quick ? 32 : 50_000,
  batchSize = quick ? 16 : 64,
  learningRate = 0.1,
}: DenseNetOptions = {}) {
  const parts = data ?? (await cifar10({ signal }));
  const [learn, test] = [parts.train.take(samples), quick ? parts.test.take(32) : parts.test];
  const net = buildDenseNet({ seed, ...(quick ? { blockSize: 1 } : {}) });
  net.compile({
    optimizer: sgd({ learningRate, momentum: 0.9, nesterov: true, weightDecay: 1e-4 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const { history } = await net.fit(learn.image, learn.label, { batchSize, epochs, verbose: verbose ? 'auto' : 0, signal });
  const { accuracy } = await net.evaluate(test.image, test.label, { signal });
  await net.release();
  return { accuracy: accuracy as number, loss: history['loss']!.at(-1) as number };
}

await runAsScript(import.meta, train);
