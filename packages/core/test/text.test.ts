import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  cleanText,
  type PadSequencesOptions,
  padSequences,
  StratusError,
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
    for (const wrong of ['{', '{}', 'null', '{"format":1,"documents":1,"words":[["a"]]}'])
      expect(codeOf(() => Tokenizer.fromJSON(wrong))).toBe('bad-value');
  });
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

describe('cleanText', () => {
  it.each([
    ['', ''],
    ['<br />', ''],
    ['One.<br /><br/>Two<BR>three', 'one two three'],
    ["It's  10/10 -- \n GREAT_movie!", 'its 1010 greatmovie'],
    ['Café <b>x', 'café bx'],
  ])('%j', (text, clean) => expect(cleanText(text)).toBe(clean));
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
