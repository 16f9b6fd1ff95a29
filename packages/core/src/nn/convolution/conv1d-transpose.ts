import { defineTransposed } from './transposed-convolution.ts';

/**
 * Transposed convolution over one axis: makes a larger sequence of a small one, each input element adding its multiple of
 * a kernel to a window of the output. Also called deconvolution.
 *
 * Shapes: `[batch, steps, channels] -> [batch, steps', filters]`, or with `dataFormat: 'channelsFirst'` channels
 * on axis 1; 'same' multiplies sizes by the strides. Parameters `kernel [channels, filters, ...kernelSize]`, `bias [filters]`.
 * Errors: `bad-value`, `shape-mismatch`. Source: Keras Conv1DTranspose, torch.nn.ConvTranspose1d.
 *
 * @example
 * import { conv1dTranspose, input } from '@stratus/core';
 * const y = conv1dTranspose({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' })(input({ shape: [10, 8] }));
 * console.log(y.shape); // ['batch', 20, 4]
 */
export const conv1dTranspose = defineTransposed({ type: 'Conv1DTranspose', rank: 1 });
