import { globalAverage } from './global-average.ts';
import { globalPoolingLayer } from './global-pooling.ts';

/**
 * Mean over all positions of an image, for each channel.
 *
 * Shapes: `[batch, height, width, channels] -> [batch, channels]`, or `[batch, 1, 1, channels]` with keepdims; with channelsFirst the channels come second.
 * Errors: `shape-mismatch` for another rank, `dtype-mismatch` for whole numbers, `unknown-name` for a data format.
 * Source: Keras GlobalAveragePooling2D, torch.nn.functional.adaptive_avg_pool2d.
 *
 * @example
 * import { globalAveragePooling2d, input } from '@stratus/core';
 * console.log(globalAveragePooling2d()(input({ shape: [7, 7, 64] })).shape); // ['batch', 64]
 */
export const globalAveragePooling2d = globalPoolingLayer('GlobalAveragePooling2D', 2, globalAverage);
