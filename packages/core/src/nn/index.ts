export { activation } from './activation.ts';
export type { ActivationName } from './activations.ts';
export { add } from './add.ts';
export { type Architecture, architecture, type NamedLayer, type SymbolicSet } from './architecture.ts';
export { average } from './average.ts';
export { averagePooling1d } from './average-pooling1d.ts';
export { averagePooling2d } from './average-pooling2d.ts';
export { averagePooling3d } from './average-pooling3d.ts';
export { type BatchNormalizationOptions, batchNormalization } from './batch-normalization.ts';
export { type BidirectionalOptions, bidirectional } from './bidirectional.ts';
export { type Built, buildGraph, initialWeights, type Parameter } from './build.ts';
export { type ConcatenateOptions, concatenate } from './concatenate.ts';
export { type ArchitectureConfig, fromConfig, toConfig } from './config.ts';
export { type Conv1DOptions, conv1d } from './conv1d.ts';
export { conv1dTranspose } from './conv1d-transpose.ts';
export { conv2d } from './conv2d.ts';
export { conv2dTranspose } from './conv2d-transpose.ts';
export { conv3d } from './conv3d.ts';
export { conv3dTranspose } from './conv3d-transpose.ts';
export type { ConvLayerOptions, ConvolutionOptions, ConvPadding, PerAxis } from './convolution.ts';
export { cropping1d } from './cropping1d.ts';
export { cropping2d } from './cropping2d.ts';
export { cropping3d } from './cropping3d.ts';
export { type DenseOptions, dense } from './dense.ts';
export { depthwiseConv1d } from './depthwise-conv1d.ts';
export { depthwiseConv2d } from './depthwise-conv2d.ts';
export type { DepthwiseOptions, SeparableOptions } from './depthwise-convolution.ts';
export { type DotOptions, dot } from './dot.ts';
export { dropout } from './dropout.ts';
export { type EmbeddingOptions, embedding } from './embedding.ts';
export { flatten } from './flatten.ts';
export { setTrainable } from './freeze.ts';
export { type GatConvOptions, gatConv } from './gat-conv.ts';
export { gaussianNoise } from './gaussian-noise.ts';
export { type GcnConvOptions, gcnConv } from './gcn-conv.ts';
export { globalAveragePooling1d } from './global-average-pooling1d.ts';
export { globalAveragePooling2d } from './global-average-pooling2d.ts';
export { globalAveragePooling3d } from './global-average-pooling3d.ts';
export { globalMaxPooling1d } from './global-max-pooling1d.ts';
export { globalMaxPooling2d } from './global-max-pooling2d.ts';
export { globalMaxPooling3d } from './global-max-pooling3d.ts';
export type { GlobalPoolingOptions } from './global-pooling.ts';
export { type GroupNormalizationOptions, groupNormalization } from './group-normalization.ts';
export { type GruOptions, gru } from './gru.ts';
export { type InstanceNormalizationOptions, instanceNormalization } from './instance-normalization.ts';
export { type LambdaOptions, lambda } from './lambda.ts';
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
export { type LayerNormalizationOptions, layerNormalization } from './layer-normalization.ts';
export type { LayerFactory } from './layers.ts';
export { type LstmOptions, lstm } from './lstm.ts';
export type { CroppingOptions, ZeroPaddingOptions } from './margins.ts';
export { type MaskingOptions, masking } from './masking.ts';
export { maxPooling1d } from './max-pooling1d.ts';
export { maxPooling2d } from './max-pooling2d.ts';
export { maxPooling3d } from './max-pooling3d.ts';
export { maximum } from './maximum.ts';
export { minimum } from './minimum.ts';
export { type MultiHeadAttentionOptions, multiHeadAttention } from './multi-head-attention.ts';
export { multiply } from './multiply.ts';
export { type GraphParameter, onnxGraph } from './onnx-graph.ts';
export { permute } from './permute.ts';
export type { PoolingOptions } from './pooling.ts';
export { type PositionEmbeddingOptions, positionEmbedding } from './position-embedding.ts';
export { type PositionalEncodingOptions, positionalEncoding } from './positional-encoding.ts';
export type { RecurrentOptions } from './recurrent.ts';
export { repeatVector } from './repeat-vector.ts';
export { type RescalingOptions, rescaling } from './rescaling.ts';
export { reshape } from './reshape.ts';
export { type ReversibleEmbeddingOptions, reversibleEmbedding } from './reversible-embedding.ts';
export { type RmsNormalizationOptions, rmsNormalization } from './rms-normalization.ts';
export { type RotaryEmbeddingOptions, rotaryEmbedding } from './rotary-embedding.ts';
export { separableConv1d } from './separable-conv1d.ts';
export { separableConv2d } from './separable-conv2d.ts';
export { simpleRNN } from './simple-rnn.ts';
export type { DataFormat } from './spatial.ts';
export { spatialDropout1d } from './spatial-dropout1d.ts';
export { type SpatialDropout2dOptions, spatialDropout2d } from './spatial-dropout2d.ts';
export { subtract } from './subtract.ts';
export { summarize } from './summary.ts';
export { type TimeDistributedOptions, timeDistributed } from './time-distributed.ts';
export { type TransformerDecoderOptions, transformerDecoder } from './transformer-decoder.ts';
export { type TransformerEncoderOptions, transformerEncoder } from './transformer-encoder.ts';
export type { TransposedOptions } from './transposed-convolution.ts';
export { type UnitNormalizationOptions, unitNormalization } from './unit-normalization.ts';
export { type UpSampling1dOptions, upSampling1d } from './up-sampling1d.ts';
export { type UpSampling2dOptions, upSampling2d } from './up-sampling2d.ts';
export { type UpSampling3dOptions, upSampling3d } from './up-sampling3d.ts';
export { zeroPadding1d } from './zero-padding1d.ts';
export { zeroPadding2d } from './zero-padding2d.ts';
export { zeroPadding3d } from './zero-padding3d.ts';
