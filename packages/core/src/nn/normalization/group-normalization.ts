import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import { mul, reshape, reshapeLike } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { showShape } from '../../tensor/index.ts';
import { defineLayer, type Layer, type LayerOptions, type Scope } from '../layer.ts';
import { featureAxis, onView } from './feature-axis.ts';
import { checkGammaBeta, type GammaBetaOptions, gammaBeta, scaled } from './gamma-beta.ts';
import { inverseDeviation, moments } from './moments.ts';

/** Options of {@link groupNormalization}. */
export interface GroupNormalizationOptions extends GammaBetaOptions {
  /** Must divide the number of channels; -1 makes a group of each. 32 unless told. */
  readonly groups?: number;
  /** The axis of the channels: -1 (the last) unless told. */
  readonly axis?: number;
  /** Added to the variance; 0.001 unless told. */
  readonly epsilon?: number;
}

const layer = defineLayer<GroupNormalizationOptions>({
  type: 'GroupNormalization',
  check(options) {
    const { groups = 32, axis = -1, epsilon = 1e-3 } = options;
    checkOptions('GroupNormalization', { axis, epsilon }, { axis: 'integer', epsilon: 'positive' });
    if (groups !== -1) checkOptions('GroupNormalization', { groups }, { groups: 'count' });
    checkGammaBeta('GroupNormalization', options);
  },
  build: (options, [x], scope) => inGroups('GroupNormalization', { groups: 32, ...options }, x!, scope),
  mask: 'pass',
});

/** Normalises groups of channels of each sample. */
export function inGroups(
  what: string,
  options: GroupNormalizationOptions & { readonly groups: number },
  x: Value,
  scope: Scope,
): Value {
  const { axis = -1, epsilon = 1e-3 } = options;
  const { at, size } = featureAxis(what, axis, x);
  const groups = options.groups === -1 ? size : options.groups;
  if (size % groups !== 0)
    throw fail('bad-value', {
      what,
      got: `${groups} groups for the ${size} channels of ${showShape(x.shape)}`,
      want: 'a number of groups that divides the number of channels',
    });
  const parameters = gammaBeta(options, [size], scope);
  return onView(x, at, (v, k) => {
    const split = reshape(v, [...v.shape.slice(0, k), groups, size / groups, ...v.shape.slice(k + 1)]);
    const { centered, variance } = moments(
      split,
      split.shape.flatMap((_, i) => (i === 0 || i === k ? [] : [i])),
    );
    const along = (list: Value | undefined): Value | undefined =>
      list && reshape(list, [groups, size / groups, ...v.shape.slice(k + 1).map(() => 1)]);
    const inverse = inverseDeviation(variance, epsilon);
    const gamma = along(parameters.gamma);
    const by = gamma ? mul(inverse, gamma) : inverse; // one factor for each sample and channel: one pass less over memory
    return reshapeLike(scaled(centered, { gamma: by, beta: along(parameters.beta) }), v);
  });
}

/**
 * Each group of channels of each sample less its mean, divided by its standard deviation, over all positions:
 * `y = (x - mean) / sqrt(variance + epsilon) * gamma + beta`. The same in training and inference, whatever the batch.
 *
 * Shapes: `S -> S`; parameters `gamma`, `beta` `[channels]`. Errors: `bad-value` for groups that do not divide the channels, other
 * options or the axis of the batch, `shape-mismatch` for channels without a known size.
 * Source: Wu and He 2018; Keras GroupNormalization; torch.nn.GroupNorm (whose epsilon is 1e-5).
 *
 * @example
 * import { groupNormalization, input } from '@stratus/core';
 * console.log(groupNormalization({ groups: 4 })(input({ shape: [8, 8, 16] })).shape); // ['batch', 8, 8, 16]
 */
export const groupNormalization = (options: GroupNormalizationOptions & LayerOptions = {}): Layer => layer(options);
