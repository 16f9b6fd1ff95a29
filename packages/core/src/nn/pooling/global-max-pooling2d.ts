import { globalMax } from './global-max.ts';
import { globalPoolingLayer } from './global-pooling.ts';

/**
 * Largest element over all positions of an image, for each channel. Of elements that tie, the first one gets the gradient.
 *
 * Shapes: `[batch, height, width, channels] -> [batch, channels]`, or `[batch, 1, 1, channels]` with keepdims; with channelsFirst the channels come second.
 * Errors: `shape-mismatch` for another rank, `dtype-mismatch` for whole numbers, `unknown-name` for a data format.
 * Source: Keras GlobalMaxPooling2D, torch.nn.functional.adaptive_max_pool2d.
 *
 * @example
 * import { globalMaxPooling2d, input } from '@stratus/core';
 * console.log(globalMaxPooling2d()(input({ shape: [7, 7, 64] })).shape); // ['batch', 64]
 */
export const globalMaxPooling2d = globalPoolingLayer('GlobalMaxPooling2D', 2, globalMax);
