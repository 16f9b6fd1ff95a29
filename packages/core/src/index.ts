// The public surface. An export here is a promise.
export { decodeArtifact, decodeSafetensors, encodeSafetensors } from './artifact/index.ts';
export type {
  Artifact,
  InputStatistics,
  Manifest,
  ManifestStep,
  Safetensors,
  SampleRequest,
  SignaturePort,
  TrainingSummary,
} from './artifact/index.ts';
export * from './data/index.ts';
export { fail, StratusError, type ErrorCode, type ErrorDetails } from './errors.ts';
export { grad } from './grad/index.ts';
export { checkGraph, constant, graphInput, printGraph, type Graph, type Info, type Node, type Op, type Value } from './graph/index.ts';
export { csvLine, eventFileHeader, eventFileName, jsonLine, scalarEvents } from './logs/index.ts';
export { losses, resolveLoss, type CrossentropyOptions, type Loss, type LossFunction, type LossLike, type LossName, type SavedLoss } from './losses/index.ts';
export {
  meanMetric,
  metrics,
  resolveMetric,
  type Metric,
  type MetricLike,
  type MetricName,
  type MetricOptions,
  type SavedMetric,
} from './metrics/index.ts';
export {
  activation,
  add,
  concatenate,
  defineLayer,
  dense,
  dropout,
  flatten,
  gaussianNoise,
  input,
  rescaling,
  reshape,
  type ActivationName,
  type Architecture,
  type ConcatenateOptions,
  type DenseOptions,
  type InputOptions,
  type InputValue,
  type Layer,
  type LayerFactory,
  type LayerOptions,
  type LayerSpec,
  type ParameterOptions,
  type RescalingOptions,
  type Scope,
  type Symbolic,
  type SymbolicSet,
} from './nn/index.ts';
export * from './nn/init/index.ts';
export * from './nn/regularizers/index.ts';
export { decodeModel, encodeModel, exportGraph, graphToModel, importGraph, readModelInfo, type ExportOptions, type ModelInfo, type ModelPort, type ModelProto } from './onnx/index.ts';
export * as ops from './ops/index.ts';
export type { Operand } from './ops/index.ts';
export * from './optim/index.ts';
export { createExecutor, executor, type Executor, type ExecutorOptions, type Held, type Program } from './runtime/index.ts';
export { lookUp, nearest } from './suggest.ts';
export { dtypes, isTensor, permutation, randomKey, Tensor, tensor, zeros, full, type DType, type Dim, type Nested, type Shape, type TypedArray } from './tensor/index.ts';
export * from './train/index.ts';
export { version } from './version.ts';
