import { checkOptions, refuseUnknown } from '../../options.ts';
import { Tensor } from '../../tensor/index.ts';
import { eachText, type Texts } from './each-text.ts';
import { ngrams } from './ngrams.ts';
import { matrix } from './texts-to-matrix.ts';
import { Tokenizer, type TokenizerOptions } from './tokenizer.ts';

const turned = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
const mixed = (k: number): number => Math.imul(turned(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593);

/**
 * A whole number of 32 bits (with its sign) for a text's bytes in UTF-8, the same everywhere and always.
 *
 * Shapes: none. Errors: none. Source: Appleby's MurmurHash3_x86_32; sklearn.utils.murmurhash3_32.
 *
 * @example
 * import { murmurHash3 } from '@stratus/core';
 * console.log(murmurHash3('foo')); // -156908512
 */
export function murmurHash3(text: string, seed = 0): number {
  const bytes = new TextEncoder().encode(text);
  const { length } = bytes;
  const blocks = length & ~3;
  let hash = seed | 0;
  for (let i = 0; i < blocks; i += 4) {
    const block = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    hash = (Math.imul(turned(hash ^ mixed(block), 13), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let i = length - 1; i >= blocks; i--) rest = (rest << 8) | bytes[i]!;
  hash ^= mixed(rest) ^ length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** Options of {@link hashingTrick}: how words are told apart, as for `tokenizer`. */
export type WordOptions = Pick<TokenizerOptions, 'filters' | 'lower' | 'split' | 'locale'>;

/**
 * A number from 1 to `n - 1` for each word of a text, without a vocabulary: different words may get the same.
 * The number is `murmurHash3(word) >>> 0` modulo `n - 1`, and 1.
 *
 * Shapes: none. Errors: `bad-value`, `unknown-name`. Source: keras.preprocessing.text.hashing_trick, with MurmurHash3 as hash.
 *
 * @example
 * import { hashingTrick } from '@stratus/core';
 * console.log(hashingTrick('the cat and the dog', 1000)); // [722, 935, 828, 722, 407]
 */
export function hashingTrick(text: string, n: number, options: WordOptions = {}): number[] {
  checkOptions('hashingTrick', { n: n - 1 }, { n: 'count' });
  return new Tokenizer(options).wordsOf(text).map((word) => ((murmurHash3(word) >>> 0) % (n - 1)) + 1);
}

/**
 * A number from 1 to `n - 1` for each word of a text: `hashingTrick` by Keras' other name.
 *
 * Shapes: none. Errors: `bad-value`, `unknown-name`. Source: keras.preprocessing.text.one_hot, with a hash that is the same everywhere.
 *
 * @example
 * import { oneHotText } from '@stratus/core';
 * console.log(oneHotText('the cat', 1000)); // [722, 935]
 */
export const oneHotText = (text: string, n: number, options?: WordOptions): number[] => hashingTrick(text, n, options);

/** Options of {@link hashedVectors}. */
export interface HashedVectorsOptions extends WordOptions {
  /** How many columns; 1,024 unless told. */
  readonly size?: number | undefined;
  /** Whether half of the terms count down, so that terms in one column do not add up; true unless told. */
  readonly signed?: boolean | undefined;
  /** How many neighbouring words are a term; 1 unless told. */
  readonly ngrams?: number | readonly [number, number] | undefined;
}

/**
 * Texts as rows of counts, each term in the column that its hash names: nothing to fit, and no vocabulary to keep.
 *
 * Shapes: n texts to `[n, size]` float32. Errors: `bad-value`, `unknown-name`.
 * Source: Weinberger et al. 2009, arXiv:0902.2206; sklearn.feature_extraction.FeatureHasher: the same columns and signs.
 *
 * @example
 * import { hashedVectors } from '@stratus/core';
 * console.log(hashedVectors(['a b a', 'c'], { size: 4, signed: false }).shape); // [2, 4]
 */
export function hashedVectors(
  texts: Texts,
  { size = 1024, signed = true, ngrams: n = 1, filters, lower, split, locale, ...rest }: HashedVectorsOptions = {},
): Tensor<'float32'> {
  const what = 'hashedVectors';
  refuseUnknown(what, rest, ['size', 'signed', 'ngrams', 'filters', 'lower', 'split', 'locale']);
  checkOptions(what, { size, signed }, { size: 'count', signed: 'flag' });
  const words = new Tokenizer({ filters, lower, split, locale });
  const list = [...eachText(what, texts)];
  const data = matrix(what, list.length, size);
  for (const [row, text] of list.entries())
    for (const term of ngrams(words.wordsOf(text), n)) {
      const hash = murmurHash3(term);
      data[row * size + (Math.abs(hash) % size)]! += signed && hash < 0 ? -1 : 1;
    }
  return new Tensor('float32', [list.length, size], data);
}
