import { columnSummary } from '../../data/index.ts';
import { fail } from '../../errors.ts';
import { discretization } from '../../nn/index.ts';
import { checkOptions } from '../../options.ts';
import { needForm } from '../form.ts';
import { defineStep } from '../step.ts';

/** Options of {@link bins}. */
export interface BinsOptions {
  /** How many bins; 10 unless told. Fewer come out where numbers repeat. */
  readonly count?: number | undefined;
  /** Bins with equally many numbers in them ('quantile', unless told), or equally wide ones ('uniform'). */
  readonly strategy?: 'quantile' | 'uniform' | undefined;
  /** Where a bin ends and the next begins: learnt, unless given. */
  readonly boundaries?: readonly number[] | undefined;
}

/**
 * Numbers to the number of their bin, in the graph; `oneHot()` may follow. What is missing falls into the first.
 *
 * Shapes: `[1] -> [1]` int32. Errors: `bad-value`. Source: scikit-learn KBinsDiscretizer, Keras Discretization.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const ages = [{ age: 10 }, { age: 20 }, { age: 30 }, { age: 40 }];
 * const prep = await preprocessing({ features: { age: [steps.bins({ count: 2 }), steps.oneHot()] } }).fit(ages);
 * console.log(prep.fitted.features.input.age.steps[0]!.config['boundaries']); // [25]
 */
export const bins = defineStep<BinsOptions>({
  type: 'bins',
  options: ['count', 'strategy', 'boundaries'],
  learns: ['boundaries'],
  reads: 'number',
  check({ count = 10, strategy = 'quantile', boundaries }) {
    checkOptions('bins', { count }, { count: 'count' });
    if (strategy !== 'quantile' && strategy !== 'uniform')
      throw fail('bad-value', { what: 'bins', got: `strategy '${String(strategy)}'`, want: "'quantile' or 'uniform'" });
    if (count < 2) throw fail('bad-value', { what: 'bins', got: `count = ${count}`, want: '2 or more' });
    if (boundaries) discretization({ binBoundaries: boundaries });
  },
  form({ boundaries = [] }, input) {
    needForm('bins', input, ['number']);
    return { kind: 'index', size: boundaries.length + 1 };
  },
  learn(config) {
    const seen = columnSummary();
    return {
      add: (values) => seen.addAll(values),
      done() {
        const { count = 10, strategy = 'quantile' } = config;
        const inner = Array.from({ length: count - 1 }, (_, i) => (i + 1) / count);
        const { minimum, maximum } = seen;
        const at = (share: number) => (strategy === 'quantile' ? seen.quantile(share) : minimum + share * (maximum - minimum));
        const boundaries = [...new Set(seen.count === 0 ? [] : inner.map(at))].filter((b) => b > minimum);
        if (boundaries.length > 0) return { ...config, boundaries };
        throw fail('bad-value', {
          what: 'bins',
          got: 'one number, or none',
          want: 'different ones',
          fix: 'Leave the field out.',
        });
      },
    };
  },
  apply({ boundaries = [] }) {
    return (values) => Int32Array.from(values, (x) => boundaries.filter((b) => (x as number) >= b).length);
  },
  layer: ({ boundaries = [] }, _, name) => discretization({ binBoundaries: boundaries, name }),
});
