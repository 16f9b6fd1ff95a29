import { fail } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import { needForm, type Values } from '../form.ts';
import { defineStep } from '../step.ts';

/** What a category can be. */
export type Category = string | number | boolean;

/** Options of {@link categories}. */
export interface CategoriesOptions {
  /** At most so many, the most frequent; 1,000 unless told. What is left counts as unknown. */
  readonly maxCategories?: number | undefined;
  /** Rarer ones count as unknown; 1 unless told. */
  readonly minFrequency?: number | undefined;
  /** 'bucket' (unless told): what is unknown or missing gets number 0, the known ones begin at 1; 'error': it is refused, and they begin at 0. */
  readonly unknown?: 'bucket' | 'error' | undefined;
  /** The categories in the order of their numbers: learnt, unless given. */
  readonly values?: readonly Category[] | undefined;
}

/** So many different values are counted at most: more are no categories, and would fill the memory. */
const mostDifferent = 1_000_000;

/** Counts what is there. */
export class CategoryCount {
  readonly #counts = new Map<Category, number>();

  add(values: Values): void {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as Category | undefined;
      if (value !== undefined) this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
    }
    refuseTooMany(this.#counts.size);
  }

  get size(): number {
    return this.#counts.size;
  }

  /** The most frequent first; those of one frequency in their own order. */
  byFrequency(): (readonly [Category, number])[] {
    return this.inOrder().sort((a, b) => b[1] - a[1]);
  }

  /** Numbers before texts, by size and by code points. */
  inOrder(): (readonly [Category, number])[] {
    const rank = (value: Category): number => (typeof value === 'string' ? 1 : 0);
    return [...this.#counts].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
  }
}

/** Errors: `bad-value`. */
export function refuseTooMany(different: number): void {
  if (different > mostDifferent)
    throw fail('bad-value', {
      what: 'categories',
      got: `more than ${mostDifferent} different values`,
      want: 'categories',
      fix: 'Share them out by a hash: steps.hashing({ bins: 4096 }).',
    });
}

/** Whether these can be kept in a file, and told apart. */
export const areCategories = (values: unknown): boolean =>
  Array.isArray(values) &&
  new Set(values).size === values.length &&
  values.every((value) => typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value));

/** How a category is shown in messages. */
export const showCategory = (value: unknown): string =>
  value === undefined ? 'nothing' : typeof value === 'string' ? `'${value.slice(0, 60)}'` : String(value);

/**
 * Texts, numbers or flags to whole numbers. `oneHot()` or an embedding may follow.
 *
 * Shapes: `[1]` int32. Errors: `bad-value`; with `unknown: 'error'` it names the record.
 * Source: Keras StringLookup; scikit-learn OrdinalEncoder, OneHotEncoder.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const prep = await preprocessing({ features: { city: [steps.categories()] } }).fit([{ city: 'Rome' }, { city: 'Oslo' }, { city: 'Rome' }]);
 * console.log((await prep.feeds([{ city: 'Rome' }, { city: 'Bonn' }])).input!.toArray()); // [[1], [0]]
 */
export const categories = defineStep<CategoriesOptions>({
  type: 'categories',
  options: ['maxCategories', 'minFrequency', 'unknown', 'values'],
  learns: ['values'],
  reads: 'scalar',
  takesMissing: true,
  check({ maxCategories = 1000, minFrequency = 1, unknown = 'bucket', values }) {
    checkOptions('categories', { maxCategories, minFrequency }, { maxCategories: 'count', minFrequency: 'count' });
    if (unknown !== 'bucket' && unknown !== 'error')
      throw fail('bad-value', { what: 'categories', got: `unknown '${String(unknown)}'`, want: "'bucket' or 'error'" });
    if (values !== undefined && !areCategories(values))
      throw fail('bad-value', {
        what: 'categories',
        got: 'values that are no list of texts, numbers or flags, or repeat',
        want: 'a list of different ones',
      });
  },
  form({ values = [], unknown = 'bucket' }, input) {
    needForm('categories', input, ['scalar', 'text', 'number', 'index']);
    return { kind: 'index', size: values.length + (unknown === 'bucket' ? 1 : 0) };
  },
  learn(config) {
    const seen = new CategoryCount();
    const { maxCategories = 1000, minFrequency = 1 } = config;
    return {
      add: (values) => seen.add(values),
      done() {
        const frequent = seen.byFrequency().filter(([value, count]) => count >= minFrequency && !Number.isNaN(value));
        if (frequent.length > 0) return { ...config, values: frequent.slice(0, maxCategories).map(([value]) => value) };
        throw fail('bad-value', {
          what: 'categories',
          got: 'nothing to learn from',
          want: 'values',
          fix: 'Leave the field out.',
        });
      },
    };
  },
  apply({ values: known = [], unknown = 'bucket' }) {
    const first = unknown === 'bucket' ? 1 : 0;
    const numbers = new Map(known.map((value, i) => [value, i + first]));
    return (values, { from }) =>
      Int32Array.from(values, (value, i) => {
        const number = numbers.get(value as Category);
        if (number !== undefined || unknown === 'bucket') return number ?? 0;
        throw fail('bad-value', {
          what: 'categories',
          got: `${showCategory(value)} in record ${from + i}`,
          want: `one of ${known.slice(0, 10).map(showCategory).join(', ')}${known.length > 10 ? ', …' : ''}`,
          fix: "With { unknown: 'bucket' } all that are unknown get a number of their own.",
        });
      });
  },
});
