import { murmurHash3 } from '../../data/index.ts';
import { checkOptions } from '../../options.ts';
import { needForm } from '../form.ts';
import { defineStep } from '../step.ts';

/** Options of {@link hashing}. */
export interface HashingOptions {
  /** How many numbers there are. */
  readonly bins?: number | undefined;
  /** Another way to share them out; 0 unless told. */
  readonly salt?: number | undefined;
}

/**
 * Texts, numbers or flags to whole numbers by a hash: for fields with more values than anybody wants to keep. Different values may get one number. What is missing
 * is a value like any other. `oneHot()` or an embedding may follow.
 *
 * Shapes: `[1]` int32, below `bins` (1,024 unless told). Errors: `bad-value`. Source: Keras Hashing; MurmurHash3 (x86, 32 bits) of the value as UTF-8.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const prep = await preprocessing({ features: { user: [steps.hashing({ bins: 16 })] } }).fit([{ user: 'u-1034' }]);
 * console.log(prep.inputs.input!.size); // 16
 */
export const hashing = defineStep<HashingOptions>({
  type: 'hashing',
  options: ['bins', 'salt'],
  reads: 'scalar',
  takesMissing: true,
  check({ bins = 1, salt = 0 }) {
    checkOptions('hashing', { bins, salt }, { bins: 'count', salt: 'wholeNumber' });
  },
  form({ bins = 1024 }, input) {
    needForm('hashing', input, ['scalar', 'text', 'number', 'index']);
    return { kind: 'index', size: bins };
  },
  apply:
    ({ bins = 1024, salt = 0 }) =>
    (values) =>
      Int32Array.from(values, (value) => (murmurHash3(String(value ?? ''), salt) >>> 0) % bins),
});
