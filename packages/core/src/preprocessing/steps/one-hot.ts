import { fail } from '../../errors.ts';
import { categoryEncoding } from '../../nn/index.ts';
import { type Form, needForm } from '../form.ts';
import { defineStep } from '../step.ts';

/** How many different numbers there can be. */
function sizeOf(input: Form): number {
  const { size } = needForm('oneHot', input, ['index', 'list', 'tensor'], 'Put categories(), bins() or hashing() before.');
  if (size !== undefined && input.kind !== 'list') return size;
  throw fail('bad-value', {
    what: 'oneHot',
    got: input.kind === 'list' ? 'lists of unequal length' : 'numbers that are none of categories',
    want: 'numbers of categories',
    fix: input.kind === 'list' ? 'Put pad() before.' : 'Put categories(), bins() or hashing() before.',
  });
}

/**
 * A number of a category to a row of zeros with a 1 at its place, in the graph; several numbers to one row with a 1 at each place.
 *
 * Shapes: `[n] -> [size]` float32. Errors: `bad-value` for numbers that stand for nothing. Source: scikit-learn OneHotEncoder, Keras CategoryEncoding.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const prep = await preprocessing({ features: { city: [steps.categories(), steps.oneHot()] } }).fit([{ city: 'Oslo' }, { city: 'Rome' }]);
 * console.log(prep.inputs.input!.shape); // [3]: unknown ones, Oslo, Rome
 */
export const oneHot = defineStep<object>({
  type: 'oneHot',
  options: [],
  form: (_, input) => ({ kind: 'tensor', dtype: 'float32', shape: [sizeOf(input)] }),
  apply(_, input) {
    const size = sizeOf(input);
    return (values) =>
      Array.from(values, (value) => {
        const row = new Float32Array(size);
        for (const i of typeof value === 'number' ? [value] : Array.from(value as ArrayLike<number>)) row[i] = 1;
        return row;
      });
  },
  layer: (_, input, name) =>
    categoryEncoding({ numTokens: sizeOf(input), outputMode: input.kind === 'index' ? 'oneHot' : 'multiHot', name }),
});
