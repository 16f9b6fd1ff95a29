import { fail } from '../../errors.ts';
import { dimsOf, expandOp, reshape } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { showShape } from '../../tensor/index.ts';
import { defineLayer } from '../layer.ts';

/**
 * Each vector `n` times, as the steps of a sequence: from an encoder's last state to what a decoder reads.
 *
 * Shapes: `[batch, features] -> [batch, n, features]`. Errors: `bad-value` for n, `shape-mismatch`. Source: Keras RepeatVector.
 *
 * @example
 * import { input, repeatVector } from '@stratus/core';
 * console.log(repeatVector({ n: 5 })(input({ shape: [32] })).shape); // ['batch', 5, 32]
 */
export const repeatVector = defineLayer<{ readonly n: number }>({
  type: 'RepeatVector',
  check: ({ n }) => checkOptions('RepeatVector', { n }, { n: 'count' }),
  build({ n }, [x]) {
    const [batch, features] = x!.shape;
    if (x!.shape.length !== 2)
      throw fail('shape-mismatch', {
        what: 'RepeatVector',
        got: `input ${showShape(x!.shape)}`,
        want: '[batch, features]',
        fix: 'Put flatten() before it.',
      });
    return expandOp({ input: reshape(x!, [batch!, 1, features!]), shape: dimsOf([batch!, n, features!], x!) }).output;
  },
});
