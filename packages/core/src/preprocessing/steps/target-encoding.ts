import { fail } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import { needForm } from '../form.ts';
import { defineStep } from '../step.ts';
import { type Category, refuseTooMany } from './categories.ts';

/** Sum of targets and how many there were. */
type Sum = readonly [sum: number, count: number];

/** Options of {@link targetEncoding}. */
export interface TargetEncodingOptions {
  /** How many records of the average a category is mixed with: the rarer, the nearer to it; 10 unless told. */
  readonly smooth?: number | undefined;
  /** In how many parts the training data is cut; 5 unless told. */
  readonly folds?: number | undefined;
  /** Learnt: for each category, sum and number of targets in each part. */
  readonly sums?: readonly (readonly [Category | null, readonly Sum[]])[] | undefined;
}

const add = (sums: readonly Sum[], without = -1): Sum =>
  sums.reduce<Sum>(([s, n], [sum, count], fold) => (fold === without ? [s, n] : [s + sum, n + count]), [0, 0]);

/**
 * A category as the mean target of its records. What is trained on never sees its own target: the training data is cut into parts by the records'
 * content, and each part is encoded by the others. What is unknown gets the mean of all.
 *
 * Shapes: `[1]` float32. Errors: `bad-value` without a target of numbers or of two classes.
 * Source: Micci-Barreca 2001; scikit-learn TargetEncoder, whose cross fitting this is (with parts by content in place of position).
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const records = [{ city: 'Rome', price: 2 }, { city: 'Rome', price: 4 }, { city: 'Oslo', price: 9 }];
 * const prep = await preprocessing({ features: { city: [steps.targetEncoding({ smooth: 0 })] }, target: { price: [] } }).fit(records);
 * console.log((await prep.feeds([{ city: 'Rome' }, { city: 'Bonn' }])).input!.toArray()); // [[3], [5]]
 */
export const targetEncoding = defineStep<TargetEncodingOptions>({
  type: 'targetEncoding',
  options: ['smooth', 'folds', 'sums'],
  learns: ['sums'],
  reads: 'scalar',
  takesMissing: true,
  needsTarget: true,
  check({ smooth = 10, folds = 5, sums }) {
    checkOptions('targetEncoding', { smooth, folds }, { smooth: 'nonNegative', folds: 'count' });
    const isSum = (x: unknown): boolean => Array.isArray(x) && x.length === 2 && x.every(Number.isFinite);
    const isEntry = (x: unknown): boolean =>
      Array.isArray(x) && x.length === 2 && Array.isArray(x[1]) && x[1].length === folds && x[1].every(isSum);
    if (sums !== undefined && !(Array.isArray(sums) && sums.every(isEntry)))
      throw fail('bad-value', {
        what: 'targetEncoding',
        got: 'sums of another form',
        want: 'for each category, sum and number in each part',
      });
    if (folds < 2) throw fail('bad-value', { what: 'targetEncoding', got: `folds = ${folds}`, want: '2 or more' });
  },
  form(_, input) {
    needForm('targetEncoding', input, ['scalar', 'text', 'number', 'index']);
    return { kind: 'number', dtype: 'float32' };
  },
  learn(config) {
    const { folds = 5 } = config;
    const sums = new Map<unknown, [number, number][]>();
    return {
      add(values, context) {
        const [targets, identities] = [context.targets(), context.identities()];
        for (let i = 0; i < values.length; i++) {
          const key = values[i] ?? null;
          let own = sums.get(key);
          if (!own) sums.set(key, (own = Array.from({ length: folds }, () => [0, 0])));
          const fold = own[identities[i]! % folds]!;
          fold[0] += targets[i]!;
          fold[1]++;
        }
        refuseTooMany(sums.size);
      },
      done: () => ({ ...config, sums: [...sums] as [Category | null, Sum[]][] }),
    };
  },
  apply({ sums = [], smooth = 10, folds = 5 }) {
    const all = Array.from({ length: folds }, (_, fold) => add(sums.map(([, own]) => own[fold]!)));
    const encoded = (own: readonly Sum[], without?: number): number => {
      const [total, records] = add(all, without);
      const mean = records === 0 ? 0 : total / records;
      const [sum, count] = add(own, without);
      return count + smooth === 0 ? mean : (sum + smooth * mean) / (count + smooth);
    };
    const known = new Map(sums.map(([key, own]) => [key, { own, whole: encoded(own) }]));
    const unknown = encoded([]);
    return (values, context) => {
      const identities = context.training ? context.identities() : undefined;
      return Float64Array.from(values, (value, i) => {
        const entry = known.get((value ?? null) as Category | null);
        if (identities) return encoded(entry?.own ?? [], identities[i]! % folds);
        return entry?.whole ?? unknown;
      });
    };
  },
});
