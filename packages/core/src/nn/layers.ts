// Every layer that a saved model may name: the type it is saved under, and its factory.
import { activation } from './activation.ts';
import { add } from './add.ts';
import { average } from './average.ts';
import { averagePooling1d } from './average-pooling1d.ts';
import { averagePooling2d } from './average-pooling2d.ts';
import { averagePooling3d } from './average-pooling3d.ts';
import { batchNormalization } from './batch-normalization.ts';
import { bidirectional } from './bidirectional.ts';
import { concatenate } from './concatenate.ts';
import { conv1d } from './conv1d.ts';
import { conv1dTranspose } from './conv1d-transpose.ts';
import { conv2d } from './conv2d.ts';
import { conv2dTranspose } from './conv2d-transpose.ts';
import { conv3d } from './conv3d.ts';
import { conv3dTranspose } from './conv3d-transpose.ts';
import { cropping1d } from './cropping1d.ts';
import { cropping2d } from './cropping2d.ts';
import { cropping3d } from './cropping3d.ts';
import { dense } from './dense.ts';
import { depthwiseConv1d } from './depthwise-conv1d.ts';
import { depthwiseConv2d } from './depthwise-conv2d.ts';
import { dot } from './dot.ts';
import { dropout } from './dropout.ts';
import { embedding } from './embedding.ts';
import { flatten } from './flatten.ts';
import { gatConv } from './gat-conv.ts';
import { gaussianNoise } from './gaussian-noise.ts';
import { gcnConv } from './gcn-conv.ts';
import { globalAveragePooling1d } from './global-average-pooling1d.ts';
import { globalAveragePooling2d } from './global-average-pooling2d.ts';
import { globalAveragePooling3d } from './global-average-pooling3d.ts';
import { globalMaxPooling1d } from './global-max-pooling1d.ts';
import { globalMaxPooling2d } from './global-max-pooling2d.ts';
import { globalMaxPooling3d } from './global-max-pooling3d.ts';
import { groupNormalization } from './group-normalization.ts';
import { gru } from './gru.ts';
import { instanceNormalization } from './instance-normalization.ts';
import type { Layer, LayerOutput } from './layer.ts';
import { layerNormalization } from './layer-normalization.ts';
import { lstm } from './lstm.ts';
import { masking } from './masking.ts';
import { maxPooling1d } from './max-pooling1d.ts';
import { maxPooling2d } from './max-pooling2d.ts';
import { maxPooling3d } from './max-pooling3d.ts';
import { maximum } from './maximum.ts';
import { minimum } from './minimum.ts';
import { multiHeadAttention } from './multi-head-attention.ts';
import { multiply } from './multiply.ts';
import { savedOnnxGraph } from './onnx-graph.ts';
import { permute } from './permute.ts';
import { positionEmbedding } from './position-embedding.ts';
import { positionalEncoding } from './positional-encoding.ts';
import { repeatVector } from './repeat-vector.ts';
import { rescaling } from './rescaling.ts';
import { reshape } from './reshape.ts';
import { reversibleEmbedding } from './reversible-embedding.ts';
import { rmsNormalization } from './rms-normalization.ts';
import { rotaryEmbedding } from './rotary-embedding.ts';
import { separableConv1d } from './separable-conv1d.ts';
import { separableConv2d } from './separable-conv2d.ts';
import { simpleRNN } from './simple-rnn.ts';
import { spatialDropout1d } from './spatial-dropout1d.ts';
import { spatialDropout2d } from './spatial-dropout2d.ts';
import { subtract } from './subtract.ts';
import { timeDistributed } from './time-distributed.ts';
import { transformerDecoder } from './transformer-decoder.ts';
import { transformerEncoder } from './transformer-encoder.ts';
import { unitNormalization } from './unit-normalization.ts';
import { upSampling1d } from './up-sampling1d.ts';
import { upSampling2d } from './up-sampling2d.ts';
import { upSampling3d } from './up-sampling3d.ts';
import { zeroPadding1d } from './zero-padding1d.ts';
import { zeroPadding2d } from './zero-padding2d.ts';
import { zeroPadding3d } from './zero-padding3d.ts';

/** Makes a layer of a saved config. */
export type LayerFactory = (config: never) => Layer<LayerOutput>;

export const layers: Readonly<Record<string, LayerFactory>> = {
  Activation: activation,
  Add: add,
  Average: average,
  AveragePooling1D: averagePooling1d,
  AveragePooling2D: averagePooling2d,
  AveragePooling3D: averagePooling3d,
  BatchNormalization: batchNormalization,
  Bidirectional: bidirectional,
  Concatenate: concatenate,
  Conv1D: conv1d,
  Conv1DTranspose: conv1dTranspose,
  Conv2D: conv2d,
  Conv2DTranspose: conv2dTranspose,
  Conv3D: conv3d,
  Conv3DTranspose: conv3dTranspose,
  Cropping1D: cropping1d,
  Cropping2D: cropping2d,
  Cropping3D: cropping3d,
  Dense: dense,
  DepthwiseConv1D: depthwiseConv1d,
  DepthwiseConv2D: depthwiseConv2d,
  Dot: dot,
  Dropout: dropout,
  Embedding: embedding,
  Flatten: flatten,
  GlobalAveragePooling1D: globalAveragePooling1d,
  GlobalAveragePooling2D: globalAveragePooling2d,
  GlobalAveragePooling3D: globalAveragePooling3d,
  GlobalMaxPooling1D: globalMaxPooling1d,
  GlobalMaxPooling2D: globalMaxPooling2d,
  GlobalMaxPooling3D: globalMaxPooling3d,
  GRU: gru,
  GATConv: gatConv,
  GaussianNoise: gaussianNoise,
  GCNConv: gcnConv,
  GroupNormalization: groupNormalization,
  InstanceNormalization: instanceNormalization,
  LSTM: lstm,
  LayerNormalization: layerNormalization,
  Masking: masking,
  Maximum: maximum,
  MaxPooling1D: maxPooling1d,
  MaxPooling2D: maxPooling2d,
  MaxPooling3D: maxPooling3d,
  Minimum: minimum,
  MultiHeadAttention: multiHeadAttention,
  Multiply: multiply,
  Permute: permute,
  PositionEmbedding: positionEmbedding,
  PositionalEncoding: positionalEncoding,
  RMSNormalization: rmsNormalization,
  RepeatVector: repeatVector,
  Rescaling: rescaling,
  OnnxGraph: savedOnnxGraph,
  Reshape: reshape,
  ReversibleEmbedding: reversibleEmbedding,
  RotaryEmbedding: rotaryEmbedding,
  SeparableConv1D: separableConv1d,
  SeparableConv2D: separableConv2d,
  SimpleRNN: simpleRNN,
  SpatialDropout1D: spatialDropout1d,
  SpatialDropout2D: spatialDropout2d,
  Subtract: subtract,
  TimeDistributed: timeDistributed,
  TransformerDecoder: transformerDecoder,
  TransformerEncoder: transformerEncoder,
  UnitNormalization: unitNormalization,
  UpSampling1D: upSampling1d,
  UpSampling2D: upSampling2d,
  UpSampling3D: upSampling3d,
  ZeroPadding1D: zeroPadding1d,
  ZeroPadding2D: zeroPadding2d,
  ZeroPadding3D: zeroPadding3d,
};
