import { fail } from '../../errors.ts';
import { needForm } from '../form.ts';
import { defineStep } from '../step.ts';
import { areCategories, type Category, CategoryCount, showCategory } from './categories.ts';

/** Options of {@link classes}. */
export interface ClassesOptions {
  /** The classes in the order of their numbers: learnt (in the order of the alphabet) unless given. */
  readonly labels?: readonly Category[] | undefined;
}

const most = 100_000;

/**
 * The classes of a target to whole numbers from 0. Their names are saved as the labels of the output.
 *
 * Shapes: `[1]` int32. Errors: `bad-value` for a label that is missing or was not there in training, naming the record.
 * Source: scikit-learn LabelEncoder.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const records = [{ size: 1, pet: 'dog' }, { size: 2, pet: 'cat' }];
 * const prep = await preprocessing({ features: { size: [] }, target: { pet: [steps.classes()] } }).fit(records);
 * console.log(prep.labels()); // ['cat', 'dog']
 */
export const classes = defineStep<ClassesOptions>({
  type: 'classes',
  options: ['labels'],
  learns: ['labels'],
  reads: 'scalar',
  takesMissing: true,
  check({ labels }) {
    if (
      labels !== undefined &&
      !(areCategories(labels) && labels.length > 0 && new Set(labels.map(String)).size === labels.length)
    )
      throw fail('bad-value', { what: 'classes', got: 'labels that are no list, or repeat', want: 'a list of different ones' });
  },
  form({ labels = [] }, input) {
    needForm('classes', input, ['scalar', 'text', 'number', 'index']);
    return { kind: 'index', size: labels.length };
  },
  learn(config) {
    const seen = new CategoryCount();
    return {
      add(values) {
        seen.add(values);
        if (seen.size > most)
          throw fail('bad-value', {
            what: 'classes',
            got: `more than ${most} different values`,
            want: 'classes',
            fix: 'Is it the right field?',
          });
      },
      done() {
        // A cell of a table that is empty is no label.
        const labels = seen
          .inOrder()
          .map(([label]) => label)
          .filter((label) => label !== '' && !Number.isNaN(label));
        const texts = new Set(labels.map(String));
        if (labels.length > 0 && texts.size === labels.length) return { ...config, labels };
        throw fail('bad-value', {
          what: 'classes',
          got:
            labels.length === 0
              ? 'no labels'
              : `labels that are written alike, such as ${showCategory(labels.find((label) => typeof label !== 'string'))}`,
          want: 'labels that can be told apart',
        });
      },
    };
  },
  apply({ labels = [] }) {
    const numbers = new Map(labels.map((label, i) => [label, i]));
    return (values, { from }) =>
      Int32Array.from(values, (value, i) => {
        const number = numbers.get(value as Category);
        if (number !== undefined) return number;
        const known = labels.slice(0, 10).map(showCategory).join(', ');
        const isMissing = value === undefined || value === '' || Number.isNaN(value);
        throw fail('bad-value', {
          what: 'classes',
          got: `${isMissing ? 'no label' : `the label ${showCategory(value)}`} in record ${from + i}`,
          want: `one of ${known}${labels.length > 10 ? ', …' : ''}`,
          ...(isMissing && { fix: 'Leave out records without a label: data.filter(…).' }),
        });
      });
  },
});
