import { globalMax } from './global-max.ts';
import { globalPoolingLayer } from './global-pooling.ts';

/**
 * Largest element over all positions of a volume, for each channel. Of elements that tie, the first one gets the gradient.
 *
 * Shapes: `[batch, depth, height, width, channels] -> [batch, channels]`, or `[batch, 1, 1, 1, channels]` with keepdims; with channelsFirst the channels come second.
 * Errors: `shape-mismatch` for another rank, `dtype-mismatch` for whole numbers, `unknown-name` for a data format.
 * Source: Keras GlobalMaxPooling3D, torch.nn.functional.adaptive_max_pool3d.
 *
 * @example
 * import { globalMaxPooling3d, input } from '@stratus/core';
 * console.log(globalMaxPooling3d()(input({ shape: [4, 7, 7, 16] })).shape); // ['batch', 16]
 */
export const globalMaxPooling3d = globalPoolingLayer('GlobalMaxPooling3D', 3, globalMax);
