import type { Records } from '../preprocessing/index.ts';
import type { Executor } from '../runtime/index.ts';
import type { Callback } from './callbacks/index.ts';
import type { CheckpointOptions } from './fit.ts';
import type { ClassWeight, Stream, Weighting } from './source.ts';
import type { ProfileOptions } from './step-profiler.ts';
import type { TensorLike, TensorSet } from './values.ts';

/** What every model is made with, besides its layers. */
export interface ModelOptions {
  readonly name?: string;
  /** Initial weights, order of the data, dropout: all follow from it. 0 unless told. */
  readonly seed?: number;
  /** Where it runs; the process-wide executor unless told. */
  readonly executor?: Executor | undefined;
}

/** Which weights are used: those that gradients move, or their moving average (see `emaMomentum`). */
export type WeightsChoice = 'current' | 'ema';

/** A stream of batches, or arrays. */
export type TrainingData = TensorSet | Stream;
/** `[x, y]`, `[x, y, sampleWeight]`, or a stream of batches: a `Dataset`, or something else that can be iterated. */
export type ValidationBatches =
  | Stream
  | readonly [TensorSet, TensorSet]
  | readonly [TensorSet, TensorSet, TensorLike]
  | { readonly stream: Stream };
/** The same, or records, where the model takes them. */
export type ValidationData = ValidationBatches | Records;

/** Options of {@link Model.fit}, by Keras' names. */
export interface FitOptions {
  /** 32 unless told. Streams bring their own batches. */
  readonly batchSize?: number;
  readonly epochs?: number;
  /** Measured at the end of each epoch; its figures are called `valLoss`, `valAccuracy`, … */
  readonly validationData?: ValidationData;
  /** This share of the samples, the last ones before any shuffling, is held out for validation. Arrays only. */
  readonly validationSplit?: number;
  /** Another order in each epoch; true unless told. A stream decides its order itself. */
  readonly shuffle?: boolean;
  /** How much each sample counts in the loss and in `weightedMetrics`: `[samples]`. A stream has it in its batches. */
  readonly sampleWeight?: TensorLike;
  /** How much each class counts, in addition: `{ 0: 1, 1: 5 }`. For one output with labels, 0 and 1, or one-hot targets. */
  readonly classWeight?: ClassWeight;
  readonly callbacks?: readonly Callback[];
  /** 0 shows nothing; 'auto' shows progress where somebody is looking. */
  readonly verbose?: 'auto' | 0 | 1;
  /** Stops after the present batch, writes a checkpoint if there is a folder for it, and rejects with `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** A folder, or more detail. */
  readonly checkpoint?: string | CheckpointOptions;
  /**
   * True: goes on from the checkpoint folder if it holds one. A text: from this folder, which must hold one. A training that a
   * callback had stopped stays stopped, unless more `epochs` are asked for than before.
   */
  readonly resume?: boolean | string;
  /**
   * Looks into where the time of some steps goes; the result is `profile` in what fit returns. Weights come out as they would without.
   * Not in browsers.
   */
  readonly profile?: boolean | ProfileOptions;
}

/** Options of {@link Model.predict}. */
export interface PredictOptions {
  /** 256 unless told. */
  readonly batchSize?: number;
  readonly weights?: WeightsChoice;
  /** Rejects with `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Model.evaluate}. */
export interface EvaluateOptions extends PredictOptions {
  readonly sampleWeight?: TensorLike;
}

/** Options of {@link Model.save} and {@link Model.toBytes}. */
export interface SaveOptions {
  readonly weights?: WeightsChoice;
  /** Names of the classes of an output, for people and servers: `{ dense_2: ['cat', 'dog'] }`, or a list for the only output. */
  readonly labels?: readonly string[] | Readonly<Record<string, readonly string[]>>;
  /** What input numbers mean, by input: `{ image: 'pixels 0..255' }`. */
  readonly units?: Readonly<Record<string, string>>;
  /**
   * Takes batch normalisations into the convolutions and dense layers before them, for tools that do not do so when they load a
   * model (ONNX Runtime does). The file is then for inference alone: it serves, and `load` refuses it. False unless told.
   */
  readonly foldBatchNormalization?: boolean;
  /** Rejects with `aborted`; a file is then as it was. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Model.trainOnBatch}. */
export interface TrainOnBatchOptions extends Weighting {
  /** Rejects with `aborted`; the model is then as it was. */
  readonly signal?: AbortSignal | undefined;
}
