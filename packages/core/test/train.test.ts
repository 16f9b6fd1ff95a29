// What a training promises: it learns, it can be stopped and resumed bit for bit, and mistakes are said clearly.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../src/artifact/index.ts';
import * as core from '../src/index.ts';
import {
  adam,
  type Callback,
  dense,
  dropout,
  earlyStopping,
  type FitOptions,
  input,
  load,
  type Model,
  model,
  sequential,
  sgd,
  tensor,
} from '../src/index.ts';
import { files } from '../src/runtime/index.ts';
import { randomKey, uniformAt } from '../src/tensor/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-train-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Points in a square, labelled by the quadrant: learnable, not linear. */
const points = (n: number, seed: number) => {
  const key = randomKey(seed);
  const x = Float32Array.from({ length: 2 * n }, (_, i) => uniformAt(key, i) * 2 - 1);
  const y = Int32Array.from({ length: n }, (_, i) => (x[2 * i]! > 0 ? 1 : 0) + (x[2 * i + 1]! > 0 ? 2 : 0));
  return { x: tensor(x, { shape: [n, 2] }), y: tensor(y) };
};
const train = points(400, 1);
const test = points(200, 2);

const quadrants = (seed = 0): Model =>
  sequential(
    [
      input({ shape: [2] }),
      dense({ units: 16, activation: 'tanh' }),
      dropout({ rate: 0.1 }),
      dense({ units: 4, activation: 'softmax' }),
    ],
    { seed },
  ).compile({ optimizer: adam({ learningRate: 0.02 }), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
const weightsOf = async (net: Model): Promise<number[][]> =>
  Object.values(await net.getWeights()).map(({ data }) => [...(data as Float32Array)]);

describe('fit', () => {
  it('learns, and says how it went', async () => {
    const net = quadrants();
    const { history, epochs } = await net.fit(train.x, train.y, {
      epochs: 30,
      batchSize: 32,
      validationData: [test.x, test.y],
      verbose: 0,
    });
    expect(epochs).toBe(30);
    expect(Object.keys(history).sort()).toEqual(['accuracy', 'loss', 'valAccuracy', 'valLoss']);
    expect(history['valAccuracy']!.at(-1)).toBeGreaterThan(0.9);
    const measured = await net.evaluate(test.x, test.y);
    expect(measured['accuracy']).toBe(history['valAccuracy']!.at(-1));
    const probabilities = await net.predict(test.x);
    expect(probabilities.shape).toEqual([200, 4]);
    await net.release();
  });

  it('is the same again with the same seed, and different with another', async () => {
    const run = async (seed: number): Promise<number[][]> => {
      const net = quadrants(seed);
      await net.fit(train.x, train.y, { epochs: 2, verbose: 0 });
      const weights = await weightsOf(net);
      await net.release();
      return weights;
    };
    const first = await run(7);
    expect(await run(7)).toEqual(first);
    expect(await run(8)).not.toEqual(first);
  });

  it('holds out the last samples for a validation split', async () => {
    const net = quadrants();
    const { history } = await net.fit(train.x, train.y, { epochs: 1, validationSplit: 0.25, shuffle: false, verbose: 0 });
    const own = await net.evaluate(train.x.rows(300, 400), train.y.rows(300, 400), { batchSize: 32 });
    expect(history['valLoss']![0]).toBe(own['loss']);
    await expect(net.fit(train.x, train.y, { validationSplit: 1, verbose: 0 })).rejects.toThrow(/validationSplit 1 of 400/);
    await net.release();
  });

  it('takes a stream of batches, with the same result as arrays in order', async () => {
    const stream = {
      async *[Symbol.asyncIterator]() {
        for (let i = 0; i < 400; i += 50) yield { x: train.x.rows(i, i + 50), y: train.y.rows(i, i + 50) };
      },
    };
    const [a, b] = [quadrants(), quadrants()];
    const ofStream = await a.fit(stream, { epochs: 2, verbose: 0 });
    const ofArrays = await b.fit(train.x, train.y, { epochs: 2, batchSize: 50, shuffle: false, verbose: 0 });
    expect(ofStream.history).toEqual(ofArrays.history);
    expect(await weightsOf(a)).toEqual(await weightsOf(b));
    await Promise.all([a.release(), b.release()]);
  });

  it('in order feeds the data itself, and leaves it as it was, whatever drives the engine', async () => {
    const before = [...(train.x.data as Float32Array)];
    const run = async (driver: 'capi' | 'binding', kernels = false) => {
      const executor = await core.createExecutor({ driver, kernels });
      const net = sequential([input({ shape: [2] }), dense({ units: 4, activation: 'softmax' })], { executor }).compile({
        optimizer: 'sgd',
        loss: 'sparseCategoricalCrossentropy',
      });
      const { history } = await net.fit(train.x, train.y, { epochs: 2, batchSize: 64, shuffle: false, verbose: 0 });
      const weights = await weightsOf(net);
      await net.release();
      await executor.release();
      return { history, weights };
    };
    const plain = await run('binding');
    expect(await run('capi')).toEqual(plain);
    const own = await run('capi', true); // kernels of our own round otherwise
    const losses = ({ history }: typeof own): number[] => history['loss']!.map(Number);
    for (const [i, loss] of losses(own).entries()) expect(loss).toBeCloseTo(losses(plain)[i]!, 5);
    expect([...(train.x.data as Float32Array)]).toEqual(before);
  });

  it('weighs classes as it weighs samples', async () => {
    const [a, b] = [quadrants(), quadrants()];
    const byClass = await a.fit(train.x, train.y, { classWeight: { 0: 3, 2: 0.5 }, verbose: 0 });
    const perSample = tensor(Float32Array.from(train.y.data as Int32Array, (label) => [3, 1, 0.5, 1][label]!));
    const bySample = await b.fit(train.x, train.y, { sampleWeight: perSample, verbose: 0 });
    expect(byClass.history).toEqual(bySample.history);
    await Promise.all([a.release(), b.release()]);
  });

  it('averages gradients over several batches: the same as one large batch', async () => {
    const make = (gradientAccumulationSteps: number): Model =>
      sequential([input({ shape: [2] }), dense({ units: 4, activation: 'softmax' })]).compile({
        optimizer: sgd({ learningRate: 0.5, momentum: 0.9 }),
        loss: 'sparseCategoricalCrossentropy',
        gradientAccumulationSteps,
      });
    const [a, b] = [make(4), make(1)];
    await a.fit(train.x, train.y, { batchSize: 25, epochs: 3, shuffle: false, verbose: 0 });
    await b.fit(train.x, train.y, { batchSize: 100, epochs: 3, shuffle: false, verbose: 0 });
    const [x, y] = [(await weightsOf(a)).flat(), (await weightsOf(b)).flat()];
    for (const [i, w] of x.entries()) expect(Math.abs(w - y[i]!)).toBeLessThan(1e-5);
    await Promise.all([a.release(), b.release()]);
  });

  it('keeps a moving average of the weights', async () => {
    const net = sequential([input({ shape: [2] }), dense({ units: 1, useBias: false })]).compile({
      optimizer: sgd({ learningRate: 0.1 }),
      loss: 'mse',
      emaMomentum: 0.5,
    });
    const seen: number[] = [];
    const record: Callback = {
      onBatchEnd: async (run) => void seen.push(Number((await run.weights())['dense/kernel']!.data[0])),
    };
    const start = Number((await net.getWeights())['dense/kernel']!.data[0]);
    await net.fit(train.x, (await points(400, 1)).x.rows(0, 400).reshape([800]).rows(0, 400), {
      batchSize: 100,
      epochs: 1,
      verbose: 0,
      callbacks: [record],
    });
    const average = seen.reduce((sum, w) => 0.5 * sum + 0.5 * w, start);
    const got = Number((await net.getWeights({ weights: 'ema' }))['dense/kernel']!.data[0]);
    expect(Math.abs(got - average)).toBeLessThan(1e-6);
    const [current, smooth] = [await net.predict(test.x), await net.predict(test.x, { weights: 'ema' })];
    expect([...(current.data as Float32Array)]).not.toEqual([...(smooth.data as Float32Array)]);
    await net.release();
  });

  it('leaves frozen layers as they are', async () => {
    const net = quadrants();
    net.getLayer('dense').trainable = false;
    net.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    const before = await net.getWeights();
    await net.fit(train.x, train.y, { epochs: 1, verbose: 0 });
    const after = await net.getWeights();
    expect(after['dense/kernel']!.data).toEqual(before['dense/kernel']!.data);
    expect(after['dense_1/kernel']!.data).not.toEqual(before['dense_1/kernel']!.data);
    expect(net.summary()).toMatch(/dense \(Dense, frozen\)/);
    await net.release();
  });
});

describe('stopping and resuming', () => {
  const options = (name: string): FitOptions => ({
    epochs: 4,
    batchSize: 32,
    validationData: [test.x, test.y],
    verbose: 0,
    checkpoint: { directory: join(folder, name), keep: 2 },
  });

  it.each([1, 13, 26, 40, 52])(
    'a run stopped after batch %i and resumed equals the uninterrupted one, bit for bit',
    async (stopAt) => {
      const whole = quadrants();
      const want = await whole.fit(train.x, train.y, { ...options(`whole-${stopAt}`) });

      const controller = new AbortController();
      let batches = 0;
      const stopper: Callback = { onBatchEnd: () => void (++batches === stopAt && controller.abort()) };
      const first = quadrants();
      const interrupted = first.fit(train.x, train.y, {
        ...options(`cut-${stopAt}`),
        callbacks: [stopper],
        signal: controller.signal,
      });
      await expect(interrupted).rejects.toMatchObject({ code: 'aborted', message: expect.stringContaining(`cut-${stopAt}`) });

      const second = quadrants();
      const got = await second.fit(train.x, train.y, { ...options(`cut-${stopAt}`), resume: true });
      expect(got).toEqual(want);
      expect(await weightsOf(second)).toEqual(await weightsOf(whole));
      await Promise.all([whole, first, second].map((net) => net.release()));
    },
  );

  it('resume: true begins anew where there is no checkpoint, and a folder that must hold one says when it does not', async () => {
    const net = quadrants();
    const { epochs } = await net.fit(train.x, train.y, { ...options('none'), epochs: 1, resume: true });
    expect(epochs).toBe(1);
    await expect(net.fit(train.x, train.y, { verbose: 0, resume: join(folder, 'nowhere') })).rejects.toMatchObject({
      code: 'no-checkpoint',
    });
    await expect(net.fit(train.x, train.y, { verbose: 0, resume: true })).rejects.toThrow(/resume without a folder/);
    await net.release();
  });

  it('says which damaged checkpoint it had to pass over', async () => {
    const first = quadrants();
    await first.fit(train.x, train.y, { ...options('damaged'), epochs: 2 });
    const checkpoints = join(folder, 'damaged');
    const newest = readFileSync(join(checkpoints, 'LATEST'), 'utf8').trim();
    writeFileSync(join(checkpoints, newest, 'state.safetensors'), 'ruined');
    let seen: readonly string[] = [];
    const watch: Callback = { onTrainBegin: (run) => void (seen = [`${run.epoch}`, ...run.passedOver]) };
    const second = quadrants();
    await second.fit(train.x, train.y, { ...options('damaged'), epochs: 2, resume: true, callbacks: [watch] });
    expect(seen).toEqual(['1', expect.stringMatching(new RegExp(`^${newest}: state\\.safetensors has the SHA-256`))]);
    await Promise.all([first.release(), second.release()]);
  });

  it('goes on with another learning rate when the script says so', async () => {
    const first = quadrants();
    await first.fit(train.x, train.y, { ...options('rate'), epochs: 1 });
    const second = quadrants().compile({
      optimizer: adam({ learningRate: 0.001 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    const rates: number[] = [];
    const record: Callback = { onBatchEnd: (run) => void rates.push(run.learningRate) };
    const { epochs } = await second.fit(train.x, train.y, { ...options('rate'), epochs: 2, resume: true, callbacks: [record] });
    expect(epochs).toBe(2);
    expect(new Set(rates)).toEqual(new Set([0.001]));
    await Promise.all([first.release(), second.release()]);
  });

  it('refuses a checkpoint of another training, and changes nothing', async () => {
    const net = quadrants();
    await net.fit(train.x, train.y, { ...options('other'), epochs: 1 });
    const different = sequential([input({ shape: [2] }), dense({ units: 4, activation: 'softmax' })]).compile({
      optimizer: 'sgd',
      loss: 'sparseCategoricalCrossentropy',
    });
    const before = await weightsOf(different);
    await expect(different.fit(train.x, train.y, { ...options('other'), resume: true })).rejects.toMatchObject({
      code: 'checkpoint-mismatch',
    });
    expect(await weightsOf(different)).toEqual(before);
    await expect(net.fit(train.x.rows(0, 300), train.y.rows(0, 300), { ...options('other'), resume: true })).rejects.toThrow(
      /400 samples, and now there are 300/,
    );
    await Promise.all([net.release(), different.release()]);
  });

  it('stops before a step when the signal is already aborted', async () => {
    const net = quadrants();
    const before = await weightsOf(net);
    await expect(net.fit(train.x, train.y, { verbose: 0, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
    expect(await weightsOf(net)).toEqual(before);
    await net.release();
  });
});

describe('a model file', () => {
  it('predicts bit for bit as before and can be trained on', async () => {
    const net = quadrants();
    await net.fit(train.x, train.y, { epochs: 2, verbose: 0 });
    const path = join(folder, 'model.onnx');
    await net.save(path, { labels: ['a', 'b', 'c', 'd'], units: { input: 'metres' } });
    const again = await load(path);
    expect([...((await again.predict(test.x)).data as Float32Array)]).toEqual([
      ...((await net.predict(test.x)).data as Float32Array),
    ]);
    const { history } = await again.fit(train.x, train.y, { epochs: 10, verbose: 0 });
    expect(history['accuracy']!.at(-1)).toBeGreaterThan(0.8);
    const { manifest } = await core.decodeArtifact(readFileSync(path));
    expect(manifest.signature.inputs).toEqual([{ name: 'input', dtype: 'float32', shape: ['batch', 2], unit: 'metres' }]);
    expect(manifest.training).toMatchObject({ epochs: 2, samples: 400, steps: 26 });
    expect((manifest.baseline!['input'] as core.NumberStatistics).mean).toBeCloseTo(0, 1);
    expect(manifest.postprocessing).toEqual([{ type: 'labels', config: { output: 'dense_1', labels: ['a', 'b', 'c', 'd'] } }]);
    await Promise.all([net.release(), again.release()]);
  });

  it('that is damaged anywhere is refused, whatever byte it is', async () => {
    const net = sequential([input({ shape: [2] }), dense({ units: 3 })]);
    const bytes = await net.toBytes();
    for (let at = 0; at < bytes.length; at += 37) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x10;
      await expect(load(damaged), `byte ${at}`).rejects.toSatisfy(core.StratusError.is);
    }
    for (const length of [0, 1, 10, bytes.length - 1])
      await expect(load(bytes.slice(0, length)), `length ${length}`).rejects.toSatisfy(core.StratusError.is);
    await net.release();
  });

  it('of other tools is told from ours', async () => {
    const x = core.graphInput('x', ['batch', 2]);
    await expect(
      load(core.exportGraph({ name: 'plain', inputs: [x], outputs: { y: core.ops.mul(x, 2) } })),
    ).rejects.toMatchObject({ code: 'no-manifest' });
    await expect(load(join(folder, 'missing.onnx'))).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(load(new TextEncoder().encode('{"not": "onnx"}'))).rejects.toMatchObject({ code: 'not-onnx' });
  });
});

describe('callbacks', () => {
  it('early stopping stops and brings back the best weights', async () => {
    const net = quadrants();
    const seen: { loss: number; weights: Float32Array }[] = [];
    const record: Callback = {
      onEpochEnd: async (run, logs) =>
        void seen.push({ loss: logs['valLoss'] as number, weights: (await run.weights())['dense/kernel']!.data as Float32Array }),
    };
    const { stopped, epochs } = await net.fit(train.x, train.y, {
      epochs: 200,
      validationData: [test.x, test.y],
      verbose: 0,
      callbacks: [record, earlyStopping({ patience: 2, restoreBestWeights: true })],
    });
    expect(stopped).toMatch(/valLoss did not improve/);
    expect(epochs).toBeLessThan(200);
    const best = seen.reduce((a, b) => (b.loss < a.loss ? b : a));
    expect(best).toBe(seen[seen.length - 3]);
    expect((await net.getWeights())['dense/kernel']!.data).toEqual(best.weights);
    await net.release();
  });

  it('a figure that is not there is named, with what is', async () => {
    const net = quadrants();
    await expect(
      net.fit(train.x, train.y, {
        verbose: 0,
        callbacks: [earlyStopping({ monitor: 'valAcuracy' })],
        validationData: [test.x, test.y],
      }),
    ).rejects.toThrow(/Did you mean 'valAccuracy'/);
    await net.release();
  });

  it('the learning rate is lowered on a plateau and by a schedule of epochs', async () => {
    const rates: number[] = [];
    const record: Callback = { onEpochEnd: (run) => void rates.push(run.learningRate) };
    const net = quadrants();
    await net.fit(train.x, train.y, {
      epochs: 3,
      verbose: 0,
      callbacks: [core.learningRateScheduler((epoch, rate) => (epoch === 0 ? 0.5 : rate / 2)), record],
    });
    expect(rates).toEqual([0.5, 0.25, 0.125]);
    rates.length = 0;
    await net.fit(train.x, train.y, {
      epochs: 4,
      verbose: 0,
      callbacks: [core.reduceLearningRateOnPlateau({ monitor: 'loss', minDelta: 100, patience: 2, factor: 0.5 }), record],
    });
    expect(rates).toEqual([0.02, 0.02, 0.01, 0.01]);
    await net.release();
  });

  it('the optimizer follows a schedule of steps', async () => {
    const rates: number[] = [];
    const net = sequential([input({ shape: [2] }), dense({ units: 4, activation: 'softmax' })]).compile({
      optimizer: sgd({ learningRate: core.piecewiseConstantDecay({ boundaries: [2, 4], values: [0.1, 0.01, 0.001] }) }),
      loss: 'sparseCategoricalCrossentropy',
    });
    await net.fit(train.x, train.y, {
      batchSize: 100,
      verbose: 0,
      epochs: 2,
      callbacks: [{ onBatchEnd: (run) => void rates.push(run.learningRate) }],
    });
    expect(rates.slice(0, 6)).toEqual([0.1, 0.1, 0.01, 0.01, 0.001, 0.001]);
    await net.release();
  });

  it('figures are written as CSV, JSON lines and TensorBoard events', async () => {
    const net = quadrants();
    const at = (name: string): string => join(folder, name);
    await net.fit(train.x, train.y, {
      epochs: 2,
      verbose: 0,
      validationData: [test.x, test.y],
      callbacks: [
        core.csvLogger({ path: at('log.csv') }),
        core.jsonlLogger({ path: at('log.jsonl') }),
        core.tensorBoard({ logDir: at('board') }),
        core.modelCheckpoint({ path: at('best.onnx'), saveBestOnly: true }),
      ],
    });
    const csv = readFileSync(at('log.csv'), 'utf8').trim().split(/\r?\n/);
    expect(csv[0]).toBe('epoch,loss,accuracy,valLoss,valAccuracy');
    expect(csv).toHaveLength(3);
    const lines = readFileSync(at('log.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number>);
    expect(lines.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(lines[1]!['valLoss']).toBe(Number(csv[2]!.split(',')[3]));
    expect(readdirSync(at('board')).sort()).toEqual(['train', 'validation']);
    expect((await load(at('best.onnx'))).name).toBe('sequential');
    await net.release();
  });
});

describe('mistakes are said clearly', () => {
  const net = quadrants();
  afterAll(() => net.release());
  const images = tensor(new Uint8Array(5 * 784), { shape: [5, 28, 28] });
  it.each<[string, () => Promise<unknown> | unknown, RegExp]>([
    ['shape', () => net.fit([[1, 2, 3]], [0], { verbose: 0 }), /input at input: got \[1, 3\], expected \[batch, 2\]/],
    ['batch axis', () => net.predict([1, 2]), /batch axis in front/],
    [
      'flatten',
      () => sequential([input({ shape: [784] }), dense({ units: 1 })]).predict(images),
      /Reshape the data to \[5, 784\], or begin the model with input\({ shape: \[28, 28\] }\) and flatten\(\)/,
    ],
    ['text', () => net.predict([['a', 'b']]), /dtype-mismatch|got string/],
    [
      'label too large',
      () => net.fit(train.x, tensor(new Int32Array(400).fill(4)), { verbose: 0 }),
      /whole numbers from 0 to 3 \(4 classes\), but 4/,
    ],
    ['label negative', () => net.fit(train.x, tensor(new Int32Array(400).fill(-1)), { verbose: 0 }), /but -1/],
    [
      'label not whole',
      () => net.fit(train.x, tensor(new Float32Array(400).fill(0.5)), { verbose: 0 }),
      /dtype-mismatch|got float32/,
    ],
    ['lengths', () => net.fit(train.x, train.y.rows(0, 10), { verbose: 0 }), /got 10 samples, expected 400/],
    [
      'optimizer',
      () => quadrants().compile({ optimizer: 'adamm' as 'adam', loss: 'mse' }),
      /no optimizer named 'adamm'. Did you mean 'adam'/,
    ],
    ['loss', () => quadrants().compile({ optimizer: 'adam', loss: 'meanSquareError' }), /Did you mean 'meanSquaredError'/],
    ['metric', () => quadrants().compile({ optimizer: 'adam', loss: 'mse', metrics: ['acuracy'] }), /Did you mean 'accuracy'/],
    ['output', () => quadrants().compile({ optimizer: 'adam', loss: { dense_2: 'mse' } }), /Did you mean 'dense_1'/],
    ['not compiled', () => sequential([input({ shape: [2] }), dense({ units: 1 })]).fit(train.x, train.y), /Call model.compile/],
    ['batch size', () => net.fit(train.x, train.y, { batchSize: 0, verbose: 0 }), /batchSize 0/],
    ['nothing', () => net.fit(train.x.rows(0, 0), train.y.rows(0, 0), { verbose: 0 }), /no samples/],
    ['layer name', () => net.getLayer('dnse'), /Did you mean 'dense'/],
    ['weights', () => net.setWeights({ 'dense/kernel': tensor([1]) }), /got \[1\], expected \[2, 16\]/],
    [
      'several',
      () => model({ inputs: { a: input({ shape: [1] }) }, outputs: dense({ units: 1 })(input({ shape: [1] })) }),
      /not listed/,
    ],
  ])('%s', async (_, act, message) => {
    await expect((async () => act())()).rejects.toThrow(message);
  });

  it('a loss that is not finite stops training and names step and checkpoint', async () => {
    const wild = sequential([input({ shape: [2] }), dense({ units: 1 })]).compile({
      optimizer: sgd({ learningRate: 1e20 }),
      loss: 'mse',
    });
    const y = tensor(new Float32Array(400).fill(1e10));
    const directory = join(folder, 'wild');
    const failed = wild.fit(train.x, y, { batchSize: 100, epochs: 5, verbose: 0, checkpoint: { directory, everyBatches: 1 } });
    await expect(failed).rejects.toMatchObject({
      code: 'not-finite',
      message: expect.stringMatching(/became (Infinity|NaN) at step \d+ \(epoch 1\).*checkpoint .*wild.*step-/s),
    });
    const saved = await readCheckpoint(files, directory);
    const weights = (await core.decodeArtifact(saved.parts['model.onnx']!)).weights;
    expect(Object.values(weights).length).toBeGreaterThan(0);
    await wild.release();
  });
});
