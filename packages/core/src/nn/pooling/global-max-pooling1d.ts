import { globalMax } from './global-max.ts';
import { globalPoolingLayer } from './global-pooling.ts';

/**
 * Largest element over all steps, for each channel. Padded steps do not count where a mask says which they are; a row
 * without a real step gives 0. Of elements that tie, the first one gets the gradient.
 *
 * Shapes: `[batch, steps, channels] -> [batch, channels]`, or `[batch, 1, channels]` with keepdims; with channelsFirst the channels come second.
 * Errors: `shape-mismatch` for another rank, `dtype-mismatch` for whole numbers, `unknown-name` for a data format.
 * Source: Keras GlobalMaxPooling1D, torch.nn.functional.adaptive_max_pool1d.
 *
 * @example
 * import { globalMaxPooling1d, input } from '@stratus/core';
 * console.log(globalMaxPooling1d()(input({ shape: [30, 8] })).shape); // ['batch', 8]
 */
export const globalMaxPooling1d = globalPoolingLayer('GlobalMaxPooling1D', 1, globalMax);
