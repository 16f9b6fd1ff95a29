export { activation } from './activation.ts';
export type { ActivationName } from './activations.ts';
export { add } from './add.ts';
export { type Architecture, architecture, type NamedLayer, type SymbolicSet } from './architecture.ts';
export { type Built, buildGraph, initialWeights, type Parameter } from './build.ts';
export { type ConcatenateOptions, concatenate } from './concatenate.ts';
export { type ArchitectureConfig, fromConfig, toConfig } from './config.ts';
export { type DenseOptions, dense } from './dense.ts';
export { dropout } from './dropout.ts';
export { flatten } from './flatten.ts';
export { gaussianNoise } from './gaussian-noise.ts';
export {
  type Call,
  defineLayer,
  type InputOptions,
  type InputValue,
  input,
  type Layer,
  type LayerOptions,
  type LayerOutput,
  type LayerSpec,
  type Mask,
  type ParameterOptions,
  type Scope,
  type Symbolic,
} from './layer.ts';
export type { LayerFactory } from './layers.ts';
export { type RescalingOptions, rescaling } from './rescaling.ts';
export { reshape } from './reshape.ts';
export { summarize } from './summary.ts';
