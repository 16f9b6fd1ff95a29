import { fail } from '../../errors.ts';
import { checkOptions, refuseUnknown } from '../../options.ts';
import type { Tensor } from '../../tensor/index.ts';
import { eachText, type Texts } from './each-text.ts';
import { segmentWords } from './segment-words.ts';
import { countsOf, type MatrixMode, matrixOf } from './texts-to-matrix.ts';

/** What Keras leaves out unless told: ASCII punctuation but the apostrophe, tab and line feed. */
const punctuation = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n';

/** Options of {@link tokenizer}, by Keras' names. */
export interface TokenizerOptions {
  /** Only the `numWords - 1` most frequent words get a number in sequences (0 is padding); all unless told. */
  readonly numWords?: number | undefined;
  /** Stands for every word without a number, and gets number 1; such words are left out unless it is given. */
  readonly oovToken?: string | undefined;
  /** Characters that are no part of a word; punctuation but the apostrophe, unless told. */
  readonly filters?: string | undefined;
  /** Whether words are turned into lower case; true unless told. */
  readonly lower?: boolean | undefined;
  /** What separates words; a space unless told. */
  readonly split?: string | undefined;
  /** The language (`'ja'`, `'zh'`, `'th'`) in which words are looked for by `segmentWords`, in place of `filters` and `split`. */
  readonly locale?: string | undefined;
}

/** A tokenizer as plain data: what {@link Tokenizer.toJSON} gives and {@link Tokenizer.fromJSON} takes. */
export interface TokenizerJson extends TokenizerOptions {
  /** Which tokenizer it is; left out before there were others. */
  readonly type?: 'words';
  readonly format: 1;
  /** How many texts it has seen. */
  readonly documents: number;
  /** Every word, how often it was seen and in how many texts (older data lacks that), the most frequent first: the order of the numbers. */
  readonly words: readonly (readonly [string, number, number?])[];
}

/** How often a word was seen, and in how many texts; older data lacks the latter. */
interface Seen {
  count: number;
  texts: number | undefined;
}

/** The words between units that end one; the same as replacing them all and splitting, but faster. */
function wordsBetween(text: string, ends: Uint8Array): string[] {
  const words: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (ends[text.charCodeAt(i)] === 0) continue;
    if (i > from) words.push(text.slice(from, i));
    from = i + 1;
  }
  if (from < text.length) words.push(text.slice(from));
  return words;
}

/**
 * Words to numbers and back, by frequency. Made by {@link tokenizer}.
 *
 * @example
 * import { Tokenizer, tokenizer } from '@stratus/core';
 * const saved = JSON.stringify(tokenizer().fitOnTexts(['to be or not to be']));
 * console.log(Tokenizer.fromJSON(saved).textsToSequences(['not to be'])); // [[4, 1, 2]]
 */
export class Tokenizer {
  readonly options: TokenizerOptions & { readonly filters: string; readonly lower: boolean; readonly split: string };
  readonly #filtered: RegExp | undefined;
  /** Which units end a word, where all that do are one unit each. */
  readonly #ends: Uint8Array | undefined;
  readonly #seen = new Map<string, Seen>();
  #documents = 0;
  #index: Map<string, number> | undefined;
  #words: string[] | undefined;

  /** @internal */
  constructor({ numWords, oovToken, filters = punctuation, lower = true, split = ' ', locale, ...rest }: TokenizerOptions = {}) {
    refuseUnknown('tokenizer', rest, ['numWords', 'oovToken', 'filters', 'lower', 'split', 'locale']);
    checkOptions('tokenizer', { lower }, { lower: 'flag' });
    if (numWords !== undefined) checkOptions('tokenizer', { numWords }, { numWords: 'count' });
    if (typeof split !== 'string' || split === '')
      throw fail('bad-value', { what: 'tokenizer', got: `split = '${split}'`, want: 'the text that separates words' });
    if (locale !== undefined) segmentWords('', locale);
    this.options = { numWords, oovToken, filters, lower, split, locale };
    this.#filtered = filters === '' ? undefined : new RegExp(`[${filters.replace(/[\\\]^-]/g, '\\$&')}]`, 'gu');
    if (/^[^\ud800-\udfff]$/.test(split) && /^[^\ud800-\udfff]*$/.test(filters)) {
      this.#ends = new Uint8Array(0x10000);
      for (const character of split + filters) this.#ends[character.charCodeAt(0)] = 1;
    }
  }

  /** How many texts it has seen. */
  get documents(): number {
    return this.#documents;
  }

  /** How often each word was seen, in the order in which they came. */
  get wordCounts(): ReadonlyMap<string, number> {
    return new Map([...this.#seen].map(([word, { count }]) => [word, count]));
  }

  /** The number of every word that was seen, from 1, the most frequent first; `numWords` does not shorten it. The `oovToken` is 1. */
  get wordIndex(): ReadonlyMap<string, number> {
    if (this.#index) return this.#index;
    const { oovToken } = this.options;
    const seen = [...this.#seen].filter(([word]) => word !== oovToken).sort(([, a], [, b]) => b.count - a.count);
    this.#words = ['', ...(oovToken === undefined ? [] : [oovToken]), ...seen.map(([word]) => word)];
    this.#index = new Map(this.#words.map((word, i) => [word, i]));
    this.#index.delete('');
    return this.#index;
  }

  /** How many numbers sequences can hold, 0 included: the `inputDim` of an embedding. */
  get vocabularySize(): number {
    return Math.min(
      this.wordIndex.size + 1,
      Math.max(this.options.numWords ?? Infinity, this.options.oovToken === undefined ? 0 : 2),
    );
  }

  /** The words of a text. */
  wordsOf(text: string): string[] {
    const { lower, split, locale } = this.options;
    const cased = lower ? text.toLowerCase() : text;
    if (locale !== undefined) return segmentWords(cased, locale);
    if (this.#ends !== undefined) return wordsBetween(cased, this.#ends);
    const bare = this.#filtered ? cased.replace(this.#filtered, split) : cased;
    return bare.split(split).filter((word) => word !== '');
  }

  /** Counts the words of more texts. Numbers that were given before may change. Errors: `bad-value`. */
  fitOnTexts(texts: Texts): this {
    for (const text of [...eachText('fitOnTexts', texts)]) {
      this.#documents++;
      for (const [word, count] of countsOf(this.wordsOf(text))) {
        const seen = this.#seen.get(word);
        // Engines keep a long piece as a view of its text: the copy lets the text go.
        if (seen === undefined) this.#seen.set(word.length < 13 ? word : [...word].join(''), { count, texts: 1 });
        else {
          seen.count += count;
          if (seen.texts !== undefined) seen.texts++;
        }
      }
    }
    this.#index = undefined;
    return this;
  }

  /** The numbers of each text's words. Words without one become the `oovToken`, or are left out. Errors: `bad-value`. */
  textsToSequences(texts: Texts): number[][] {
    const index = this.wordIndex;
    const { numWords = Infinity, oovToken } = this.options;
    return Array.from(eachText('textsToSequences', texts), (text) => {
      const sequence: number[] = [];
      for (const word of this.wordsOf(text)) {
        const number = index.get(word);
        if (number !== undefined && number < numWords) sequence.push(number);
        else if (oovToken !== undefined) sequence.push(1);
      }
      return sequence;
    });
  }

  /**
   * A row a text and a column a number: which words are there ('binary'), how often ('count'), as a share of the text's words ('freq'), or
   * weighted by how few texts have them ('tfidf'). Errors: `bad-value`, `unknown-name`.
   */
  textsToMatrix(texts: Texts, mode: MatrixMode = 'binary'): Tensor<'float32'> {
    const sequences = this.textsToSequences(texts);
    const words = [...this.wordIndex.keys()];
    const columns = this.options.numWords ?? words.length + 1;
    const documents = (id: number): number => {
      const word = words[id - 1];
      const known = word === undefined || word === this.options.oovToken ? undefined : this.#seen.get(word);
      const seen = known === undefined ? 0 : known.texts;
      if (seen !== undefined) return seen;
      throw fail('bad-value', {
        what: 'textsToMatrix',
        got: "mode = 'tfidf' with words of which it is not known in how many texts they were",
        want: 'a tokenizer that was fitted, or plain data of this version',
        fix: 'Fit it again.',
      });
    };
    return matrixOf(sequences, columns, mode, (id) => Math.log(1 + this.#documents / (1 + documents(id))));
  }

  /** The words behind numbers, one text a sequence. Numbers without a word, 0 among them, are treated as unknown words are. */
  sequencesToTexts(sequences: Iterable<Iterable<number>>): string[] {
    void this.wordIndex; // makes the list of words
    const words = this.#words!;
    const { numWords = Infinity, oovToken } = this.options;
    return Array.from(sequences, (sequence) => {
      const text: string[] = [];
      for (const number of sequence) {
        const word = number > 0 && number < numWords ? words[number] : undefined;
        if (word !== undefined) text.push(word);
        else if (oovToken !== undefined) text.push(oovToken);
      }
      return text.join(' ');
    });
  }

  /** The numbers of one text's words; see {@link Tokenizer.textsToSequences}. Errors: `bad-value`. */
  encode(text: string): number[] {
    return this.textsToSequences([text])[0]!;
  }

  /** The words behind numbers, as one text; see {@link Tokenizer.sequencesToTexts}. */
  decode(ids: Iterable<number>): string {
    return this.sequencesToTexts([ids])[0]!;
  }

  /** Plain data that {@link Tokenizer.fromJSON} reads; `JSON.stringify(tokenizer)` works. */
  toJSON(): TokenizerJson {
    const words = [...this.wordIndex.keys()].flatMap((word): [string, number, number?][] => {
      const { count, texts } = this.#seen.get(word) ?? {};
      return count === undefined ? [] : [texts === undefined ? [word, count] : [word, count, texts]];
    });
    return { type: 'words', format: 1, ...this.options, documents: this.#documents, words };
  }

  /** The tokenizer again, from plain data or its JSON. Errors: `bad-value`. */
  static fromJSON(json: TokenizerJson | string): Tokenizer {
    const bad = (got: string, cause?: unknown) =>
      fail('bad-value', { what: 'Tokenizer.fromJSON', got, want: 'what toJSON of a tokenizer gave' }, cause);
    let parsed: TokenizerJson;
    try {
      parsed = typeof json === 'string' ? (JSON.parse(json) as TokenizerJson) : json;
    } catch (e) {
      throw bad('a text that is no JSON', e);
    }
    const { type = 'words', format, documents, words, ...options } = parsed ?? {};
    if (type !== 'words' || format !== 1 || !Number.isInteger(documents) || !Array.isArray(words)) throw bad('something else');
    const made = new Tokenizer(options);
    for (const entry of words as TokenizerJson['words']) {
      const [word, count, texts] = Array.isArray(entry) ? (entry as TokenizerJson['words'][number]) : ['', 0.5];
      if (typeof word !== 'string' || !Number.isInteger(count)) throw bad(`the word ${JSON.stringify(word)} without a count`);
      made.#seen.set(word, { count, texts: Number.isInteger(texts) ? texts : undefined });
    }
    made.#documents = documents;
    return made;
  }
}

/**
 * Turns texts into sequences of numbers: the more frequent a word, the smaller its number, from 1. Fit it on the training texts only.
 *
 * Shapes: none; see `padSequences` for a tensor. Errors: `bad-value`, `unknown-name` for an option.
 * Source: keras.preprocessing.text.Tokenizer: the same words, counts and numbers.
 *
 * @example
 * import { tokenizer } from '@stratus/core';
 * const words = tokenizer({ numWords: 1000, oovToken: '<oov>' }).fitOnTexts(['The cat sat.', 'The dog sat, too.']);
 * console.log(words.textsToSequences(['the bird sat'])); // [[2, 1, 3]]
 */
export const tokenizer = (options: TokenizerOptions = {}): Tokenizer => new Tokenizer(options);
