import { checkOptions } from '../../options.ts';
import { lookUp } from '../../suggest.ts';
import { defineLayer } from '../layer.ts';
import { dropChannels } from './drop-channels.ts';

/** Options of {@link spatialDropout2d}. */
export interface SpatialDropout2dOptions {
  /** The share of channels to drop. */
  readonly rate: number;
  /** 'channelsLast' unless told. */
  readonly dataFormat?: 'channelsLast' | 'channelsFirst';
}

const axes = {
  channelsLast: ['batch', 'height', 'width', 'channels'],
  channelsFirst: ['batch', 'channels', 'height', 'width'],
};

/**
 * Dropout of whole channels: in training a random share `rate` of the channels of each sample is zero at all positions. Neighbouring positions that say much the same cannot make up for each other, as with `dropout`; the
 * others are scaled by `1 / (1 - rate)`.
 *
 * Shapes: `[batch, height, width, channels] -> [batch, height, width, channels]`; with channelsFirst the channels come second.
 * Errors: `bad-value` for a rate outside [0, 1), `shape-mismatch`, `unknown-name` for a data format.
 * Source: Tompson et al. 2015; Keras SpatialDropout2D, torch.nn.Dropout2d.
 *
 * @example
 * import { input, spatialDropout2d } from '@stratus/core';
 * console.log(spatialDropout2d({ rate: 0.2 })(input({ shape: [32, 32, 64] })).shape); // ['batch', 32, 32, 64]
 */
export const spatialDropout2d = defineLayer<SpatialDropout2dOptions>({
  type: 'SpatialDropout2D',
  check({ rate, dataFormat = 'channelsLast' }) {
    checkOptions('SpatialDropout2D', { rate }, { rate: 'fraction' });
    lookUp('data format', axes, dataFormat);
  },
  build: ({ rate, dataFormat = 'channelsLast' }, [x], scope) =>
    dropChannels(x!, { what: 'SpatialDropout2D', axes: axes[dataFormat], rate, dataFormat }, scope),
});
