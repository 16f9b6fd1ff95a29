import type { Executor, Model, Tensor } from '@stratus/core';
import type { Arrays } from './arrays.ts';

/** A model whose training step is compared with that of its peers, which have it under the same name in bench/peers/*_models.py. */
export interface StepModel {
  /** For people: 'CNN on CIFAR-10'. */
  readonly title: string;
  readonly batchSize: number;
  /** The most that our step may take of the fastest peer's. */
  readonly target: number;
  /**
   * A model of over ten million parameters: every way is tried once in a process of its own, with all threads, and only the fastest of each
   * library stays in memory for the rounds. Its memory has a stricter target.
   */
  readonly large?: true;
  /** Steps that are timed at least, and whose mean loss shows that both compute the same. */
  readonly firstSteps: number;
  /** How far apart these mean losses may be, of ours; a quarter unless told. More only where draws of initial weights alone are further apart. */
  readonly lossesWithin?: number;
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
  'bert-base': () => import('./models/bert-base.ts'),
  'char-gpt': () => import('./models/char-gpt.ts'),
  'cifar-cnn': () => import('./models/cifar-cnn.ts'),
  'cora-gcn': () => import('./models/cora-gcn.ts'),
  'gpt-10m': () => import('./models/gpt-10m.ts'),
  'gpt2-124m': () => import('./models/gpt2-124m.ts'),
  gru: () => import('./models/gru.ts'),
  'imdb-lstm': () => import('./models/imdb-lstm.ts'),
  lstm: () => import('./models/lstm.ts'),
  'resnet-18': () => import('./models/resnet-18.ts'),
  transformer: () => import('./models/transformer.ts'),
} as const satisfies Readonly<Record<string, () => Promise<{ readonly stepModel: StepModel }>>>;

/** The name of a model. */
export type StepModelName = keyof typeof stepModels;
