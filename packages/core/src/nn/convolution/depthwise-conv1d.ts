import { defineDepthwise } from './depthwise-convolution.ts';

/**
 * Convolution over one axis in which each channel has kernels of its own, `depthMultiplier` of them.
 *
 * Shapes: `[batch, steps, channels] -> [batch, windows, channels * depthMultiplier]`, or with `dataFormat: 'channelsFirst'` channels
 * on axis 1; parameters `depthwiseKernel [channels * depthMultiplier, 1, kernelSize]`, `bias`.
 * Errors: `bad-value`, `shape-mismatch`. Source: Keras DepthwiseConv1D, torch.nn.Conv1d with `groups`.
 *
 * @example
 * import { depthwiseConv1d, input } from '@stratus/core';
 * console.log(depthwiseConv1d({ kernelSize: 3 })(input({ shape: [10, 4] })).shape); // ['batch', 8, 4]
 */
export const depthwiseConv1d = defineDepthwise({ type: 'DepthwiseConv1D', rank: 1 });
