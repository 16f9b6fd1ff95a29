import { globalAverage } from './global-average.ts';
import { globalPoolingLayer } from './global-pooling.ts';

/**
 * Mean over all positions of a volume, for each channel.
 *
 * Shapes: `[batch, depth, height, width, channels] -> [batch, channels]`, or `[batch, 1, 1, 1, channels]` with keepdims; with channelsFirst the channels come second.
 * Errors: `shape-mismatch` for another rank, `dtype-mismatch` for whole numbers, `unknown-name` for a data format.
 * Source: Keras GlobalAveragePooling3D, torch.nn.functional.adaptive_avg_pool3d.
 *
 * @example
 * import { globalAveragePooling3d, input } from '@stratus/core';
 * console.log(globalAveragePooling3d()(input({ shape: [4, 7, 7, 16] })).shape); // ['batch', 16]
 */
export const globalAveragePooling3d = globalPoolingLayer('GlobalAveragePooling3D', 3, globalAverage);
