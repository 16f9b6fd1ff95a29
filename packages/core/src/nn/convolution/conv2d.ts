import { type ConvLayerOptions, defineConvolution } from './convolution.ts';

/**
 * Convolution over the rows and columns of images: each output is a window of the image times a kernel.
 *
 * Shapes: `[batch, rows, columns, channels] -> [batch, rows', columns', filters]`, or with `dataFormat: 'channelsFirst'` channels on
 * axis 1; parameters `kernel [filters, channels / groups, ...kernelSize]`, `bias [filters]`.
 * Errors: `bad-value` for options, `shape-mismatch` for a kernel larger than its input, groups that do not divide the channels,
 * another number of axes. Source: Keras Conv2D, torch.nn.Conv2d.
 *
 * @example
 * import { conv2d, input } from '@stratus/core';
 * const y = conv2d({ filters: 32, kernelSize: 3, activation: 'relu' })(input({ shape: [32, 32, 3] }));
 * console.log(y.shape); // ['batch', 30, 30, 32]
 */
export const conv2d = defineConvolution<ConvLayerOptions>({ type: 'Conv2D', rank: 2 });
