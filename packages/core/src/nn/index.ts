export { checkActivation, type ActivationName } from './activations.ts';
export { activation } from './activation.ts';
export { add } from './add.ts';
export { architecture, type Architecture, type NamedLayer, type SymbolicSet } from './architecture.ts';
export { buildGraph, initialWeights, type Built, type Parameter } from './build.ts';
export { concatenate, type ConcatenateOptions } from './concatenate.ts';
export { fromConfig, toConfig, type ArchitectureConfig } from './config.ts';
export { dense, type DenseOptions } from './dense.ts';
export { dropout } from './dropout.ts';
export { flatten } from './flatten.ts';
export { gaussianNoise } from './gaussian-noise.ts';
export {
  defineLayer,
  input,
  type Call,
  type InputOptions,
  type InputValue,
  type Layer,
  type LayerOptions,
  type LayerSpec,
  type ParameterOptions,
  type Scope,
  type Symbolic,
} from './layer.ts';
export { type LayerFactory } from './layers.ts';
export { rescaling, type RescalingOptions } from './rescaling.ts';
export { reshape } from './reshape.ts';
export { summarize } from './summary.ts';
