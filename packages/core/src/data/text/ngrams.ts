import { fail } from '../../errors.ts';

/**
 * Neighbouring words as one term each: `n` of them, or from `a` to `b` of them.
 *
 * Shapes: none. Errors: `bad-value`. Source: `ngram_range` of scikit-learn's CountVectorizer; the same order.
 *
 * @example
 * import { ngrams } from '@stratus/core';
 * console.log(ngrams(['not', 'so', 'good'], [1, 2])); // ['not', 'so', 'good', 'not so', 'so good']
 */
export function ngrams(words: readonly string[], n: number | readonly [number, number]): string[] {
  const [from, to] = typeof n === 'number' ? [n, n] : n;
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 1 || to < from)
    throw fail('bad-value', { what: 'ngrams', got: String(n), want: 'how many words, or [least, most] of them' });
  const terms: string[] = [];
  for (let size = from; size <= Math.min(to, words.length); size++)
    for (let i = 0; i + size <= words.length; i++) terms.push(words.slice(i, i + size).join(' '));
  return terms;
}
