import { defineTransposed } from './transposed-convolution.ts';

/**
 * Transposed convolution over images: makes a larger image of a small one, each input element adding its multiple of
 * a kernel to a window of the output. Also called deconvolution.
 *
 * Shapes: `[batch, rows, columns, channels] -> [batch, rows', columns', filters]`, or with `dataFormat: 'channelsFirst'` channels
 * on axis 1; 'same' multiplies sizes by the strides. Parameters `kernel [channels, filters, ...kernelSize]`, `bias [filters]`.
 * Errors: `bad-value`, `shape-mismatch`. Source: Keras Conv2DTranspose, torch.nn.ConvTranspose2d.
 *
 * @example
 * import { conv2dTranspose, input } from '@stratus/core';
 * const y = conv2dTranspose({ filters: 3, kernelSize: 4, strides: 2, padding: 'same' })(input({ shape: [7, 7, 16] }));
 * console.log(y.shape); // ['batch', 14, 14, 3]
 */
export const conv2dTranspose = defineTransposed({ type: 'Conv2DTranspose', rank: 2 });
