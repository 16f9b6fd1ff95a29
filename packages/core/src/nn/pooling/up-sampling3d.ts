import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';
import { checkDataFormat, type DataFormat, perAxis } from '../spatial.ts';
import { enlarge } from './up-sampling.ts';

/** Options of {@link upSampling3d}. */
export interface UpSampling3dOptions {
  /** How many times as large: one number, or one for depth, height and width each; 2 unless told. */
  readonly size?: number | readonly number[];
  /** 'channelsLast' unless told. */
  readonly dataFormat?: DataFormat;
}

const type = 'UpSampling3D';

const layer = defineLayer<UpSampling3dOptions>({
  type,
  check({ size = 2, dataFormat }) {
    perAxis(type, ['size', size], 3);
    checkDataFormat(dataFormat);
  },
  build: ({ size = 2, dataFormat }, [x]) => enlarge(x!, { what: type, rank: 3, dataFormat }, perAxis(type, ['size', size], 3)),
});

/**
 * Enlarges volumes by repeating elements.
 *
 * Shapes: `[batch, depth, height, width, channels] -> [batch, depth size, height size, width size, channels]`; with channelsFirst the
 * channels come second. Errors: `bad-value`, `unknown-name` for options, `shape-mismatch` for another rank. Source: Keras UpSampling3D, torch.nn.Upsample.
 *
 * @example
 * import { input, upSampling3d } from '@stratus/core';
 * console.log(upSampling3d()(input({ shape: [4, 8, 8, 2] })).shape); // ['batch', 8, 16, 16, 2]
 */
export const upSampling3d = (options: UpSampling3dOptions & LayerOptions = {}): Layer => layer(options);
