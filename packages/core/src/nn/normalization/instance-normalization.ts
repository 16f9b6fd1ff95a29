import { checkOptions } from '../../options.ts';
import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';
import { checkGammaBeta, type GammaBetaOptions } from './gamma-beta.ts';
import { inGroups } from './group-normalization.ts';

/** Options of {@link instanceNormalization}. */
export interface InstanceNormalizationOptions extends GammaBetaOptions {
  /** The axis of the channels: -1 (the last) unless told. */
  readonly axis?: number;
  /** Added to the variance; 0.001 unless told. */
  readonly epsilon?: number;
}

const layer = defineLayer<InstanceNormalizationOptions>({
  type: 'InstanceNormalization',
  check(options) {
    const { axis = -1, epsilon = 1e-3 } = options;
    checkOptions('InstanceNormalization', { axis, epsilon }, { axis: 'integer', epsilon: 'positive' });
    checkGammaBeta('InstanceNormalization', options);
  },
  build: (options, [x], scope) => inGroups('InstanceNormalization', { ...options, groups: -1 }, x!, scope),
  mask: 'pass',
});

/**
 * Each channel of each sample less its mean, divided by its standard deviation, over all positions:
 * `y = (x - mean) / sqrt(variance + epsilon) * gamma + beta`. Group normalisation with a group for each channel.
 *
 * Shapes: `S -> S`; parameters `gamma`, `beta` `[channels]`. Errors: `bad-value` for options or the axis of the batch,
 * `shape-mismatch` for channels without a known size.
 * Source: Ulyanov et al. 2016; Keras GroupNormalization with groups -1; torch.nn.functional.instance_norm (epsilon 1e-5).
 *
 * @example
 * import { input, instanceNormalization } from '@stratus/core';
 * console.log(instanceNormalization()(input({ shape: [8, 8, 3] })).shape); // ['batch', 8, 8, 3]
 */
export const instanceNormalization = (options: InstanceNormalizationOptions & LayerOptions = {}): Layer => layer(options);
