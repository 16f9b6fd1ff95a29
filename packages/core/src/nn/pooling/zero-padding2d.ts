import { marginLayer, type ZeroPaddingOptions } from './margins.ts';

/**
 * Adds zeros around images.
 *
 * Shapes: `[batch, height, width, channels] -> [batch, height + before + after, .., channels]`; with channelsFirst the channels come second.
 * Errors: `bad-value` for a padding below 0, `shape-mismatch` for another rank. Source: Keras ZeroPadding2D, torch.nn.functional.pad.
 *
 * @example
 * import { input, zeroPadding2d } from '@stratus/core';
 * console.log(zeroPadding2d({ padding: 2 })(input({ shape: [28, 28, 1] })).shape); // ['batch', 32, 32, 1]
 */
export const zeroPadding2d = marginLayer<ZeroPaddingOptions<2>>('ZeroPadding2D', 2, 1);
