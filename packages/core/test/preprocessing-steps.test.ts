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

describe('a record means the same wherever it comes from', () => {
  const one = async (
    own: readonly Step[],
    seen: Parameters<ReturnType<typeof preprocessing>['fit']>[0],
    asked: readonly unknown[],
  ) => {
    const prep = await preprocessing({ features: { v: own } }).fit(seen);
    return (await prep.feeds(asked.map((v) => ({ v }))))['input']!.toArray();
  };
  const codes = [steps.categories()];
  it('0.1 in a float32 column is 0.1 in JSON', async () => {
    const column = table({ v: tensor(Float32Array.of(0.1, 0.2, 0.1)) });
    expect(await one(codes, column, [0.1, 0.2, Math.fround(0.1)])).toEqual([[1], [2], [1]]);
    const hashed = [steps.hashing({ bins: 1000 })];
    expect(await one(hashed, column, [0.1])).toEqual(await one(hashed, column, [Math.fround(0.1)]));
  });
  it('flags are numbers in tables and true and false in JSON', async () => {
    expect(await one(codes, [{ v: 1 }, { v: 0 }, { v: 1 }], [true, false, 1, '0'])).toEqual([[1], [2], [1], [2]]);
    expect(await one(codes, [{ v: true }, { v: false }, { v: true }], [true, 1, 0])).toEqual([[1], [1], [2]]);
  });
  it('what is missing in a table of texts is an empty text', async () => {
    expect(await one(codes, [{ v: '' }, { v: 'a' }, { v: '' }], [null, '', 'a'])).toEqual([[1], [1], [2]]);
    expect(await one(codes, [{ v: null }, { v: 'a' }], [null, '', 'a'])).toEqual([[0], [0], [1]]);
  });
  it('dates are texts', async () => {
    expect(await one(codes, [{ v: new Date('2026-01-02T00:00:00Z') }], ['2026-01-02T00:00:00.000Z'])).toEqual([[1]]);
  });
  it('large identifiers stay different, and what no file can hold is missing', async () => {
    expect(
      await one(
        codes,
        [{ v: 9007199254740993n }, { v: 9007199254740992n }, { v: 9007199254740993n }],
        [9007199254740993n, 9007199254740992n],
      ),
    ).toEqual([[1], [2]]);
    expect(await one(codes, [{ v: Number.POSITIVE_INFINITY }, { v: 2 }], [Number.POSITIVE_INFINITY, 2])).toEqual([[0], [1]]);
  });
  it('a name that is nearly a field is no missing field', async () => {
    const prep = await preprocessing({ features: { city: codes, age: [steps.impute()] } }).fit([{ city: 'a', age: 1 }]);
    await expect(prep.feeds([{ City: 'a', age: 2 }])).rejects.toThrow(/City.*Did you mean 'city'/);
    for (const slip of ['ag', 'agee', 'aeg', 'Ag_e', 'ae'])
      await expect(prep.feeds([{ city: 'a', [slip]: 2 }])).rejects.toThrow(`Did you mean 'age'`);
    for (const another of ['eg', 'aga', 'wage2', 'x', 'ages1', 'image'])
      expect((await prep.feeds([{ city: 'a', [another]: 2 }]))['age']!.toArray()).toEqual([[Number.NaN]]);
    const other = await preprocessing({ features: { x1: codes, feature_1: codes } }).fit([{ x1: 'a', feature_1: 'b' }]);
    expect(Object.keys(await other.feeds([{ x2: 'a', feature_2: 'b' }]))).toHaveLength(2); // two names, not one with a slip
    await expect(prep.feeds(table({ city: tensor(['a']) }))).rejects.toMatchObject({ code: 'unknown-name' });
    expect((await prep.feeds([{ city: 'a' }]))['age']!.toArray()).toEqual([[Number.NaN]]); // the graph fills it in
    await expect(preprocessing({ features: { a: [steps.impute()] } }).fit([{ b: 1 }, { a: 1, b: 1 }])).resolves.toBeDefined();
  });
  it('lists of one length in training are lists', async () => {
    expect(await one([steps.pad({ maxLength: 4 })], [{ v: [1, 2, 3] }, { v: [4, 5, 6] }], [[1, 2]])).toEqual([[0, 0, 1, 2]]);
  });
});

describe('numbers that are hard to scale', () => {
  it('of rounding alone are not scaled; tiny ones are not lost', async () => {
    expect(rounded(await after([steps.standardize()], [0.3, 0.1 + 0.2], [0.31]))).toEqual([[0.01]]);
    expect(rounded(await after([steps.standardize()], [1e-46, 2e-46, 3e-46], [1e-46, 3e-46]))).toEqual([[-1.22474], [1.22474]]);
  });
});

describe('target encoding beside other fields', () => {
  it.each([
    ['without steps', { size: [] }, { y: [] }, (i: number) => i],
    [
      'that learn, with classes to tell',
      { size: [steps.standardize()] },
      { y: [steps.classes()] },
      (i: number) => (i % 2 === 0 ? 'a' : 'b'),
    ],
  ] as const)('%s never sees its own target', async (_, rest, target, y) => {
    const records = Array.from({ length: 200 }, (_, i) => ({ city: `c${i}`, size: i, y: y(i) }));
    const prep = await preprocessing({ features: { city: [steps.targetEncoding({ smooth: 0 })], ...rest }, target }).fit(records);
    const { x, y: told } = await prep.batch(records);
    const own = (x['city']!.data as Float32Array).filter((value, i) => value === Number(told!['target']!.data[i]));
    expect(own.length).toBeLessThan(5);
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
    [
      'labels that are written alike',
      () =>
        preprocessing({ features: { x: [] }, target: { y: [steps.classes()] } }).fit([
          { x: 1, y: 1 },
          { x: 2, y: '1' },
        ]),
      /written alike, such as 1/,
    ],
    ['a negative variance', () => steps.standardize({ mean: 0, variance: -1 }), /variance = -1.*at least 0/],
    ['an invalid date', () => fit([steps.categories()], [new Date(Number.NaN)]), /at x: got nothing/],
    [
      'an image that is none',
      () => after([steps.image({ size: [2, 2] })], [new Uint8Array([1, 2])]),
      /at x: got an encoded image where nothing can decode it/,
    ],
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
    await expect(prep.batch(records)).rejects.toThrow(/classes at y: got the label 'c' in record 2500, expected one of 'a', 'b'/);
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

  it.each([
    { type: 'targetEncoding', config: { sums: 5 } },
    { type: 'targetEncoding', config: { sums: [null] } },
    { type: 'minMax', config: { range: 5 } },
    { type: 'standardize', config: { mean: null, variance: 1 } },
    { type: 'cleanText', config: { html: 5 } },
    { type: 'categories', config: { values: [{}, null] } },
    { type: 'classes', config: { labels: [null] } },
    { type: 'tokenize', config: { tokenizer: { type: 'bpe' } } },
    { type: 'nothing', config: {} },
  ])('a manifest with a damaged step: $type $config', (step) => {
    const config = { field: 'x', feed: 'x', kind: 'scalar', steps: [step] };
    const read = () => Preprocessing.fromJSON({ features: { input: { x: config } }, target: {} });
    try {
      read();
      expect.unreachable();
    } catch (e) {
      expect((e as { code?: string }).code).toMatch(/^(bad-value|unknown-name)$/);
    }
  });

  it.each([{ dtype: 'foo' }, { dtype: 'string' }, { shape: 'abc' }, { shape: [-1] }, { size: 'x' }])(
    'a manifest with a damaged field: %j',
    (part) => {
      const config = { field: 'x', feed: 'x', kind: 'tensor', dtype: 'float32', shape: [2], steps: [], ...part };
      expect(() => Preprocessing.fromJSON({ features: { input: { x: config } }, target: {} })).toThrow(/fromJSON/);
    },
  );

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
