import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type HashedVectorsOptions,
  hashedVectors,
  hashingTrick,
  murmurHash3,
  ngrams,
  oneHotText,
  StratusError,
  TextVectors,
  type TextVectorsOptions,
  tensor,
  textVectors,
} from '../src/index.ts';

const golden = JSON.parse(readFileSync(new URL('../../../golden/text_vectors.json', import.meta.url), 'utf8')) as {
  readonly learn: string[];
  readonly new: string[];
  readonly vectors: { readonly options: TextVectorsOptions; readonly terms: string[]; readonly rows: Record<string, number>[] }[];
  readonly hashes: [string, number, number][];
  readonly hashed: { readonly options: HashedVectorsOptions; readonly rows: number[][] }[];
};
const texts = [...golden.learn, ...golden.new];

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (e) {
    if (StratusError.is(e)) return e.code;
    throw e;
  }
  return 'no error';
};

describe('textVectors', () => {
  it.each(golden.vectors.map((c) => [JSON.stringify(c.options), c] as const))(
    'equals scikit-learn: %s',
    (_, { options, terms, rows }) => {
      const vectors = textVectors(options).fit(golden.learn);
      expect([...vectors.terms].sort()).toEqual([...terms].sort());
      const got = vectors.transform(texts);
      expect([got.dtype, got.shape]).toEqual(['float32', [texts.length, terms.length]]);
      for (const [i, row] of (got.toArray() as number[][]).entries()) {
        const wanted = vectors.terms.map((term) => rows[i]![term] ?? 0);
        expect(row.map((x) => x !== 0)).toEqual(wanted.map((x) => x !== 0));
        for (const [column, x] of row.entries()) expect(Math.abs(x - wanted[column]!)).toBeLessThan(1e-6 * (1 + wanted[column]!));
      }
      const again = TextVectors.fromJSON(JSON.stringify(vectors));
      expect(again.transform(texts).data).toEqual(got.data);
      expect(again.toJSON()).toEqual(vectors.toJSON());
    },
  );

  it('tells words apart as tokenizer does, and orders columns by frequency, then by the alphabet', () => {
    expect(textVectors().fit(['The b, the A']).terms).toEqual(['the', 'a', 'b']);
    expect(textVectors({ lower: false, filters: '', split: '-' }).fit(['B-a,-B']).terms).toEqual(['B', 'a,']);
    expect(textVectors({ locale: 'ja' }).fit(['東京に']).terms).toEqual(['に', '東京']);
    expect(
      textVectors()
        .fit(tensor(['__proto__ constructor']))
        .transform(['constructor'])
        .toArray(),
    ).toEqual([[1, 0]]);
    expect(textVectors().fit(['a']).fit(['b']).terms).toEqual(['b']);
    expect([textVectors().fit([]).transform(['a']).shape, textVectors().fit(['a']).transform([]).shape]).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  it('refuses what is no text, what is not fitted, and options that make no sense', () => {
    for (const wrong of ['a text', [1], undefined]) {
      expect(codeOf(() => textVectors().fit(wrong as unknown as string[]))).toBe('bad-value');
      expect(
        codeOf(() =>
          textVectors()
            .fit(['a'])
            .transform(wrong as unknown as string[]),
        ),
      ).toBe('bad-value');
    }
    expect(codeOf(() => textVectors().transform(['a']))).toBe('bad-value');
    expect(codeOf(() => textVectors().toJSON())).toBe('bad-value');
    for (const wrong of [
      { maxTokens: 0 },
      { ngrams: [2, 1] },
      { ngrams: 0 },
      { minDocuments: 0.5 },
      { smoothIdf: 1 },
      { split: '' },
    ])
      expect(codeOf(() => textVectors(wrong as unknown as TextVectorsOptions))).toBe('bad-value');
    for (const wrong of [{ mode: 'tfidf' }, { norm: 'l3' }, { max_tokens: 3 }])
      expect(codeOf(() => textVectors(wrong as unknown as TextVectorsOptions))).toBe('unknown-name');
    const good = textVectors().fit(['a b']).toJSON();
    for (const wrong of [
      '',
      '{}',
      'null',
      { ...good, terms: [['a']] },
      { ...good, terms: [null] },
      { ...good, options: null },
      {
        ...good,
        terms: [
          ['a', 1],
          ['a', 1],
        ],
      },
      { ...good, documents: 0.5 },
    ])
      expect(codeOf(() => TextVectors.fromJSON(wrong as string))).toBe('bad-value');
  });
});

describe('hashes', () => {
  it('are those of scikit-learn', () => {
    for (const [word, seed, hash] of golden.hashes) expect([word, murmurHash3(word, seed)]).toEqual([word, hash]);
    for (const { options, rows } of golden.hashed) expect(hashedVectors(texts, options).toArray()).toEqual(rows);
  });

  it('name words by numbers from 1', () => {
    const numbers = hashingTrick('The cat, the DOG', 5);
    expect(numbers).toEqual(['the', 'cat', 'the', 'dog'].map((word) => ((murmurHash3(word) >>> 0) % 4) + 1));
    expect(oneHotText('The cat, the DOG', 5)).toEqual(numbers);
    expect(hashingTrick('a b', 2)).toEqual([1, 1]);
    expect(hashingTrick('', 2)).toEqual([]);
    expect(hashingTrick('A-b', 1e6, { split: '-', filters: '', lower: false })).toEqual(
      ['A', 'b'].map((word) => ((murmurHash3(word) >>> 0) % 999_999) + 1),
    );
  });

  it('refuse sizes that make no sense', () => {
    for (const n of [1, 0, 2.5, Number.NaN]) expect(codeOf(() => hashingTrick('a', n))).toBe('bad-value');
    for (const wrong of [{ size: 0 }, { size: 2 ** 31 }, { signed: 1 }, { ngrams: [0, 1] }])
      expect(codeOf(() => hashedVectors(['a'], wrong as HashedVectorsOptions))).toBe('bad-value');
    expect(codeOf(() => hashedVectors(['a'], { n: 3 } as object))).toBe('unknown-name');
  });
});

describe('ngrams', () => {
  it('are neighbours', () => {
    expect(ngrams(['a', 'b', 'c'], 2)).toEqual(['a b', 'b c']);
    expect(ngrams(['a', 'b'], [2, 5])).toEqual(['a b']);
    expect(ngrams([], [1, Number.MAX_SAFE_INTEGER])).toEqual([]);
    for (const wrong of [0, 1.5, [1], [3, 2], ['a', 'b']]) expect(codeOf(() => ngrams(['a'], wrong as number))).toBe('bad-value');
  });
});
