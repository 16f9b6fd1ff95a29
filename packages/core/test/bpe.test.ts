import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeAll } from '../src/data/text/bpe/merge.ts';
import { piecesOf } from '../src/data/text/bpe/pieces.ts';
import {
  BpeTokenizer,
  type BpeTokenizerOptions,
  bpeTokenizer,
  StratusError,
  tensor,
  tokenizer,
  tokenizerFromHuggingFace,
  tokenizerFromJSON,
  trainBpe,
} from '../src/index.ts';

interface LearnedBpe {
  readonly options: {
    readonly vocab_size: number;
    readonly min_frequency?: number;
    readonly special_tokens?: string[];
    readonly add_prefix_space?: boolean;
  };
  readonly vocabulary: string[];
  readonly merges: string[];
  readonly ids: number[][];
}

const golden = JSON.parse(readFileSync(new URL('../../../golden/tokenizers.json', import.meta.url), 'utf8')) as {
  readonly learn: string[];
  readonly samples: string[];
  readonly lone: string[];
  readonly gpt2: { readonly ids: number[][]; readonly lone: number[][] };
  readonly learnedBpe: LearnedBpe[];
  readonly files: Record<string, { readonly file: string; readonly ids: number[][] }>;
};

const data = `${process.env['STRATUS_DATA']}/gpt2-bpe`;
const unzipped = (name: string): string => gunzipSync(readFileSync(`${data}/${name}.gz`)).toString();

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (e) {
    if (StratusError.is(e)) return e.code;
    throw e;
  }
  return 'no error';
};

/** A text with every kind of character, halves of pairs among them. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 }).map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom(' ', '\n', "'", 's', 'll', 'é', '1', '½', '!', '\u0085', '\ufeff', '😀', '𝒳', '京'), { maxLength: 30 })
    .map((all) => all.join('')),
);

const small = (options: Partial<BpeTokenizerOptions> = {}): BpeTokenizer =>
  bpeTokenizer({ vocabulary: ['a', 'b', 'ab'], merges: ['a b'], ...options });

describe('trainBpe', () => {
  it.each(golden.learnedBpe.map((c) => [JSON.stringify(c.options), c] as const))('equals Hugging Face: %s', (_, wanted) => {
    const { vocab_size, min_frequency, special_tokens, add_prefix_space } = wanted.options;
    const trained = trainBpe(golden.learn, {
      vocabularySize: vocab_size,
      minFrequency: min_frequency,
      specialTokens: special_tokens,
      addPrefixSpace: add_prefix_space,
    });
    const { merges, vocabulary } = trained.toJSON();
    expect(merges).toEqual(wanted.merges);
    expect(vocabulary).toEqual(wanted.vocabulary);
    expect(trained.vocabularySize).toBe(wanted.vocabulary.length);
    expect(trained.encodeBatch(golden.samples)).toEqual(wanted.ids);
    const again = BpeTokenizer.fromJSON(JSON.stringify(trained));
    expect(again.toJSON()).toEqual(trained.toJSON());
    expect(again.encodeBatch(golden.samples)).toEqual(wanted.ids);
  });

  it('takes a string tensor and anything that gives texts, and learns no pair of no texts', () => {
    const merges = trainBpe(golden.learn, { vocabularySize: 300 }).toJSON().merges;
    expect(trainBpe(tensor(golden.learn), { vocabularySize: 300 }).toJSON().merges).toEqual(merges);
    expect(trainBpe(new Set(golden.learn), { vocabularySize: 300 }).toJSON().merges).toEqual(merges);
    expect(trainBpe([]).vocabularySize).toBe(256);
    expect(trainBpe(['x y'], { vocabularySize: 1 }).vocabularySize).toBe(256); // a byte always has a token
  });

  it('refuses what is no text, and options that make no sense', () => {
    for (const wrong of ['a text', [1], undefined, 3])
      expect(codeOf(() => trainBpe(wrong as unknown as string[]))).toBe('bad-value');
    expect(codeOf(() => trainBpe([], { vocabularySize: 0 }))).toBe('bad-value');
    expect(codeOf(() => trainBpe([], { minFrequency: -1 }))).toBe('bad-value');
    expect(codeOf(() => trainBpe([], { split: 'gpt9' as 'gpt2' }))).toBe('unknown-name');
    expect(codeOf(() => trainBpe([], { vocab_size: 3 } as object))).toBe('unknown-name');
  });
});

describe('tokenizerFromHuggingFace', () => {
  it.each(Object.entries(golden.files))('gives the numbers that Hugging Face gives: %s', (_, { file, ids }) => {
    const tokens = tokenizerFromHuggingFace(file);
    expect(tokens.encodeBatch(golden.samples)).toEqual(ids);
    expect(golden.samples.map((text) => tokenizerFromJSON(tokens.toJSON()).encode(text))).toEqual(ids);
  });

  it('refuses what it would read in another way', () => {
    const file = JSON.parse(golden.files['roberta']!.file);
    const changed = (change: object): string => JSON.stringify({ ...file, ...change });
    for (const change of [
      { normalizer: { type: 'Lowercase' } },
      { pre_tokenizer: { type: 'Whitespace' } },
      { pre_tokenizer: null },
      { pre_tokenizer: { type: 'Sequence' } },
      { normalizer: { type: 'Sequence', normalizers: [null] } },
      {
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [{ type: 'Split', pattern: { Regex: '(a+)+' }, behavior: 'Isolated' }],
        },
      },
      { model: { ...file.model, byte_fallback: true } },
      { model: { ...file.model, merges: ['a'] } },
      { model: { ...file.model, merges: [['zz', 'yy']] } },
      { model: { ...file.model, vocab: { a: 5 } } },
      { model: null },
      { added_tokens: 3 },
      { added_tokens: [null] },
      { added_tokens: [{ id: 1, content: 'x', single_word: true }] },
    ])
      expect(codeOf(() => tokenizerFromHuggingFace(changed(change)))).toBe('bad-value');
    expect(codeOf(() => tokenizerFromHuggingFace(changed({ model: { type: 'Unigram', vocab: [] } })))).toBe('unknown-name');
    for (const wrong of ['', '{', 'null', '[]', '3']) expect(codeOf(() => tokenizerFromHuggingFace(wrong))).toBe('bad-value');
  });
});

describe.skipIf(!existsSync(`${data}/vocab.bpe.gz`))("GPT-2's files (STRATUS_DATA)", () => {
  it('give the numbers of tiktoken', () => {
    const gpt2 = bpeTokenizer({ vocabulary: unzipped('encoder.json'), merges: unzipped('vocab.bpe') });
    expect(gpt2.vocabularySize).toBe(50_257);
    expect(gpt2.encode('Hello world')).toEqual([15_496, 995]);
    expect(gpt2.encodeBatch(golden.samples)).toEqual(golden.gpt2.ids);
    expect(gpt2.encodeBatch(golden.lone)).toEqual(golden.gpt2.lone);
    for (const text of golden.samples) expect(gpt2.decode(gpt2.encode(text))).toBe(text);
    expect(gpt2.encode('<|endoftext|>')).toEqual([50_256]);
    expect(gpt2.encode('<|endoftext|>', { splitSpecialTokens: true })).toHaveLength(7);
  });
});

describe('BpeTokenizer', () => {
  it('gives every text back', () => {
    const trained = trainBpe(golden.learn, { vocabularySize: 400 });
    fc.assert(
      fc.property(anyText, (text) => {
        expect(trained.decode(trained.encode(text))).toBe(
          new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text)),
        );
      }),
    );
  });

  it("cuts texts as GPT-2's regular expression does", () => {
    const rule =
      /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
    fc.assert(
      fc.property(anyText, (text) => {
        expect([...piecesOf(text)]).toEqual([...(text.match(rule) ?? [])]);
      }),
      { numRuns: 500 },
    );
  });

  it('merges long pieces as it merges short ones', () => {
    const size = 60;
    const tokens = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 100, maxLength: 300 });
    const pairs = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 })), {
      minLength: 5,
      maxLength: 50,
      selector: String,
    });
    /** The definition: the least rank first, from the left. */
    const slow = (ids: readonly number[], list: readonly (readonly [number, number])[]): number[] => {
      const left = [...ids];
      for (;;) {
        const ranks = left.slice(1).map((id, i) => list.findIndex(([a, b]) => a === left[i] && b === id));
        const best = Math.min(...ranks.filter((rank) => rank >= 0));
        if (best === Infinity) return left;
        left.splice(ranks.indexOf(best), 2, 6 + best);
      }
    };
    fc.assert(
      fc.property(tokens, pairs, fc.integer({ min: 1, max: 99 }), (ids, list, short) => {
        const merges = {
          size,
          ranks: new Map(list.map(([a, b], rank) => [a * size + b, rank])),
          made: Int32Array.from(list, (_, rank) => 6 + rank),
        };
        expect(mergeAll([...ids], merges)).toEqual(slow(ids, list));
        expect(mergeAll(ids.slice(0, short), merges)).toEqual(slow(ids.slice(0, short), list));
      }),
      { numRuns: 30 },
    );
  });

  it('takes a word of a million letters', () => {
    const trained = trainBpe(golden.learn, { vocabularySize: 400 });
    const word = 'a'.repeat(1e6);
    const start = performance.now();
    expect(trained.decode(trained.encode(word))).toBe(word);
    expect(performance.now() - start).toBeLessThan(30_000); // quadratic would be hours
  });

  it('remembers pieces only up to a bound, and the numbers stay the same', () => {
    const trained = trainBpe(golden.learn, { vocabularySize: 300 });
    const text = Array.from({ length: 70_000 }, (_, i) => i.toString(36)).join(' ');
    expect(trained.encode(text)).toEqual(trained.encode(text));
    expect(trained.decode(trained.encode(text))).toBe(text);
  });

  it('leaves out bytes without a token, or gives them the unknown one', () => {
    expect(small().encode('abxa')).toEqual([2, 0]);
    expect(small({ vocabulary: ['a', 'b', 'ab', '?'], unkToken: '?' }).encode('abxé')).toEqual([2, 3, 3, 3]);
    expect(codeOf(() => small({ unkToken: '?' }))).toBe('bad-value');
  });

  it('knows special tokens, the longest where several begin', () => {
    const tokens = small({ specialTokens: ['<a>', '<a>b', { content: '[m]', id: 9, lstrip: true, rstrip: true }] });
    expect(tokens.vocabularySize).toBe(10);
    expect(tokens.encode('a<a>ba<a>a')).toEqual([0, 4, 0, 3, 0]);
    expect(tokens.encode('a  [m]  b[m][m]')).toEqual([0, 9, 1, 9, 9]);
    expect(tokens.decode([3, 2, 9])).toBe('<a>ab[m]');
    expect([tokens.tokenToId('[m]'), tokens.idToToken(9), tokens.tokenToId('zz'), tokens.idToToken(7)]).toEqual([
      9,
      '[m]',
      undefined,
      undefined,
    ]);
    expect(tokens.encode('a<a>b', { splitSpecialTokens: true })).toEqual([0, 0, 1]);
  });

  it('refuses numbers without a token, what is no text, and what is no tokenizer', () => {
    for (const wrong of [3, -1, 0.5, Number.NaN]) expect(codeOf(() => small().decode([wrong]))).toBe('bad-value');
    expect(codeOf(() => small().encode(3 as unknown as string))).toBe('bad-value');
    expect(codeOf(() => small().encode('', { special: true } as object))).toBe('unknown-name');
    for (const wrong of [
      { vocabulary: 'no JSON' },
      { vocabulary: { a: 0, b: 2 } },
      { vocabulary: { a: 0, b: 2 ** 40 } },
      { vocabulary: ['a', 'a'] },
      { vocabulary: null },
      { merges: undefined },
      { merges: ['a'] },
      { merges: ['a b c'] },
      { merges: ['a x'] },
      { specialTokens: [''] },
      { specialTokens: 3 },
      { specialTokens: [null] },
      { specialTokens: [{ content: 'x', id: -1 }] },
      { addPrefixSpace: 1 },
    ])
      expect(codeOf(() => small(wrong as Partial<BpeTokenizerOptions>))).toBe('bad-value');
    expect(codeOf(() => small({ normalization: 'NFX' as 'NFC' }))).toBe('unknown-name');
    expect(codeOf(() => small({ prefix: true } as object))).toBe('unknown-name');
    for (const wrong of ['', '{}', 'null', '{"type":"bpe","format":2}', '{"type":"bpe","format":1}'])
      expect(codeOf(() => BpeTokenizer.fromJSON(wrong))).toBe('bad-value');
  });
});

describe('tokenizerFromJSON', () => {
  it('reads every type, and words from before there were types', () => {
    for (const made of [tokenizer().fitOnTexts(['a b ab', 'b']), small({ specialTokens: ['<s>'] })]) {
      const again = tokenizerFromJSON(JSON.stringify(made));
      expect(again.toJSON()).toEqual(made.toJSON());
      expect(again.encode('ab b a')).toEqual(made.encode('ab b a'));
      expect(again.decode(again.encode('b'))).toBe('b');
      expect(again.vocabularySize).toBe(made.vocabularySize);
    }
    const { type, ...older } = tokenizer().fitOnTexts(['a b', 'b']).toJSON();
    expect([type, tokenizerFromJSON(older).encode('a b')]).toEqual(['words', [2, 1]]);
  });

  it('refuses everything else', () => {
    expect(codeOf(() => tokenizerFromJSON('{"type":"bpee"}'))).toBe('unknown-name');
    for (const wrong of ['', '3', 'null', '{}', '[]']) expect(codeOf(() => tokenizerFromJSON(wrong))).toBe('bad-value');
  });
});
