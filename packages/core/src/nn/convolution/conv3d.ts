import { type ConvLayerOptions, defineConvolution } from './convolution.ts';

/**
 * Convolution over three axes, such as those of a volume, or time and the two of an image.
 *
 * Shapes: `[batch, planes, rows, columns, channels] -> [batch, planes', rows', columns', filters]`, or with
 * `dataFormat: 'channelsFirst'` channels on axis 1; parameters `kernel [filters, channels / groups, ...kernelSize]`, `bias [filters]`.
 * Errors: `bad-value` for options, `shape-mismatch` for a kernel larger than its input, groups that do not divide the channels,
 * another number of axes. Source: Keras Conv3D, torch.nn.Conv3d.
 *
 * @example
 * import { conv3d, input } from '@stratus/core';
 * const y = conv3d({ filters: 4, kernelSize: 3, strides: [1, 2, 2] })(input({ shape: [8, 9, 9, 1] }));
 * console.log(y.shape); // ['batch', 6, 4, 4, 4]
 */
export const conv3d = defineConvolution<ConvLayerOptions>({ type: 'Conv3D', rank: 3 });
