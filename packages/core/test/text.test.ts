import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CleanTextOptions,
  cleanText,
  type MatrixMode,
  type PadSequencesOptions,
  padSequences,
  StratusError,
  segmentWords,
  type Tensor,
  Tokenizer,
  type TokenizerOptions,
  table,
  tensor,
  tokenizer,
  trainTestSplit,
} from '../src/index.ts';

const golden = JSON.parse(readFileSync(new URL('../../../golden/text.json', import.meta.url), 'utf8')) as {
  readonly texts: string[];
  readonly new: string[];
  readonly tokenizers: {
    readonly options: TokenizerOptions;
    readonly wordIndex: [string, number][];
    readonly wordCounts: [string, number][];
    readonly documents: number;
    readonly sequences: number[][];
    readonly numbers: number[][];
    readonly texts: string[];
    readonly matrices: Record<MatrixMode, number[][]>;
  }[];
  readonly sequences: number[][];
  readonly padded: { readonly options: PadSequencesOptions; readonly rows: number[][] }[];
};

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (e) {
    if (StratusError.is(e)) return e.code;
    throw e;
  }
  return 'no error';
};

describe('tokenizer', () => {
  it.each(golden.tokenizers.map((c) => [JSON.stringify(c.options), c] as const))('equals Keras: %s', (_, wanted) => {
    const words = tokenizer(wanted.options).fitOnTexts(golden.texts);
    expect([...words.wordIndex]).toEqual(wanted.wordIndex);
    expect([...words.wordCounts]).toEqual(wanted.wordCounts);
    expect(words.documents).toBe(wanted.documents);
    expect(words.textsToSequences([...golden.texts, ...golden.new])).toEqual(wanted.sequences);
    expect(words.sequencesToTexts(wanted.numbers)).toEqual(wanted.texts);
    expect(Math.max(...wanted.sequences.flat())).toBeLessThan(words.vocabularySize);

    const again = Tokenizer.fromJSON(JSON.stringify(words));
    expect([...again.wordIndex]).toEqual(wanted.wordIndex);
    expect([again.documents, again.options]).toEqual([words.documents, words.options]);
    expect(again.textsToSequences(golden.new)).toEqual(words.textsToSequences(golden.new));
    expect(Tokenizer.fromJSON(words.toJSON()).toJSON()).toEqual(words.toJSON());
  });

  it.each(golden.tokenizers.map((c) => [JSON.stringify(c.options), c] as const))("makes Keras' matrices: %s", (_, wanted) => {
    const words = tokenizer(wanted.options).fitOnTexts(golden.texts);
    for (const made of [words, Tokenizer.fromJSON(words.toJSON())])
      for (const [mode, rows] of Object.entries(wanted.matrices)) {
        const got = made.textsToMatrix([...golden.texts.slice(0, 2), ...golden.new], mode as MatrixMode);
        expect(got.shape).toEqual([rows.length, rows[0]!.length]);
        expect([...got.data]).toEqual([...Float32Array.from(rows.flat())]);
      }
  });

  it('refuses matrices that it cannot make', () => {
    const words = tokenizer().fitOnTexts(['a b']);
    expect(codeOf(() => words.textsToMatrix(['a'], 'tf-idf' as MatrixMode))).toBe('unknown-name');
    expect(codeOf(() => tokenizer({ numWords: 2 ** 31 }).textsToMatrix(['a']))).toBe('bad-value');
    const { words: list, ...rest } = words.toJSON();
    const older = Tokenizer.fromJSON({ ...rest, words: list.map(([word, count]) => [word, count] as const) });
    expect(older.textsToMatrix(['a b b'], 'count').toArray()).toEqual([[0, 1, 2]]);
    expect(codeOf(() => older.textsToMatrix(['a'], 'tfidf'))).toBe('bad-value');
  });

  it('finds words of a language without spaces', () => {
    const words = tokenizer({ locale: 'ja' }).fitOnTexts(['東京は大きい。', '東京に行く']);
    expect(words.wordsOf('東京は、Big!')).toEqual(['東京', 'は', 'big']);
    expect(words.encode('東京')).toEqual([1]);
    expect(Tokenizer.fromJSON(JSON.stringify(words)).encode('東京に')).toEqual(words.encode('東京に'));
    expect(codeOf(() => tokenizer({ locale: 'no language' }))).toBe('bad-value');
  });

  it('takes a string tensor, and counts on', () => {
    const words = tokenizer().fitOnTexts(tensor(['a b', 'b']));
    expect([...words.wordIndex]).toEqual([
      ['b', 1],
      ['a', 2],
    ]);
    words.fitOnTexts(['a a']);
    expect([...words.wordIndex.keys()]).toEqual(['a', 'b']);
    expect(words.documents).toBe(3);
  });

  it('knows no word before it is fitted, and none of no texts', () => {
    expect(tokenizer().textsToSequences(['a b'])).toEqual([[]]);
    expect(tokenizer({ oovToken: '?' }).fitOnTexts([]).textsToSequences(['a b', ''])).toEqual([[1, 1], []]);
    expect([tokenizer().vocabularySize, tokenizer({ numWords: 1, oovToken: '?' }).vocabularySize]).toEqual([1, 2]);
    expect(tokenizer().fitOnTexts(['a b c']).vocabularySize).toBe(4);
    expect(tokenizer({ numWords: 2 }).fitOnTexts(['a b c']).vocabularySize).toBe(2);
  });

  it('refuses what is no list of texts, and options that make no sense', () => {
    for (const wrong of ['a text', [1], ['a', undefined], undefined, tensor([1])])
      for (const call of ['fitOnTexts', 'textsToSequences'] as const)
        expect(codeOf(() => tokenizer()[call](wrong as unknown as string[]))).toBe('bad-value');
    expect(codeOf(() => tokenizer({ numWords: 0 }))).toBe('bad-value');
    expect(codeOf(() => tokenizer({ split: '' }))).toBe('bad-value');
    expect(codeOf(() => tokenizer({ num_words: 3 } as TokenizerOptions))).toBe('unknown-name');
    for (const wrong of [
      '{',
      '{}',
      'null',
      '{"format":1,"documents":1,"words":[["a"]]}',
      '{"format":1,"documents":1,"words":[null]}',
    ])
      expect(codeOf(() => Tokenizer.fromJSON(wrong))).toBe('bad-value');
  });
});

interface Counts {
  readonly total: number;
  readonly words: number;
  readonly top: readonly (readonly [string, number, number])[];
}
const reviews = `${process.env['STRATUS_DATA']}/imdb/imdb_reviews.jsonl.gz`;

it.skipIf(!existsSync(reviews))("counts IMDB's words as the reference does (STRATUS_DATA)", () => {
  const wanted = JSON.parse(readFileSync(new URL('../../../golden/imdb_words.json', import.meta.url), 'utf8')) as {
    readonly every20th: { readonly raw: Counts; readonly cleaned: Counts };
  };
  const lines = gunzipSync(readFileSync(reviews)).toString().trimEnd().split('\n');
  const texts = lines.filter((_, i) => i % 20 === 0).map((line) => (JSON.parse(line) as { readonly text: string }).text);
  const counted = (of: readonly string[]): Counts => {
    const all = tokenizer().fitOnTexts(of).toJSON().words as Counts['top'];
    const top = [...all].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 50);
    return { total: all.reduce((sum, [, count]) => sum + count, 0), words: all.length, top };
  };
  expect(counted(texts)).toEqual(wanted.every20th.raw);
  expect(counted(texts.map(cleanText))).toEqual(wanted.every20th.cleaned);
});

describe('padSequences', () => {
  it.each(golden.padded.map((c) => [JSON.stringify(c.options), c] as const))('equals Keras: %s', (_, { options, rows }) => {
    const padded = padSequences(golden.sequences, options);
    expect([padded.dtype, padded.toArray()]).toEqual(['int32', rows]);
  });

  it('gives no rows for no sequences', () => {
    expect([padSequences([]).shape, padSequences([], { maxLength: 3, value: 1 }).shape]).toEqual([
      [0, 0],
      [0, 3],
    ]);
    expect(padSequences([[], []]).shape).toEqual([2, 0]);
  });

  it('refuses what int32 cannot hold, and wrong options', () => {
    for (const wrong of [[[1.5]], [[2 ** 31]], [[Number.NaN]], [['1']], ['12'], [7]])
      expect(codeOf(() => padSequences(wrong as unknown as number[][]))).toBe('bad-value');
    for (const wrong of [{ maxLength: -1 }, { maxLength: 1.5 }, { padding: 'left' }, { truncating: 'end' }, { value: 0.5 }])
      expect(codeOf(() => padSequences([[1], [2, 3]], wrong as PadSequencesOptions))).toBe('bad-value');
    expect(codeOf(() => padSequences([], { maxlen: 3 } as PadSequencesOptions))).toBe('unknown-name');
  });
});

describe('segmentWords', () => {
  it.each([
    ['ja', '東京に行く。', ['東京', 'に', '行く']],
    ['zh', '我喜欢北京。', ['我', '喜欢', '北京']],
    ['th', 'สวัสดีครับ', ['สวัสดี', 'ครับ']],
    [undefined, "It's 3.14, isn't it?", ["It's", '3.14', "isn't", 'it']],
    ['en', '', []],
  ])('%s: %s', (locale, text, words) => expect(segmentWords(text, locale)).toEqual(words));

  it('refuses what is no language', () => expect(codeOf(() => segmentWords('a', '?'))).toBe('bad-value'));
});

describe('cleanText', () => {
  it.each([
    ['', ''],
    ['<br />', ''],
    ['One.<br /><br/>Two<BR>three', 'one two three'],
    ["It's  10/10 -- \n GREAT_movie!", 'its 1010 greatmovie'],
    ['Café <b>x', 'café bx'],
  ])('%j', (text, clean) => expect(cleanText(text)).toBe(clean));

  it('does without options what it did before there were any, in texts.map too', () => {
    const before = (text: string): string =>
      text
        .toLowerCase()
        .replace(/<br\s*\/?>/g, ' ')
        .replace(/[!-/:-@[-`{-~]+/g, '')
        .replace(/\s+/g, ' ')
        .trim();
    const parts = fc.constantFrom('<br', ' ', '/', '>', 'BR', '<BR/>', 'Σ', 'İ', '.', '&amp;', 'A', '\u2028', '\ud83d');
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(parts).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect([cleanText(text), cleanText(text, {}), [text].map(cleanText)[0]]).toEqual(Array(3).fill(before(text)));
      }),
      { numRuns: 300 },
    );
  });

  it.each<[CleanTextOptions, string, string]>([
    [{ lower: false, punctuation: 'keep' }, ' A.<br>B  ', 'A. B'],
    [{ punctuation: 'unicode' }, '“Ja” – 5 € & ¿qué?', 'ja 5 qué'],
    [{ html: 'keep', punctuation: 'keep' }, 'a<br>b', 'a<br>b'],
    [{ normalization: 'NFKC' }, 'ﬁ x² ｆｕｌｌ', 'fi x2 full'],
    [{ normalization: 'NFC' }, 'cafe\u0301', 'café'],
    [{ stripAccents: true }, 'Crème Brûlée Łódź 한국', 'creme brulee łodz 한국'],
    [{ urls: '<url>' }, 'See HTTP://a.b/c?d=e, or www.x.org.', 'see <url> or <url>'],
    [{ emails: 'EMAIL', urls: 'URL' }, 'Mail a.b+c@x-y.co.uk, not @you nor a@b', 'mail EMAIL not you nor ab'],
    [{ digits: '#' }, 'In 1999: 3.5 ½', 'in # ## #'],
    [{ digits: '#', lower: false, punctuation: 'keep' }, 'In 1999: 3.5', 'In #: #.#'],
    [{ html: 'strip' }, '<p class="a>b">One</p><p>T<b>w</b>o &lt;br&gt; &amp; &eacute;&#233;&#xE9;&#150;</p>', 'one two br ééé–'],
    [{ html: 'strip', punctuation: 'keep' }, 'a<!-- <b> -->b<script>x<b></SCRIPT >c<style>p{}</style>d', 'ab c d'],
    [
      { html: 'strip', punctuation: 'keep' },
      '1 < 2 > 0 &bogus; &#0; &#xD800; &#1114112; &constructor; &Zacute;',
      '1 < 2 > 0 &bogus; \ufffd \ufffd \ufffd &constructor; ź',
    ],
    [{ html: 'strip', punctuation: 'keep' }, 'a<script>never closed <p>', 'a'],
    [{ html: 'strip', punctuation: 'keep' }, 'a<!-- never closed <p>', 'a'],
    [{ html: 'strip', punctuation: 'keep' }, '<a title="open>x</a> y < z', 'x y < z'],
    [{ html: 'strip', punctuation: 'keep' }, '</p>a<!DOCTYPE html>b<?xml?>c<x-y>d<', 'a b c d<'],
  ])('%j %s', (options, text, clean) => expect(cleanText(text, options)).toBe(clean));

  it('takes time in proportion to the text, whatever it is', () => {
    const hostile = [
      '<',
      '<a',
      '<a "',
      '<a "\'',
      '<!--',
      '<!-- <p>',
      '<script>',
      '<script><p',
      '&',
      '&#',
      'a@',
      'a.',
      'a',
      '@',
      'http://',
      'www.',
      '.',
      ' ',
      '<br',
      '</',
      '1',
    ];
    const all = { html: 'strip', urls: 'u', emails: 'e', digits: '0', normalization: 'NFKC', stripAccents: true } as const;
    const start = performance.now();
    for (const part of hostile)
      for (const end of ['', '>', '">'])
        expect(cleanText(part.repeat(100_000 / part.length) + end, all).length).toBeLessThanOrEqual(400_000);
    expect(performance.now() - start).toBeLessThan(20_000); // quadratic would be an hour
  });

  it('refuses options that make no sense', () => {
    for (const wrong of [{ lower: 1 }, { urls: 3 }, { stripAccents: 'yes' }])
      expect(codeOf(() => cleanText('a', wrong as unknown as CleanTextOptions))).toBe('bad-value');
    for (const wrong of [{ html: 'remove' }, { punctuation: 'all' }, { normalization: 'NFX' }, { url: '' }])
      expect(codeOf(() => cleanText('a', wrong as unknown as CleanTextOptions))).toBe('unknown-name');
  });
});

describe('trainTestSplit', () => {
  const size = 100;
  const data = table<{ x: Tensor<'float32'>; y: Tensor<'uint8'> }>({
    x: tensor(Float32Array.from({ length: size }, (_, i) => i)),
    y: tensor(Uint8Array.from({ length: size }, (_, i) => (i < 80 ? 0 : 1))), // sorted by label
  });

  it('loses and repeats nothing, and follows the seed', () => {
    const [train, test] = trainTestSplit(data, { testSize: 0.2, seed: 3 });
    expect([train.length, test.length]).toEqual([80, 20]);
    expect([...train.x.data, ...test.x.data].sort((a, b) => a - b)).toEqual([...data.x.data]);
    expect(trainTestSplit(data, { testSize: 0.2, seed: 3 })[1].x.data).toEqual(test.x.data);
    expect(trainTestSplit(data, { testSize: 0.2, seed: 4 })[1].x.data).not.toEqual(test.x.data);
  });

  it('keeps the share of each label when told to', () => {
    for (const seed of [0, 1, 2]) {
      const [train, test] = trainTestSplit(data, { testSize: 0.25, seed, stratify: 'y' });
      const ones = (labels: ArrayLike<number>) => Array.from(labels).filter((label) => label === 1).length;
      expect([train.length, ones(train.y.data), test.length, ones(test.y.data)]).toEqual([75, 15, 25, 5]);
    }
  });

  it('refuses a split that leaves nothing on a side', () => {
    for (const testSize of [0, 1, 0.001, -1, Number.NaN])
      expect(codeOf(() => trainTestSplit(data, { testSize }))).toBe('bad-value');
    expect(codeOf(() => trainTestSplit(data, { testSize: 0.02, stratify: 'y' }))).toBe('bad-value');
    expect(codeOf(() => trainTestSplit(data, { stratify: 'z' }))).toBe('unknown-name');
  });
});
