import { type CroppingOptions, marginLayer } from './margins.ts';

/**
 * Cuts off the margin of volumes.
 *
 * Shapes: `[batch, depth, height, width, channels] -> [batch, depth - before - after, .., channels]`; with channelsFirst the channels come second.
 * Errors: `bad-value` for a cropping below 0, `shape-mismatch` for another rank and where nothing would be left.
 * Source: Keras Cropping3D.
 *
 * @example
 * import { cropping3d, input } from '@stratus/core';
 * console.log(cropping3d({ cropping: 2 })(input({ shape: [8, 16, 16, 2] })).shape); // ['batch', 4, 12, 12, 2]
 */
export const cropping3d = marginLayer<CroppingOptions<3>>('Cropping3D', 3, -1);
