import { fail } from '../../../errors.ts';
import { checkOptions, refuseUnknown } from '../../../options.ts';
import { parsed, tokensInOrder } from '../bpe/vocabulary.ts';
import { type SpecialToken, SpecialTokens } from '../special-tokens.ts';
import { type BertNormalization, bertWords } from './bert-words.ts';

/** What {@link wordPieceTokenizer} is made of. */
export interface WordPieceTokenizerOptions extends BertNormalization {
  /** The tokens: the text of `vocab.txt`, a list in the order of their numbers, or a record of numbers by token. */
  readonly vocabulary: string | readonly string[] | Readonly<Record<string, number>>;
  /** Texts that are one token each; those below that are in the vocabulary, unless told. */
  readonly specialTokens?: readonly SpecialToken[] | undefined;
  /** Stands for words that have no pieces; `[UNK]` unless told. */
  readonly unkToken?: string | undefined;
  /** Stands before every text; `[CLS]` unless told. */
  readonly clsToken?: string | undefined;
  /** Stands behind every text; `[SEP]` unless told. */
  readonly sepToken?: string | undefined;
  /** Fills texts up; `[PAD]` unless told. */
  readonly padToken?: string | undefined;
  /** Stands for a hidden word; `[MASK]` unless told. */
  readonly maskToken?: string | undefined;
  /** Stands before pieces that do not begin a word; `##` unless told. */
  readonly prefix?: string | undefined;
  /** Longer words have no pieces; 100 characters unless told. */
  readonly maxInputCharsPerWord?: number | undefined;
}

/** A WordPiece tokenizer as plain data: what {@link WordPieceTokenizer.toJSON} gives and {@link WordPieceTokenizer.fromJSON} takes. */
export interface WordPieceTokenizerJson extends WordPieceTokenizerOptions {
  readonly type: 'wordPiece';
  readonly format: 1;
  readonly vocabulary: readonly string[];
}

/** Options of {@link WordPieceTokenizer.encode}, by Hugging Face's names. */
export interface WordPieceEncodeOptions {
  /** A second text. */
  readonly pair?: string | undefined;
  /** Whether `[CLS]` and `[SEP]` are added; true unless told. */
  readonly addSpecialTokens?: boolean | undefined;
  /** How many numbers there may be: the longer text loses its end first. */
  readonly maxLength?: number | undefined;
  /** Whether there are always `maxLength` numbers, filled up with `[PAD]`; false unless told. */
  readonly padding?: boolean | undefined;
  /** Whether special tokens in a text are text like any other; false unless told. */
  readonly splitSpecialTokens?: boolean | undefined;
}

/** What BERT takes: all three are of the same length. */
export interface WordPieceEncoding {
  readonly ids: number[];
  /** 0 for the first text, 1 for the second. */
  readonly typeIds: number[];
  /** 1 for what was there, 0 for what was filled up. */
  readonly attentionMask: number[];
}

const defaults = {
  unkToken: '[UNK]',
  clsToken: '[CLS]',
  sepToken: '[SEP]',
  padToken: '[PAD]',
  maskToken: '[MASK]',
  prefix: '##',
  maxInputCharsPerWord: 100,
  lowercase: true,
  cleanText: true,
  handleChineseChars: true,
};
const texts = ['unkToken', 'clsToken', 'sepToken', 'padToken', 'maskToken', 'prefix'] as const;
const names = [...Object.keys(defaults), 'stripAccents', 'vocabulary', 'specialTokens'];

/** How many words are remembered. */
const remembered = 1 << 16;

/** How much is kept of two texts, so that both together have no more than `most` tokens. */
function lengthsOf(first: number, second: number, most: number): readonly [number, number] {
  if (first + second <= most) return [first, second];
  const half = Math.floor(most / 2);
  if (first <= half) return [first, most - first];
  if (second <= half) return [most - second, second];
  return first > second ? [most - half, half] : [half, most - half];
}

/**
 * Words to numbers of their pieces and back, as BERT needs them. Made by {@link wordPieceTokenizer}, or by training with `trainWordPiece`.
 *
 * @example
 * import { WordPieceTokenizer, wordPieceTokenizer } from '@stratus/core';
 * const made = wordPieceTokenizer({ vocabulary: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'play', '##ing', '##s'] });
 * const again = WordPieceTokenizer.fromJSON(JSON.stringify(made));
 * console.log(again.encodePlus('Plays', { maxLength: 5, padding: true }).attentionMask); // [1, 1, 1, 1, 0]
 */
export class WordPieceTokenizer {
  readonly options: typeof defaults & Pick<WordPieceTokenizerOptions, 'stripAccents'>;
  readonly #tokens: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #special: SpecialTokens;
  readonly #longest: number;
  readonly #known = new Map<string, readonly number[]>();

  /** @internal */
  constructor(given: WordPieceTokenizerOptions, what = 'wordPieceTokenizer') {
    const { vocabulary, specialTokens, ...rest } = given ?? {};
    refuseUnknown(what, rest, names);
    const told = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const options: WordPieceTokenizer['options'] = { ...defaults, ...told };
    const { lowercase, cleanText, handleChineseChars, maxInputCharsPerWord, stripAccents = lowercase } = options;
    checkOptions(
      what,
      { lowercase, cleanText, handleChineseChars, stripAccents, maxInputCharsPerWord },
      { lowercase: 'flag', cleanText: 'flag', handleChineseChars: 'flag', stripAccents: 'flag', maxInputCharsPerWord: 'count' },
    );
    for (const name of texts)
      if (typeof options[name] !== 'string')
        throw fail('bad-value', { what, got: `${name} = ${String(options[name])}`, want: 'a text' });
    this.options = options;
    const lines = typeof vocabulary === 'string' ? vocabulary.replace(/\r?\n$/, '').split(/\r?\n/) : vocabulary;
    this.#tokens = tokensInOrder(what, lines);
    this.#ids = new Map(this.#tokens.map((token, id) => [token, id]));
    this.#longest = this.#tokens.reduce((most, { length }) => Math.max(most, length), 0);
    const { unkToken, clsToken, sepToken, padToken, maskToken } = options;
    const known = [padToken, unkToken, clsToken, sepToken, maskToken].flatMap((content) => {
      const id = this.#ids.get(content);
      return id === undefined ? [] : [{ content, id }];
    });
    this.#special = new SpecialTokens(what, specialTokens ?? known);
    this.#needed(what, unkToken);
  }

  #needed(what: string, token: string): number {
    const id = this.tokenToId(token);
    if (id === undefined)
      throw fail('bad-value', { what, got: `a vocabulary without ${JSON.stringify(token)}`, want: 'one that has it' });
    return id;
  }

  /** One more than the greatest number: the `inputDim` of an embedding. */
  get vocabularySize(): number {
    return this.#special.list.reduce((size, { id }) => Math.max(size, id + 1), this.#tokens.length);
  }

  /** The number of a token; undefined where there is none. */
  tokenToId(token: string): number | undefined {
    return this.#special.idOf(token) ?? this.#ids.get(token);
  }

  /** The token of a number; undefined where there is none. */
  idToToken(id: number): string | undefined {
    return this.#special.byId(id)?.content ?? this.#tokens[id];
  }

  /** The numbers of a text, `[CLS]` and `[SEP]` around it. Errors: `bad-value`, `unknown-name`. */
  encode(text: string, options?: WordPieceEncodeOptions): number[] {
    return this.encodePlus(text, options).ids;
  }

  /** The numbers of each text. Errors: `bad-value`, `unknown-name`. */
  encodeBatch(texts: readonly string[], options?: WordPieceEncodeOptions): number[][] {
    return Array.from(texts, (text) => this.encode(text, options));
  }

  /** The numbers of a text or two, to which text they belong, and which are no filling. Errors: `bad-value`, `unknown-name`. */
  encodePlus(
    text: string,
    {
      pair,
      addSpecialTokens = true,
      maxLength,
      padding = false,
      splitSpecialTokens = false,
      ...rest
    }: WordPieceEncodeOptions = {},
  ): WordPieceEncoding {
    const what = 'encode';
    refuseUnknown(what, rest, ['pair', 'addSpecialTokens', 'maxLength', 'padding', 'splitSpecialTokens']);
    const around = addSpecialTokens ? (pair === undefined ? 2 : 3) : 0;
    if (maxLength !== undefined) checkOptions(what, { maxLength }, { maxLength: 'wholeNumber' });
    if ((maxLength ?? Infinity) < around || (padding && maxLength === undefined))
      throw fail('bad-value', { what, got: `maxLength = ${maxLength}`, want: `a length of at least ${around}` });
    const first = this.#idsOf(text, splitSpecialTokens);
    const second = pair === undefined ? [] : this.#idsOf(pair, splitSpecialTokens);
    const [keepFirst, keepSecond] = lengthsOf(first.length, second.length, (maxLength ?? Infinity) - around);
    const cls = addSpecialTokens ? [this.#needed(what, this.options.clsToken)] : [];
    const sep = addSpecialTokens ? [this.#needed(what, this.options.sepToken)] : [];
    const left = [...cls, ...first.slice(0, keepFirst), ...sep];
    const right = pair === undefined ? [] : [...second.slice(0, keepSecond), ...sep];
    const ids = left.concat(right);
    const count = ids.length;
    const length = padding ? maxLength! : count;
    const fill = padding ? this.#needed(what, this.options.padToken) : 0;
    while (ids.length < length) ids.push(fill);
    return {
      ids,
      typeIds: ids.map((_, i) => (i >= left.length && i < count ? 1 : 0)),
      attentionMask: ids.map((_, i) => (i < count ? 1 : 0)),
    };
  }

  /** The text of numbers, a space between words but before a stop or a comma. Errors: `bad-value` for a number without a token. */
  decode(ids: Iterable<number>, { skipSpecialTokens = false }: { readonly skipSpecialTokens?: boolean } = {}): string {
    const { prefix } = this.options;
    let text = '';
    for (const id of ids) {
      const token = this.idToToken(id);
      if (token === undefined)
        throw fail('bad-value', {
          what: 'decode',
          got: `the number ${String(id)}`,
          want: `numbers of tokens, below ${this.vocabularySize}`,
        });
      if (skipSpecialTokens && this.#special.byId(id)) continue;
      if (text === '') text = token;
      else if (token.startsWith(prefix)) text += token.slice(prefix.length);
      else text += /^[.?!,]$/.test(token) ? token : ` ${token}`;
    }
    return text;
  }

  #idsOf(text: string, plain: boolean): number[] {
    if (typeof text !== 'string') throw fail('bad-value', { what: 'encode', got: typeof text, want: 'a text' });
    const ids: number[] = [];
    const ordinary = (part: string): void => {
      for (const word of bertWords(part, this.options))
        for (const id of this.#known.get(word) ?? this.#piecesOf(word)) ids.push(id);
    };
    if (plain) ordinary(text);
    else this.#special.walk(text, ordinary, (id) => ids.push(id));
    return ids;
  }

  /** The longest piece, then the longest of the rest; the unknown token alone where a rest has none. */
  #piecesOf(word: string): readonly number[] {
    const { prefix, maxInputCharsPerWord, unkToken } = this.options;
    const letters = [...word];
    const unknown = [this.tokenToId(unkToken)!];
    if (letters.length > maxInputCharsPerWord) return unknown;
    let pieces: number[] = [];
    for (let from = 0; from < letters.length; ) {
      let to = Math.min(letters.length, from + this.#longest);
      const piece = (): number | undefined => this.#ids.get((from > 0 ? prefix : '') + letters.slice(from, to).join(''));
      let id = piece();
      while (id === undefined && --to > from) id = piece();
      if (id === undefined) {
        pieces = unknown;
        break;
      }
      pieces.push(id);
      from = to;
    }
    if (this.#known.size >= remembered) this.#known.clear();
    this.#known.set(letters.join(''), pieces); // a copy: the word may be a view of its text
    return pieces;
  }

  /** Plain data that {@link WordPieceTokenizer.fromJSON} reads; `JSON.stringify(tokenizer)` works. */
  toJSON(): WordPieceTokenizerJson {
    return { type: 'wordPiece', format: 1, ...this.options, vocabulary: this.#tokens, specialTokens: this.#special.list };
  }

  /** The tokenizer again, from plain data or its JSON. Errors: `bad-value`, `unknown-name`. */
  static fromJSON(json: WordPieceTokenizerJson | string): WordPieceTokenizer {
    const what = 'WordPieceTokenizer.fromJSON';
    const want = 'what toJSON of a WordPiece tokenizer gave';
    const { type, format, ...options } = ((typeof json === 'string' ? parsed(what, json, want) : json) ??
      {}) as WordPieceTokenizerJson;
    if (type !== 'wordPiece' || format !== 1) throw fail('bad-value', { what, got: 'something else', want });
    return new WordPieceTokenizer(options, what);
  }
}

/**
 * BERT's tokenizer, of the text of its `vocab.txt`.
 *
 * Shapes: none. Errors: `bad-value`, `unknown-name`.
 * Source: Devlin et al. 2018, arXiv:1810.04805; Hugging Face BertWordPieceTokenizer: the same numbers.
 *
 * @example no-run
 * import { readFile } from 'node:fs/promises';
 * import { wordPieceTokenizer } from '@stratus/core';
 * const bert = wordPieceTokenizer({ vocabulary: await readFile('vocab.txt', 'utf8') });
 * console.log(bert.encodePlus('How are you?', { pair: 'Fine.', maxLength: 16, padding: true }));
 */
export const wordPieceTokenizer = (options: WordPieceTokenizerOptions): WordPieceTokenizer => new WordPieceTokenizer(options);
