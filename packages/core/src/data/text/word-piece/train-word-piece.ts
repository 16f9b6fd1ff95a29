import { checkOptions, refuseUnknown } from '../../../options.ts';
import { eachText, type Texts } from '../each-text.ts';
import { trainMerges } from '../train-merges.ts';
import { type BertNormalization, bertWords } from './bert-words.ts';
import { WordPieceTokenizer } from './word-piece-tokenizer.ts';

/** Options of {@link trainWordPiece}, by Hugging Face's names. */
export interface TrainWordPieceOptions extends BertNormalization {
  /** How many tokens there shall be, single letters and special ones included; 30,000 unless told. */
  readonly vocabularySize?: number | undefined;
  /** How often a pair must occur to become a token; 2 unless told. */
  readonly minFrequency?: number | undefined;
  /** How many letters are kept, the most frequent; 1,000 unless told. */
  readonly limitAlphabet?: number | undefined;
  /** The first tokens; BERT's five unless told. */
  readonly specialTokens?: readonly string[] | undefined;
}

const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/** The most frequent letters, in the order of Unicode. */
function lettersOf(counts: ReadonlyMap<string, number>, limit: number): Set<string> {
  const letters = new Map<string, number>();
  for (const [word, count] of counts) for (const letter of word) letters.set(letter, (letters.get(letter) ?? 0) + count);
  const at = (letter: string): number => letter.codePointAt(0)!;
  const kept = [...letters].sort(([a, n], [b, m]) => m - n || at(a) - at(b)).slice(0, limit);
  return new Set(kept.map(([letter]) => letter).sort((a, b) => at(a) - at(b)));
}

/**
 * Learns a WordPiece tokenizer from texts: the most frequent pair of pieces becomes a piece, until there are enough.
 *
 * Shapes: none. Errors: `bad-value`, `unknown-name`.
 * Source: Hugging Face BertWordPieceTokenizer.train. There the numbers of single letters differ from run to run, and with them which of two
 * equally frequent pairs comes first; here they follow the texts.
 *
 * @example
 * import { trainWordPiece } from '@stratus/core';
 * const trained = trainWordPiece(['low lower lowest slow slower'], { vocabularySize: 40 });
 * console.log(trained.encode('Lowest', { addSpecialTokens: false }).map((id) => trained.idToToken(id))); // ['low', '##e', '##s', '##t']
 */
export function trainWordPiece(
  texts: Texts | Iterable<string>,
  {
    vocabularySize = 30_000,
    minFrequency = 2,
    limitAlphabet = 1000,
    specialTokens = special,
    ...rest
  }: TrainWordPieceOptions = {},
): WordPieceTokenizer {
  const what = 'trainWordPiece';
  const { lowercase, stripAccents, cleanText, handleChineseChars, ...unknown } = rest;
  refuseUnknown(what, unknown, [
    'vocabularySize',
    'minFrequency',
    'limitAlphabet',
    'specialTokens',
    'lowercase',
    'stripAccents',
    'cleanText',
    'handleChineseChars',
  ]);
  checkOptions(
    what,
    { vocabularySize, minFrequency, limitAlphabet },
    { vocabularySize: 'count', minFrequency: 'wholeNumber', limitAlphabet: 'count' },
  );
  const counts = new Map<string, number>();
  for (const text of eachText(what, texts))
    for (const word of bertWords(text, rest)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const letters = lettersOf(counts, limitAlphabet);
  const first = specialTokens.includes('[UNK]') ? specialTokens : ['[UNK]', ...specialTokens];
  const { tokens } = trainMerges(counts, { vocabularySize, minFrequency, first, letters, prefix: '##' });
  const made = first.map((content) => ({ content, id: tokens.indexOf(content) }));
  return new WordPieceTokenizer({ ...rest, vocabulary: tokens, specialTokens: made }, what);
}
