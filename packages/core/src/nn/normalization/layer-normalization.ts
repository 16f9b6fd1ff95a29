import { constant, type Value } from '../../graph/index.ts';
import { mul, layerNormalization as overLast, reshape } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { full } from '../../tensor/index.ts';
import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';
import { checkAxes, featureAxes } from './feature-axis.ts';
import { checkGammaBeta, type GammaBetaOptions, gammaBeta, scaled } from './gamma-beta.ts';
import { inverseDeviation, moments } from './moments.ts';

/** Options of {@link layerNormalization}. */
export interface LayerNormalizationOptions extends GammaBetaOptions {
  /** The axis, or the axes, that are normalised together: -1 unless told. */
  readonly axis?: number | readonly number[];
  /** Added to the variance; 0.001 unless told. */
  readonly epsilon?: number;
}

const layer = defineLayer<LayerNormalizationOptions>({
  type: 'LayerNormalization',
  check(options) {
    const { axis = -1, epsilon = 1e-3 } = options;
    checkAxes('LayerNormalization', axis);
    checkOptions('LayerNormalization', { epsilon }, { epsilon: 'positive' });
    checkGammaBeta('LayerNormalization', options);
  },
  build(options, [x], scope) {
    const { axis = -1, epsilon = 1e-3 } = options;
    const { at, sizes } = featureAxes('LayerNormalization', axis, x!);
    const { gamma, beta } = gammaBeta(options, sizes, scope);
    const first = at[0]!;
    if (first + at.length === x!.shape.length) {
      const scale = gamma ?? constant(full(sizes, 1, x!.dtype));
      return overLast(x!, { scale, bias: beta, axis: first, epsilon });
    }
    const { centered, variance } = moments(x!, at);
    const along = (v: Value | undefined): Value | undefined =>
      v &&
      reshape(
        v,
        x!.shape.map((_, i) => sizes[at.indexOf(i)] ?? 1),
      );
    return scaled(mul(centered, inverseDeviation(variance, epsilon)), { gamma: along(gamma), beta: along(beta) });
  },
  mask: 'pass',
});

/**
 * Each sample (and step) less its mean over the features, divided by its standard deviation:
 * `y = (x - mean) / sqrt(variance + epsilon) * gamma + beta`. The same in training and inference.
 *
 * Shapes: `S -> S`; parameters `gamma`, `beta` of the sizes of the axes. Errors: `bad-value` for options or the axis of the batch,
 * `shape-mismatch` for features without a known size.
 * Source: Ba et al. 2016; Keras LayerNormalization; torch.nn.LayerNorm (whose epsilon is 1e-5).
 *
 * @example
 * import { input, layerNormalization } from '@stratus/core';
 * console.log(layerNormalization({ epsilon: 1e-5 })(input({ shape: ['time', 64] })).shape); // ['batch', 'time', 64]
 */
export const layerNormalization = (options: LayerNormalizationOptions & LayerOptions = {}): Layer => layer(options);
