import { marginLayer, type ZeroPaddingOptions } from './margins.ts';

/**
 * Adds zeros around volumes.
 *
 * Shapes: `[batch, depth, height, width, channels] -> [batch, depth + before + after, .., channels]`; with channelsFirst the channels come second.
 * Errors: `bad-value` for a padding below 0, `shape-mismatch` for another rank. Source: Keras ZeroPadding3D, torch.nn.functional.pad.
 *
 * @example
 * import { input, zeroPadding3d } from '@stratus/core';
 * console.log(zeroPadding3d({ padding: 1 })(input({ shape: [8, 16, 16, 2] })).shape); // ['batch', 10, 18, 18, 2]
 */
export const zeroPadding3d = marginLayer<ZeroPaddingOptions<3>>('ZeroPadding3D', 3, 1);
