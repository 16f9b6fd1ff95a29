// Every layer that a saved model may name: the type it is saved under, and its factory.

import { embedding } from './attention/embedding.ts';
import { multiHeadAttention } from './attention/multi-head-attention.ts';
import { positionEmbedding } from './attention/position-embedding.ts';
import { positionalEncoding } from './attention/positional-encoding.ts';
import { reversibleEmbedding } from './attention/reversible-embedding.ts';
import { rotaryEmbedding } from './attention/rotary-embedding.ts';
import { transformerDecoder } from './attention/transformer-decoder.ts';
import { transformerEncoder } from './attention/transformer-encoder.ts';
import { activation } from './basic/activation.ts';
import { dense } from './basic/dense.ts';
import { dropout } from './basic/dropout.ts';
import { flatten } from './basic/flatten.ts';
import { gaussianNoise } from './basic/gaussian-noise.ts';
import { masking } from './basic/masking.ts';
import { permute } from './basic/permute.ts';
import { repeatVector } from './basic/repeat-vector.ts';
import { rescaling } from './basic/rescaling.ts';
import { reshape } from './basic/reshape.ts';
import { spatialDropout1d } from './basic/spatial-dropout1d.ts';
import { spatialDropout2d } from './basic/spatial-dropout2d.ts';
import { timeDistributed } from './basic/time-distributed.ts';
import { conv1d } from './convolution/conv1d.ts';
import { conv1dTranspose } from './convolution/conv1d-transpose.ts';
import { conv2d } from './convolution/conv2d.ts';
import { conv2dTranspose } from './convolution/conv2d-transpose.ts';
import { conv3d } from './convolution/conv3d.ts';
import { conv3dTranspose } from './convolution/conv3d-transpose.ts';
import { depthwiseConv1d } from './convolution/depthwise-conv1d.ts';
import { depthwiseConv2d } from './convolution/depthwise-conv2d.ts';
import { separableConv1d } from './convolution/separable-conv1d.ts';
import { separableConv2d } from './convolution/separable-conv2d.ts';
import { gatConv } from './graph/gat-conv.ts';
import { gcnConv } from './graph/gcn-conv.ts';
import type { Layer, LayerOutput } from './layer.ts';
import { add } from './merging/add.ts';
import { average } from './merging/average.ts';
import { concatenate } from './merging/concatenate.ts';
import { dot } from './merging/dot.ts';
import { maximum } from './merging/maximum.ts';
import { minimum } from './merging/minimum.ts';
import { multiply } from './merging/multiply.ts';
import { subtract } from './merging/subtract.ts';
import { batchNormalization } from './normalization/batch-normalization.ts';
import { groupNormalization } from './normalization/group-normalization.ts';
import { instanceNormalization } from './normalization/instance-normalization.ts';
import { layerNormalization } from './normalization/layer-normalization.ts';
import { rmsNormalization } from './normalization/rms-normalization.ts';
import { unitNormalization } from './normalization/unit-normalization.ts';
import { savedOnnxGraph } from './onnx-graph.ts';
import { averagePooling1d } from './pooling/average-pooling1d.ts';
import { averagePooling2d } from './pooling/average-pooling2d.ts';
import { averagePooling3d } from './pooling/average-pooling3d.ts';
import { cropping1d } from './pooling/cropping1d.ts';
import { cropping2d } from './pooling/cropping2d.ts';
import { cropping3d } from './pooling/cropping3d.ts';
import { globalAveragePooling1d } from './pooling/global-average-pooling1d.ts';
import { globalAveragePooling2d } from './pooling/global-average-pooling2d.ts';
import { globalAveragePooling3d } from './pooling/global-average-pooling3d.ts';
import { globalMaxPooling1d } from './pooling/global-max-pooling1d.ts';
import { globalMaxPooling2d } from './pooling/global-max-pooling2d.ts';
import { globalMaxPooling3d } from './pooling/global-max-pooling3d.ts';
import { maxPooling1d } from './pooling/max-pooling1d.ts';
import { maxPooling2d } from './pooling/max-pooling2d.ts';
import { maxPooling3d } from './pooling/max-pooling3d.ts';
import { upSampling1d } from './pooling/up-sampling1d.ts';
import { upSampling2d } from './pooling/up-sampling2d.ts';
import { upSampling3d } from './pooling/up-sampling3d.ts';
import { zeroPadding1d } from './pooling/zero-padding1d.ts';
import { zeroPadding2d } from './pooling/zero-padding2d.ts';
import { zeroPadding3d } from './pooling/zero-padding3d.ts';
import { categoryEncoding } from './preprocessing/category-encoding.ts';
import { discretization } from './preprocessing/discretization.ts';
import { features } from './preprocessing/features.ts';
import { imputation } from './preprocessing/imputation.ts';
import { normalization } from './preprocessing/normalization.ts';
import { bidirectional } from './recurrent/bidirectional.ts';
import { gru } from './recurrent/gru.ts';
import { lstm } from './recurrent/lstm.ts';
import { simpleRNN } from './recurrent/simple-rnn.ts';

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
  CategoryEncoding: categoryEncoding,
  Concatenate: concatenate,
  Discretization: discretization,
  Features: features,
  Imputation: imputation,
  Normalization: normalization,
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
