export * from './callbacks/index.ts';
export { type TrainingDefaults, trainingDefaults } from './defaults.ts';
export type { CheckpointOptions, History } from './fit.ts';
export { type ImportedModel, type ImportModelOptions, importModel } from './import-model.ts';
export { type LoadOptions, load, preprocessingOf } from './load.ts';
export type { Logs, LogValue } from './logs.ts';
export { Model, model } from './model.ts';
export type {
  EvaluateOptions,
  FitOptions,
  ModelOptions,
  PredictOptions,
  SaveOptions,
  TrainingData,
  TrainOnBatchOptions,
  ValidationBatches,
  ValidationData,
  WeightsChoice,
} from './options.ts';
export type { CompileOptions } from './plan.ts';
export { type ProfileModelOptions, profileModel } from './profile-model.ts';
export { resetStates } from './reset-states.ts';
export { sequential } from './sequential.ts';
export type { ClassWeight, Stream, StreamBatch, Weighting } from './source.ts';
export type { ProfileOptions } from './step-profiler.ts';
export type { TensorLike, TensorSet } from './values.ts';
