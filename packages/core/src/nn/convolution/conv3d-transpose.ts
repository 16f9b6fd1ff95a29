import { defineTransposed } from './transposed-convolution.ts';

/**
 * Transposed convolution over three axes: makes a larger volume of a small one, each input element adding its multiple of
 * a kernel to a window of the output. Also called deconvolution.
 *
 * Shapes: `[batch, planes, rows, columns, channels] -> [batch, planes', rows', columns', filters]`, or with `dataFormat: 'channelsFirst'` channels
 * on axis 1; 'same' multiplies sizes by the strides. Parameters `kernel [channels, filters, ...kernelSize]`, `bias [filters]`.
 * Errors: `bad-value`, `shape-mismatch`. Source: Keras Conv3DTranspose, torch.nn.ConvTranspose3d.
 *
 * @example
 * import { conv3dTranspose, input } from '@stratus/core';
 * const y = conv3dTranspose({ filters: 2, kernelSize: 2, strides: 2 })(input({ shape: [4, 5, 6, 3] }));
 * console.log(y.shape); // ['batch', 8, 10, 12, 2]
 */
export const conv3dTranspose = defineTransposed({ type: 'Conv3DTranspose', rank: 3 });
