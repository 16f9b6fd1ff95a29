import { fail } from '../../errors.ts';
import { constant, type Value } from '../../graph/index.ts';
import {
  add,
  cast,
  batchNormalization as inferred,
  mul,
  reshape,
  scaleShift,
  standardize,
  sub,
  unsqueeze,
} from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { full, productOf, showShape } from '../../tensor/index.ts';
import type { InitializerLike } from '../init/index.ts';
import { defineLayer, type Layer, type LayerOptions, type Mask, type Scope } from '../layer.ts';
import { featureAxis, onView } from './feature-axis.ts';
import { checkGammaBeta, type GammaBeta, type GammaBetaOptions, gammaBeta } from './gamma-beta.ts';
import { inverseDeviation, weightedMoments } from './moments.ts';

/** Options of {@link batchNormalization}. */
export interface BatchNormalizationOptions extends GammaBetaOptions {
  /** The axis of the channels: -1 (the last) unless told; 1 where channels come first. */
  readonly axis?: number;
  /** Share of the moving statistics that a step keeps; 0.99 unless told. (PyTorch's momentum is 1 less this.) */
  readonly momentum?: number;
  /** Added to the variance; 0.001 unless told. */
  readonly epsilon?: number;
  /** 'zeros' unless told. */
  readonly movingMeanInitializer?: InitializerLike;
  /** 'ones' unless told. */
  readonly movingVarianceInitializer?: InitializerLike;
}

interface Statistics {
  readonly mean: Value;
  readonly variance: Value;
}

const layer = defineLayer<BatchNormalizationOptions>({
  type: 'BatchNormalization',
  check(options) {
    const { axis = -1, momentum = 0.99, epsilon = 1e-3 } = options;
    checkOptions('BatchNormalization', { axis, momentum, epsilon }, { axis: 'integer', momentum: 'share', epsilon: 'positive' });
    checkGammaBeta('BatchNormalization', options);
  },
  build(options, [x], scope) {
    const { axis = -1, epsilon = 1e-3, movingMeanInitializer = 'zeros', movingVarianceInitializer = 'ones' } = options;
    const { at, size } = featureAxis('BatchNormalization', axis, x!);
    const parameters = gammaBeta(options, [size], scope);
    const moving: Statistics = {
      mean: scope.parameter('movingMean', [size], { initializer: movingMeanInitializer, trainable: false }),
      variance: scope.parameter('movingVariance', [size], { initializer: movingVarianceInitializer, trainable: false }),
    };
    if (!scope.training || !scope.trainable) return onView(x!, at, (v, k) => withMoving(v, k, { moving, parameters, epsilon }));
    const [mask] = scope.masks;
    const trained = (v: Value, k: number): Value => {
      const { batch, y } = withBatch(v, k, { mask, parameters, epsilon });
      keep(moving, batch, { momentum: options.momentum ?? 0.99, scope });
      return y;
    };
    return mask ? trained(x!, at) : onView(x!, at, trained); // a mask knows where the steps of x are, not those of its view
  },
  mask: 'pass',
});

/** Normalises with what was collected before. */
function withMoving(
  x: Value,
  axis: number,
  { moving, parameters, epsilon }: { readonly moving: Statistics; readonly parameters: GammaBeta; readonly epsilon: number },
): Value {
  const { mean, variance } = moving;
  const { gamma, beta } = parameters;
  if (axis === 1) {
    // Written as the op itself, so that it can be folded into a convolution before it.
    const list = (value: number): Value => constant(full(mean.shape as number[], value, x.dtype));
    return inferred(x, { scale: gamma ?? list(1), bias: beta ?? list(0), mean, variance, epsilon });
  }
  const inverse = inverseDeviation(variance, epsilon);
  const by = gamma ? mul(inverse, gamma) : inverse;
  const shift = mul(mean, by);
  return scaleShift(x, by, beta ? sub(beta, shift) : mul(shift, -1), { axis });
}

/** Normalises with the statistics of this batch. */
function withBatch(
  x: Value,
  axis: number,
  { mask, parameters, epsilon }: { readonly mask: Mask; readonly parameters: GammaBeta; readonly epsilon: number },
): { readonly batch: Statistics; readonly y: Value } {
  const axes = x.shape.flatMap((_, i) => (i === axis ? [] : [i]));
  if (productOf(axes.map((i) => x.shape[i]!)) === 1)
    throw fail('bad-value', {
      what: 'BatchNormalization',
      got: `one value for each channel: ${showShape(x.shape)}`,
      want: 'a batch with a variance, in training',
      fix: 'Use a larger batch, or layerNormalization().',
    });
  if (!mask) {
    const { y, mean, variance } = standardize(x, { scale: parameters.gamma, shift: parameters.beta, axis, epsilon });
    return { batch: { mean, variance }, y };
  }
  const list = (v: Value): Value => reshape(v, [x.shape[axis]!]);
  const found = weightedMoments(x, axes, steps(mask, x));
  const [mean, variance] = [list(found.mean), list(found.variance)];
  const inverse = inverseDeviation(variance, epsilon);
  const gamma = parameters.gamma ? mul(inverse, parameters.gamma) : inverse;
  return { batch: { mean, variance }, y: scaleShift(found.centered, gamma, parameters.beta, { axis }) };
}

/** 1 for real steps, 0 for those that only fill up, with axes of size 1 for the rest of `x`. */
const steps = (mask: Value, x: Value): Value => {
  const more = x.shape.flatMap((_, i) => (i < 2 ? [] : [i]));
  const weights = cast(mask, x.dtype);
  return more.length === 0 ? weights : unsqueeze(weights, { axes: more });
};

/** Moves the moving statistics towards those of the batch. */
function keep(
  moving: Statistics,
  batch: Statistics,
  { momentum, scope }: { readonly momentum: number; readonly scope: Scope },
): void {
  const mixed = (old: Value, now: Value): Value => add(mul(old, momentum), mul(now, 1 - momentum));
  scope.update('movingMean', mixed(moving.mean, batch.mean));
  scope.update('movingVariance', mixed(moving.variance, batch.variance));
}

/**
 * Each channel less its mean, divided by its standard deviation: `y = (x - mean) / sqrt(variance + epsilon) * gamma + beta`. Training
 * takes the statistics of the batch (real steps of masked sequences only) and moves `movingMean` and `movingVariance` towards them:
 * `moving = moving * momentum + batch * (1 - momentum)`. Inference, and a frozen layer (`trainable: false`) in training, take the
 * moving ones.
 *
 * The variance is the mean of squared distances, also for the moving one, as in Keras; PyTorch's running variance divides by n - 1.
 * A batch with one value for each channel has variance 0, and gives `beta`; where its size is known beforehand it is refused.
 *
 * Shapes: `S -> S`; parameters `gamma`, `beta`, and without gradients `movingMean`, `movingVariance`, all `[channels]`.
 * Errors: `bad-value` for options, the axis of the batch or one value for each channel, `shape-mismatch` for channels without a known size.
 * Source: Ioffe and Szegedy 2015; Keras BatchNormalization; torch.nn.functional.batch_norm.
 *
 * @example
 * import { batchNormalization, input } from '@stratus/core';
 * const y = batchNormalization({ momentum: 0.9, epsilon: 1e-5 })(input({ shape: [32, 32, 16] }));
 * console.log(y.shape); // ['batch', 32, 32, 16]
 */
export const batchNormalization = (options: BatchNormalizationOptions & LayerOptions = {}): Layer => layer(options);
