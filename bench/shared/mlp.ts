import { dense, type Executor, input, type Model, sequential, sgd } from '@stratus/core';

/** The mission's settings. */
export const batchSize = 128;
/** Sizes of the layers of the mission's MLP, the input's first. */
export const sizes = [784, 128, 128, 10] as const;

/** The mission's MLP, compiled: ReLU, softmax, sparse categorical cross-entropy, SGD 0.01 with momentum 0.9. */
export function mlp({
  seed = 0,
  executor,
  metrics = [],
  stepsPerExecution = 1,
}: {
  seed?: number;
  executor?: Executor;
  metrics?: 'accuracy'[];
  stepsPerExecution?: number;
} = {}): Model {
  const [features, first, second, classes] = sizes;
  return sequential(
    [
      input({ shape: [features] }),
      dense({ units: first, activation: 'relu' }),
      dense({ units: second, activation: 'relu' }),
      dense({ units: classes, activation: 'softmax' }),
    ],
    { seed, executor },
  ).compile({
    optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics,
    stepsPerExecution,
  });
}
