import { averagePool } from '../../ops/index.ts';
import { poolingLayer } from './pooling.ts';

/**
 * Mean of each window of a volume, for each channel. A margin made by 'same' does not count.
 *
 * Shapes: `[batch, depth, height, width, channels] -> [batch, floor((depth - poolSize) / strides) + 1, .., channels]`; with padding 'same' `ceil(size / strides)`; with channelsFirst
 * the channels come second. Errors: `bad-value`, `unknown-name` for options, `shape-mismatch` for another rank and for a window
 * larger than the input. Source: Keras AveragePooling3D, torch.nn.functional.avg_pool3d.
 *
 * @example
 * import { averagePooling3d, input } from '@stratus/core';
 * console.log(averagePooling3d()(input({ shape: [8, 16, 16, 3] })).shape); // ['batch', 4, 8, 8, 3]
 */
export const averagePooling3d = poolingLayer('AveragePooling3D', 3, averagePool);
