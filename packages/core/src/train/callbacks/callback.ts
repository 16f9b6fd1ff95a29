import type { Tensor } from '../../tensor/index.ts';
import type { Logs } from '../logs.ts';

/** What a training is made of, as it was declared: nothing of it changes while it runs. */
export interface TrainingFacts {
  readonly model: string;
  /** How many numbers gradients move, and how many there are in all. */
  readonly parameters: { readonly trainable: number; readonly all: number };
  /** Optimizer, losses and metrics, as `compile` would take them again. */
  readonly compile: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** Undefined for a stream. */
  readonly samples: number | undefined;
  readonly shuffled: boolean | undefined;
  /** Where checkpoints go, and the folder that training went on from. */
  readonly checkpoint: string | undefined;
  readonly resumed: string | undefined;
}

/** What is known of the data of a training. */
export interface TrainingDataFacts {
  /** Undefined for a stream of which no whole epoch was seen. */
  readonly samples: number | undefined;
  /** SHA-256 over shapes and a sample of the data; undefined for a stream. */
  readonly fingerprint: string | undefined;
}

/** A training run as callbacks see it. */
export interface TrainingRun {
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** Batches done in this epoch. */
  readonly batch: number;
  /** Batches in an epoch; undefined for a stream of unknown length. */
  readonly batches: number | undefined;
  /** Updates of the parameters since compile. */
  readonly step: number;
  readonly batchSize: number | undefined;
  /** Damaged checkpoints that a resumed run had to pass over, each with the reason; empty when all is well. */
  readonly passedOver: readonly string[];
  /** The loss of the latest batch alone. */
  readonly batchLoss: number;
  /** Used for the next step; setting it overrides the optimizer's schedule from then on. */
  learningRate: number;
  /** Ends training after the present batch, without an error. */
  stop(reason: string): void;
  /** Copies of the weights, by parameter name. */
  weights(): Promise<Record<string, Tensor>>;
  setWeights(weights: Readonly<Record<string, Tensor>>): Promise<void>;
  /** The model as the bytes of an ONNX file. */
  modelBytes(): Promise<Uint8Array>;
  /** What is trained, and on what. */
  facts?(): TrainingFacts;
  /** What has been seen of the data so far; undefined before the first batch of a stream. */
  dataFacts?(): Promise<TrainingDataFacts | undefined>;
  /** What it runs on: the engine, its version and its device. */
  engine?(): Promise<string>;
  /** Why it was aborted or failed; undefined while it runs, and where it ended well. */
  readonly failure?: unknown;
  /** Which way a figure of the logs is better, where its metric says so. */
  direction?(figure: string): 'higher' | 'lower' | undefined;
  /** Asks for a checkpoint in a folder. It is written when all callbacks have seen the present batch or epoch; fit reports what goes wrong. */
  saveCheckpoint(dir: string, keep?: number): void;
}

/**
 * Something that happens along a training run. All parts are optional; what they return is awaited.
 *
 * @example
 * import { dense, input, sequential, sgd, type Callback } from '@stratus/core';
 * const losses: number[] = [];
 * const record: Callback = { onBatchEnd: (_run, logs) => void losses.push(logs['loss'] as number) };
 * const model = sequential([input({ shape: [2] }), dense({ units: 1 })]);
 * model.compile({ optimizer: sgd(), loss: 'meanSquaredError' });
 * await model.fit([[0, 1], [1, 0]], [[1], [0]], { epochs: 2, verbose: 0, callbacks: [record] });
 * console.log(losses.length); // 2
 */
export interface Callback {
  /** Under which a checkpoint keeps its state, so that callbacks may be added or left out when a run is resumed; '' unless told. */
  readonly name?: string;
  /** True: `onBatchEnd` looks at figures alone, so that it may be told of a batch when weights are some steps further (see `stepsPerExecution`). */
  readonly figuresOnly?: boolean;
  onTrainBegin?(run: TrainingRun): void | Promise<void>;
  onEpochBegin?(run: TrainingRun): void | Promise<void>;
  /** `logs` are the figures of the epoch so far; `run.batchLoss` is the loss of the batch alone. */
  onBatchEnd?(run: TrainingRun, logs: Logs): void | Promise<void>;
  onEpochEnd?(run: TrainingRun, logs: Logs): void | Promise<void>;
  /** A checkpoint is about to be written: what it has to keep is asked for next. */
  onCheckpoint?(run: TrainingRun): void | Promise<void>;
  /** Also when training was stopped or failed. */
  onTrainEnd?(run: TrainingRun, logs: Logs): void | Promise<void>;
  /** Plain JSON that a checkpoint keeps; NaN and infinite numbers may be in it. */
  state?(): unknown;
  /** Tensors that a checkpoint keeps beside the state. */
  tensors?(): Readonly<Record<string, Tensor>>;
  /** Takes back what a checkpoint has kept, when a run is resumed, before it begins. */
  restore?(state: unknown, tensors: Readonly<Record<string, Tensor>>): void;
}
