import { type ConvLayerOptions, type ConvPadding, defineConvolution } from './convolution.ts';

/** Options of {@link conv1d}. */
export interface Conv1DOptions extends Omit<ConvLayerOptions, 'padding'> {
  /** 'valid' unless told; 'causal': zeros before the first step only, so that no output sees a later step. */
  readonly padding?: ConvPadding | 'causal';
}

/**
 * Convolution over one axis, such as time: each output is a window of steps times a kernel.
 *
 * Shapes: `[batch, steps, channels] -> [batch, windows, filters]`, or with `dataFormat: 'channelsFirst'` channels on axis 1;
 * parameters `kernel [filters, channels / groups, kernelSize]`, `bias [filters]`.
 * Errors: `bad-value` for options, `shape-mismatch` for a kernel larger than its input, groups that do not divide the channels,
 * another number of axes. Source: Keras Conv1D, torch.nn.Conv1d.
 *
 * @example
 * import { conv1d, input } from '@stratus/core';
 * const y = conv1d({ filters: 16, kernelSize: 5, padding: 'same' })(input({ shape: [200, 8] }));
 * console.log(y.shape); // ['batch', 200, 16]
 */
export const conv1d = defineConvolution<Conv1DOptions>({ type: 'Conv1D', rank: 1 });
