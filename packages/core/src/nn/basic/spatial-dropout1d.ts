import { checkOptions } from '../../options.ts';
import { defineLayer } from '../layer.ts';
import { dropChannels } from './drop-channels.ts';

/**
 * Dropout of whole channels: in training a random share `rate` of the channels of each sample is zero at all steps. Neighbouring steps that say much the same cannot make up for each other, as with `dropout`; the
 * others are scaled by `1 / (1 - rate)`.
 *
 * Shapes: `[batch, steps, channels] -> [batch, steps, channels]`. Errors: `bad-value` for a rate outside [0, 1), `shape-mismatch`.
 * Source: Tompson et al. 2015; Keras SpatialDropout1D.
 *
 * @example
 * import { input, spatialDropout1d } from '@stratus/core';
 * console.log(spatialDropout1d({ rate: 0.2 })(input({ shape: [200, 100] })).shape); // ['batch', 200, 100]
 */
export const spatialDropout1d = defineLayer<{ readonly rate: number }>({
  type: 'SpatialDropout1D',
  mask: 'pass',
  check: ({ rate }) => checkOptions('SpatialDropout1D', { rate }, { rate: 'fraction' }),
  build: ({ rate }, [x], scope) =>
    dropChannels(x!, { what: 'SpatialDropout1D', axes: ['batch', 'steps', 'channels'], rate, dataFormat: 'channelsLast' }, scope),
});
