export * from './callbacks/index.ts';
export { trainingDefaults, type TrainingDefaults } from './defaults.ts';
export type { CheckpointOptions, History } from './fit.ts';
export { load, type LoadOptions } from './load.ts';
export type { Logs, LogValue } from './logs.ts';
export {
  model,
  Model,
  sequential,
  type EvaluateOptions,
  type FitOptions,
  type ModelOptions,
  type SaveOptions,
  type TrainingData,
  type ValidationData,
  type WeightsChoice,
} from './model.ts';
export type { CompileOptions } from './plan.ts';
export type { ClassWeight, StreamBatch } from './source.ts';
export type { TensorLike, TensorSet } from './values.ts';
