import { averagePool } from '../../ops/index.ts';
import { poolingLayer } from './pooling.ts';

/**
 * Mean of each window of an image, for each channel. A margin made by 'same' does not count.
 *
 * Shapes: `[batch, height, width, channels] -> [batch, floor((height - poolSize) / strides) + 1, .., channels]`; with padding 'same' `ceil(size / strides)`; with channelsFirst
 * the channels come second. Errors: `bad-value`, `unknown-name` for options, `shape-mismatch` for another rank and for a window
 * larger than the input. Source: Keras AveragePooling2D, torch.nn.functional.avg_pool2d.
 *
 * @example
 * import { averagePooling2d, input } from '@stratus/core';
 * console.log(averagePooling2d()(input({ shape: [32, 32, 3] })).shape); // ['batch', 16, 16, 3]
 */
export const averagePooling2d = poolingLayer('AveragePooling2D', 2, averagePool);
