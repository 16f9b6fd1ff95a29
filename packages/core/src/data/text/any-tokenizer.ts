import { fail } from '../../errors.ts';
import { lookUp } from '../../suggest.ts';
import { BpeTokenizer, type BpeTokenizerJson } from './bpe/bpe-tokenizer.ts';
import { parsed } from './bpe/vocabulary.ts';
import { Tokenizer, type TokenizerJson } from './tokenizer.ts';
import { WordPieceTokenizer, type WordPieceTokenizerJson } from './word-piece/word-piece-tokenizer.ts';

/** What all tokenizers can do, whatever their tokens are. */
export interface AnyTokenizer {
  /** One more than the greatest number: the `inputDim` of an embedding. */
  readonly vocabularySize: number;
  /** The numbers of a text. */
  encode(text: string): number[];
  /** The text of numbers. */
  decode(ids: Iterable<number>): string;
  /** Plain data that {@link tokenizerFromJSON} reads. */
  toJSON(): AnyTokenizerJson;
}

/** A tokenizer as plain data. */
export type AnyTokenizerJson = TokenizerJson | BpeTokenizerJson | WordPieceTokenizerJson;

/** How each type is read. */
const readers: Readonly<Record<string, (json: never) => AnyTokenizer>> = {
  words: Tokenizer.fromJSON,
  bpe: BpeTokenizer.fromJSON,
  wordPiece: WordPieceTokenizer.fromJSON,
};

/**
 * A tokenizer of any type, from what its `toJSON` gave or the JSON of that. Plain data of words from before there were types is read too.
 *
 * Shapes: none. Errors: `bad-value`, `unknown-name` for another type. Source: none; the form is Stratus' own.
 *
 * @example
 * import { tokenizer, tokenizerFromJSON } from '@stratus/core';
 * const saved = JSON.stringify(tokenizer().fitOnTexts(['to be or not to be']));
 * console.log(tokenizerFromJSON(saved).encode('not to be')); // [4, 1, 2]
 */
export function tokenizerFromJSON(json: AnyTokenizerJson | string): AnyTokenizer {
  const what = 'tokenizerFromJSON';
  const want = 'what toJSON of a tokenizer gave';
  const data: unknown = typeof json === 'string' ? parsed(what, json, want) : json;
  if (typeof data !== 'object' || data === null) throw fail('bad-value', { what, got: 'something else', want });
  const { type = 'words' } = data as { type?: string };
  return lookUp('type of tokenizer', readers, type)(data as never);
}
