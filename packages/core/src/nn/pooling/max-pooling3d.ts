import { largest } from './largest.ts';
import { poolingLayer } from './pooling.ts';

/**
 * Largest element of each window of a volume, for each channel. Of elements that tie, the first one gets the gradient.
 *
 * Shapes: `[batch, depth, height, width, channels] -> [batch, floor((depth - poolSize) / strides) + 1, .., channels]`; with padding 'same' `ceil(size / strides)`; with channelsFirst
 * the channels come second. Errors: `bad-value`, `unknown-name` for options, `shape-mismatch` for another rank and for a window
 * larger than the input. Source: Keras MaxPooling3D, torch.nn.functional.max_pool3d.
 *
 * @example
 * import { input, maxPooling3d } from '@stratus/core';
 * console.log(maxPooling3d()(input({ shape: [8, 16, 16, 3] })).shape); // ['batch', 4, 8, 8, 3]
 */
export const maxPooling3d = poolingLayer('MaxPooling3D', 3, largest);
