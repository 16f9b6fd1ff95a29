// Data sets: every way of putting them together reads the same records as a list would, from anywhere, again and again.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  anyTable,
  type Dataset,
  dataset,
  dense,
  foldIn,
  input,
  load,
  randomKey,
  StratusError,
  sequential,
  type Tensor,
  table,
  tensor,
  uniforms,
} from '../src/index.ts';

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const lists = (batch: unknown): unknown => (batch as Tensor).toArray();

/** The same numbers from each kind of source. */
const sources: Readonly<Record<string, (n: number) => Dataset<number>>> = {
  list: (n) => dataset(upTo(n)),
  table: (n) => dataset(table({ n: tensor(Int32Array.from(upTo(n))) })).map(({ n: i }) => i as number),
  columns: (n) => dataset({ n: tensor(Int32Array.from(upTo(n))) }).map(async ({ n: i }) => i as number),
  iterable: (n) => dataset(new Set(upTo(n))),
  generator: (n) =>
    dataset(function* () {
      yield* upTo(n);
    }),
  'async generator': (n) =>
    dataset(async function* () {
      for (const i of upTo(n)) yield i;
    }),
};

/** Steps and what they do to a list; undefined where the order is random. */
interface Step {
  readonly name: string;
  readonly of: (data: Dataset<number>) => Dataset<number>;
  readonly same?: (list: readonly number[]) => readonly number[];
}
const times = (n: number) => (list: readonly number[]) => Array.from({ length: n }, () => list).flat();
const steps: readonly Step[] = [
  { name: 'map', of: (d) => d.map((n) => n + 1), same: (l) => l.map((n) => n + 1) },
  { name: 'map, asynchronous', of: (d) => d.map(async (n) => n * 2, { parallel: 3 }), same: (l) => l.map((n) => n * 2) },
  { name: 'map, now and then asynchronous', of: (d) => d.map((n) => (n % 3 === 0 ? Promise.resolve(n) : n)), same: (l) => l },
  { name: 'map by index', of: (d) => d.map((n, i) => n + 1000 * i), same: (l) => l.map((n, i) => n + 1000 * i) },
  { name: 'filter', of: (d) => d.filter((n) => n % 3 !== 1), same: (l) => l.filter((n) => n % 3 !== 1) },
  { name: 'filter, asynchronous', of: (d) => d.filter(async (n) => n % 2 === 0), same: (l) => l.filter((n) => n % 2 === 0) },
  { name: 'take', of: (d) => d.take(7), same: (l) => l.slice(0, 7) },
  { name: 'take nothing', of: (d) => d.take(0), same: () => [] },
  { name: 'skip', of: (d) => d.skip(3), same: (l) => l.slice(3) },
  { name: 'shard', of: (d) => d.shard(1, 3), same: (l) => l.filter((_, i) => i % 3 === 1) },
  { name: 'concat', of: (d) => d.concat(dataset([5, 6])), same: (l) => [...l, 5, 6] },
  { name: 'concat behind', of: (d) => dataset([5, 6]).concat(d), same: (l) => [5, 6, ...l] },
  { name: 'repeat', of: (d) => d.repeat(3), same: times(3) },
  { name: 'prefetch', of: (d) => d.prefetch(3), same: (l) => l },
  { name: 'cache', of: (d) => d.cache(), same: (l) => l },
  {
    name: 'zip',
    of: (d) => d.zip(dataset(upTo(11)), (a, b) => a * 100 + b),
    same: (l) => l.slice(0, 11).map((n, i) => n * 100 + i),
  },
  {
    name: 'zip behind',
    of: (d) => dataset(upTo(300)).zip(d, (a, b) => a + b),
    same: (l) => l.slice(0, 300).map((n, i) => n + i),
  },
  { name: 'batch', of: (d) => d.batch(4).map((b) => (lists(b) as number[]).reduce((a, c) => a + c)), same: (l) => sums(l, 4) },
  { name: 'shuffle', of: (d) => d.shuffle(3) },
  { name: 'shuffle with a buffer', of: (d) => d.shuffle(3, 4) },
  { name: 'split', of: (d) => d.split([0.7, 0.3], { seed: 2 })[0] },
  { name: 'balance', of: (d) => d.balance({ by: (n) => n % 2 }) },
];
const sums = (list: readonly number[], size: number): number[] =>
  upTo(Math.ceil(list.length / size)).map((i) => list.slice(i * size, (i + 1) * size).reduce((a, b) => a + b));

describe('a data set', () => {
  const chains = fc.array(fc.constantFrom(...steps), { maxLength: 4 });
  const kinds = fc.constantFrom(...Object.keys(sources));

  it('has the records that a list would have, however it is put together', () =>
    fc.assert(
      fc.asyncProperty(kinds, fc.nat({ max: 40 }), chains, async (kind, n, chain) => {
        const known = chain.filter(({ same }) => same);
        const data = known.reduce((d, { of }) => of(d), sources[kind]!(n));
        const want = known.reduce((l: readonly number[], { same }) => same!(l), upTo(n));
        expect(await data.toArray()).toEqual(want);
        if (data.length !== undefined) expect(data.length).toBe(want.length);
      }),
      { seed: 1, numRuns: 150 },
    ));

  it('gives the same in the same epoch, and the rest of it from any position', () =>
    fc.assert(
      fc.asyncProperty(
        kinds,
        fc.nat({ max: 30 }),
        chains,
        fc.nat({ max: 50 }),
        fc.nat({ max: 3 }),
        async (kind, n, chain, at, epoch) => {
          const data = chain.reduce((d, { of }) => of(d), sources[kind]!(n));
          const all = await data.toArray({ epoch });
          expect(await data.toArray({ epoch })).toEqual(all);
          expect(await data.toArray({ epoch, index: at })).toEqual(all.slice(at));
          const fresh = chain.reduce((d, { of }) => of(d), sources[kind]!(n)); // without what a cache has kept
          expect(await fresh.toArray({ epoch, index: at })).toEqual(all.slice(at));
        },
      ),
      { seed: 1, numRuns: 150 },
    ));

  it('tells its position, and goes on from it', async () => {
    const data = dataset(upTo(10))
      .shuffle(1)
      .map((n) => n);
    const reading = data.pass({ epoch: 2 });
    const first = [await reading.next(), await reading.next(), await reading.next()].map(({ value }) => value);
    const saved = JSON.parse(JSON.stringify(reading.position)) as typeof reading.position;
    expect(saved).toEqual({ epoch: 2, index: 3 });
    expect([...first, ...(await data.toArray(saved))]).toEqual(await data.toArray({ epoch: 2 }));
  });

  it('reads nothing before somebody asks, and no more than is asked for', async () => {
    let read = 0;
    const data = dataset(function* () {
      for (;;) yield read++;
    }).map((n) => n * 2);
    expect(read).toBe(0);
    expect(await data.take(3).toArray()).toEqual([0, 2, 4]);
    expect(read).toBeLessThan(1000);
  });

  it('closes its source when reading stops', async () => {
    let open = 0;
    const source = dataset(async function* () {
      open++;
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        open--;
      }
    });
    for (const data of [
      source,
      source.map(async (n) => n),
      source.prefetch(2),
      source.zip(source, (a) => a),
      source.shuffle(1, 5),
    ]) {
      for await (const _ of data) break;
      expect(open).toBe(0);
    }
  });

  it('stops at an abort', async () => {
    const stop = new AbortController();
    const endless = dataset(function* () {
      for (let i = 0; ; i++) yield i;
    });
    const reading = (async () => {
      for await (const i of endless.pass({ signal: stop.signal })) if (i === 1000) stop.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: 'aborted' });
  });

  it('passes on what goes wrong, wherever it does', async () => {
    const wrong = new Error('record 3');
    const failing = dataset(upTo(9)).map(async (n) => {
      if (n === 3) throw wrong;
      return n;
    });
    for (const data of [failing, failing.prefetch(2), failing.batch(2), failing.shuffle(1), failing.cache()])
      await expect(data.toArray()).rejects.toBe(wrong);
    await expect(failing.take(3).toArray()).resolves.toEqual([0, 1, 2]);
  });

  it('refuses a generator that is read for the second time', async () => {
    const data = dataset(
      (function* () {
        yield 1;
      })(),
    );
    expect(await data.toArray()).toEqual([1]);
    await expect(data.toArray()).rejects.toThrow(/read already.*dataset\(\(\) => records\(\)\)/s);
  });
});

describe('shuffle', () => {
  it.each([
    ['everything', (d: Dataset<number>) => d.shuffle(7)],
    ['a buffer', (d: Dataset<number>) => d.shuffle(7, 20)],
    ['a stream', (d: Dataset<number>) => d.filter(() => true).shuffle(7)],
  ])('keeps every record, in another order in each epoch: %s', async (_, shuffled) => {
    const data = shuffled(dataset(upTo(100)));
    const [first, second] = [await data.toArray({ epoch: 0 }), await data.toArray({ epoch: 1 })];
    expect(first.toSorted((a, b) => a - b)).toEqual(upTo(100));
    expect(second).not.toEqual(first);
    expect(first).not.toEqual(upTo(100));
  });

  it('makes every order about as often, without a buffer', async () => {
    const data = dataset(upTo(3)).shuffle(1);
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 600; epoch++) {
      const order = (await data.toArray({ epoch })).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(40); // 4.4 standard deviations
  });

  it('draws before what is mapped is made: a list of files is shuffled whole', async () => {
    const made: number[] = [];
    const data = dataset(upTo(1000))
      .map((n) => {
        made.push(n);
        return n;
      })
      .shuffle(1);
    await data.take(5).toArray();
    expect(made.length).toBeLessThanOrEqual(256);
    expect(Math.max(...made)).toBeGreaterThan(500);
  });

  it('holds no more than its buffer', async () => {
    let ahead = 0;
    const data = dataset(function* () {
      for (let i = 0; i < 5000; i++) {
        ahead = i;
        yield i;
      }
    }).shuffle(1, 100);
    let given = 0;
    for await (const _ of data) expect(ahead - given++).toBeLessThan(100 + 2 * 256 + 1);
    expect(given).toBe(5000);
  });
});

describe('map', () => {
  it('waits for so many results at a time, and keeps their order', async () => {
    let [running, most] = [0, 0];
    const data = dataset(upTo(20)).map(
      async (n) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, (n * 7) % 5));
        running--;
        return n;
      },
      { parallel: 4 },
    );
    expect(await data.toArray()).toEqual(upTo(20));
    expect(most).toBe(4);
  });

  it('has keys that follow from seed, epoch and index alone', async () => {
    const data = dataset(upTo(5)).map((_, index, key) => [index, uniforms(key)()] as const, { seed: 3 });
    const [first, again] = [await data.toArray({ epoch: 1 }), await data.shuffle(1).toArray({ epoch: 1 })];
    expect(again.toSorted(([a], [b]) => a - b)).toEqual(first);
    expect(first[2]![1]).toBe(uniforms(foldIn(foldIn(randomKey(3), 1), 2))());
    expect(await data.toArray({ epoch: 2 })).not.toEqual(first);
  });
});

describe('split', () => {
  it('deals every record to one part, by its shares', async () => {
    const parts = dataset(upTo(100)).split([0.7, 0.2, 0.1], { seed: 4 });
    const got = await Promise.all(parts.map((part) => part.toArray()));
    expect(got.map(({ length }) => length)).toEqual([70, 20, 10]);
    expect(got.flat().toSorted((a, b) => a - b)).toEqual(upTo(100));
    expect(await parts[1].toArray({ epoch: 5 })).toEqual(got[1]);
  });

  it('keeps the shares of each class', async () => {
    const flowers = dataset(upTo(150)).map((n) => ({ n, kind: ['setosa', 'versicolor', 'virginica'][Math.floor(n / 50)]! }));
    const [train, test] = flowers.split([0.8, 0.2], { stratify: 'kind' });
    for (const [part, each] of [
      [train, 40],
      [test, 10],
    ] as const) {
      const kinds = (await part.toArray()).map(({ kind }) => kind);
      for (const kind of ['setosa', 'versicolor', 'virginica']) expect(kinds.filter((k) => k === kind).length).toBe(each);
    }
  });
});

describe('balance', () => {
  const rare = dataset(upTo(100)).map((n) => ({ n, label: n < 80 ? 'a' : n < 95 ? 'b' : 'c' }));
  const shares = async (data: Dataset<{ label: string }>): Promise<number[]> => {
    const counts = [0, 0, 0];
    for (let epoch = 0; epoch < 10; epoch++) for await (const { label } of data.pass({ epoch })) counts['abc'.indexOf(label)]!++;
    return counts.map((count) => count / 10);
  };
  it('repeats records of rare classes', async () => {
    for (const count of await shares(rare.balance({ by: 'label' }))) expect(count).toBeCloseTo(80, -1);
  });
  it('leaves out records of frequent ones', async () => {
    for (const count of await shares(rare.balance({ by: ({ label }) => label, mode: 'under' })))
      expect(Math.abs(count - 5)).toBeLessThan(2);
  });
});

describe('batch', () => {
  it('makes a tensor of each field', async () => {
    const [batch] = await dataset([
      { n: 1, ok: true, name: 'x', big: 7n, list: [1, 2], bytes: Uint8Array.of(1, 2), deep: { t: tensor([[1], [2]]) } },
      { n: 2, ok: false, name: 'y', big: 8n, list: [3, 4], bytes: Uint8Array.of(3, 4), deep: { t: tensor([[3], [4]]) } },
    ])
      .batch(2)
      .toArray();
    const { n, ok, name, big, list, bytes, deep } = batch!;
    expect([n, ok, name, big, list, bytes, deep.t].map((t) => [t.dtype, t.shape])).toEqual([
      ['float32', [2]],
      ['bool', [2]],
      ['string', [2]],
      ['int64', [2]],
      ['float32', [2, 2]],
      ['uint8', [2, 2]],
      ['float32', [2, 2, 1]],
    ]);
    expect([n, name, list, deep.t].map((t) => t.toArray())).toEqual([
      [1, 2],
      ['x', 'y'],
      [
        [1, 2],
        [3, 4],
      ],
      [
        [[1], [2]],
        [[3], [4]],
      ],
    ]);
  });

  it('takes dtypes, and leaves out what does not fill a batch', async () => {
    const data = dataset(upTo(5)).map((n) => ({ n }));
    const batches = await data.batch(2, { dropRemainder: true, dtypes: { n: 'int32' } }).toArray();
    expect(batches.map(({ n }) => [n.dtype, ...(n.toArray() as number[])])).toEqual([
      ['int32', 0, 1],
      ['int32', 2, 3],
    ]);
    expect(data.batch(2).length).toBe(3);
    expect(data.batch(2, { dropRemainder: true }).length).toBe(2);
  });

  it('cuts columns of a table without making records', async () => {
    const x = tensor(Float32Array.from(upTo(20)), { shape: [10, 2] });
    const batches = await dataset({ x, y: tensor(upTo(10)) })
      .batch(4)
      .toArray();
    expect(batches.map(({ x: b }) => b.shape)).toEqual([
      [4, 2],
      [4, 2],
      [2, 2],
    ]);
    expect((batches[0]!.x.data as Float32Array).buffer).toBe((x.data as Float32Array).buffer);
  });

  it.each([
    [
      'post',
      [
        [1, 2, 0],
        [3, 0, 0],
        [4, 5, 6],
      ],
    ],
    [
      'pre',
      [
        [0, 1, 2],
        [0, 0, 3],
        [4, 5, 6],
      ],
    ],
    [
      { maxLength: 2, value: 9 },
      [
        [1, 2],
        [3, 9],
        [4, 5],
      ],
    ],
    [
      { maxLength: 2, truncating: 'pre', padding: 'pre' },
      [
        [1, 2],
        [0, 3],
        [5, 6],
      ],
    ],
  ] as const)('fills up lists of unequal length: %o', async (padding, want) => {
    const data = dataset([[1, 2], [3], [4, 5, 6]]).map((words) => ({ words }));
    const [batch] = await data.batch(3, { padding: { words: padding }, dtypes: { words: 'int32' } }).toArray();
    expect(batch!.words.dtype).toBe('int32');
    expect(batch!.words.toArray()).toEqual(want);
  });

  it('fills up steps of sequences, and lists that are empty', async () => {
    const data = dataset([
      tensor([[1, 2]]),
      tensor([
        [3, 4],
        [5, 6],
      ]),
    ]).map((x) => ({ x, list: x.shape[0] === 1 ? [] : [1] }));
    const [batch] = await data.batch(2, { padding: { x: 'post', list: 'post' } }).toArray();
    expect(batch!.x.toArray()).toEqual([
      [
        [1, 2],
        [0, 0],
      ],
      [
        [3, 4],
        [5, 6],
      ],
    ]);
    expect(batch!.list.toArray()).toEqual([[0], [1]]);
  });

  it.each([
    [
      'lists of unequal length',
      [{ w: [1, 2] }, { w: [1] }],
      /at w: got \[1\] in record 1, expected \[2\].*padding: \{ 'w': 'post' \}/,
    ],
    ['a missing field', [{ a: 1, b: 2 }, { a: 1 }], /got no field 'b' in record 1, expected the fields a, b/],
    ['a field too many', [{ a: 1 }, { a: 1, b: 2 }], /got a field 'b' that others lack in record 1/],
    ['null', [{ a: 1 }, { a: null }], /at a: got nothing \(null\) in record 1.*Fill in what is missing/],
    ['a text among numbers', [{ a: 1 }, { a: 'x' }], /at a: got a string in record 1, expected a number/],
    ['a date', [{ a: new Date(0) }], /got a date in record 0.*Turn dates into numbers/],
    ['a list among numbers', [{ a: 1 }, { a: [1] }], /got a list of 1 in record 1/],
    ['lists of other things', [{ a: [1] }, { a: ['x'] }], /got a list of string in record 1, expected one of float64/],
    ['nested', [{ a: { b: 1 } }, { a: 3 }], /at a: got a number in record 1, expected a record/],
  ])('says what does not fit, and where: %s', async (_, records, message) => {
    const read = dataset<object>(records).batch(2).toArray();
    await expect(read).rejects.toSatisfy(StratusError.is);
    await expect(read).rejects.toThrow(message);
  });

  it('counts records through the whole data set', async () => {
    const data = dataset(upTo(10)).map((n) => ({ a: n === 7 ? null : n }));
    await expect(data.batch(2).toArray()).rejects.toThrow(/record 7/);
    await expect(data.batch(2).toArray({ index: 3 })).rejects.toThrow(/record 7/);
  });
});

describe('bucketByLength', () => {
  it('puts records of similar length together, and loses none', async () => {
    const words = upTo(50).map((i) => ({ id: i, words: upTo((i * 13) % 29) }));
    const data = dataset(words).bucketByLength({
      length: 'words',
      boundaries: [10, 20],
      batchSize: [8, 4, 2],
      padding: { words: 'post' },
    });
    const seen: number[] = [];
    for await (const { id, words: w } of data) {
      const lengths = (id.toArray() as number[]).map((i) => (i * 13) % 29);
      const bucket = lengths.map((n) => (n < 10 ? 0 : n < 20 ? 1 : 2));
      expect(new Set(bucket).size).toBe(1);
      expect(id.shape[0]).toBeLessThanOrEqual([8, 4, 2][bucket[0]!]!);
      expect(w.shape[1]).toBe(Math.max(...lengths));
      seen.push(...(id.toArray() as number[]));
    }
    expect(seen.toSorted((a, b) => a - b)).toEqual(upTo(50));
  });
});

describe('cache', () => {
  it('reads its source once, and not at all when a pass was not whole', async () => {
    let read = 0;
    const data = dataset(upTo(10))
      .map((n) => {
        read++;
        return n;
      })
      .filter(() => true)
      .cache();
    await data.take(3).toArray();
    read = 0;
    expect(await data.toArray()).toEqual(upTo(10));
    expect(await data.toArray({ index: 4 })).toEqual(upTo(10).slice(4));
    expect([read, data.length]).toEqual([10, 10]);
  });
});

describe('cache and shuffle', () => {
  it('give the same order before and after the cache is full, and every order', async () => {
    const list = upTo(50);
    const data = () =>
      dataset(list)
        .map((n) => n)
        .cache();
    const [cold, warm] = [data(), data()];
    await warm.toArray();
    expect(await warm.shuffle(1).toArray({ epoch: 3 })).toEqual(await cold.shuffle(1).toArray({ epoch: 3 }));
    expect(await cold.shuffle(1).toArray({ epoch: 3, index: 20 })).toEqual(
      (await cold.shuffle(1).toArray({ epoch: 3 })).slice(20),
    );
  });

  it('keep columns of any name', async () => {
    const part = dataset<{ length: number }>({
      length: undefined,
      async *chunks() {
        for (const n of [1, 2]) yield anyTable({ length: tensor([n]) });
      },
    }).cache();
    await part.toArray();
    expect(await part.toArray()).toEqual([{ length: 1 }, { length: 2 }]);
  });

  it('keep columns of several tables as columns', async () => {
    const part = (from: number) => dataset({ n: tensor(Int32Array.from([from, from + 1])) });
    const data = part(0).concat(part(2)).cache();
    await data.toArray();
    const [batch] = await data.batch(4).toArray();
    expect(batch!.n.toArray()).toEqual([0, 1, 2, 3]);
  });
});

describe('training on a data set', () => {
  const records = upTo(60).map((n) => ({ x: [n / 60, 1 - n / 60], y: n < 30 ? 0 : 1 }));
  const make = () =>
    sequential([input({ shape: [2] }), dense({ units: 1, activation: 'sigmoid' })], { seed: 1 }).compile({
      optimizer: 'adam',
      loss: 'binaryCrossentropy',
      metrics: ['accuracy'],
    });
  const data = dataset(records).shuffle(5).batch(8).prefetch();

  it('draws another order in each epoch, and knows how many batches there are', async () => {
    const net = make();
    let batches: number | undefined;
    const options = {
      epochs: 2,
      verbose: 0,
      callbacks: [{ onTrainBegin: (run: { batches: number | undefined }) => void (batches = run.batches) }],
    } as const;
    const { history } = await net.fit(data, { ...options, validationData: dataset(records).batch(30) });
    expect(batches).toBe(8);
    expect(Object.keys(history)).toEqual(['loss', 'accuracy', 'valLoss', 'valAccuracy']);
    // The same as what is read by hand, epoch by epoch.
    const by = make();
    for (const epoch of [0, 1]) for await (const { x, y } of data.pass({ epoch })) await by.trainOnBatch(x, y);
    expect(await net.getWeights()).toEqual(await by.getWeights());
    expect(Object.keys(await net.evaluate(dataset(records).batch(7)))).toEqual(['loss', 'accuracy']);
    await Promise.all([net.release(), by.release()]);
  });

  it.each([
    ['records that are no batches', dataset(records), /a data set of single records, expected batches\. data\.batch\(32\)/],
    ['other names', dataset([{ image: [1, 2], label: 0 }]).batch(1), /records with image, label, expected .*\{ x, y \}/],
    ['no records', dataset([1, 2]).batch(2), /no record/],
  ])('says how to give it where it gets %s', async (_, wrong: Dataset<unknown>, message) => {
    const net = make();
    for (const call of [net.fit(wrong as never, { verbose: 0 }), net.evaluate(wrong as never)])
      await expect(call).rejects.toThrow(message);
    await expect(net.predict(wrong as never)).rejects.toThrow(/predict: got a data set.*for await/);
    await net.release();
  });

  it('can be saved, loaded and gone on with', async () => {
    const net = make();
    await net.fit(data, { epochs: 1, verbose: 0 });
    const again = await load(await net.toBytes());
    expect(again.summary()).toBe(net.summary());
    await Promise.all([net.release(), again.release()]);
  });
});

describe('what must not happen silently', () => {
  it('a part of a split without records', async () => {
    const parts = dataset(upTo(10_000)).split([0.999, 0.001]);
    expect(await Promise.all(parts.map(async (part) => (await part.toArray()).length))).toEqual([9990, 10]);
    expect(() => dataset([1]).split([1 - 1e-6, 1e-6])).toThrow(/a share of 0.000001/);
  });

  it('a cache that is another one after a resume', async () => {
    const data = () => dataset(upTo(6)).shuffle(1).cache();
    const [uninterrupted, resumed] = [data(), data()];
    await uninterrupted.toArray({ epoch: 0 });
    expect(await resumed.toArray({ epoch: 1 })).toEqual(await uninterrupted.toArray({ epoch: 1 }));
  });

  it('a zip that does not let the other side end', async () => {
    let made = 0;
    const right = dataset(upTo(5)).map((n) => {
      made++;
      return n;
    });
    const both = dataset(upTo(5)).zip(right.cache(), (a, b) => a + b);
    for (let i = 0; i < 3; i++) expect(await both.toArray()).toEqual([0, 2, 4, 6, 8]);
    expect(made).toBe(5);
  });

  it('records lost between calls of next that do not wait for each other', async () => {
    const reading = dataset(upTo(600))
      .map(async (n) => n)
      .pass();
    const first = await Promise.all([reading.next(), reading.next(), reading.next()]);
    expect(first.map(({ value }) => value)).toEqual([0, 1, 2]);
    expect(reading.position.index).toBe(3);
    let count = 0;
    for await (const _ of reading) count++;
    expect(count).toBe(597);
  });

  it('an empty data set that is repeated for ever', async () => {
    expect(
      await dataset([1, 2])
        .filter(() => false)
        .repeat()
        .skip(1)
        .toArray(),
    ).toEqual([]);
  });

  it('a shuffle of a part that mixes only what is near: it is shuffled whole, before anything is made', async () => {
    let made = 0;
    const [train] = dataset(upTo(20_000))
      .map((n) => {
        made++;
        return n;
      })
      .split([0.9, 0.1]);
    expect(train.length).toBe(18_000);
    const first = await train.shuffle(1).take(100).toArray();
    expect(made).toBeLessThanOrEqual(256);
    expect(Math.max(...first)).toBeGreaterThan(15_000);
    const odd = await dataset(upTo(20_000))
      .filter((n) => n % 2 === 1)
      .shuffle(1)
      .take(100)
      .toArray();
    expect(Math.max(...odd)).toBeGreaterThan(15_000);
    expect(odd.every((n) => n % 2 === 1)).toBe(true);
  });

  it.each([
    ['a fraction', [1.7], 'uint8', /got 1.7 in record 0, expected what uint8 can hold/],
    ['a number below 0', [1, -3], 'uint8', /got -3 in record 1/],
    ['a number that is too large', [300], 'uint8', /got 300/],
    ['a whole number that float32 does not have', [16_777_217], undefined, /got 16777217.*float64/],
    ['a dtype that is none', [1], 'float', /dtype named 'float'/],
  ] as const)('a number that is changed: %s', async (_, numbers, dtype, message) => {
    const records = numbers.map((y) => ({ y, list: [y] }));
    for (const field of ['y', 'list']) {
      const read = dataset(records).map((record) => ({ [field]: record[field as 'y'] }));
      await expect(read.batch(2, dtype ? { dtypes: { [field]: dtype as 'uint8' } } : {}).toArray()).rejects.toThrow(message);
    }
  });

  it('a field that is told of and not there', async () => {
    await expect(
      dataset([{ words: 1 }])
        .batch(1, { dtypes: { word: 'int32' } })
        .toArray(),
    ).rejects.toThrow(/field named 'word'.*Did you mean 'words'/);
  });

  it('classes that are lists', async () => {
    const rows = dataset([{ y: [1, 0] }, { y: [0, 1] }]);
    await expect(rows.balance({ by: 'y' }).toArray()).rejects.toThrow(/a class that is a list/);
    await expect(rows.split([0.5, 0.5], { stratify: 'y' })[0].toArray()).rejects.toThrow(/a class that is a list/);
  });

  it('an abort that waits for data', async () => {
    const stop = new AbortController();
    const slow = dataset(async function* () {
      yield { x: [1], y: 1 };
      await new Promise(() => undefined); // a source that never answers
    });
    const net = sequential([input({ shape: [1] }), dense({ units: 1 })]).compile({ optimizer: 'sgd', loss: 'mse' });
    const run = net.fit(slow.batch(1), { verbose: 0, signal: stop.signal, callbacks: [{ onBatchEnd: () => stop.abort() }] });
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
    await net.release();
  });

  it('a data set of a data set, or a function that gives a promise', async () => {
    const data = dataset(upTo(9)).shuffle(1);
    expect(dataset(data)).toBe(data);
    await expect(dataset((async () => [1]) as never).toArray()).rejects.toThrow(/a function that gives a promise/);
  });
});

describe('bad options', () => {
  const data = dataset([1, 2, 3]);
  it.each([
    ['a number', () => dataset(3 as never), /dataset: got number/],
    ['null', () => dataset(null as never), /got null/],
    ['batch 0', () => data.batch(0), /size = 0/],
    ['an option', () => data.batch(2, { paddin: 1 } as never), /option of batch named 'paddin'.*Did you mean 'padding'/],
    ['take', () => data.take(-1), /take.*count = -1/],
    ['shard', () => data.shard(3, 3), /rank 3 of 3/],
    ['shares', () => data.split([0.5, 0.6]), /shares \[0.5, 0.6\]/],
    ['one share', () => data.split([1]), /two or more/],
    ['a mode', () => data.balance({ by: (n) => n, mode: 'both' as never }), /mode 'both'/],
    ['boundaries', () => data.bucketByLength({ length: (n) => n, boundaries: [3, 2], batchSize: 2 }), /rising/],
    ['batch sizes', () => data.bucketByLength({ length: (n) => n, boundaries: [3], batchSize: [2] }), /1 batch sizes/],
    ['parallel', () => data.map((n) => n, { parallel: 0 }), /parallel = 0/],
    ['an epoch', () => data.pass({ epoch: -1 }), /epoch = -1/],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(message);
  });

  it.each([
    ['a field on both sides', dataset([{ a: 1 }]).zip(dataset([{ a: 2 }])), /field 'a' on both sides/],
    ['what has no fields', data.zip(data), /zip: got number.*Say what a pair becomes/s],
    ['no length', dataset([{ a: 1 }]).bucketByLength({ length: 'a', boundaries: [2], batchSize: 1 }), /'a' of type number/],
  ])('while reading: %s', async (_, broken: Dataset<unknown>, message) => {
    await expect(broken.toArray()).rejects.toThrow(message);
  });
});
