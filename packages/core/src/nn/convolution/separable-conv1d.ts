import { defineSeparable } from './depthwise-convolution.ts';

/**
 * Convolution over one axis in two parts: each channel for itself, then all channels of one step together. Fewer parameters than
 * `conv1d`.
 *
 * Shapes: `[batch, steps, channels] -> [batch, windows, filters]`, or with `dataFormat: 'channelsFirst'` channels on axis 1; parameters
 * `depthwiseKernel [channels * depthMultiplier, 1, kernelSize]`, `pointwiseKernel [filters, channels * depthMultiplier, 1]`, `bias [filters]`.
 * Errors: `bad-value`, `shape-mismatch`. Source: Keras SeparableConv1D.
 *
 * @example
 * import { input, separableConv1d } from '@stratus/core';
 * console.log(separableConv1d({ filters: 6, kernelSize: 3 })(input({ shape: [10, 4] })).shape); // ['batch', 8, 6]
 */
export const separableConv1d = defineSeparable({ type: 'SeparableConv1D', rank: 1 });
