import type { Executor, Model, Tensor } from '@stratus/core';
import type { Arrays } from './arrays.ts';

/** A model whose training step is compared with PyTorch's. Its counterpart has the same name in bench/peers/torch_models.py. */
export interface StepModel {
  /** For people: 'CNN on CIFAR-10'. */
  readonly title: string;
  readonly batchSize: number;
  /** The most that our step may take of PyTorch's. */
  readonly target: number;
  /** Steps that are timed at least, and whose mean loss shows that both compute the same. */
  readonly firstSteps: number;
  /** Inputs and targets in memory, the same for all: a few batches of them. */
  data(): Arrays;
  /** The model as its example builds it, compiled as its example compiles it. */
  build(executor: Executor, data: Arrays): Model;
  /** What `fit` takes of the data. */
  feeds(data: Arrays): { readonly x: Tensor | Readonly<Record<string, Tensor>>; readonly y: Tensor };
}

/** The models by name; only the one that is measured is loaded. */
export const stepModels = {
  'batch-norm-cnn': () => import('./models/batch-norm-cnn.ts'),
  'char-gpt': () => import('./models/char-gpt.ts'),
  'cifar-cnn': () => import('./models/cifar-cnn.ts'),
  'cora-gcn': () => import('./models/cora-gcn.ts'),
  'imdb-lstm': () => import('./models/imdb-lstm.ts'),
  transformer: () => import('./models/transformer.ts'),
} as const satisfies Readonly<Record<string, () => Promise<{ readonly stepModel: StepModel }>>>;

/** The name of a model. */
export type StepModelName = keyof typeof stepModels;
