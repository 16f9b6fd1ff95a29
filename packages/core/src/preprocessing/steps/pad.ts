import { padSequences } from '../../data/index.ts';
import { fail } from '../../errors.ts';
import { needForm, type Values } from '../form.ts';
import { defineStep } from '../step.ts';

/** Options of {@link pad}, by Keras' names. */
export interface PadOptions {
  /** The length of all: that of the longest in training, unless given. */
  readonly maxLength?: number | undefined;
  /** Where shorter ones are filled up; 'pre' unless told. */
  readonly padding?: 'pre' | 'post' | undefined;
  /** Where longer ones are cut; 'pre' unless told. */
  readonly truncating?: 'pre' | 'post' | undefined;
  /** What they are filled up with; 0 unless told. */
  readonly value?: number | undefined;
}

/**
 * Lists of numbers to lists of one length.
 *
 * Shapes: `[maxLength]` int32. Errors: `bad-value`. Source: keras.utils.pad_sequences.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const prep = await preprocessing({ features: { clicks: [steps.pad({ maxLength: 3, padding: 'post' })] } }).fit([{ clicks: [4, 1] }, { clicks: [] }]);
 * console.log((await prep.feeds([{ clicks: [7] }])).input!.toArray()); // [[7, 0, 0]]
 */
export const pad = defineStep<PadOptions>({
  type: 'pad',
  options: ['maxLength', 'padding', 'truncating', 'value'],
  learns: ['maxLength'],
  reads: 'list',
  check: (options) => void padSequences([], options),
  form({ maxLength = 0, value = 0 }, input) {
    const lists = needForm('pad', input, ['list', 'tensor'], 'Put tokenize() before.');
    const size = lists.size === undefined ? undefined : Math.max(lists.size, value + 1);
    return { kind: 'tensor', dtype: 'int32', shape: [maxLength], ...(size !== undefined && { size }) };
  },
  learn(config) {
    let maxLength = 0;
    return {
      add(values) {
        for (let i = 0; i < values.length; i++) maxLength = Math.max(maxLength, (values[i] as Values).length);
      },
      done() {
        if (maxLength > 0) return { ...config, maxLength };
        throw fail('bad-value', { what: 'pad', got: 'empty lists alone', want: 'a longest one', fix: 'Give maxLength.' });
      },
    };
  },
  apply: (config) => (values) => {
    const { data, shape } = padSequences(values as readonly ArrayLike<number>[], config);
    const length = shape[1]!;
    return Array.from({ length: shape[0]! }, (_, i) => data.subarray(i * length, (i + 1) * length));
  },
});
