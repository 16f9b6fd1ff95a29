import { marginLayer, type ZeroPaddingOptions } from './margins.ts';

/**
 * Adds zeros around sequences.
 *
 * Shapes: `[batch, steps, channels] -> [batch, steps + before + after, channels]`; with channelsFirst the channels come second.
 * Errors: `bad-value` for a padding below 0, `shape-mismatch` for another rank. Source: Keras ZeroPadding1D, torch.nn.functional.pad.
 *
 * @example
 * import { input, zeroPadding1d } from '@stratus/core';
 * console.log(zeroPadding1d({ padding: [2, 0] })(input({ shape: [10, 8] })).shape); // ['batch', 12, 8]
 */
export const zeroPadding1d = marginLayer<ZeroPaddingOptions<1>>('ZeroPadding1D', 1, 1);
