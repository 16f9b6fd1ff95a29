import { defineDepthwise } from './depthwise-convolution.ts';

/**
 * Convolution over images in which each channel has kernels of its own, `depthMultiplier` of them.
 *
 * Shapes: `[batch, rows, columns, channels] -> [batch, rows', columns', channels * depthMultiplier]`, or with
 * `dataFormat: 'channelsFirst'` channels on axis 1; parameters `depthwiseKernel [channels * depthMultiplier, 1, ...kernelSize]`, `bias`.
 * Errors: `bad-value`, `shape-mismatch`. Source: Keras DepthwiseConv2D, torch.nn.Conv2d with `groups`.
 *
 * @example
 * import { depthwiseConv2d, input } from '@stratus/core';
 * const y = depthwiseConv2d({ kernelSize: 3, padding: 'same', depthMultiplier: 2 })(input({ shape: [8, 8, 4] }));
 * console.log(y.shape); // ['batch', 8, 8, 8]
 */
export const depthwiseConv2d = defineDepthwise({ type: 'DepthwiseConv2D', rank: 2 });
