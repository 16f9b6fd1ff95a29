export type { ActivationName } from './activations.ts';
export { type Architecture, architecture, type NamedLayer, type SymbolicSet } from './architecture.ts';
export { type EmbeddingOptions, embedding } from './attention/embedding.ts';
export { type MultiHeadAttentionOptions, multiHeadAttention } from './attention/multi-head-attention.ts';
export { type PositionEmbeddingOptions, positionEmbedding } from './attention/position-embedding.ts';
export { type PositionalEncodingOptions, positionalEncoding } from './attention/positional-encoding.ts';
export { type ReversibleEmbeddingOptions, reversibleEmbedding } from './attention/reversible-embedding.ts';
export { type RotaryEmbeddingOptions, rotaryEmbedding } from './attention/rotary-embedding.ts';
export { type TransformerDecoderOptions, transformerDecoder } from './attention/transformer-decoder.ts';
export { type TransformerEncoderOptions, transformerEncoder } from './attention/transformer-encoder.ts';
export { activation } from './basic/activation.ts';
export { type DenseOptions, dense } from './basic/dense.ts';
export { dropout } from './basic/dropout.ts';
export { flatten } from './basic/flatten.ts';
export { gaussianNoise } from './basic/gaussian-noise.ts';
export { type LambdaOptions, lambda } from './basic/lambda.ts';
export { type MaskingOptions, masking } from './basic/masking.ts';
export { permute } from './basic/permute.ts';
export { repeatVector } from './basic/repeat-vector.ts';
export { type RescalingOptions, rescaling } from './basic/rescaling.ts';
export { reshape } from './basic/reshape.ts';
export { spatialDropout1d } from './basic/spatial-dropout1d.ts';
export { type SpatialDropout2dOptions, spatialDropout2d } from './basic/spatial-dropout2d.ts';
export { type TimeDistributedOptions, timeDistributed } from './basic/time-distributed.ts';
export { type Built, buildGraph, initialWeights, type Parameter } from './build.ts';
export { type ArchitectureConfig, fromConfig, toConfig } from './config.ts';
export { type Conv1DOptions, conv1d } from './convolution/conv1d.ts';
export { conv1dTranspose } from './convolution/conv1d-transpose.ts';
export { conv2d } from './convolution/conv2d.ts';
export { conv2dTranspose } from './convolution/conv2d-transpose.ts';
export { conv3d } from './convolution/conv3d.ts';
export { conv3dTranspose } from './convolution/conv3d-transpose.ts';
export type { ConvLayerOptions, ConvolutionOptions, ConvPadding, PerAxis } from './convolution/convolution.ts';
export { depthwiseConv1d } from './convolution/depthwise-conv1d.ts';
export { depthwiseConv2d } from './convolution/depthwise-conv2d.ts';
export type { DepthwiseOptions, SeparableOptions } from './convolution/depthwise-convolution.ts';
export { separableConv1d } from './convolution/separable-conv1d.ts';
export { separableConv2d } from './convolution/separable-conv2d.ts';
export type { TransposedOptions } from './convolution/transposed-convolution.ts';
export { matching, setTrainable } from './freeze.ts';
export { type GatConvOptions, gatConv } from './graph/gat-conv.ts';
export { type GcnConvOptions, gcnConv } from './graph/gcn-conv.ts';
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
export { add } from './merging/add.ts';
export { average } from './merging/average.ts';
export { type ConcatenateOptions, concatenate } from './merging/concatenate.ts';
export { type DotOptions, dot } from './merging/dot.ts';
export { maximum } from './merging/maximum.ts';
export { minimum } from './merging/minimum.ts';
export { multiply } from './merging/multiply.ts';
export { subtract } from './merging/subtract.ts';
export { type BatchNormalizationOptions, batchNormalization } from './normalization/batch-normalization.ts';
export { type GroupNormalizationOptions, groupNormalization } from './normalization/group-normalization.ts';
export { type InstanceNormalizationOptions, instanceNormalization } from './normalization/instance-normalization.ts';
export { type LayerNormalizationOptions, layerNormalization } from './normalization/layer-normalization.ts';
export { type RmsNormalizationOptions, rmsNormalization } from './normalization/rms-normalization.ts';
export { type UnitNormalizationOptions, unitNormalization } from './normalization/unit-normalization.ts';
export { type GraphParameter, onnxGraph } from './onnx-graph.ts';
export { averagePooling1d } from './pooling/average-pooling1d.ts';
export { averagePooling2d } from './pooling/average-pooling2d.ts';
export { averagePooling3d } from './pooling/average-pooling3d.ts';
export { cropping1d } from './pooling/cropping1d.ts';
export { cropping2d } from './pooling/cropping2d.ts';
export { cropping3d } from './pooling/cropping3d.ts';
export { globalAveragePooling1d } from './pooling/global-average-pooling1d.ts';
export { globalAveragePooling2d } from './pooling/global-average-pooling2d.ts';
export { globalAveragePooling3d } from './pooling/global-average-pooling3d.ts';
export { globalMaxPooling1d } from './pooling/global-max-pooling1d.ts';
export { globalMaxPooling2d } from './pooling/global-max-pooling2d.ts';
export { globalMaxPooling3d } from './pooling/global-max-pooling3d.ts';
export type { GlobalPoolingOptions } from './pooling/global-pooling.ts';
export type { CroppingOptions, ZeroPaddingOptions } from './pooling/margins.ts';
export { maxPooling1d } from './pooling/max-pooling1d.ts';
export { maxPooling2d } from './pooling/max-pooling2d.ts';
export { maxPooling3d } from './pooling/max-pooling3d.ts';
export type { PoolingOptions } from './pooling/pooling.ts';
export { type UpSampling1dOptions, upSampling1d } from './pooling/up-sampling1d.ts';
export { type UpSampling2dOptions, upSampling2d } from './pooling/up-sampling2d.ts';
export { type UpSampling3dOptions, upSampling3d } from './pooling/up-sampling3d.ts';
export { zeroPadding1d } from './pooling/zero-padding1d.ts';
export { zeroPadding2d } from './pooling/zero-padding2d.ts';
export { zeroPadding3d } from './pooling/zero-padding3d.ts';
export { type CategoryEncodingOptions, categoryEncoding } from './preprocessing/category-encoding.ts';
export { type DiscretizationOptions, discretization } from './preprocessing/discretization.ts';
export { features } from './preprocessing/features.ts';
export { type ImputationOptions, imputation } from './preprocessing/imputation.ts';
export { type NormalizationOptions, normalization } from './preprocessing/normalization.ts';
export type { PerFeature } from './preprocessing/per-feature.ts';
export { type BidirectionalOptions, bidirectional } from './recurrent/bidirectional.ts';
export { type GruOptions, gru } from './recurrent/gru.ts';
export { type LstmOptions, lstm } from './recurrent/lstm.ts';
export type { RecurrentOptions } from './recurrent/recurrent.ts';
export { simpleRNN } from './recurrent/simple-rnn.ts';
export type { DataFormat } from './spatial.ts';
export { summarize } from './summary.ts';
