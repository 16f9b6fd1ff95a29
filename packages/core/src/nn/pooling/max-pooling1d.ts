import { largest } from './largest.ts';
import { poolingLayer } from './pooling.ts';

/**
 * Largest element of each window of steps, for each channel. Of elements that tie, the first one gets the gradient.
 *
 * Shapes: `[batch, steps, channels] -> [batch, floor((steps - poolSize) / strides) + 1, channels]`; with padding 'same' `ceil(size / strides)`; with channelsFirst
 * the channels come second. Errors: `bad-value`, `unknown-name` for options, `shape-mismatch` for another rank and for a window
 * larger than the input. Source: Keras MaxPooling1D, torch.nn.functional.max_pool1d.
 *
 * @example
 * import { input, maxPooling1d } from '@stratus/core';
 * console.log(maxPooling1d()(input({ shape: [30, 8] })).shape); // ['batch', 15, 8]
 */
export const maxPooling1d = poolingLayer('MaxPooling1D', 1, largest);
