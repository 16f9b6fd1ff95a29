import { fail } from '../../errors.ts';
import { constant } from '../../graph/index.ts';
import { cast, equal, reduceMax, reduceSum, unsqueeze } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { isFloat, tensor } from '../../tensor/index.ts';
import { defineLayer } from '../layer.ts';

/** Options of {@link categoryEncoding}. */
export interface CategoryEncodingOptions {
  /** How many different numbers there can be: 0 to `numTokens - 1`. Others count nowhere. */
  readonly numTokens: number;
  /**
   * 'oneHot' (unless told): one number to a row of zeros with a 1 at its place; 'multiHot': several numbers to one row with a 1 at each place; 'count': how often
   * each was there.
   */
  readonly outputMode?: 'oneHot' | 'multiHot' | 'count' | undefined;
}

/**
 * Numbers of categories to rows of zeros and ones.
 *
 * Shapes: `[..., 1] -> [..., numTokens]` for 'oneHot', `[..., n] -> [..., numTokens]` else; float32. Errors: `bad-value`, `dtype-mismatch` for numbers that
 * are not whole, `shape-mismatch`. Source: Keras CategoryEncoding.
 *
 * @example
 * import { categoryEncoding, input, sequential } from '@stratus/core';
 * const net = sequential([input({ shape: [1], dtype: 'int32' }), categoryEncoding({ numTokens: 3 })]);
 * console.log((await net.predict([[2], [0]])).toArray()); // [[0, 0, 1], [1, 0, 0]]
 */
export const categoryEncoding = defineLayer<CategoryEncodingOptions>({
  type: 'CategoryEncoding',
  check({ numTokens, outputMode = 'oneHot' }) {
    checkOptions('categoryEncoding', { numTokens }, { numTokens: 'count' });
    if (!['oneHot', 'multiHot', 'count'].includes(outputMode))
      throw fail('bad-value', {
        what: 'categoryEncoding',
        got: `outputMode '${String(outputMode)}'`,
        want: "'oneHot', 'multiHot' or 'count'",
      });
  },
  build({ numTokens, outputMode = 'oneHot' }, [x]) {
    if (isFloat(x!.dtype))
      throw fail('dtype-mismatch', {
        what: 'categoryEncoding',
        got: x!.dtype,
        want: 'whole numbers',
        fix: 'Declare the input as int32.',
      });
    const places = constant(tensor(Int32Array.from({ length: numTokens }, (_, i) => i)));
    const numbers = x!.dtype === 'int32' ? x! : cast(x!, 'int32');
    if (outputMode === 'oneHot') {
      if (x!.shape.at(-1) !== 1)
        throw fail('shape-mismatch', {
          what: 'categoryEncoding',
          got: `${x!.shape.at(-1)} numbers a row`,
          want: "1, or outputMode: 'multiHot'",
        });
      return cast(equal(numbers, places), 'float32');
    }
    const hits = cast(equal(unsqueeze(numbers, { axes: [-1] }), places), 'float32');
    return (outputMode === 'count' ? reduceSum : reduceMax)(hits, { axes: [-2], keepDims: false });
  },
});
