import { averagePool } from '../../ops/index.ts';
import { poolingLayer } from './pooling.ts';

/**
 * Mean of each window of steps, for each channel. A margin made by 'same' does not count.
 *
 * Shapes: `[batch, steps, channels] -> [batch, floor((steps - poolSize) / strides) + 1, channels]`; with padding 'same' `ceil(size / strides)`; with channelsFirst
 * the channels come second. Errors: `bad-value`, `unknown-name` for options, `shape-mismatch` for another rank and for a window
 * larger than the input. Source: Keras AveragePooling1D, torch.nn.functional.avg_pool1d.
 *
 * @example
 * import { averagePooling1d, input } from '@stratus/core';
 * console.log(averagePooling1d()(input({ shape: [30, 8] })).shape); // ['batch', 15, 8]
 */
export const averagePooling1d = poolingLayer('AveragePooling1D', 1, averagePool);
