import { max, mul, reciprocal, reduceSumSquare, sqrt } from '../../ops/index.ts';
import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';
import { checkAxes, featureAxes } from './feature-axis.ts';

/** Options of {@link unitNormalization}. */
export interface UnitNormalizationOptions {
  /** The axis, or the axes, of one vector: -1 unless told. */
  readonly axis?: number | readonly number[];
}

/** A vector of zeros stays one. */
const least = 1e-12;

const layer = defineLayer<UnitNormalizationOptions>({
  type: 'UnitNormalization',
  check: ({ axis = -1 }) => checkAxes('UnitNormalization', axis),
  build({ axis = -1 }, [x]) {
    const { at } = featureAxes('UnitNormalization', axis, x!);
    return mul(x!, reciprocal(sqrt(max(reduceSumSquare(x!, { axes: at, keepDims: true }), least))));
  },
  mask: 'pass',
});

/**
 * Vectors of length 1 in the same direction: `y = x / sqrt(max(sum(x²), 1e-12))`.
 *
 * Shapes: `S -> S`. Errors: `bad-value` for the axis of the batch, `shape-mismatch` for an axis without a known size.
 * Source: Keras UnitNormalization; torch.nn.functional.normalize.
 *
 * @example
 * import { input, unitNormalization } from '@stratus/core';
 * console.log(unitNormalization()(input({ shape: [64] })).shape); // ['batch', 64]
 */
export const unitNormalization = (options: UnitNormalizationOptions & LayerOptions = {}): Layer => layer(options);
