import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';
import { perAxis } from '../spatial.ts';
import { enlarge } from './up-sampling.ts';

/** Options of {@link upSampling1d}. */
export interface UpSampling1dOptions {
  /** How often each step comes; 2 unless told. */
  readonly size?: number | readonly number[];
}

const type = 'UpSampling1D';

const layer = defineLayer<UpSampling1dOptions>({
  type,
  check: ({ size = 2 }) => void perAxis(type, ['size', size], 1),
  build: ({ size = 2 }, [x]) => enlarge(x!, { what: type, rank: 1 }, perAxis(type, ['size', size], 1)),
});

/**
 * Each step `size` times, one after the other.
 *
 * Shapes: `[batch, steps, channels] -> [batch, steps size, channels]`. Errors: `bad-value` for a size, `shape-mismatch` for another
 * rank. Source: Keras UpSampling1D, torch.nn.Upsample.
 *
 * @example
 * import { input, upSampling1d } from '@stratus/core';
 * console.log(upSampling1d({ size: 3 })(input({ shape: [10, 8] })).shape); // ['batch', 30, 8]
 */
export const upSampling1d = (options: UpSampling1dOptions & LayerOptions = {}): Layer => layer(options);
