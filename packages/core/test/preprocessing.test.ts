// Records to models: what is learnt from them, what runs in the graph, what travels in the file.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dataset,
  decodeArtifact,
  dense,
  embedding,
  flatten,
  globalAveragePooling1d,
  input,
  load,
  type Model,
  model,
  preprocessing,
  rescaling,
  sequential,
  steps,
  tensor,
} from '../src/index.ts';

interface Person {
  readonly age: number | null;
  readonly fare: number;
  readonly city: string | null;
  readonly born: string;
  readonly vip: boolean;
  readonly about: string;
  readonly lives: string;
}

const cities = ['Oslo', 'Rome', 'Bonn', 'Lima'];
const words = ['good', 'bad', 'fine', 'awful', 'the', 'a', 'film'];
const pick = <T>(list: readonly T[], i: number): T => list[((i % list.length) + list.length) % list.length]!;
const people: readonly Person[] = Array.from({ length: 200 }, (_, i) => ({
  age: i % 7 === 0 ? null : 18 + ((i * 37) % 60),
  fare: 5 + ((i * 7919) % 500) / 3,
  city: i % 11 === 0 ? null : pick(cities, i * i + 3),
  born: `19${50 + (i % 50)}-0${1 + (i % 9)}-1${i % 10}`,
  vip: i % 5 === 0,
  about: `The ${pick(words, i)}, ${pick(words, i * 3 + 1)} ${pick(words, i * 5)}!`,
  lives: i % 3 === 0 ? 'yes' : 'no',
}));

const fields = {
  age: [steps.impute({ strategy: 'median', indicator: true }), steps.standardize()],
  fare: [steps.robustScale()],
  city: [steps.categories(), steps.oneHot()],
  born: [steps.dateParts({ parts: ['year', 'month'], cyclic: true }), steps.minMax()],
  vip: [],
};

const tabular = async (): Promise<Model> => {
  const prep = await preprocessing({ features: fields, target: { lives: [steps.classes()] } }).fit(people);
  return sequential([prep.input(), dense({ units: 8, activation: 'relu' }), dense({ units: 2, activation: 'softmax' })], {
    seed: 3,
  })
    .preprocess(prep)
    .compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
};

const anyPerson = fc.record({
  age: fc.option(fc.double({ min: 0, max: 120, noNaN: true })),
  fare: fc.float({ min: 0, max: 1000, noNaN: true }),
  city: fc.option(fc.oneof(fc.constantFrom(...cities), fc.string())),
  born: fc.date({ min: new Date('1900-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }).map((d) => d.toISOString()),
  vip: fc.boolean(),
  about: fc.string(),
});

describe('a model with preprocessing', () => {
  it('is trained on records, and its file answers records bit for bit as it does', async () => {
    const net = await tabular();
    const history = await net.fit(people, { epochs: 2, batchSize: 32, verbose: 0 });
    expect(history.epochs).toBe(2);
    const again = await load(await net.toBytes());
    expect(again.preprocessing!.labels('dense_1')).toEqual(['no', 'yes']);
    await fc.assert(
      fc.asyncProperty(fc.array(anyPerson, { minLength: 1, maxLength: 9 }), async (records) => {
        const [before, after] = [await net.predict(records), await again.predict(records)];
        expect(after.data).toEqual(before.data); // -0 and 0 differ too

        expect(after.data.every(Number.isFinite as (x: unknown) => boolean)).toBe(true);
      }),
      { numRuns: 60 },
    );
    const figures = await again.evaluate(people);
    expect(figures).toEqual(await net.evaluate(people));
  });

  it('keeps statistics of the fields in its file: what later traffic is compared with', async () => {
    const net = await tabular();
    await net.fit(people, { verbose: 0 });
    const { manifest } = await decodeArtifact(await net.toBytes());
    expect(manifest.preprocessing).toMatchObject([
      { type: 'records', config: { example: people[0] && { fare: people[0].fare } } },
    ]);
    const { age, city, lives } = manifest.baseline as unknown as Record<string, Record<string, unknown>>;
    const ages = people.flatMap((p) => (p.age === null ? [] : [p.age]));
    expect(age).toMatchObject({ count: ages.length, missing: 29, minimum: Math.min(...ages), maximum: Math.max(...ages) });
    expect(age!['quantiles']).toHaveLength(11);
    expect(city).toMatchObject({ missing: 19, distinct: 2 });
    expect(lives).toMatchObject({
      distinct: 2,
      top: [
        { value: 'no', count: 133 },
        { value: 'yes', count: 67 },
      ],
    });
    // What was known stays known when a loaded model is saved again.
    const again = await load(await net.toBytes());
    expect((await decodeArtifact(await again.toBytes())).manifest.baseline).toEqual(manifest.baseline);
  });

  it('learns the same from a list, a table, a data set of records and batches of them', async () => {
    const options = { epochs: 2, batchSize: 20, verbose: 0, shuffle: false } as const;
    const weights = async (fit: (net: Model) => Promise<unknown>): Promise<readonly unknown[]> => {
      const net = await tabular();
      await fit(net);
      return Object.values(await net.getWeights()).map((w) => [...w.data]);
    };
    const list = await weights((net) => net.fit(people, options));
    expect(await weights((net) => net.fit(dataset(people), options))).toEqual(list);
    expect(await weights((net) => net.fit(net.preprocessing!.batches(dataset(people), 20), options))).toEqual(list);
    const validated = await weights((net) => net.fit(dataset(people), { ...options, validationData: dataset(people).take(50) }));
    expect(validated).toEqual(list);
  });

  it('tells records from batches and from tensors by what they are', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({ x: 'note', size: i, price: 2 * i }));
    const plan = preprocessing({ features: { size: [steps.standardize()] }, target: { price: [] } });
    const prep = await plan.fit(rows);
    const fresh = () =>
      sequential([prep.input(), dense({ units: 1 })])
        .preprocess(prep)
        .compile({ optimizer: 'sgd', loss: 'mse' });
    const { x, y } = await prep.batch(rows);
    const options = { verbose: 0, batchSize: 10, shuffle: false } as const;
    const weights = async (net: Model) => [...(await net.getWeights())['dense/kernel']!.data];
    const fits: ((net: Model) => Promise<unknown>)[] = [
      (net) => net.fit(rows, options),
      (net) => net.fit(dataset(rows), options),
      (net) => net.fit(net.preprocessing!.batches(dataset(rows), 10), options),
      (net) => net.fit({ size: Object.values(x)[0]! }, Object.values(y!)[0]!, options),
      (net) =>
        net.fit(
          rows,
          rows.map(({ price }) => price),
          options,
        ),
      (net) => net.fit(rows, { ...options, validationData: [Object.values(x)[0]!, Object.values(y!)[0]!] }),
    ];
    const nets = fits.map(() => fresh());
    const [name] = Object.keys(nets[0]!.architecture.inputs);
    expect(name).toBe('input');
    fits[3] = (net) => net.fit({ input: Object.values(x)[0]! }, Object.values(y!)[0]!, options);
    for (const [i, fit] of fits.entries()) await fit(nets[i]!);
    const want = await weights(nets[0]!);
    for (const net of nets) expect(await weights(net)).toEqual(want);
    await expect(nets[0]!.predict({ size: 1 } as never)).rejects.toThrow(/one record.*predict\(\[record\]\)/);
  });

  it('can be given steps after a training on tensors, and be saved', async () => {
    const prep = await preprocessing({ features: { size: [steps.standardize()], w: [] } }).fit([
      { size: 1, w: 1 },
      { size: 3, w: 2 },
    ]);
    const net = sequential([prep.input(), dense({ units: 1 })]).compile({ optimizer: 'sgd', loss: 'mse' });
    await net.fit(
      [
        [0, 1],
        [1, 2],
      ],
      [1, 2],
      { verbose: 0 },
    );
    net.preprocess(prep);
    const again = await load(await net.toBytes());
    expect((await again.predict([{ size: 3, w: 2 }])).data).toEqual((await net.predict([{ size: 3, w: 2 }])).data);
  });

  it('keeps names apart: of fields, inputs and outputs', async () => {
    const rows = [
      { y: 1, constructor: 2, 'a b': 3 },
      { y: 2, constructor: 3, 'a b': 5 },
    ];
    const prep = await preprocessing({ features: { y: [steps.standardize()], constructor: [], 'a b': [] } }).fit(rows);
    const net = sequential([prep.input(), dense({ units: 1, name: 'y' })]).preprocess(prep);
    expect(Object.keys(net.architecture.inputs)).toEqual(['y_1', 'constructor', 'a_b']);
    expect((await net.predict(rows)).shape).toEqual([2, 1]);
  });

  it('goes on from the middle of an epoch of records as if nothing had been', async () => {
    const { mkdtempSync, rmSync } = await import('node:fs');
    const { join } = await import('node:path');
    const folder = mkdtempSync(join((await import('node:os')).tmpdir(), 'stratus-prep-'));
    try {
      const data = dataset(people).shuffle(5);
      const options = { batchSize: 16, verbose: 0, epochs: 2 } as const;
      const whole = await tabular();
      await whole.fit(data, options);
      const stop = new AbortController();
      const first = await tabular();
      let batches = 0;
      const callbacks = [{ onBatchEnd: () => void (++batches === 5 && stop.abort()) }];
      await expect(
        first.fit(data, { ...options, callbacks: callbacks as never, signal: stop.signal, checkpoint: folder }),
      ).rejects.toMatchObject({ code: 'aborted' });
      const second = await tabular();
      await second.fit(data, { ...options, resume: folder });
      expect((await second.predict(people)).data).toEqual((await whole.predict(people)).data);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('keeps scaling in the graph: tools that know nothing of it feed raw numbers', async () => {
    const net = await tabular();
    expect(Object.keys(net.architecture.inputs)).toEqual(['age', 'fare', 'city', 'born', 'vip']);
    const feeds = await net.preprocessing!.feeds(people.slice(0, 3));
    expect(feeds['fare']!.toArray()).toEqual(people.slice(0, 3).map(({ fare }) => [Math.fround(fare)]));
    expect(feeds['city']!.dtype).toBe('int32');
    expect((await net.predict(feeds)).data).toEqual((await net.predict(people.slice(0, 3))).data);
  });

  it('takes texts', async () => {
    const prep = await preprocessing({
      features: { about: [steps.cleanText(), steps.tokenize({ numWords: 6, oovToken: '?' }), steps.pad({ maxLength: 4 })] },
      target: { lives: [steps.classes()] },
    }).fit(dataset(people));
    expect(prep.inputs).toEqual({ input: { shape: [4], dtype: 'int32', size: 6 } });
    const net = sequential([
      input({ shape: [4], dtype: 'int32', name: 'words' }),
      embedding({ inputDim: prep.inputs['input']!.size!, outputDim: 4 }),
      globalAveragePooling1d(),
      dense({ units: 1, activation: 'sigmoid' }),
    ]).preprocess(prep);
    net.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['accuracy'] });
    await net.fit(dataset(people), { verbose: 0 });
    const again = await load(await net.toBytes());
    const asked = [{ about: 'A GOOD film.<br/>unheard of' }, { about: '' }];
    expect((await again.predict(asked)).data).toEqual((await net.predict(asked)).data);
    expect((await prep.feeds(asked))['input']!.rows(1, 2).toArray()).toEqual([[0, 0, 0, 0]]);
  });

  it('has several inputs and outputs by name', async () => {
    const prep = await preprocessing({
      features: {
        words: { about: [steps.tokenize(), steps.pad({ maxLength: 3 })] },
        rest: { fare: [steps.standardize()], vip: [] },
      },
      target: { alive: { lives: [steps.classes()] }, years: { age: [steps.impute()] } },
    }).fit(people);
    const [text, rest] = [prep.input('words'), prep.input('rest')];
    const body = dense({ units: 4 })(rest);
    const read = globalAveragePooling1d()(embedding({ inputDim: prep.inputs['words']!.size!, outputDim: 4 })(text));
    const net = model({
      inputs: { words: text, rest },
      outputs: { alive: dense({ units: 2, activation: 'softmax' })(read), years: dense({ units: 1 })(body) },
    }).preprocess(prep);
    net.compile({ optimizer: 'sgd', loss: { alive: 'sparseCategoricalCrossentropy', years: 'mse' } });
    await net.fit(people, { verbose: 0 });
    expect(Object.keys(await net.predictAll(people.slice(0, 2)))).toEqual(['alive', 'years']);
  });

  it('takes images as pixels', async () => {
    const photos = Array.from({ length: 6 }, (_, i) => ({
      photo: tensor(new Uint8Array(2 * 2 * 3).fill(i * 40), { shape: [2, 2, 3] }),
      label: i % 2,
    }));
    const prep = await preprocessing({ features: { photo: [steps.image({ size: [2, 2] })] }, target: { label: [] } }).fit(
      dataset(photos),
    );
    const net = sequential([prep.input(), rescaling({ scale: 1 / 255 }), flatten(), dense({ units: 1, activation: 'sigmoid' })]);
    net.preprocess(prep).compile({ optimizer: 'sgd', loss: 'binaryCrossentropy' });
    await net.fit(dataset(photos), { verbose: 0, batchSize: 4 });
    expect((await net.predict(photos)).shape).toEqual([6, 1]);
    await expect(net.predict([{ photo: tensor(new Uint8Array(3), { shape: [1, 1, 3] }) }])).rejects.toMatchObject({
      code: 'shape-mismatch',
    });
  });
});
