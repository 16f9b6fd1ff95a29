import { type CroppingOptions, marginLayer } from './margins.ts';

/**
 * Cuts off the margin of images.
 *
 * Shapes: `[batch, height, width, channels] -> [batch, height - before - after, .., channels]`; with channelsFirst the channels come second.
 * Errors: `bad-value` for a cropping below 0, `shape-mismatch` for another rank and where nothing would be left.
 * Source: Keras Cropping2D.
 *
 * @example
 * import { cropping2d, input } from '@stratus/core';
 * console.log(cropping2d({ cropping: [4, [1, 0]] })(input({ shape: [28, 28, 1] })).shape); // ['batch', 20, 27, 1]
 */
export const cropping2d = marginLayer<CroppingOptions<2>>('Cropping2D', 2, -1);
