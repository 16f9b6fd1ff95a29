import { checkOptions, refuseUnknown } from '../../../options.ts';
import { lookUp } from '../../../suggest.ts';
import { eachText, type Texts } from '../each-text.ts';
import { trainMerges } from '../train-merges.ts';
import { BpeTokenizer } from './bpe-tokenizer.ts';
import { letterOfByte, toLetters } from './byte-level.ts';
import { piecesOf, type Split, splits } from './pieces.ts';

/** Options of {@link trainBpe}, by Hugging Face's names. */
export interface TrainBpeOptions {
  /** How many tokens there shall be, the 256 bytes and the special ones included; 30,000 unless told. */
  readonly vocabularySize?: number | undefined;
  /** How often a pair must occur to become a token; 2 unless told. */
  readonly minFrequency?: number | undefined;
  /** The first tokens, each for itself. */
  readonly specialTokens?: readonly string[] | undefined;
  /** How texts are cut into pieces, by whose rule; 'gpt2' unless told. */
  readonly split?: Split | undefined;
  /** Whether a text that does not begin with a space is given one; false unless told. */
  readonly addPrefixSpace?: boolean | undefined;
}

/**
 * Learns a byte-level BPE tokenizer from texts: the most frequent pair of tokens becomes a token, until there are enough.
 *
 * Shapes: none. Errors: `bad-value`, `unknown-name`.
 * Source: Sennrich et al. 2016, arXiv:1508.07909; Hugging Face ByteLevelBPETokenizer.train: the same merges in the same order.
 *
 * @example
 * import { trainBpe } from '@stratus/core';
 * const trained = trainBpe(['low low low lower lowest newest'], { vocabularySize: 259 });
 * console.log(trained.encode('low').map((id) => trained.idToToken(id))); // ['low']
 */
export function trainBpe(
  texts: Texts | Iterable<string>,
  {
    vocabularySize = 30_000,
    minFrequency = 2,
    specialTokens = [],
    split = 'gpt2',
    addPrefixSpace = false,
    ...rest
  }: TrainBpeOptions = {},
): BpeTokenizer {
  const what = 'trainBpe';
  refuseUnknown(what, rest, ['vocabularySize', 'minFrequency', 'specialTokens', 'split', 'addPrefixSpace']);
  checkOptions(
    what,
    { vocabularySize, minFrequency, addPrefixSpace },
    { vocabularySize: 'count', minFrequency: 'wholeNumber', addPrefixSpace: 'flag' },
  );
  lookUp('rule for pieces', splits, split);
  const counts = new Map<string, number>();
  for (const text of eachText(what, texts))
    for (const piece of piecesOf(addPrefixSpace && text !== '' && !text.startsWith(' ') ? ` ${text}` : text, split))
      counts.set(piece, (counts.get(piece) ?? 0) + 1);
  const words = new Map<string, number>();
  for (const [piece, count] of counts) {
    const word = toLetters(piece);
    words.set(word, (words.get(word) ?? 0) + count);
  }
  const letters = new Set([...letterOfByte].sort());
  const { tokens, merges } = trainMerges(words, { vocabularySize, minFrequency, first: specialTokens, letters, prefix: '' });
  return new BpeTokenizer({ vocabulary: tokens, merges, specialTokens, split, addPrefixSpace }, what);
}
