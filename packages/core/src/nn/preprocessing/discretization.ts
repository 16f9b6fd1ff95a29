import { fail } from '../../errors.ts';
import { constant } from '../../graph/index.ts';
import { cast, greaterOrEqual, reduceSum } from '../../ops/index.ts';
import { isFloat, tensor } from '../../tensor/index.ts';
import { defineLayer } from '../layer.ts';

/** Options of {@link discretization}. */
export interface DiscretizationOptions {
  /** Where one bin ends and the next begins, rising: `[0, 10]` makes the bins below 0, from 0 to below 10, and from 10. */
  readonly binBoundaries: readonly number[];
}

/**
 * Numbers to the number of their bin, from 0. NaN falls into the first.
 *
 * Shapes: `[..., 1] -> [..., 1]` int32. Errors: `bad-value` for boundaries that do not rise, `shape-mismatch`. Source: Keras Discretization.
 *
 * @example
 * import { discretization, input, sequential } from '@stratus/core';
 * const net = sequential([input({ shape: [1] }), discretization({ binBoundaries: [0, 10] })]);
 * console.log((await net.predict([[-3], [0], [12]])).toArray()); // [[0], [1], [2]]
 */
export const discretization = defineLayer<DiscretizationOptions>({
  type: 'Discretization',
  mask: 'pass',
  check({ binBoundaries: bounds }) {
    const rising = Array.isArray(bounds) && bounds.every((b, i) => Number.isFinite(b) && (i === 0 || b > bounds[i - 1]!));
    if (!rising || bounds.length === 0)
      throw fail('bad-value', {
        what: 'discretization',
        got: `binBoundaries [${String(bounds)}]`,
        want: 'one or more numbers, each above the one before',
      });
  },
  build({ binBoundaries }, [x]) {
    if (x!.shape.at(-1) !== 1)
      throw fail('shape-mismatch', { what: 'discretization', got: `${x!.shape.at(-1)} features`, want: '1' });
    const numbers = isFloat(x!.dtype) ? x! : cast(x!, 'float32');
    const above = greaterOrEqual(numbers, constant(tensor([...binBoundaries], { dtype: numbers.dtype })));
    return reduceSum(cast(above, 'int32'), { axes: [-1], keepDims: true });
  },
});
