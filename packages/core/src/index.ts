// The public surface. An export here is a promise.

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
export { decodeArtifact, decodeSafetensors, encodeSafetensors } from './artifact/index.ts';
export * from './data/index.ts';
export { type ErrorCode, type ErrorDetails, fail, StratusError } from './errors.ts';
export { grad } from './grad/index.ts';
export {
  checkGraph,
  constant,
  type Graph,
  graphInput,
  type Info,
  type Node,
  type Op,
  printGraph,
  type Value,
} from './graph/index.ts';
export { csvLine, eventFileHeader, eventFileName, jsonLine, scalarEvents } from './logs/index.ts';
export {
  type CrossentropyOptions,
  type Loss,
  type LossFunction,
  type LossLike,
  type LossName,
  losses,
  resolveLoss,
  type SavedLoss,
} from './losses/index.ts';
export {
  type Metric,
  type MetricLike,
  type MetricName,
  type MetricOptions,
  meanMetric,
  metrics,
  resolveMetric,
  type SavedMetric,
} from './metrics/index.ts';
export {
  type ActivationName,
  type Architecture,
  activation,
  add,
  type ConcatenateOptions,
  concatenate,
  type DenseOptions,
  defineLayer,
  dense,
  dropout,
  flatten,
  gaussianNoise,
  type InputOptions,
  type InputValue,
  input,
  type Layer,
  type LayerFactory,
  type LayerOptions,
  type LayerSpec,
  type ParameterOptions,
  type RescalingOptions,
  rescaling,
  reshape,
  type Scope,
  type Symbolic,
  type SymbolicSet,
} from './nn/index.ts';
export * from './nn/init/index.ts';
export * from './nn/regularizers/index.ts';
export {
  decodeModel,
  type ExportOptions,
  encodeModel,
  exportGraph,
  graphToModel,
  importGraph,
  type ModelInfo,
  type ModelPort,
  type ModelProto,
  readModelInfo,
} from './onnx/index.ts';
export type { Operand } from './ops/index.ts';
export * as ops from './ops/index.ts';
export * from './optim/index.ts';
export {
  createExecutor,
  type Executor,
  type ExecutorOptions,
  executor,
  type Files,
  files,
  type Held,
  type Program,
} from './runtime/index.ts';
export { lookUp, nearest } from './suggest.ts';
export {
  type Dim,
  type DType,
  dtypes,
  fromFloat16,
  full,
  isTensor,
  joinRows,
  type Nested,
  permutation,
  randomKey,
  type Shape,
  Tensor,
  type TypedArray,
  tensor,
  toFloat16,
  zeros,
} from './tensor/index.ts';
export * from './train/index.ts';
export { version } from './version.ts';
