import { type CleanTextOptions, cleanText as clean } from '../../data/index.ts';
import { needForm } from '../form.ts';
import { defineStep } from '../step.ts';

/**
 * Cleans texts as the function `cleanText` does.
 *
 * Shapes: none. Errors: `bad-value` for what is no text.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const text = [steps.cleanText({ html: 'strip' }), steps.tokenize(), steps.pad({ maxLength: 3 })];
 * const prep = await preprocessing({ features: { review: text } }).fit([{ review: 'GREAT!<br />Great film.' }]);
 * console.log((await prep.feeds([{ review: 'A great film' }])).input!.toArray()); // [[0, 1, 2]]
 */
export const cleanText = defineStep<CleanTextOptions>({
  type: 'cleanText',
  options: ['lower', 'html', 'punctuation', 'normalization', 'stripAccents', 'urls', 'emails', 'digits'],
  reads: 'text',
  check: (options) => void clean('', options),
  form: (_, input) => needForm('cleanText', input, ['text']),
  apply: (options) => (values) => Array.from(values, (text) => clean(text as string, options)),
});
