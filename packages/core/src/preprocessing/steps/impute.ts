import { columnSummary } from '../../data/index.ts';
import { fail } from '../../errors.ts';
import { imputation } from '../../nn/index.ts';
import { needForm } from '../form.ts';
import { defineStep } from '../step.ts';

const strategies = ['mean', 'median', 'mostFrequent', 'constant'] as const;

/** Options of {@link impute}. */
export interface ImputeOptions {
  /** What stands for a missing number: the 'mean' (unless told), 'median' or 'mostFrequent' of the others, or a 'constant'. */
  readonly strategy?: (typeof strategies)[number] | undefined;
  /** The number itself: learnt, unless the strategy is 'constant' (then 0 unless told). */
  readonly value?: number | undefined;
  /** Whether a second column says where something was missing; false unless told. */
  readonly indicator?: boolean | undefined;
}

/**
 * Fills in missing numbers (null, nothing, NaN), in the graph.
 *
 * Shapes: `[1] -> [1]`, or `[2]` with `indicator`. Errors: `bad-value` where every number is missing. Source: scikit-learn SimpleImputer.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const prep = await preprocessing({ features: { age: [steps.impute({ strategy: 'median' })] } }).fit([{ age: 20 }, { age: null }, { age: 30 }]);
 * console.log(prep.fitted.features.input.age.steps[0]!.config['value']); // 25
 */
export const impute = defineStep<ImputeOptions>({
  type: 'impute',
  options: ['strategy', 'value', 'indicator'],
  learns: ['value'],
  reads: 'number',
  takesMissing: true,
  check({ strategy = 'mean', value }) {
    if (!strategies.includes(strategy))
      throw fail('bad-value', { what: 'impute', got: `strategy '${String(strategy)}'`, want: strategies.join(', ') });
    if (value !== undefined && !Number.isFinite(value))
      throw fail('bad-value', { what: 'impute', got: `value = ${String(value)}`, want: 'a finite number' });
  },
  form({ indicator = false }, input) {
    const { dtype } = needForm(
      'impute',
      input,
      ['number'],
      'For what is no number, categories() has a place for what is missing.',
    );
    return indicator ? { kind: 'tensor', dtype, shape: [2] } : input;
  },
  learn(config) {
    const seen = columnSummary();
    return {
      add: (values) => seen.addAll(values),
      done() {
        const { strategy = 'mean' } = config;
        if (strategy === 'constant') return { ...config, value: 0 };
        if (seen.count === 0)
          throw fail('bad-value', {
            what: 'impute',
            got: 'no number at all',
            want: `some, for their ${strategy}`,
            fix: 'Leave the field out.',
          });
        const value =
          strategy === 'mean' ? seen.mean : strategy === 'median' ? seen.quantile(0.5) : Number(seen.top(1)[0]!.value);
        return { ...config, value };
      },
    };
  },
  apply({ value = 0, indicator = false }) {
    const filled = (x: number): number => (Number.isNaN(x) ? value : x);
    if (indicator) return (values) => Array.from(values, (x) => [filled(x as number), Number.isNaN(x) ? 1 : 0]);
    return (values) => Float64Array.from(values, (x) => filled(x as number));
  },
  layer: ({ value = 0, indicator }, _, name) => imputation({ value, indicator, name }),
});
