import { lookUp } from '../../suggest.ts';
import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';
import { checkDataFormat, type DataFormat, perAxis } from '../spatial.ts';
import { enlarge } from './up-sampling.ts';

/** Options of {@link upSampling2d}. */
export interface UpSampling2dOptions {
  /** How many times as large: one number, or one for height and one for width; 2 unless told. */
  readonly size?: number | readonly number[];
  /** 'nearest' (unless told) repeats elements; 'bilinear' draws straight lines between their centres. */
  readonly interpolation?: 'nearest' | 'bilinear';
  /** 'channelsLast' unless told. */
  readonly dataFormat?: DataFormat;
}

const type = 'UpSampling2D';
const modes = { nearest: 'nearest', bilinear: 'linear' } as const;

const layer = defineLayer<UpSampling2dOptions>({
  type,
  check({ size = 2, interpolation = 'nearest', dataFormat }) {
    perAxis(type, ['size', size], 2);
    lookUp('interpolation', modes, interpolation);
    checkDataFormat(dataFormat);
  },
  build: ({ size = 2, interpolation = 'nearest', dataFormat }, [x]) =>
    enlarge(x!, { what: type, rank: 2, dataFormat }, perAxis(type, ['size', size], 2), modes[interpolation]),
});

/**
 * Enlarges images.
 *
 * Shapes: `[batch, height, width, channels] -> [batch, height size, width size, channels]`; with channelsFirst the channels come
 * second. 'bilinear' can be trained where height and width are known when the model is built. Errors: `bad-value`, `unknown-name`
 * for options, `shape-mismatch` for another rank.
 * Source: Keras UpSampling2D, torch.nn.functional.interpolate (align_corners=False).
 *
 * @example
 * import { input, upSampling2d } from '@stratus/core';
 * console.log(upSampling2d()(input({ shape: [16, 16, 3] })).shape); // ['batch', 32, 32, 3]
 */
export const upSampling2d = (options: UpSampling2dOptions & LayerOptions = {}): Layer => layer(options);
