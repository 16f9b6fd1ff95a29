// Stopping, resuming and carrying on, at the places where it is easy to get wrong. What counts is equality, bit for bit.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  adam,
  type Callback,
  csvLogger,
  dataset,
  dense,
  dropout,
  earlyStopping,
  type FitOptions,
  input,
  type Model,
  meanMetric,
  modelCheckpoint,
  ops,
  reduceLearningRateOnPlateau,
  sequential,
  sgd,
  type Tensor,
  tensor,
} from '../src/index.ts';
import { randomKey, uniformAt } from '../src/tensor/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-resume-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let folders = 0;
const newFolder = (): string => join(folder, String(folders++));

const key = randomKey(3);
const x = tensor(
  Float32Array.from({ length: 140 }, (_, i) => uniformAt(key, i) * 2 - 1),
  { shape: [70, 2] },
);
const y = tensor(Float32Array.from({ length: 70 }, (_, i) => Number(x.data[2 * i]) * 3 - Number(x.data[2 * i + 1])));

interface Options {
  readonly accumulation?: number;
  readonly ema?: number;
}
const made: Model[] = [];
const net = ({ accumulation = 1, ema }: Options = {}): Model => {
  const model = sequential(
    [input({ shape: [2] }), dense({ units: 6, activation: 'tanh' }), dropout({ rate: 0.1 }), dense({ units: 1 })],
    { seed: 5 },
  );
  model.compile({
    optimizer: adam({ learningRate: 0.01 }),
    loss: 'mse',
    metrics: ['mae'],
    gradientAccumulationSteps: accumulation,
    ...(ema !== undefined && { emaMomentum: ema }),
  });
  made.push(model);
  return model;
};
afterAll(() => Promise.all(made.map((model) => model.release())));

const numbers = async (model: Model, weights: 'current' | 'ema' = 'current'): Promise<number[][]> =>
  Object.values(await model.getWeights({ weights })).map(({ data }) => [...(data as Float32Array)]);
const base = { batchSize: 10, verbose: 0, epochs: 3, validationData: [x, y] } as const satisfies FitOptions; // 7 batches an epoch

/** Runs until a condition holds, as if the process had been told to end then. */
const cut = async (
  model: Model,
  options: FitOptions,
  when: (run: { epoch: number; batch: number }) => boolean,
): Promise<void> => {
  const controller = new AbortController();
  const stopper: Callback = { onBatchEnd: (run) => void (when(run) && controller.abort()) };
  const run = model.fit(x, y, { ...options, callbacks: [...(options.callbacks ?? []), stopper], signal: controller.signal });
  await expect(run).rejects.toMatchObject({ code: 'aborted' });
};

describe('a data set is gone on with where it was', () => {
  const records = dataset({ x, y }).shuffle(4);
  const noisy = records.map(({ x: point, y: value }, _, draws) => ({
    x: [...(point as Tensor<'float32'>).data].map((v) => v + uniformAt(draws, 0)),
    y: value,
  }));
  it.each([
    ['in memory', records.batch(10)],
    ['with random changes, through a small buffer, read ahead', noisy.shuffle(2, 16).batch(10).prefetch(3)],
    ['by length', noisy.bucketByLength({ length: 'x', boundaries: [2], batchSize: 10 })],
  ])('%s', async (_, data) => {
    const options = { epochs: 3, verbose: 0, checkpoint: { directory: newFolder(), everyBatches: 2 } } as const;
    const whole = net();
    await whole.fit(data, { ...options, checkpoint: newFolder() });
    const controller = new AbortController();
    const stopper: Callback = { onBatchEnd: ({ epoch, batch }) => void (epoch === 1 && batch === 3 && controller.abort()) };
    const stopped = net().fit(data, { ...options, callbacks: [stopper], signal: controller.signal });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    const resumed = net();
    await resumed.fit(data, { ...options, resume: true });
    expect(await numbers(resumed)).toEqual(await numbers(whole));
  });
});

describe('a resumed run equals the uninterrupted one', () => {
  it.each([
    [0, 1],
    [0, 7],
    [1, 3],
    [2, 7],
  ])('with accumulation over the ends of epochs and moving averages, cut at epoch %i, batch %i', async (epoch, batch) => {
    const options = { accumulation: 4, ema: 0.9 };
    const whole = net(options);
    const want = await whole.fit(x, y, base);
    const checkpoint = newFolder();
    await cut(net(options), { ...base, checkpoint }, (run) => run.epoch === epoch && run.batch === batch);
    const again = net(options);
    expect(await again.fit(x, y, { ...base, checkpoint, resume: true })).toEqual(want);
    expect(await numbers(again)).toEqual(await numbers(whole));
    expect(await numbers(again, 'ema')).toEqual(await numbers(whole, 'ema'));
    expect([...((await again.predict(x, { weights: 'ema' })).data as Float32Array)]).toEqual([
      ...((await whole.predict(x, { weights: 'ema' })).data as Float32Array),
    ]);
  });

  it('when it is cut during validation', async () => {
    const whole = net();
    const want = await whole.fit(x, y, base);
    const controller = new AbortController();
    const checkpoint = newFolder();
    let validations = 0;
    const stream = {
      async *[Symbol.asyncIterator]() {
        yield { x: x.rows(0, 35), y: y.rows(0, 35) };
        if (++validations === 2) controller.abort();
        yield { x: x.rows(35, 70), y: y.rows(35, 70) };
      },
    };
    const first = net().fit(x, y, { ...base, validationData: { stream }, checkpoint, signal: controller.signal });
    await expect(first).rejects.toMatchObject({ code: 'aborted' });
    const got = await net().fit(x, y, { ...base, checkpoint, resume: true });
    expect(got.history['loss']).toEqual(want.history['loss']);
    expect(got.history['valLoss']).toHaveLength(3);
  });

  it('from a checkpoint that a callback wrote at the end of an epoch', async () => {
    const path = newFolder();
    const callbacks = (): Callback[] => [
      modelCheckpoint({ path, keep: 10 }),
      earlyStopping({ monitor: 'loss', minDelta: 1e6, patience: 3 }),
    ];
    const whole = net();
    const want = await whole.fit(x, y, { ...base, epochs: 6, callbacks: callbacks() });
    expect(want.epochs).toBe(4); // one best, three without improvement
    rmSync(join(path, 'LATEST'));
    const second = readdirSync(path).find((name) => name === 'step-00000014')!;
    const again = net();
    const got = await again.fit(x, y, { ...base, epochs: 6, callbacks: callbacks(), resume: join(path, second) });
    expect(got).toEqual(want);
    expect(await numbers(again)).toEqual(await numbers(whole));
  });

  it('from a checkpoint that a callback wrote within an epoch, though another callback comes after it', async () => {
    const path = newFolder();
    const counter = (): Callback & { count: number } => ({
      count: 0,
      onBatchEnd() {
        this.count++;
      },
      state() {
        return this.count;
      },
      restore(state) {
        this.count = state as number;
      },
    });
    const counts = [counter(), counter()];
    await net().fit(x, y, { ...base, callbacks: [modelCheckpoint({ path, saveFrequency: 4, keep: 10 }), counts[0]!] });
    await net().fit(x, y, {
      ...base,
      callbacks: [modelCheckpoint({ path: newFolder() }), counts[1]!],
      resume: join(path, 'step-00000011'),
    });
    expect(counts.map(({ count }) => count)).toEqual([21, 21]);
  });

  it('when callbacks are added, left out or moved', async () => {
    const rates = async (before: Callback[], after: Callback[]): Promise<number[]> => {
      const seen: number[] = [];
      const checkpoint = newFolder();
      await cut(net(), { ...base, epochs: 6, checkpoint, callbacks: before }, (run) => run.epoch === 3 && run.batch === 2);
      const record: Callback = { onEpochEnd: (run) => void seen.push(run.learningRate) };
      await net().fit(x, y, { ...base, epochs: 6, checkpoint, resume: true, callbacks: [...after, record] });
      return seen;
    };
    const reduce = (): Callback => reduceLearningRateOnPlateau({ monitor: 'loss', minDelta: 1e6, patience: 2, factor: 0.5 });
    const stop = (): Callback => earlyStopping({ monitor: 'loss', minDelta: 1e6, patience: 100 });
    const want = await rates([reduce()], [reduce()]);
    expect(want).toEqual([0.005, 0.0025, 0.0025]);
    expect(await rates([stop(), reduce()], [reduce()])).toEqual(want);
    expect(await rates([reduce()], [stop(), reduce()])).toEqual(want);
    expect(await rates([stop(), reduce()], [reduce(), stop()])).toEqual(want);
  });

  it('when early stopping brings back weights that are older than the checkpoint', async () => {
    const callbacks = (): Callback[] => [
      earlyStopping({ monitor: 'loss', minDelta: 1e6, patience: 4, restoreBestWeights: true }),
    ];
    const options = { ...base, epochs: 10 };
    const whole = net();
    const want = await whole.fit(x, y, { ...options, callbacks: callbacks() });
    expect(want.epochs).toBe(5);
    const checkpoint = newFolder();
    await cut(net(), { ...options, checkpoint, callbacks: callbacks() }, (run) => run.epoch === 2 && run.batch === 3);
    const again = net();
    expect(await again.fit(x, y, { ...options, checkpoint, resume: true, callbacks: callbacks() })).toEqual(want);
    expect(await numbers(again)).toEqual(await numbers(whole));
    // Once more, from the checkpoint of the finished run.
    const third = net();
    expect(await third.fit(x, y, { ...options, checkpoint, resume: true, callbacks: callbacks() })).toEqual(want);
    expect(await numbers(third)).toEqual(await numbers(whole));
  });

  it('when a callback stopped it in the middle of an epoch', async () => {
    const stopper = (): Callback => ({ onBatchEnd: (run) => void (run.epoch === 1 && run.batch === 4 && run.stop('enough')) });
    const checkpoint = { directory: newFolder(), everyBatches: 1, keep: 100 };
    const whole = net();
    const want = await whole.fit(x, y, { ...base, checkpoint, callbacks: [stopper()] });
    expect(want).toMatchObject({ epochs: 2, stopped: 'enough' });
    const middle = readdirSync(checkpoint.directory).filter((name) => name.startsWith('step-00000011'));
    const positions = middle.map(
      (name) => (JSON.parse(readFileSync(join(checkpoint.directory, name, 'trainer.json'), 'utf8')) as { batch: number }).batch,
    );
    for (const [i, name] of middle.entries()) {
      const again = net();
      expect(
        await again.fit(x, y, { ...base, callbacks: [stopper()], resume: join(checkpoint.directory, name) }),
        `at batch ${positions[i]}`,
      ).toEqual(want);
      expect(await numbers(again)).toEqual(await numbers(whole));
    }
    // A run that was stopped stays so, unless more epochs are asked for.
    const more = await net().fit(x, y, { ...base, epochs: 5, checkpoint, resume: true });
    expect(more).toMatchObject({ epochs: 5, stopped: undefined });
  });

  it('also in figures that are not finite', async () => {
    const odd = (): Model =>
      net().compile({
        optimizer: 'adam',
        loss: 'mse',
        metrics: [
          meanMetric({
            type: 'odd',
            better: 'lower',
            of: (target, prediction) => ops.sub(prediction, target),
            finish: () => Number.NaN,
          }),
          meanMetric({
            type: 'big',
            better: 'lower',
            of: (target, prediction) => ops.sub(prediction, target),
            finish: () => Number.NEGATIVE_INFINITY,
          }),
        ],
      });
    const checkpoint = newFolder();
    const want = await odd().fit(x, y, { ...base, checkpoint });
    expect(want.history['odd']).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(await odd().fit(x, y, { ...base, checkpoint, resume: true })).toEqual(want);
  });
});

describe('a checkpoint', () => {
  it('is refused for another order of the data', async () => {
    const checkpoint = newFolder();
    await net().fit(x, y, { ...base, epochs: 1, checkpoint });
    await expect(net().fit(x, y, { ...base, checkpoint, resume: true, shuffle: false })).rejects.toMatchObject({
      code: 'checkpoint-mismatch',
    });
  });

  it('of a first moment brings back the first moment of the optimizer, too', async () => {
    const checkpoint = newFolder();
    await expect(net().fit(x, y, { ...base, checkpoint, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
    const whole = net();
    await whole.fit(x, y, base);
    const used = net();
    await used.fit(x, y, { ...base, epochs: 1 });
    await used.fit(x, y, { ...base, checkpoint, resume: true });
    expect(await numbers(used)).toEqual(await numbers(whole));
  });

  it('is written once where a stop falls on the end of an epoch', async () => {
    const directory = newFolder();
    const controller = new AbortController();
    const stopper: Callback = { onEpochEnd: (run) => void (run.epoch === 1 && controller.abort()) };
    await expect(
      net().fit(x, y, { ...base, checkpoint: { directory, keep: 2 }, callbacks: [stopper], signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'aborted' });
    expect(readdirSync(directory).sort()).toEqual(['LATEST', 'step-00000007', 'step-00000014']);
  });

  it('that somebody has edited is refused with an error of ours', async () => {
    const directory = newFolder();
    await net().fit(x, y, { ...base, epochs: 1, checkpoint: directory });
    const at = join(directory, 'step-00000007');
    const { createHash } = await import('node:crypto');
    for (const trainer of [
      '{',
      'null',
      '{"format":1}',
      '{"format":99}',
      '[]',
      '{"format":1,"callbacks":3,"seed":5,"data":{"samples":70,"batchSize":10}}',
    ]) {
      writeFileSync(join(at, 'trainer.json'), trainer);
      const sums = JSON.parse(readFileSync(join(at, 'checksums.json'), 'utf8')) as { parts: Record<string, string> };
      const { sha256 } = await import('../src/artifact/index.ts');
      sums.parts['trainer.json'] = await sha256(new TextEncoder().encode(trainer));
      expect(sums.parts['trainer.json']).toContain(createHash('sha256').update(trainer).digest('hex'));
      writeFileSync(join(at, 'checksums.json'), JSON.stringify(sums));
      await expect(net().fit(x, y, { ...base, checkpoint: directory, resume: true }), trainer).rejects.toMatchObject({
        name: 'StratusError',
        code: expect.stringMatching(/corrupt|checkpoint-mismatch/),
      });
    }
  });
});

describe('carrying on', () => {
  it('after release is as if nothing had been released', async () => {
    const [a, b] = [net({ ema: 0.9, accumulation: 2 }), net({ ema: 0.9, accumulation: 2 })];
    await a.fit(x, y, { ...base, epochs: 1 });
    await a.release();
    await b.fit(x, y, { ...base, epochs: 1 });
    expect(await numbers(a, 'ema')).toEqual(await numbers(b, 'ema'));
    await a.fit(x, y, { ...base, epochs: 1 });
    await b.fit(x, y, { ...base, epochs: 1 });
    expect(await numbers(a)).toEqual(await numbers(b));
    expect(await numbers(a, 'ema')).toEqual(await numbers(b, 'ema'));
  });

  it('with accumulation after a new compile, collects a whole round before the first update', async () => {
    const model = net();
    await model.trainOnBatch(x.rows(0, 10), y.rows(0, 10));
    model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: 'mse', gradientAccumulationSteps: 2 });
    const before = await numbers(model);
    await model.trainOnBatch(x.rows(0, 10), y.rows(0, 10));
    expect(await numbers(model)).toEqual(before);
    await model.trainOnBatch(x.rows(10, 20), y.rows(10, 20));
    expect(await numbers(model)).not.toEqual(before);
  });

  it('with the same callbacks, forgets the training before', async () => {
    const stop = earlyStopping({ monitor: 'loss', minDelta: 1e6, patience: 2, restoreBestWeights: true });
    const path = join(folder, 'twice.csv');
    const log = csvLogger({ path });
    const [a, b] = [net(), net()];
    await a.fit(x, y, { ...base, epochs: 5, callbacks: [stop, log] });
    const { epochs } = await b.fit(x, y, { ...base, epochs: 5, callbacks: [stop, log] });
    expect(epochs).toBe(3);
    expect(await numbers(b)).toEqual(await numbers(a));
    expect(readFileSync(path, 'utf8').trim().split(/\r?\n/)).toHaveLength(4);
  });

  it('averages that were looked at are not out of date after setWeights', async () => {
    const model = net({ ema: 0.9 });
    await model.fit(x, y, { ...base, epochs: 1 });
    await model.predict(x, { weights: 'ema' });
    const checkpoint = newFolder();
    const other = net({ ema: 0.9 });
    await other.setWeights({ 'dense_1/bias': tensor([5]) });
    await other.fit(x, y, { ...base, epochs: 1, checkpoint });
    await model.fit(x, y, { ...base, epochs: 1, checkpoint, resume: true });
    const [got, want] = [await model.predict(x, { weights: 'ema' }), await other.predict(x, { weights: 'ema' })];
    expect([...(got.data as Float32Array)]).toEqual([...(want.data as Float32Array)]);
  });
});

describe('what ends a training', () => {
  it('tells every callback, and the first reason is the one that is reported', async () => {
    const ended: string[] = [];
    const callback = (name: string, failing?: string): Callback => ({
      onTrainBegin: () =>
        void (
          failing === 'begin' &&
          (() => {
            throw new Error('cannot begin');
          })()
        ),
      onTrainEnd: () => {
        ended.push(name);
        if (failing === 'end') throw new Error('cannot end');
      },
    });
    await expect(net().fit(x, y, { ...base, callbacks: [callback('a'), callback('b', 'begin')] })).rejects.toThrow(
      'cannot begin',
    );
    expect(ended).toEqual(['a', 'b']);
    ended.length = 0;
    const broken: Callback = {
      onBatchEnd: () => {
        throw new Error('in the middle');
      },
    };
    await expect(net().fit(x, y, { ...base, callbacks: [callback('a', 'end'), callback('b'), broken] })).rejects.toThrow(
      'in the middle',
    );
    expect(ended).toEqual(['a', 'b']);
    await expect(net().fit(x, y, { ...base, epochs: 1, callbacks: [callback('a', 'end')] })).rejects.toThrow('cannot end');
  });

  it('a metric whose small name hides its direction is watched the right way round', async () => {
    const seen: number[] = [];
    const record: Callback = { onEpochEnd: (_, logs) => void seen.push(logs['valMae'] as number) };
    const { stopped } = await net().fit(x, y, { ...base, epochs: 6, callbacks: [record, earlyStopping({ monitor: 'valMae' })] });
    expect(seen.at(-1)).toBeLessThan(seen[0]!);
    expect(stopped).toBeUndefined();
  });
});
