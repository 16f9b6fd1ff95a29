import { largest } from './largest.ts';
import { poolingLayer } from './pooling.ts';

/**
 * Largest element of each window of an image, for each channel. Of elements that tie, the first one gets the gradient.
 *
 * Shapes: `[batch, height, width, channels] -> [batch, floor((height - poolSize) / strides) + 1, .., channels]`; with padding 'same' `ceil(size / strides)`; with channelsFirst
 * the channels come second. Errors: `bad-value`, `unknown-name` for options, `shape-mismatch` for another rank and for a window
 * larger than the input. Source: Keras MaxPooling2D, torch.nn.functional.max_pool2d.
 *
 * @example
 * import { input, maxPooling2d } from '@stratus/core';
 * console.log(maxPooling2d()(input({ shape: [32, 32, 3] })).shape); // ['batch', 16, 16, 3]
 */
export const maxPooling2d = poolingLayer('MaxPooling2D', 2, largest);
