// The four kinds of networks, small, for the GPU: what Node and the page both train, to be compared with the CPU.
import {
  adam,
  averagePooling2d,
  batchNormalization,
  conv2d,
  dense,
  dropout,
  type Executor,
  embedding,
  flatten,
  globalAveragePooling1d,
  input,
  lstm,
  type Model,
  maxPooling2d,
  positionEmbedding,
  sequential,
  sgd,
  type Tensor,
  tensor,
  transformerEncoder,
} from '@stratus/core';

const numbers = (shape: readonly number[], by: number): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(by * (i + 1)) * 1.5),
    { shape },
  );
const classes = (count: number, of: number): Tensor => tensor(Int32Array.from({ length: count }, (_, i) => (i * 7) % of));
const tokens = (rows: number, length: number): Tensor =>
  tensor(
    Int32Array.from({ length: rows * length }, (_, i) => (i * i + 3 * i) % 50),
    { shape: [rows, length] },
  );

interface Work {
  readonly model: (executor: Executor) => Model;
  readonly x: Tensor;
  readonly y: Tensor;
}

const head = () => dense({ units: 10, activation: 'softmax' });
const crossentropy = { loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] } as const;

/** By name. Batches are of 32. */
export const gpuWork: Readonly<Record<'mlp' | 'cnn' | 'lstm' | 'transformer', Work>> = {
  mlp: {
    model: (executor) =>
      sequential(
        [
          input({ shape: [48] }),
          dense({ units: 64, activation: 'relu' }),
          dropout({ rate: 0.25 }),
          dense({ units: 64, activation: 'selu' }),
          head(),
        ],
        { executor, seed: 3 },
      ).compile({ optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }), ...crossentropy }),
    x: numbers([64, 48], 0.37),
    y: classes(64, 10),
  },
  cnn: {
    model: (executor) =>
      sequential(
        [
          input({ shape: [12, 12, 3] }),
          conv2d({ filters: 8, kernelSize: 3, padding: 'same', activation: 'relu' }),
          batchNormalization(),
          maxPooling2d({ poolSize: 2 }),
          conv2d({ filters: 16, kernelSize: 3, strides: 2, activation: 'relu' }),
          averagePooling2d({ poolSize: 2, strides: 1 }),
          flatten(),
          head(),
        ],
        { executor, seed: 4 },
      ).compile({ optimizer: adam({ learningRate: 0.003 }), ...crossentropy }),
    x: numbers([64, 12, 12, 3], 0.71),
    y: classes(64, 10),
  },
  lstm: {
    model: (executor) =>
      sequential(
        [
          input({ shape: [10], dtype: 'int32' }),
          embedding({ inputDim: 50, outputDim: 12 }),
          lstm({ units: 16, returnSequences: true }),
          lstm({ units: 16 }),
          head(),
        ],
        { executor, seed: 5 },
      ).compile({ optimizer: adam({ learningRate: 0.01, globalClipNorm: 1 }), ...crossentropy }),
    x: tokens(64, 10),
    y: classes(64, 10),
  },
  transformer: {
    model: (executor) =>
      sequential(
        [
          input({ shape: [12], dtype: 'int32' }),
          embedding({ inputDim: 50, outputDim: 16 }),
          positionEmbedding({ maxLength: 12 }),
          transformerEncoder({ numHeads: 2, intermediateDim: 32, dropout: 0.1 }),
          globalAveragePooling1d(),
          head(),
        ],
        { executor, seed: 6 },
      ).compile({ optimizer: adam({ learningRate: 0.003 }), ...crossentropy }),
    x: tokens(64, 12),
    y: classes(64, 10),
  },
};

export type GpuWork = keyof typeof gpuWork;
export const gpuWorkNames = Object.keys(gpuWork) as GpuWork[];

/** What came of a training. */
export interface Trained {
  readonly losses: readonly number[];
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly scores: readonly number[];
}

const list = ({ data }: Tensor): number[] => Array.from(data as Float32Array, Number);

/** Trains for `epochs` of two batches each. */
export async function trainOn(executor: Executor, name: GpuWork, epochs: number): Promise<Trained> {
  const { model: make, x, y } = gpuWork[name];
  const model = make(executor);
  const losses: number[] = [];
  await model.fit(x, y, {
    batchSize: 32,
    epochs,
    verbose: 0,
    callbacks: [{ onBatchEnd: (run) => void losses.push(run.batchLoss) }],
  });
  const weights = Object.fromEntries(Object.entries(await model.getWeights()).map(([key, value]) => [key, list(value)]));
  const scores = list((await model.predict(x.rows(0, 16))) as Tensor);
  await model.release();
  return { losses, weights, scores };
}
