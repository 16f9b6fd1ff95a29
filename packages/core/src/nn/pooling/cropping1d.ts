import { type CroppingOptions, marginLayer } from './margins.ts';

/**
 * Cuts off the margin of sequences.
 *
 * Shapes: `[batch, steps, channels] -> [batch, steps - before - after, channels]`; with channelsFirst the channels come second.
 * Errors: `bad-value` for a cropping below 0, `shape-mismatch` for another rank and where nothing would be left.
 * Source: Keras Cropping1D.
 *
 * @example
 * import { cropping1d, input } from '@stratus/core';
 * console.log(cropping1d({ cropping: [1, 2] })(input({ shape: [10, 8] })).shape); // ['batch', 7, 8]
 */
export const cropping1d = marginLayer<CroppingOptions<1>>('Cropping1D', 1, -1);
