// Each step: its numbers beside those of scikit-learn and Keras, and what it says to values it cannot take.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dataset,
  dense,
  Preprocessing,
  preprocessing,
  rescaling,
  type Step,
  sequential,
  steps,
  table,
  tensor,
} from '../src/index.ts';

/** What a model is given of one field, computed by its graph. */
async function after(
  own: readonly Step[],
  seen: readonly unknown[],
  asked = seen,
  rest: readonly unknown[] = [],
): Promise<unknown> {
  const records = seen.map((x, i) => ({ x, y: rest[i] ?? i }));
  const target = rest.length > 0 ? { y: rest.every((y) => typeof y === 'number') ? [] : [steps.classes()] } : undefined;
  const prep = await preprocessing({ features: { x: own }, target }).fit(records);
  const { shape } = prep.inputs['input']!;
  const width = shape.reduce((a, b) => a * b, 1);
  // A dense layer that changes nothing shows what comes to it.
  const net = sequential([
    prep.input(),
    rescaling({ scale: 1 }),
    dense({ units: width, useBias: false, kernelInitializer: 'identity' }),
  ]).preprocess(prep);
  return (await net.predict(asked.map((x) => ({ x })))).toArray();
}
const rounded = (x: unknown): unknown => (Array.isArray(x) ? x.map(rounded) : Math.round((x as number) * 1e5) / 1e5);

describe('steps of numbers', () => {
  // sklearn 1.7: SimpleImputer, StandardScaler, MinMaxScaler, RobustScaler, KBinsDiscretizer on [1, 2, 4, 8, 16, nan]
  const seen = [1, 2, 4, 8, 16];
  it.each<[string, readonly Step[], readonly unknown[], readonly unknown[], unknown]>([
    ['mean', [steps.impute()], [...seen, null], [null, 3], [[6.2], [3]]],
    ['median', [steps.impute({ strategy: 'median' })], [...seen, undefined], [Number.NaN], [[4]]],
    ['most frequent', [steps.impute({ strategy: 'mostFrequent' })], [2, 2, 5, null], [null], [[2]]],
    ['constant', [steps.impute({ strategy: 'constant', value: -1 })], [null, null, 1], [null], [[-1]]],
    [
      'indicator',
      [steps.impute({ indicator: true })],
      [...seen, null],
      [null, 3],
      [
        [6.2, 1],
        [3, 0],
      ],
    ],
    ['standardize', [steps.standardize()], seen, seen, [[-0.95321], [-0.7699], [-0.40328], [0.32996], [1.79643]]],
    ['of what never varies', [steps.standardize()], [3, 3], [3, 5], [[0], [2]]],
    ['min-max', [steps.minMax()], seen, [1, 16, 31], [[0], [1], [2]]],
    ['min-max to a range', [steps.minMax({ range: [-1, 1] })], seen, [1, 8.5, 16], [[-1], [0], [1]]],
    ['robust', [steps.robustScale()], seen, seen, [[-0.5], [-0.33333], [0], [0.66667], [2]]],
    [
      'quantile bins',
      [steps.bins({ count: 2 }), steps.oneHot()],
      seen,
      [1, 4, 16],
      [
        [1, 0],
        [0, 1],
        [0, 1],
      ],
    ],
    [
      'uniform bins',
      [steps.bins({ count: 3, strategy: 'uniform' }), steps.oneHot()],
      seen,
      [5.9, 6, 11],
      [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    ],
    ['filled in, then scaled', [steps.impute(), steps.standardize()], [1, 3, null], [null, 3], [[0], [1.22474]]],
    ['flags', [], [true, false], [true, false], [[1], [0]]],
    ['large ones', [steps.standardize()], [1_700_000_000, 1_700_000_002], [1_700_000_001, 1_700_000_002], [[0], [1]]],
    [
      'rows',
      [steps.standardize()],
      [
        [1, 10],
        [3, 30],
      ],
      [[3, 10]],
      [[1, -1]],
    ],
  ])('%s', async (_, own, learnt, asked, want) => {
    expect(rounded(await after(own, learnt, asked))).toEqual(want);
  });
});

describe('steps of categories', () => {
  const seen = ['b', 'a', 'b', 'c', 'b', 'a'];
  it.each<[string, readonly Step[], readonly unknown[], readonly unknown[], unknown]>([
    [
      'by frequency, unknown ones first',
      [steps.categories(), steps.oneHot()],
      seen,
      ['b', 'a', 'c', 'x', null],
      [
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
        [1, 0, 0, 0],
        [1, 0, 0, 0],
      ],
    ],
    [
      'no bucket',
      [steps.categories({ unknown: 'error' }), steps.oneHot()],
      seen,
      ['b', 'c'],
      [
        [1, 0, 0],
        [0, 0, 1],
      ],
    ],
    [
      'the frequent ones',
      [steps.categories({ maxCategories: 1 }), steps.oneHot()],
      seen,
      ['b', 'a'],
      [
        [0, 1],
        [1, 0],
      ],
    ],
    [
      'the not too rare ones',
      [steps.categories({ minFrequency: 2 }), steps.oneHot()],
      seen,
      ['c', 'a'],
      [
        [1, 0, 0],
        [0, 0, 1],
      ],
    ],
    [
      'given ones',
      [steps.categories({ values: ['x', 'y'] }), steps.oneHot()],
      seen,
      ['y', 'b'],
      [
        [0, 0, 1],
        [1, 0, 0],
      ],
    ],
    [
      'numbers and texts are not the same',
      [steps.categories({ unknown: 'error' }), steps.oneHot()],
      [1, '1', 1, true],
      ['1', 1, true],
      [
        [0, 0, 1],
        [1, 0, 0],
        [0, 1, 0],
      ],
    ],
    ['as they are', [steps.categories()], seen, ['c'], [[3]]],
    // scikit-learn's murmurhash3_32('foo', 0) = -156908512, 'bar' 1158584717
    [
      'hashes',
      [steps.hashing({ bins: 1000 })],
      ['foo'],
      ['foo', 'bar', null],
      [[(2 ** 32 - 156908512) % 1000], [1158584717 % 1000], [0]],
    ],
    [
      'several at once',
      [steps.pad({ maxLength: 2 }), steps.oneHot()],
      [[1, 2], [3]],
      [[2, 2], [3]],
      [
        [0, 0, 1, 0],
        [1, 0, 0, 1],
      ],
    ],
  ])('%s', async (_, own, learnt, asked, want) => {
    expect(await after(own, learnt, asked)).toEqual(want);
  });

  it('encode by the target without looking at their own', async () => {
    const records = Array.from({ length: 3000 }, (_, i) => ({ id: `user ${i}`, group: i % 3, y: i % 2 === 0 ? 'yes' : 'no' }));
    const prep = await preprocessing({
      features: { id: [steps.targetEncoding({ smooth: 0 })], group: [steps.targetEncoding({ smooth: 5 })] },
      target: { y: [steps.classes()] },
    }).fit(records);
    const { x, y } = await prep.batch(records);
    // An identifier says nothing: encoded by its own target it would be the target itself.
    const [ids, labels] = [x['id']!.data as Float32Array, y!['target']!.data];
    const hits = ids.filter((id, i) => Math.round(id) === labels[i]).length / ids.length;
    expect(hits).toBeGreaterThan(0.4);
    expect(hits).toBeLessThan(0.6);
    // For records that were not trained on, all of the training data counts.
    const asked = await prep.feeds([
      { id: 'user 0', group: 0 },
      { id: 'nobody', group: 0 },
    ]);
    expect(asked['id']!.toArray()).toEqual([[1], [0.5]]);
    // sklearn: (sum + smooth * mean) / (count + smooth)
    expect(rounded(asked['group']!.toArray())).toEqual(rounded([[(500 + 5 * 0.5) / 1005], [(500 + 5 * 0.5) / 1005]]));
    expect(new Set(x['group']!.data as Float32Array).size).toBe(15);
  });
});

describe('steps of dates', () => {
  const parts = ['year', 'month', 'day', 'dayOfYear', 'weekday', 'hour', 'minute', 'days'] as const;
  it.each<[unknown, readonly number[]]>([
    ['2026-11-22', [2026, 11, 22, 326, 6, 0, 0, 20779]],
    ['2026-11-22T12:30', [2026, 11, 22, 326, 6, 12, 30, Math.fround(20779 + 12.5 / 24)]],
    ['2026-11-22 23:30:00-02:00', [2026, 11, 23, 327, 0, 1, 30, Math.fround(20780 + 1.5 / 24)]],
    [new Date('2024-12-31T00:00:00Z'), [2024, 12, 31, 366, 1, 0, 0, 20088]],
  ])('%s', async (date, want) => {
    expect(await after([steps.dateParts({ parts })], [date])).toEqual([want]);
  });
  it('lie on circles', async () => {
    const own = [steps.dateParts({ parts: ['month'], cyclic: true })];
    expect(rounded(await after(own, ['2026-12-01', '2026-03-01']))).toEqual([
      [-0, 1],
      [1, 0],
    ]);
  });
});

describe('what cannot be', () => {
  const fit = (own: Step | readonly Step[], seen: readonly unknown[]) =>
    preprocessing({ features: { x: own } }).fit(seen.map((x) => ({ x })));
  it.each<[string, () => unknown, RegExp]>([
    [
      'a missing number',
      () => fit(steps.standardize(), [1, null]),
      /x: got nothing in record 1, expected a number\. Fill it in: steps\.impute\(\)/,
    ],
    ['a text for a number', () => fit(steps.standardize(), [1, 'n/a']), /x: got the text 'n\/a' in record 1, expected a number/],
    ['a text alone', () => fit([], ['a']), /x: got texts, expected numbers\. Turn it into numbers: steps\.tokenize/],
    ['words of unequal number', () => fit(steps.tokenize(), ['a b', 'c']), /steps\.pad\(\)/],
    [
      'a number for a text',
      () => fit([steps.cleanText(), steps.tokenize(), steps.pad()], [1]),
      /x: got 1 in record 0, expected a text/,
    ],
    ['nothing at all', () => fit(steps.standardize(), [null, null]), /x: got nothing in any record/],
    ['no records', () => fit(steps.standardize(), []), /got no records/],
    ['an unknown field', () => preprocessing({ features: { agee: [] } }).fit([{ age: 1 }]), /field.*agee.*age/],
    [
      'an unknown step',
      () => preprocessing({ features: { x: { type: 'standardise', config: {} } } }),
      /standardise.*Did you mean.*standardize/,
    ],
    ['an unknown option', () => steps.impute({ stratgy: 'mean' } as never), /stratgy.*strategy/],
    ['an unknown strategy', () => steps.impute({ strategy: 'avg' as never }), /strategy 'avg'/],
    ['steps in the wrong order', () => fit([steps.standardize(), steps.categories()], [1, 2]), /categories.*after standardize/],
    ['an index of nothing', () => fit(steps.oneHot(), [1, 2]), /categories\(\), bins\(\) or hashing\(\)/],
    ['scaling texts', () => fit([steps.categories(), steps.cleanText()], ['a']), /cleanText.*texts/],
    ['no date', () => after([steps.dateParts()], ['2026-13-77']), /'2026-13-77' in record 0/],
    ['a date as people write it', () => after([steps.dateParts()], ['11/22/2026']), /such as '2026-11-22'/],
    ['no fields', () => preprocessing({ features: {} }), /no fields/],
    [
      'a target of three classes to encode by',
      () => after([steps.targetEncoding()], [1, 2, 3], [1], ['a', 'b', 'c']),
      /3 classes/,
    ],
    ['target encoding without a target', () => fit(steps.targetEncoding(), [1, 2]), /no target/],
    [
      'an image side by side with numbers',
      () => preprocessing({ features: { a: [steps.image({ size: [2, 2] })], b: [] } }).fit([{ a: 'x', b: 1 }]),
      /input of its own/,
    ],
  ])('%s', async (_, work, message) => {
    await expect((async () => work())()).rejects.toThrow(message);
  });

  it('an unseen or missing label names its record, also far down', async () => {
    const prep = await preprocessing({ features: { x: [] }, target: { y: [steps.classes()] } }).fit([
      { x: 1, y: 'a' },
      { x: 2, y: 'b' },
    ]);
    const records = Array.from({ length: 3000 }, (_, x) => ({ x, y: x === 2500 ? 'c' : 'a' }));
    await expect(prep.batch(records)).rejects.toThrow(/target|y.*the label 'c' in record 2500, expected one of 'a', 'b'/);
    await expect(prep.batch([{ x: 1 }])).rejects.toThrow(/no label in record 0.*Leave out/);
    await expect(prep.batches(dataset(records), 100).toArray()).rejects.toThrow(/record 2500/);
  });

  it('a model that is made for something else', async () => {
    const prep = await preprocessing({ features: { x: [steps.standardize()], z: [] } }).fit([
      { x: 1, z: 2 },
      { x: 2, z: 3 },
    ]);
    const { input } = await import('../src/index.ts');
    const net = sequential([input({ shape: [3] }), dense({ units: 1 })]);
    expect(() => net.preprocess(prep)).toThrow(/features of shape \[2\], expected \[3\].*prep\.input\(\)/);
    const fits = sequential([prep.input(), rescaling({ scale: 1 }), dense({ units: 1 })]).preprocess(prep);
    expect(() => fits.preprocess(prep)).toThrow(/has preprocessing/);
    await expect(fits.predict([{ x: 1 }] as never)).rejects.toThrow(/z: got nothing in record 0/);
    await expect(fits.predict([{ x: 1, z: 'q' }])).rejects.toThrow(/z: got the text 'q'/);
  });

  it('a manifest that says anything', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(() => Preprocessing.fromJSON(json)).toThrow(/fromJSON|preprocessing/);
      }),
    );
  });
});

it('reads tables by columns as it reads records', async () => {
  const columns = table({
    size: tensor(Float32Array.of(1, Number.NaN, 3)),
    count: tensor(BigInt64Array.of(5n, 6n, 7n)),
    name: tensor(['a', 'b', 'a']),
    flag: tensor([true, false, true]),
  });
  const features = { size: [steps.impute()], count: [steps.standardize()], name: [steps.categories()], flag: [] };
  const records = [
    { size: 1, count: 5, name: 'a', flag: true },
    { size: null, count: 6, name: 'b', flag: false },
    { size: 3, count: 7, name: 'a', flag: true },
  ];
  const [a, b] = [await preprocessing({ features }).fit(columns), await preprocessing({ features }).fit(records)];
  expect(a.toJSON()).toEqual(b.toJSON());
  const [x, y] = [await a.feeds(columns), await b.feeds(records)];
  for (const name of Object.keys(x)) expect(x[name]!.toArray()).toEqual(y[name]!.toArray());
});

it('learns the same from a stream in parts as from a list', async () => {
  const records = Array.from({ length: 5000 }, (_, i) => ({ x: Math.sin(i) * 100, c: `c${(i * i) % 17}` }));
  const features = { x: [steps.impute(), steps.standardize()], c: [steps.categories(), steps.oneHot()] };
  const list = await preprocessing({ features }).fit(records);
  const stream = await preprocessing({ features }).fit(
    dataset(async function* () {
      for (const record of records) yield record;
    }),
  );
  expect(stream.toJSON()).toEqual(list.toJSON());
  expect(stream.statistics['x']).toBeDefined();
});
