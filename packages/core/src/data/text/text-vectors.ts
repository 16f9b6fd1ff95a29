import { fail } from '../../errors.ts';
import { checkOptions, refuseUnknown } from '../../options.ts';
import { lookUp } from '../../suggest.ts';
import { Tensor } from '../../tensor/index.ts';
import { parsed } from './bpe/vocabulary.ts';
import { eachText, type Texts } from './each-text.ts';
import type { WordOptions } from './hashing.ts';
import { ngrams } from './ngrams.ts';
import { countsOf, matrix } from './texts-to-matrix.ts';
import { Tokenizer } from './tokenizer.ts';

const modes = { multiHot: () => 1, count: (count: number) => count, tfIdf: (count: number) => count };
const norms = {
  l2: (row: Float64Array) => Math.sqrt(row.reduce((sum, x) => sum + x * x, 0)),
  l1: (row: Float64Array) => row.reduce((sum, x) => sum + Math.abs(x), 0),
  none: () => 1,
};

/** Options of {@link textVectors}; how words are told apart is as for `tokenizer`. */
export interface TextVectorsOptions extends WordOptions {
  /** Whether a term is there ('multiHot', unless told), how often ('count'), or weighted by how few texts have it ('tfIdf'). */
  readonly mode?: keyof typeof modes | undefined;
  /** How many neighbouring words are a term, or from how many to how many; 1 unless told. */
  readonly ngrams?: number | readonly [number, number] | undefined;
  /** How many terms are kept, the most frequent; all unless told. */
  readonly maxTokens?: number | undefined;
  /** In how many texts a term must be; 1 unless told. */
  readonly minDocuments?: number | undefined;
  /** What a row is divided by: its length ('l2'), the sum of its sizes ('l1'), or nothing; 'l2' for 'tfIdf' unless told. */
  readonly norm?: keyof typeof norms | undefined;
  /** Whether 'tfIdf' counts as if one more text had every term; true unless told. */
  readonly smoothIdf?: boolean | undefined;
  /** Whether 'tfIdf' takes `1 + log(count)` for the count; false unless told. */
  readonly sublinearTf?: boolean | undefined;
}

/** Fitted vectors as plain data: what {@link TextVectors.toJSON} gives and {@link TextVectors.fromJSON} takes. */
export interface TextVectorsJson {
  readonly type: 'textVectors';
  readonly format: 1;
  readonly options: TextVectorsOptions;
  /** How many texts it was fitted on. */
  readonly documents: number;
  /** Every term and in how many texts it was, in the order of the columns. */
  readonly terms: readonly (readonly [string, number])[];
}

const names = [
  'mode',
  'ngrams',
  'maxTokens',
  'minDocuments',
  'norm',
  'smoothIdf',
  'sublinearTf',
  'filters',
  'lower',
  'split',
  'locale',
];

/**
 * Texts as rows with a column for each term. Made by {@link textVectors}.
 *
 * @example
 * import { TextVectors, textVectors } from '@stratus/core';
 * const saved = JSON.stringify(textVectors({ mode: 'count' }).fit(['b a b', 'c']));
 * console.log(TextVectors.fromJSON(saved).transform(['b b d']).toArray()); // [[2, 0, 0]]
 */
export class TextVectors {
  readonly options: TextVectorsOptions;
  readonly #words: Tokenizer;
  #documents = 0;
  /** In how many texts each term was, in the order of the columns. */
  #terms: ReadonlyMap<string, number> | undefined;
  #columns = new Map<string, { readonly column: number; readonly weight: number }>();

  /** @internal */
  constructor(options: TextVectorsOptions = {}) {
    const what = 'textVectors';
    refuseUnknown(what, options, names);
    const { mode = 'multiHot', ngrams: n = 1, minDocuments = 1, smoothIdf = true, sublinearTf = false, maxTokens } = options;
    const { norm = mode === 'tfIdf' ? 'l2' : 'none', filters, lower, split, locale } = options;
    lookUp('mode of textVectors', modes, mode);
    lookUp('norm of textVectors', norms, norm);
    ngrams([], n);
    checkOptions(
      what,
      { minDocuments, smoothIdf, sublinearTf, maxTokens: maxTokens ?? 1 },
      { minDocuments: 'count', smoothIdf: 'flag', sublinearTf: 'flag', maxTokens: 'count' },
    );
    this.#words = new Tokenizer({ filters, lower, split, locale });
    this.options = { mode, ngrams: n, maxTokens, minDocuments, norm, smoothIdf, sublinearTf, filters, lower, split, locale };
  }

  /** The terms in the order of the columns: the most frequent first. */
  get terms(): readonly string[] {
    return [...(this.#terms?.keys() ?? [])];
  }

  /** Learns the terms of the training texts. What it knew before is forgotten. Errors: `bad-value`. */
  fit(texts: Texts): this {
    const { maxTokens, minDocuments = 1 } = this.options;
    const all = new Map<string, number>();
    const within = new Map<string, number>();
    let documents = 0;
    for (const text of eachText('fit', texts)) {
      documents++;
      for (const [term, count] of this.#countsOf(text)) {
        all.set(term, (all.get(term) ?? 0) + count);
        within.set(term, (within.get(term) ?? 0) + 1);
      }
    }
    const kept = [...all]
      .filter(([term]) => within.get(term)! >= minDocuments)
      .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
      .slice(0, maxTokens);
    this.#learned(documents, new Map(kept.map(([term]) => [term, within.get(term)!])));
    return this;
  }

  /** The rows of texts. Terms that were not learned count for nothing. Errors: `bad-value`. */
  transform(texts: Texts): Tensor<'float32'> {
    const { mode = 'multiHot', norm = 'none', sublinearTf } = this.options;
    if (this.#terms === undefined)
      throw fail('bad-value', {
        what: 'transform',
        got: 'no terms',
        want: 'fitted vectors',
        fix: 'Call fit with the training texts first.',
      });
    const list = [...eachText('transform', texts)];
    const size = this.#terms.size;
    const data = matrix('transform', list.length, size);
    for (const [row, text] of list.entries()) {
      const found = [...this.#countsOf(text)].flatMap(([term, count]) => {
        const { column, weight } = this.#columns.get(term) ?? {};
        return column === undefined ? [] : [{ column, value: this.#value(mode, count, sublinearTf) * weight! }];
      });
      const divisor = norms[norm](Float64Array.from(found, ({ value }) => value)) || 1;
      for (const { column, value } of found) data[row * size + column] = value / divisor;
    }
    return new Tensor('float32', [list.length, size], data);
  }

  #value(mode: keyof typeof modes, count: number, sublinear: boolean | undefined): number {
    return mode === 'tfIdf' && sublinear ? 1 + Math.log(count) : modes[mode](count);
  }

  #countsOf(text: string): Map<string, number> {
    return countsOf(ngrams(this.#words.wordsOf(text), this.options.ngrams ?? 1));
  }

  #learned(documents: number, terms: ReadonlyMap<string, number>): void {
    const { mode, smoothIdf } = this.options;
    const more = smoothIdf ? 1 : 0;
    const weightOf = (within: number): number => (mode === 'tfIdf' ? Math.log((documents + more) / (within + more)) + 1 : 1);
    this.#documents = documents;
    this.#terms = terms;
    this.#columns = new Map([...terms].map(([term, within], column) => [term, { column, weight: weightOf(within) }]));
  }

  /** Plain data that {@link TextVectors.fromJSON} reads. Errors: `bad-value` before it was fitted. */
  toJSON(): TextVectorsJson {
    if (this.#terms === undefined) throw fail('bad-value', { what: 'toJSON', got: 'no terms', want: 'fitted vectors' });
    return { type: 'textVectors', format: 1, options: this.options, documents: this.#documents, terms: [...this.#terms] };
  }

  /** The fitted vectors again, from plain data or its JSON. Errors: `bad-value`, `unknown-name`. */
  static fromJSON(json: TextVectorsJson | string): TextVectors {
    const what = 'TextVectors.fromJSON';
    const want = 'what toJSON of text vectors gave';
    const data = (typeof json === 'string' ? parsed(what, json, want) : json) as Partial<TextVectorsJson> | null;
    const { type, format, options, documents, terms } = data ?? {};
    const bad = (got: string) => fail('bad-value', { what, got, want });
    if (type !== 'textVectors' || format !== 1 || !Number.isInteger(documents) || !options || !Array.isArray(terms))
      throw bad('something else');
    const made = new TextVectors(options);
    const known = new Map<string, number>();
    for (const entry of terms as TextVectorsJson['terms']) {
      const [term, within] = Array.isArray(entry) ? (entry as [string, number]) : ['', 0.5];
      if (typeof term !== 'string' || !Number.isInteger(within) || known.has(term)) throw bad(`the term ${JSON.stringify(term)}`);
      known.set(term, within);
    }
    made.#learned(documents!, known);
    return made;
  }
}

/**
 * Texts as rows of numbers, a column a term: which terms are there, how often, or weighted (TF-IDF). Fit it on the training texts only.
 *
 * Shapes: n texts and k terms to `[n, k]` float32. Errors: `bad-value`, `unknown-name` for an option.
 * Source: sklearn.feature_extraction.text.TfidfVectorizer and CountVectorizer: the same formulas; keras.layers.TextVectorization.
 *
 * @example
 * import { textVectors } from '@stratus/core';
 * const vectors = textVectors({ mode: 'tfIdf', ngrams: [1, 2] }).fit(['good film', 'bad film']);
 * console.log(vectors.terms); // ['film', 'bad', 'bad film', 'good', 'good film']
 */
export const textVectors = (options: TextVectorsOptions = {}): TextVectors => new TextVectors(options);
