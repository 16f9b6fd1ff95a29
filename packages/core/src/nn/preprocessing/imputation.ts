import { cast, concat, isNaN, where } from '../../ops/index.ts';
import { isFloat } from '../../tensor/index.ts';
import { defineLayer } from '../layer.ts';
import { checkPerFeature, constantLike, type PerFeature } from './per-feature.ts';

/** Options of {@link imputation}. */
export interface ImputationOptions {
  /** What stands for a missing number: one for all, or one for each feature. */
  readonly value: PerFeature;
  /** Appends, for each feature, 1 where it was missing and 0 where it was not; false unless told. */
  readonly indicator?: boolean | undefined;
}

/**
 * Fills in what is missing: NaN becomes `value`. Whole numbers have no NaN and pass as they are.
 *
 * Shapes: `[..., features]` to the same, or to `[..., 2 * features]` with `indicator`. Errors: `bad-value`, `shape-mismatch`.
 * Source: scikit-learn SimpleImputer.
 *
 * @example
 * import { imputation, input, sequential } from '@stratus/core';
 * const net = sequential([input({ shape: [2] }), imputation({ value: [30, 7] })]);
 * console.log((await net.predict([[Number.NaN, 1]])).toArray()); // [[30, 1]]
 */
export const imputation = defineLayer<ImputationOptions>({
  type: 'Imputation',
  mask: 'pass',
  check: ({ value }) => checkPerFeature('imputation', 'value', value, 'number'),
  build({ value, indicator = false }, [x]) {
    const numbers = isFloat(x!.dtype) ? x! : cast(x!, 'float32');
    const missing = isNaN(numbers);
    const filled = where(missing, constantLike('imputation', numbers, value), numbers);
    return indicator ? concat([filled, cast(missing, numbers.dtype)], { axis: -1 }) : filled;
  },
});
