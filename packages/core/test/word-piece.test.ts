import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  StratusError,
  tokenizerFromHuggingFace,
  tokenizerFromJSON,
  trainWordPiece,
  type WordPieceEncodeOptions,
  type WordPieceEncoding,
  WordPieceTokenizer,
  type WordPieceTokenizerOptions,
  wordPieceTokenizer,
} from '../src/index.ts';

type Three = readonly [number[], number[], number[]];

const golden = JSON.parse(readFileSync(new URL('../../../golden/tokenizers.json', import.meta.url), 'utf8')) as {
  readonly samples: string[];
  readonly lone: string[];
  readonly pairs: [string, string][];
  readonly weighted: [string, number][];
  readonly bert: Record<'uncased' | 'cased' | 'accents', number[][]> & {
    readonly pairs: Three[];
    readonly cut: Record<string, Three[]>;
    readonly texts: string[];
  };
  readonly learnedWordPiece: {
    readonly options: { readonly vocab_size: number; readonly min_frequency: number };
    readonly tokens: string[];
    readonly pieces: string[][];
    readonly file: string | null;
  }[];
};

const file = `${process.env['STRATUS_DATA']}/bert-base-uncased/vocab.txt.gz`;

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (e) {
    if (StratusError.is(e)) return e.code;
    throw e;
  }
  return 'no error';
};

const listed = ({ ids, typeIds, attentionMask }: WordPieceEncoding): Three => [ids, typeIds, attentionMask];
const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const small = (options: Partial<WordPieceTokenizerOptions> = {}): WordPieceTokenizer =>
  wordPieceTokenizer({ vocabulary: [...special, 'play', '##ing', '##s', 'a', ',', 'é'], ...options });

describe.skipIf(!existsSync(file))("BERT's vocabulary (STRATUS_DATA)", () => {
  const vocabulary = existsSync(file) ? gunzipSync(readFileSync(file)).toString() : '';

  it.each([
    ['uncased', {}],
    ['cased', { lowercase: false }],
    ['accents', { stripAccents: false }],
  ] as const)('gives the numbers of Hugging Face: %s', (name, options) => {
    const bert = wordPieceTokenizer({ vocabulary, ...options });
    expect(bert.vocabularySize).toBe(30_522);
    for (const [i, text] of golden.samples.entries()) expect([text, bert.encode(text)]).toEqual([text, golden.bert[name][i]]);
    expect(WordPieceTokenizer.fromJSON(JSON.stringify(bert)).encodeBatch(golden.samples)).toEqual(golden.bert[name]);
  });

  it('gives its pairs, cut and filled up, and its texts', () => {
    const bert = wordPieceTokenizer({ vocabulary });
    expect(golden.pairs.map(([text, pair]) => listed(bert.encodePlus(text, { pair })))).toEqual(golden.bert.pairs);
    for (const [length, wanted] of Object.entries(golden.bert.cut)) {
      const options = { maxLength: Number(length), padding: true };
      const got = [
        ...golden.pairs.map(([text, pair]) => listed(bert.encodePlus(text, { pair, ...options }))),
        ...golden.pairs.map(([, text]) => listed(bert.encodePlus(text, options))),
      ];
      expect([length, got]).toEqual([length, wanted]);
    }
    expect(golden.bert.uncased.map((ids) => bert.decode(ids, { skipSpecialTokens: true }))).toEqual(golden.bert.texts);
  });
});

describe('trainWordPiece', () => {
  const learn = golden.weighted.map(([word, count]) => Array<string>(count).fill(word).join(' '));
  const texts = [golden.weighted.map(([word]) => word).join(' '), ...golden.samples];

  it.each(golden.learnedWordPiece.map((c) => [c.options.vocab_size, c] as const))(
    'learns what Hugging Face learns: %d',
    (_, wanted) => {
      const { vocab_size, min_frequency } = wanted.options;
      const trained = trainWordPiece(learn, { vocabularySize: vocab_size, minFrequency: min_frequency });
      const { vocabulary } = trained.toJSON();
      expect([...vocabulary].sort()).toEqual([...wanted.tokens].sort());
      expect(vocabulary.slice(0, 5)).toEqual(special);
      for (const [i, text] of texts.entries())
        expect([text, trained.encode(text, { addSpecialTokens: false }).map((id) => trained.idToToken(id))]).toEqual([
          text,
          wanted.pieces[i],
        ]);
      if (wanted.file === null) return;
      const read = tokenizerFromHuggingFace(wanted.file);
      expect(read.encode(texts[0]!, { addSpecialTokens: false }).map((id) => read.idToToken(id))).toEqual(wanted.pieces[0]);
    },
  );

  it('learns the same of the same texts, keeps the most frequent letters, and learns nothing of nothing', () => {
    expect(trainWordPiece(learn).toJSON()).toEqual(trainWordPiece(learn).toJSON());
    expect(trainWordPiece(['aaa bb c'], { limitAlphabet: 2, vocabularySize: 9 }).toJSON().vocabulary).toEqual([
      ...special,
      'a',
      'b',
      '##a',
      '##b',
    ]);
    expect(trainWordPiece([]).vocabularySize).toBe(5);
    expect(trainWordPiece(['x'], { specialTokens: [] }).toJSON().vocabulary).toEqual(['[UNK]', 'x']);
    expect(trainWordPiece(['Éé'], { lowercase: false }).toJSON().vocabulary).toEqual([...special, 'É', 'é', '##é']);
  });

  it('refuses what is no text, and options that make no sense', () => {
    for (const wrong of ['a text', [1], undefined])
      expect(codeOf(() => trainWordPiece(wrong as unknown as string[]))).toBe('bad-value');
    for (const wrong of [{ vocabularySize: 0 }, { minFrequency: 0.5 }, { limitAlphabet: 0 }])
      expect(codeOf(() => trainWordPiece([], wrong))).toBe('bad-value');
    expect(codeOf(() => trainWordPiece([], { vocab_size: 3 } as object))).toBe('unknown-name');
  });
});

describe('WordPieceTokenizer', () => {
  it('cuts words, marks what it does not know, and puts words together again', () => {
    const tokens = small();
    expect(tokens.encode('Plays, playing [MASK] xyz')).toEqual([2, 5, 7, 9, 5, 6, 4, 1, 3]);
    expect(tokens.encode('[MASK]', { splitSpecialTokens: true, addSpecialTokens: false })).toEqual([1, 1, 1]);
    expect(tokens.decode([2, 5, 7, 9, 5, 6, 3], { skipSpecialTokens: true })).toBe('plays, playing');
    expect(tokens.decode([2, 5, 3])).toBe('[CLS] play [SEP]');
    expect(tokens.encode('É', { addSpecialTokens: false })).toEqual([1]); // the accent is left out
    expect(small({ stripAccents: false }).encode('É', { addSpecialTokens: false })).toEqual([10]);
    expect(small({ vocabulary: `${special.join('\r\n')}\r\na\r\n` }).encode('a')).toEqual([2, 5, 3]);
  });

  it('takes any text, gives numbers of the vocabulary, and is the same again as plain data', () => {
    const trained = trainWordPiece(golden.samples, { vocabularySize: 300 });
    const again = tokenizerFromJSON(JSON.stringify(trained));
    expect(again.toJSON()).toEqual(trained.toJSON());
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.integer({ min: 0, max: 0xffff })).map((u) => String.fromCharCode(...u)),
    );
    fc.assert(
      fc.property(texts, fc.integer({ min: 3, max: 40 }), (text, maxLength) => {
        const ids = trained.encode(text);
        expect(ids.every((id) => trained.idToToken(id) !== undefined)).toBe(true);
        expect(again.encode(text)).toEqual(ids);
        const { typeIds, attentionMask } = trained.encodePlus(text, { pair: text, maxLength, padding: true });
        expect([typeIds.length, attentionMask.length]).toEqual([maxLength, maxLength]);
      }),
    );
    for (const text of golden.lone) expect(trained.encode(text).length).toBeGreaterThan(1);
  });

  it('takes a word of a million letters', () => {
    expect(small().encode('z'.repeat(1e6))).toEqual([2, 1, 3]);
    expect(small({ maxInputCharsPerWord: 1e6 }).encode(`play${'s'.repeat(20_000)}`)).toHaveLength(20_003);
  });

  it('refuses what it cannot do', () => {
    for (const wrong of [
      { vocabulary: ['a'] },
      { vocabulary: 3 },
      { specialTokens: 3 },
      { prefix: 3 },
      { clsToken: null },
      { vocabulary: ['[UNK]', '[UNK]'] },
      { lowercase: 1 },
      { maxInputCharsPerWord: 0 },
    ])
      expect(codeOf(() => small(wrong as Partial<WordPieceTokenizerOptions>))).toBe('bad-value');
    expect(codeOf(() => wordPieceTokenizer(undefined as unknown as WordPieceTokenizerOptions))).toBe('bad-value');
    expect(codeOf(() => small({ doLowerCase: true } as object))).toBe('unknown-name');
    for (const wrong of [{ maxLength: 1 }, { padding: true }, { maxLength: 2, pair: 'a' }, { maxLength: 2.5 }])
      expect(codeOf(() => small().encode('a', wrong as WordPieceEncodeOptions))).toBe('bad-value');
    expect(codeOf(() => small().encode('a', { max_length: 3 } as object))).toBe('unknown-name');
    expect(codeOf(() => small().encode(3 as unknown as string))).toBe('bad-value');
    expect(codeOf(() => small().decode([99]))).toBe('bad-value');
    expect(codeOf(() => small({ vocabulary: ['[UNK]', 'a'] }).encode('a'))).toBe('bad-value');
    expect(small({ vocabulary: ['[UNK]', 'a'] }).encode('a', { addSpecialTokens: false })).toEqual([1]);
    for (const wrong of ['', '{}', 'null', '{"type":"wordPiece","format":1}'])
      expect(codeOf(() => WordPieceTokenizer.fromJSON(wrong))).toBe('bad-value');
    const read = JSON.parse(golden.learnedWordPiece[0]!.file!);
    for (const change of [{ normalizer: null }, { pre_tokenizer: { type: 'Whitespace' } }])
      expect(codeOf(() => tokenizerFromHuggingFace(JSON.stringify({ ...read, ...change })))).toBe('bad-value');
  });
});
