// What a model's file says of the data that it was trained on.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeArtifact } from '../src/artifact/index.ts';
import {
  type Callback,
  constant,
  dataset,
  decodeArtifact,
  defineLayer,
  dense,
  type FitOptions,
  graphInput,
  input,
  load,
  type Manifest,
  type Model,
  model,
  type NumberStatistics,
  ops,
  sequential,
  sgd,
  statisticsProbabilities,
  tensor,
} from '../src/index.ts';
import { randomKey, uniformAt } from '../src/tensor/index.ts';
import { InputLooks } from '../src/train/input-statistics.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-baseline-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const key = randomKey(11);
const count = 300;
const x = tensor(
  Float32Array.from({ length: 2 * count }, (_, i) => uniformAt(key, i) * (i % 2 === 0 ? 1 : 100)),
  { shape: [count, 2] },
);
const y = tensor(Float32Array.from({ length: count }, (_, i) => Number(x.data[2 * i])));

const made: Model[] = [];
const net = (): Model => {
  const own = sequential([input({ shape: [2] }), dense({ units: 1 })], { seed: 5 });
  made.push(own);
  return own.compile({ optimizer: sgd({ learningRate: 1e-9 }), loss: 'mse' });
};
afterAll(() => Promise.all(made.map((own) => own.release())));

const manifestOf = async (own: Model): Promise<Manifest> => (await decodeArtifact(await own.toBytes())).manifest;
const numbersOf = async (own: Model): Promise<NumberStatistics> => (await manifestOf(own)).baseline!['input'] as NumberStatistics;
const batches = () => dataset({ x, y }).shuffle(4).batch(32);
const quiet = { verbose: 0, epochs: 2 } as const;

const stopAt = (epoch: number, batch: number): Pick<FitOptions, 'callbacks' | 'signal'> => {
  const controller = new AbortController();
  const stopper: Callback = { onBatchEnd: (run) => void (run.epoch === epoch && run.batch === batch && controller.abort()) };
  return { callbacks: [stopper], signal: controller.signal };
};

describe('the baseline of a training', () => {
  it('holds moments, missing numbers and quantiles', async () => {
    const own = net();
    await own.fit(x, y, quiet);
    const known = await numbersOf(own);
    const sorted = (x.data as Float32Array).slice().sort();
    expect(known).toMatchObject({ count: 600, missing: 0, minimum: sorted[0], maximum: sorted[599] });
    expect(known.quantiles!.length).toBe(statisticsProbabilities.length);
    statisticsProbabilities.forEach((q, i) => {
      const at = q * 599;
      const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
      expect(known.quantiles![i]).toBeCloseTo(low + (high - low) * (at - Math.floor(at)), 6);
    });
  });

  it('counts what is missing, and leaves out what is infinite', () => {
    const found = new InputLooks(5);
    found.add(tensor([1, Number.NaN, 3]));
    found.add(tensor([Number.POSITIVE_INFINITY, 5]));
    expect(found.statistics()).toMatchObject({ count: 3, missing: 1, mean: 3, minimum: 1, maximum: 5 });
    expect((found.statistics() as NumberStatistics).quantiles![5]).toBe(3);
    const none = new InputLooks(1);
    none.add(tensor([Number.NaN]));
    expect(none.statistics()).toBeUndefined();
  });

  it('has quantiles of a sample where there are many numbers, of every place alike', () => {
    const found = new InputLooks(2 ** 21);
    for (let i = 0; i < 256; i++) found.add(tensor(Float32Array.from({ length: 4096 }, (_, j) => j)));
    const { count, quantiles } = found.statistics() as NumberStatistics;
    expect(count).toBe(2 ** 20);
    statisticsProbabilities.forEach((q, i) => expect(Math.abs(quantiles![i]! - 4095 * q)).toBeLessThan(4096 * 0.015));
  });

  it('is the same from a data set, a stream and arrays', async () => {
    const [arrays, data, stream] = [net(), net(), net()];
    await arrays.fit(x, y, quiet);
    await data.fit(batches(), quiet);
    await stream.fit(
      (function* () {
        for (let i = 0; i < count; i += 50) yield { x: x.rows(i, i + 50), y: y.rows(i, i + 50) };
      })(),
      { ...quiet, epochs: 1 },
    );
    const wanted = await numbersOf(arrays);
    for (const own of [data, stream]) {
      const known = await numbersOf(own);
      expect(known.count).toBe(600);
      expect(known.mean).toBeCloseTo(wanted.mean, 9);
      expect(known.standardDeviation).toBeCloseTo(wanted.standardDeviation, 9);
      expect(known.quantiles).toEqual(wanted.quantiles);
      const { training, samples } = await manifestOf(own);
      expect(training!.samples).toBe(count);
      expect(training!.dataFingerprint).toBeUndefined();
      expect(samples[0]!.outputs).toBeDefined();
    }
  });

  it('looks at a bounded number of samples, and counts them all', async () => {
    const own = net();
    const long = 6000;
    const many = dataset(Array.from({ length: long }, (_, i) => ({ x: [i, -i], y: 0 })));
    await own.fit(many.batch(512), { ...quiet, epochs: 1 });
    expect((await manifestOf(own)).training!.samples).toBe(long);
    const known = await numbersOf(own);
    expect([known.count, known.maximum]).toEqual([2 * 4096, 4095]);
  });

  it('tells of texts which are frequent', async () => {
    const at = input({ shape: [1], dtype: 'string', name: 'word' });
    const length = defineLayer<object>({
      type: 'IsA',
      build: (_, [v]) => ops.cast(ops.equal(v!, constant(tensor(['a']))), 'float32'),
    });
    const own = model({ inputs: at, outputs: dense({ units: 1 })(length({})(at)) });
    made.push(own);
    own.compile({ optimizer: sgd({ learningRate: 0 }), loss: 'mse' });
    await own.fit(tensor([['a'], ['b'], ['a']]), tensor([[0], [0], [0]]), quiet);
    expect((await manifestOf(own)).baseline!['word']).toEqual({
      count: 3,
      missing: 0,
      distinct: 2,
      distinctIsExact: true,
      top: [
        { value: 'a', count: 2 },
        { value: 'b', count: 1 },
      ],
    });
  });

  it('of a run that went on is of what it saw, and the run equals one that was not stopped', async () => {
    const [whole, second] = [net(), net()];
    await whole.fit(batches(), { ...quiet, epochs: 3 });
    const checkpoint = join(folder, 'one');
    await expect(net().fit(batches(), { ...quiet, epochs: 3, checkpoint, ...stopAt(0, 7) })).rejects.toMatchObject({
      code: 'aborted',
    });
    await second.fit(batches(), { ...quiet, epochs: 3, checkpoint, resume: true });
    expect(await second.getWeights()).toEqual(await whole.getWeights());
    // The epochs after that in which it was stopped are whole.
    expect((await numbersOf(second)).count).toBe(600);
    expect((await manifestOf(second)).training!.samples).toBe(count);
    // In the last epoch there is only the rest: three batches of 32, 32 and 12.
    const [last, other] = [join(folder, 'two'), net()];
    await expect(net().fit(batches(), { ...quiet, checkpoint: last, ...stopAt(1, 7) })).rejects.toMatchObject({
      code: 'aborted',
    });
    await other.fit(batches(), { ...quiet, checkpoint: last, resume: true });
    expect((await numbersOf(other)).count).toBe(2 * 76);
    expect((await manifestOf(other)).training!.samples).toBeUndefined();
  });

  it('may lack what earlier versions did not write', async () => {
    const at = graphInput('input', ['batch', 2]);
    const own = net();
    await own.fit(x, y, quiet);
    const { hashes: _, format: __, ...manifest } = await manifestOf(own);
    const old = { count: 1, mean: 0, standardDeviation: 1, minimum: -1, maximum: 1 };
    const bytes = await encodeArtifact(
      { name: 'old', inputs: [at], outputs: { dense: ops.reduceSum(at, { axes: [1], keepDims: true }) } },
      { ...manifest, architecture: undefined, baseline: { input: old } },
    );
    expect((await decodeArtifact(bytes)).manifest.baseline).toEqual({ input: old });
    await expect(load(await own.toBytes())).resolves.toBeDefined();
  });
});
