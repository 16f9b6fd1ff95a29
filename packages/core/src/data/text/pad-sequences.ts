import { fail } from '../../errors.ts';
import { checkOptions, refuseUnknown } from '../../options.ts';
import { Tensor } from '../../tensor/index.ts';

/** Options of {@link padSequences}, by Keras' names. */
export interface PadSequencesOptions {
  /** The length of all; that of the longest unless told. */
  readonly maxLength?: number | undefined;
  /** Where shorter ones are filled up; 'pre' unless told. */
  readonly padding?: 'pre' | 'post' | undefined;
  /** Where longer ones are cut; 'pre' (the beginning is lost) unless told. */
  readonly truncating?: 'pre' | 'post' | undefined;
  /** What they are filled up with; 0 unless told. */
  readonly value?: number | undefined;
}

const side = (name: string, value: unknown): void => {
  if (value !== 'pre' && value !== 'post')
    throw fail('bad-value', { what: 'padSequences', got: `${name} = ${String(value)}`, want: "'pre' or 'post'" });
};

/**
 * Sequences of unequal length as one tensor: shorter ones are filled up, longer ones are cut.
 *
 * Shapes: n sequences to `[n, maxLength]` int32; no sequences give `[0, maxLength]`, an empty one a row of `value`.
 * Errors: `bad-value` for an option, or for what is no whole number of 32 bits. Source: keras.utils.pad_sequences.
 *
 * @example
 * import { padSequences } from '@stratus/core';
 * console.log(padSequences([[1, 2, 3, 4], [5], []], { maxLength: 3 }).toArray()); // [[2, 3, 4], [0, 0, 5], [0, 0, 0]]
 */
export function padSequences(
  sequences: readonly ArrayLike<number>[],
  { maxLength, padding = 'pre', truncating = 'pre', value = 0, ...rest }: PadSequencesOptions = {},
): Tensor<'int32'> {
  refuseUnknown('padSequences', rest, ['maxLength', 'padding', 'truncating', 'value']);
  const length = maxLength ?? sequences.reduce((longest, sequence) => Math.max(longest, sequence.length), 0);
  checkOptions('padSequences', { maxLength: length }, { maxLength: 'wholeNumber' });
  side('padding', padding);
  side('truncating', truncating);
  const data = new Int32Array(sequences.length * length);
  const put = (at: number, number: unknown, row: number): void => {
    data[at] = number as number;
    if (data[at] !== number)
      throw fail('bad-value', {
        what: 'padSequences',
        got: `${String(number)} ${row < 0 ? 'as value' : `in sequence ${row}`}`,
        want: 'whole numbers of 32 bits',
      });
  };
  if (value !== 0) {
    if (data.length > 0) put(0, value, -1);
    data.fill(value);
  }
  for (const [row, sequence] of sequences.entries()) {
    if (typeof sequence?.length !== 'number' || typeof sequence === 'string')
      throw fail('bad-value', { what: 'padSequences', got: `sequence ${row} that is no list`, want: 'lists of whole numbers' });
    const count = Math.min(sequence.length, length);
    const from = truncating === 'pre' ? sequence.length - count : 0;
    const to = row * length + (padding === 'pre' ? length - count : 0);
    for (let i = 0; i < count; i++) put(to + i, sequence[from + i], row);
  }
  return new Tensor('int32', [sequences.length, length], data);
}
