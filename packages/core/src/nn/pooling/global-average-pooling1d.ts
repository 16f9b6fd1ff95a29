import { globalAverage } from './global-average.ts';
import { globalPoolingLayer } from './global-pooling.ts';

/**
 * Mean over all steps, for each channel. Padded steps do not count where a mask says which they are; a row
 * without a real step gives 0.
 *
 * Shapes: `[batch, steps, channels] -> [batch, channels]`, or `[batch, 1, channels]` with keepdims; with channelsFirst the channels come second.
 * Errors: `shape-mismatch` for another rank, `dtype-mismatch` for whole numbers, `unknown-name` for a data format.
 * Source: Keras GlobalAveragePooling1D, torch.nn.functional.adaptive_avg_pool1d.
 *
 * @example
 * import { globalAveragePooling1d, input } from '@stratus/core';
 * console.log(globalAveragePooling1d()(input({ shape: [30, 8] })).shape); // ['batch', 8]
 */
export const globalAveragePooling1d = globalPoolingLayer('GlobalAveragePooling1D', 1, globalAverage);
