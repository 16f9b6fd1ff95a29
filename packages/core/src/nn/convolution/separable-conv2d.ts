import { defineSeparable } from './depthwise-convolution.ts';

/**
 * Convolution over images in two parts: each channel for itself, then all channels of one place together. Fewer parameters than
 * `conv2d`.
 *
 * Shapes: `[batch, rows, columns, channels] -> [batch, rows', columns', filters]`, or with `dataFormat: 'channelsFirst'` channels on
 * axis 1; parameters `depthwiseKernel [channels * depthMultiplier, 1, ...kernelSize]`,
 * `pointwiseKernel [filters, channels * depthMultiplier, 1, 1]`, `bias [filters]`.
 * Errors: `bad-value`, `shape-mismatch`. Source: Keras SeparableConv2D; Chollet 2017.
 *
 * @example
 * import { input, separableConv2d } from '@stratus/core';
 * const y = separableConv2d({ filters: 16, kernelSize: 3, padding: 'same' })(input({ shape: [8, 8, 4] }));
 * console.log(y.shape); // ['batch', 8, 8, 16]
 */
export const separableConv2d = defineSeparable({ type: 'SeparableConv2D', rank: 2 });
