import { fail } from '../../../errors.ts';
import { checkOptions, refuseUnknown } from '../../../options.ts';
import { lookUp } from '../../../suggest.ts';
import { type SpecialToken, SpecialTokens } from '../special-tokens.ts';
import { byteOfLetter, letterOfByte, textOf, utf8 } from './byte-level.ts';
import { type Merges, mergeAll } from './merge.ts';
import { type Split, splits } from './pieces.ts';
import { mergeLines, parsed, tokensInOrder } from './vocabulary.ts';

/** What {@link bpeTokenizer} is made of. */
export interface BpeTokenizerOptions {
  /** The tokens: a list in the order of their numbers, a record of numbers by token, or the text of `encoder.json` (`vocab.json`). */
  readonly vocabulary: string | readonly string[] | Readonly<Record<string, number>>;
  /** What becomes one, the first first: `'left right'` each, or the text of `vocab.bpe` (`merges.txt`). */
  readonly merges: string | readonly string[] | readonly (readonly [string, string])[];
  /** Texts that are one token each. A text that is not in the vocabulary gets the next number; GPT-2's `<|endoftext|>` where there is one, unless told. */
  readonly specialTokens?: readonly (string | SpecialToken)[] | undefined;
  /** How texts are cut into pieces, by whose rule; 'gpt2' unless told. */
  readonly split?: Split | undefined;
  /** Whether a text that does not begin with a space is given one; false unless told. */
  readonly addPrefixSpace?: boolean | undefined;
  /** Whether a piece that is a token stays one, without merges that lead to it; false unless told. */
  readonly ignoreMerges?: boolean | undefined;
  /** The form of Unicode into which texts are brought first; none unless told. */
  readonly normalization?: 'NFC' | 'NFD' | 'NFKC' | 'NFKD' | undefined;
  /** Stands for bytes that the vocabulary lacks; they are left out unless it is given. */
  readonly unkToken?: string | undefined;
}

/** A byte-level BPE tokenizer as plain data: what {@link BpeTokenizer.toJSON} gives and {@link BpeTokenizer.fromJSON} takes. */
export interface BpeTokenizerJson extends BpeTokenizerOptions {
  readonly type: 'bpe';
  readonly format: 1;
  readonly vocabulary: readonly string[];
  readonly merges: readonly string[];
  readonly specialTokens: readonly SpecialToken[];
}

/** Options of {@link BpeTokenizer.encode}. */
export interface BpeEncodeOptions {
  /** Whether special tokens in the text are text like any other, as they must be where somebody else writes it; false unless told. */
  readonly splitSpecialTokens?: boolean | undefined;
}

const names = [
  'vocabulary',
  'merges',
  'specialTokens',
  'split',
  'addPrefixSpace',
  'ignoreMerges',
  'normalization',
  'unkToken',
] as const;
const forms = { NFC: true, NFD: true, NFKC: true, NFKD: true };

/** How many pieces are remembered, and up to which length: some megabytes. */
const remembered = 1 << 16;
const longestRemembered = 48;

/**
 * Texts to numbers of byte pairs and back. Made by {@link bpeTokenizer}, or by training with `trainBpe`.
 *
 * @example
 * import { BpeTokenizer, trainBpe } from '@stratus/core';
 * const trained = trainBpe(['low lower lowest'], { vocabularySize: 260 });
 * const again = BpeTokenizer.fromJSON(JSON.stringify(trained));
 * console.log(again.decode(again.encode('slow 🐌'))); // 'slow 🐌'
 */
export class BpeTokenizer {
  readonly options: Pick<BpeTokenizerOptions, 'unkToken' | 'normalization'> & {
    readonly split: Split;
    readonly addPrefixSpace: boolean;
    readonly ignoreMerges: boolean;
  };
  readonly #tokens: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #merges: Merges;
  readonly #lines: readonly string[];
  readonly #special: SpecialTokens;
  /** The token of each byte, or a number below 0. */
  readonly #bytes: Int32Array;
  readonly #endOf: (text: string, at: number) => number;
  readonly #known = new Map<string, number | readonly number[]>();

  /** @internal */
  constructor(options: BpeTokenizerOptions, what = 'bpeTokenizer') {
    const { vocabulary, merges, specialTokens, unkToken, normalization, ...rest } = options ?? {};
    const { split = 'gpt2', addPrefixSpace = false, ignoreMerges = false, ...unknown } = rest;
    refuseUnknown(what, unknown, names);
    checkOptions(what, { addPrefixSpace, ignoreMerges }, { addPrefixSpace: 'flag', ignoreMerges: 'flag' });
    if (normalization !== undefined) lookUp('Unicode normalization', forms, normalization);
    this.options = { split, addPrefixSpace, ignoreMerges, normalization, unkToken };
    this.#endOf = lookUp('rule for pieces', splits, split)();
    const given =
      typeof vocabulary === 'string' ? parsed(what, vocabulary, 'the text of encoder.json or vocab.json') : vocabulary;
    this.#tokens = tokensInOrder(what, given);
    this.#ids = new Map(this.#tokens.map((token, id) => [token, id]));
    this.#lines = mergeLines(what, merges);
    this.#merges = this.#ranked(what);
    this.#special = new SpecialTokens(
      what,
      this.#withNumbers(specialTokens ?? ['<|endoftext|>'].filter((t) => this.#ids.has(t))),
    );
    const unknownId = unkToken === undefined ? -1 : this.tokenToId(unkToken);
    if (unknownId === undefined)
      throw fail('bad-value', { what, got: `unkToken = ${JSON.stringify(unkToken)}`, want: 'a token of the vocabulary' });
    this.#bytes = Int32Array.from(letterOfByte, (letter) => this.#ids.get(letter) ?? unknownId);
  }

  #ranked(what: string): Merges {
    const size = this.#tokens.length;
    const ranks = new Map<number, number>();
    const made = Int32Array.from(this.#lines, (line, rank) => {
      const [left = '', right = ''] = line.split(' ');
      const ids = [left, right, left + right].map((token) => this.#ids.get(token) ?? -1);
      const missing = ids.indexOf(-1);
      if (missing >= 0)
        throw fail('bad-value', {
          what,
          got: `merge ${rank + 1} '${line}' without '${[left, right, left + right][missing]}' in the vocabulary`,
          want: 'a vocabulary that holds both parts of every merge and what they become',
          fix: 'Take the vocabulary and the merges of one and the same model.',
        });
      ranks.set(ids[0]! * size + ids[1]!, rank);
      return ids[2]!;
    });
    return { size, ranks, made };
  }

  /** What is no list stays as it is: it is refused where it is read. */
  #withNumbers(list: readonly (string | SpecialToken)[]): readonly SpecialToken[] {
    let next = this.#tokens.length;
    if (!Array.isArray(list)) return list as readonly SpecialToken[];
    return list.map((one: string | SpecialToken) =>
      typeof one === 'string' ? { content: one, id: this.#ids.get(one) ?? next++ } : one,
    );
  }

  /** One more than the greatest number: the `inputDim` of an embedding. */
  get vocabularySize(): number {
    return this.#special.list.reduce((size, { id }) => Math.max(size, id + 1), this.#tokens.length);
  }

  /** The number of a token, special or in the letters of the vocabulary (`'Ġthe'`); undefined where there is none. */
  tokenToId(token: string): number | undefined {
    return this.#special.idOf(token) ?? this.#ids.get(token);
  }

  /** The token of a number, in the letters of the vocabulary; undefined where there is none. */
  idToToken(id: number): string | undefined {
    return this.#special.byId(id)?.content ?? this.#tokens[id];
  }

  /** The numbers of a text. None are added. Errors: `bad-value`, `unknown-name`. */
  encode(text: string, { splitSpecialTokens = false, ...rest }: BpeEncodeOptions = {}): number[] {
    refuseUnknown('encode', rest, ['splitSpecialTokens']);
    if (typeof text !== 'string') throw fail('bad-value', { what: 'encode', got: typeof text, want: 'a text' });
    const ids: number[] = [];
    if (splitSpecialTokens) this.#encodeText(text, ids);
    else
      this.#special.walk(
        text,
        (ordinary) => this.#encodeText(ordinary, ids),
        (id) => ids.push(id),
      );
    return ids;
  }

  /** The numbers of each text. Errors: `bad-value`, `unknown-name`. */
  encodeBatch(texts: readonly string[], options?: BpeEncodeOptions): number[][] {
    return Array.from(texts, (text) => this.encode(text, options));
  }

  /** The text of numbers. Bytes that are no UTF-8, as of a character cut in two, become U+FFFD. Errors: `bad-value` for a number without a token. */
  decode(ids: Iterable<number>, { skipSpecialTokens = false }: { readonly skipSpecialTokens?: boolean } = {}): string {
    const bytes: number[] = [];
    for (const id of ids) {
      const token = this.idToToken(id);
      if (token === undefined)
        throw fail('bad-value', {
          what: 'decode',
          got: `the number ${String(id)}`,
          want: `numbers of tokens, below ${this.vocabularySize}`,
        });
      const special = this.#special.byId(id) !== undefined;
      if (special && skipSpecialTokens) continue;
      if (special) for (const byte of utf8(token)) bytes.push(byte);
      else for (const letter of token) bytes.push(...(byteOfLetter.has(letter) ? [byteOfLetter.get(letter)!] : utf8(letter)));
    }
    return textOf(Uint8Array.from(bytes));
  }

  #encodeText(given: string, ids: number[]): void {
    const { normalization, addPrefixSpace } = this.options;
    const normal = normalization === undefined ? given : given.normalize(normalization);
    const text = addPrefixSpace && normal !== '' && !normal.startsWith(' ') ? ` ${normal}` : normal;
    for (let at = 0; at < text.length; ) {
      const end = this.#endOf(text, at);
      const piece = text.slice(at, end);
      const found = this.#known.get(piece) ?? this.#encodePiece(piece);
      if (typeof found === 'number') ids.push(found);
      else for (let i = 0; i < found.length; i++) ids.push(found[i]!);
      at = end;
    }
  }

  #encodePiece(piece: string): number | readonly number[] {
    const bytes = utf8(piece);
    const whole = this.options.ignoreMerges ? this.#ids.get(Array.from(bytes, (byte) => letterOfByte[byte]).join('')) : undefined;
    const start = Array.from(bytes, (byte) => this.#bytes[byte]!).filter((id) => id >= 0);
    const merged = whole === undefined ? mergeAll(start, this.#merges) : [whole];
    const found = merged.length === 1 ? merged[0]! : merged;
    if (piece.length > longestRemembered) return found;
    if (this.#known.size >= remembered) this.#known.clear();
    // Engines keep a long piece as a view of its text: the copy lets the text go.
    this.#known.set(piece.length < 13 ? piece : [...piece].join(''), found);
    return found;
  }

  /** Plain data that {@link BpeTokenizer.fromJSON} reads; `JSON.stringify(tokenizer)` works. */
  toJSON(): BpeTokenizerJson {
    return {
      type: 'bpe',
      format: 1,
      ...this.options,
      vocabulary: this.#tokens,
      merges: this.#lines,
      specialTokens: this.#special.list,
    };
  }

  /** The tokenizer again, from plain data or its JSON. Errors: `bad-value`, `unknown-name`. */
  static fromJSON(json: BpeTokenizerJson | string): BpeTokenizer {
    const what = 'BpeTokenizer.fromJSON';
    const want = 'what toJSON of a BPE tokenizer gave';
    const { type, format, ...options } = ((typeof json === 'string' ? parsed(what, json, want) : json) ?? {}) as BpeTokenizerJson;
    if (type !== 'bpe' || format !== 1) throw fail('bad-value', { what, got: 'something else', want });
    return new BpeTokenizer(options, what);
  }
}

/**
 * The byte-level BPE tokenizer of GPT-2 and its descendants, of its files' texts: texts become numbers, and every text comes back.
 *
 * Shapes: none. Errors: `bad-value`, `unknown-name`. Source: OpenAI's encoder.py of GPT-2; Hugging Face tokenizers (BPE with ByteLevel).
 *
 * @example no-run
 * import { readFile } from 'node:fs/promises';
 * import { bpeTokenizer } from '@stratus/core';
 * const gpt2 = bpeTokenizer({
 *   vocabulary: await readFile('encoder.json', 'utf8'),
 *   merges: await readFile('vocab.bpe', 'utf8'),
 * });
 * console.log(gpt2.encode('Hello world')); // [15496, 995]
 */
export const bpeTokenizer = (options: BpeTokenizerOptions): BpeTokenizer => new BpeTokenizer(options);
