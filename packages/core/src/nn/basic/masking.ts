import type { Value } from '../../graph/index.ts';
import { cast, equal, greater, mul, not, reduceMax, squeeze } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';
import { sequenceOf } from '../sequence-input.ts';

/** Options of {@link masking}. */
export interface MaskingOptions {
  /** A step whose features are all of this value is padding; 0 unless told. */
  readonly maskValue?: number;
}

/** 1 where a step is real, 0 where it is padding: [batch, steps, 1]. */
const realSteps = (x: Value, { maskValue = 0 }: MaskingOptions): Value =>
  reduceMax(cast(not(equal(x, maskValue)), x.dtype), { axes: [2], keepDims: true });

const layer = defineLayer<MaskingOptions>({
  type: 'Masking',
  check: ({ maskValue = 0 }) => checkOptions('Masking', { maskValue }, { maskValue: 'number' }),
  build(config, [x]) {
    sequenceOf('Masking', x!);
    return mul(x!, realSteps(x!, config));
  },
  mask: (config, [x]) => greater(squeeze(realSteps(x!, config), { axes: [2] }), 0),
});

/**
 * Marks padded steps, those whose features are all `maskValue`, for the layers that follow, and sets them to zero.
 *
 * Shapes: `[batch, steps, features] -> [batch, steps, features]`. Errors: `shape-mismatch` for an input that is no sequence,
 * `bad-value` for a `maskValue` that is not a finite number. Source: Keras Masking.
 *
 * @example
 * import { input, lstm, masking } from '@stratus/core';
 * const x = input({ shape: ['time', 8] });
 * console.log(lstm({ units: 16 })(masking()(x)).shape); // ['batch', 16]
 */
export const masking = (options: MaskingOptions & LayerOptions = {}): Layer => layer(options);
