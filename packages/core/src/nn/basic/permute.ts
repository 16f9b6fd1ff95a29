import { fail } from '../../errors.ts';
import { transpose } from '../../ops/index.ts';
import { showShape } from '../../tensor/index.ts';
import { defineLayer } from '../layer.ts';

/**
 * The axes of each sample in another order; the batch stays in front.
 *
 * Shapes: `[batch, ...S] -> [batch, ...]` where axis i of the output is axis `dims[i - 1]` of the input, counted from 1: `[2, 1]` swaps
 * two axes. Errors: `bad-value` for dims that are no order of 1 to n, `shape-mismatch` for an input with other than n axes.
 * Source: Keras Permute.
 *
 * @example
 * import { input, permute } from '@stratus/core';
 * console.log(permute({ dims: [2, 1] })(input({ shape: [10, 64] })).shape); // ['batch', 64, 10]
 */
export const permute = defineLayer<{ readonly dims: readonly number[] }>({
  type: 'Permute',
  check({ dims }) {
    const fits = Array.isArray(dims) && dims.length > 0 && dims.toSorted((a, b) => a - b).every((d, i) => d === i + 1);
    if (!fits)
      throw fail('bad-value', {
        what: 'Permute',
        got: `dims = ${JSON.stringify(dims)}`,
        want: 'every axis of a sample once, counted from 1: [2, 1] swaps two',
      });
  },
  build({ dims }, [x]) {
    if (x!.shape.length !== dims.length + 1)
      throw fail('shape-mismatch', {
        what: 'Permute',
        got: `input ${showShape(x!.shape)}`,
        want: `${dims.length} axes behind the batch, as dims ${showShape(dims)} says`,
      });
    return transpose(x!, [0, ...dims]);
  },
});
