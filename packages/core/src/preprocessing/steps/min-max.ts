import { fail } from '../../errors.ts';
import type { PerFeature } from '../../nn/index.ts';
import { defineScaling } from './scaling.ts';

/** Options of {@link minMax}. */
export interface MinMaxOptions {
  /** Where the smallest and the largest number go; [0, 1] unless told. */
  readonly range?: readonly [least: number, most: number] | undefined;
  /** Learnt, unless given. */
  readonly minimum?: PerFeature | undefined;
  readonly maximum?: PerFeature | undefined;
}

/**
 * Brings numbers to a range by the smallest and largest of the training data, in the graph. Later ones may lie outside of it.
 *
 * Shapes: `[n] -> [n]`. Errors: `bad-value`. Source: scikit-learn MinMaxScaler.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const prep = await preprocessing({ features: { size: [steps.minMax()] } }).fit([{ size: 1 }, { size: 3 }]);
 * console.log(prep.fitted.features.input.size.steps[0]!.config); // { minimum: 1, maximum: 3 }
 */
export const minMax = defineScaling<'minimum' | 'maximum', MinMaxOptions>({
  type: 'minMax',
  learns: ['minimum', 'maximum'],
  options: ['range'],
  check({ range = [0, 1], minimum, maximum }) {
    if (!Array.isArray(range))
      throw fail('bad-value', { what: 'minMax', got: `range = ${String(range)}`, want: '[least, most]' });
    if (typeof minimum === 'number' && typeof maximum === 'number' && minimum > maximum)
      throw fail('bad-value', {
        what: 'minMax',
        got: `minimum ${minimum} above maximum ${maximum}`,
        want: 'the smaller one as minimum',
      });
    const [least, most] = range;
    if (range.length !== 2 || !range.every(Number.isFinite) || least >= most)
      throw fail('bad-value', { what: 'minMax', got: `range [${range.join(', ')}]`, want: 'two numbers, the smaller first' });
  },
  learn: ({ minimum, maximum }) => ({ minimum, maximum }),
  scale({ minimum, maximum }, { range: [least, most] = [0, 1] }) {
    const width = (maximum - minimum || 1) / (most - least);
    return { center: minimum - least * width, width };
  },
});
