import { meanSquare, mul, reshape } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';
import { checkAxes, featureAxes } from './feature-axis.ts';
import { inverseDeviation } from './moments.ts';

/** Options of {@link rmsNormalization}. */
export interface RmsNormalizationOptions {
  /** The axis, or the axes, that are normalised together: -1 unless told. */
  readonly axis?: number | readonly number[];
  /** Added to the mean of squares; 1e-6 unless told. */
  readonly epsilon?: number;
}

const layer = defineLayer<RmsNormalizationOptions>({
  type: 'RMSNormalization',
  check({ axis = -1, epsilon = 1e-6 }) {
    checkAxes('RMSNormalization', axis);
    checkOptions('RMSNormalization', { epsilon }, { epsilon: 'positive' });
  },
  build({ axis = -1, epsilon = 1e-6 }, [x], scope) {
    const { at, sizes } = featureAxes('RMSNormalization', axis, x!);
    const scale = scope.parameter('scale', sizes, { initializer: 'ones' });
    const normal = mul(x!, inverseDeviation(meanSquare(x!, at), epsilon));
    return mul(
      normal,
      reshape(
        scale,
        x!.shape.map((_, i) => sizes[at.indexOf(i)] ?? 1),
      ),
    );
  },
  mask: 'pass',
});

/**
 * Each sample (and step) divided by the root of its mean square over the features: `y = x / sqrt(mean(x²) + epsilon) * scale`. Layer
 * normalisation without the mean, as in Llama.
 *
 * Shapes: `S -> S`; parameter `scale` of the sizes of the axes. Errors: `bad-value` for options or the axis of the batch,
 * `shape-mismatch` for features without a known size.
 * Source: Zhang and Sennrich 2019; Keras RMSNormalization; torch.nn.RMSNorm.
 *
 * @example
 * import { input, rmsNormalization } from '@stratus/core';
 * console.log(rmsNormalization()(input({ shape: ['time', 64] })).shape); // ['batch', 'time', 64]
 */
export const rmsNormalization = (options: RmsNormalizationOptions & LayerOptions = {}): Layer => layer(options);
