// Where the time of a step goes: all of it is accounted for, kernels belong to their layers, and a training does not notice.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Callback,
  constant,
  conv2d,
  createExecutor,
  dense,
  dropout,
  type Executor,
  exportGraph,
  type FitOptions,
  flatten,
  graphInput,
  input,
  lstm,
  type Model,
  matrixRate,
  ops,
  profileModel,
  type StepProfile,
  sequential,
  type Tensor,
  tensor,
  type Value,
} from '@stratus/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flopsAt } from '../src/profile/flops.ts';
import { placeOf } from '../src/train/place-of.ts';

const wave = (shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)),
    { shape },
  );
const classes = (n: number): Tensor => tensor(Int32Array.from({ length: n }, (_, i) => i % 3));

const perceptron = (executor?: Executor, gradientAccumulationSteps = 1): Model =>
  sequential(
    [
      input({ shape: [20] }),
      dense({ units: 16, activation: 'relu', name: 'hidden' }),
      dropout({ rate: 0.3 }),
      dense({ units: 3, activation: 'softmax', name: 'answer' }),
    ],
    { executor },
  ).compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], gradientAccumulationSteps });

const fit = async (model: Model, options: FitOptions, samples = 96): Promise<StepProfile | undefined> =>
  (await model.fit(wave([samples, 20]), classes(samples), { batchSize: 8, verbose: 0, ...options })).profile;

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const layerOf = ({ layers }: StepProfile, name: string) => layers.find(({ layer }) => layer === name)!;
const msOf = ({ phases }: StepProfile, name: string): number => phases.find(({ phase }) => phase === name)!.ms;
/** Operations of a layer's kernels by phase. */
const flopsOf = ({ kernels }: StepProfile, layer: string, phase: string): number =>
  sum(kernels.filter((kernel) => kernel.layer === layer && kernel.phase === phase).map(({ flops }) => flops!));

describe.each(['capi', 'binding'] as const)('a profile: %s', (driver) => {
  let executor: Executor;
  beforeAll(async () => {
    executor = await createExecutor({ driver, threads: 1 });
  });
  afterAll(() => executor.release());

  it('accounts for all of the time of as many steps as were asked for', async () => {
    const slow: Callback = { onBatchEnd: () => new Promise((done) => setTimeout(done, 4)) };
    const profile = (await fit(perceptron(executor), { epochs: 2, profile: { steps: 6 }, callbacks: [slow] }))!;
    expect(profile).toMatchObject({ steps: 6, warmup: 3, engine: executor.description });
    expect(sum(profile.phases.map(({ share }) => share))).toBeCloseTo(1, 9);
    expect(sum(profile.phases.map(({ ms }) => ms))).toBeCloseTo(profile.stepMs, 9);
    for (const { ms } of profile.phases) expect(ms).toBeGreaterThanOrEqual(0);
    expect(msOf(profile, 'callbacks')).toBeGreaterThan(3);
    const inKernels = sum(['forward', 'backward', 'update'].map((phase) => msOf(profile, phase)));
    for (const parts of [profile.kernels, profile.layers, profile.ops])
      expect(sum(parts.map(({ ms }) => ms))).toBeCloseTo(inKernels, 9);
    expect(profile.plainStepMs).toBeGreaterThan(4);
    expect(profile.memory.process).toBeGreaterThan(20e6);
    expect(profile.memory.engine).toBeGreaterThan(0);
    // Weights and two moments of each, of 20 x 16 + 16 + 16 x 3 + 3.
    expect(profile.memory.state).toBe(4 * 3 * 387);
  });

  it('leaves weights and figures as they would be without', async () => {
    for (const accumulation of [1, 2]) {
      const [plain, profiled] = [perceptron(executor, accumulation), perceptron(executor, accumulation)];
      const data = [wave([90, 20]), classes(90)] as const;
      const options = { batchSize: 8, epochs: 3, verbose: 0 } as const;
      const [a, b] = [await plain.fit(...data, options), await profiled.fit(...data, { ...options, profile: { steps: 4 } })];
      expect(b.profile!.steps).toBe(4);
      expect(b.history).toEqual(a.history);
      expect(await profiled.getWeights()).toEqual(await plain.getWeights());
      // Also the steps that came after the profile.
      expect(await profiled.predict(wave([4, 20]))).toEqual(await plain.predict(wave([4, 20])));
    }
  });
});

describe('what a profile says', () => {
  it('of layers: each in the phases that it has, with exactly the operations of its products', async () => {
    const profile = (await fit(perceptron(), { epochs: 3, profile: { steps: 4 } }))!;
    const [hidden, answer] = [layerOf(profile, 'hidden'), layerOf(profile, 'answer')];
    for (const layer of [hidden, answer])
      for (const phase of ['forward', 'backward', 'update'] as const) expect(layer[phase]).toBeGreaterThan(0);
    expect(layerOf(profile, 'dropout').update).toBe(0);
    expect(layerOf(profile, 'loss/answer')).toMatchObject({ update: 0, flops: 0, rate: undefined });
    expect(layerOf(profile, 'metric/accuracy').backward).toBe(0);
    // The gradient of the data is not needed, so the first layer has one product backward.
    expect(flopsOf(profile, 'hidden', 'forward')).toBe(2 * 8 * 20 * 16);
    expect(flopsOf(profile, 'hidden', 'backward')).toBe(2 * 8 * 20 * 16);
    expect(flopsOf(profile, 'answer', 'forward')).toBe(2 * 8 * 16 * 3);
    expect(flopsOf(profile, 'answer', 'backward')).toBe(2 * 2 * 8 * 16 * 3);
    expect(hidden.flops).toBe(2 * 2 * 8 * 20 * 16);
    expect(hidden.rate).toBeCloseTo(hidden.flops! / hidden.ms / 1e6, 9);
    expect(profile.flops).toBe(hidden.flops! + answer.flops!);
    expect(profile.rate).toBeCloseTo(profile.flops! / profile.plainStepMs! / 1e6, 9);
  });

  it('of loops: their kernels belong to the layer, and count as often as they run', async () => {
    const [samples, steps, features, units] = [64, 7, 5, 6];
    const trained = async (layer: ReturnType<typeof lstm>): Promise<StepProfile> => {
      const net = sequential([input({ shape: [steps, features] }), layer, dense({ units: 3, activation: 'softmax' })]);
      net.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
      const options = { batchSize: 16, epochs: 3, verbose: 0, profile: { steps: 2 } } as const;
      return (await net.fit(wave([samples, steps, features]), classes(samples), options)).profile!;
    };
    const whole = await trained(lstm({ units, name: 'lstm' })); // all steps in one op
    expect(flopsOf(whole, 'lstm', 'forward')).toBe(2 * 16 * steps * (features + units) * 4 * units);
    const profile = await trained(lstm({ units, activation: 'relu', name: 'lstm' })); // a loop
    expect(flopsOf(profile!, 'lstm', 'forward')).toBe(2 * 16 * steps * (features + units) * 4 * units);
    const products = profile!.kernels.filter(
      ({ layer, phase, calls }) => layer === 'lstm' && phase === 'forward' && calls === steps,
    );
    expect(sum(products.map(({ flops }) => flops!))).toBe(2 * 16 * steps * units * 4 * units);
    // What the engine has put into the loop itself has no layer in its name.
    expect(profile!.kernels.filter(({ layer, calls }) => layer === '' && calls > 1)).toEqual([]);
    // The loop's own time is without that of the kernels in it.
    const loop = profile!.kernels.find(({ op, phase }) => op === 'Scan' && phase === 'forward')!;
    expect(loop.ms).toBeLessThan(layerOf(profile!, 'lstm').forward);
  });

  it('of updates: also with accumulated gradients, where they are programs of their own', async () => {
    const profile = (await fit(perceptron(undefined, 2), { epochs: 4, profile: { steps: 8 } }))!;
    const updates = profile.kernels.filter(({ phase }) => phase === 'update');
    expect(new Set(updates.map(({ layer }) => layer))).toEqual(new Set(['hidden', 'answer']));
    expect(updates.some(({ calls }) => calls === 0.5)).toBe(true); // every other step
  });

  it('of short trainings: what there is', async () => {
    const one = (await fit(perceptron(), { epochs: 1, profile: true }, 8))!;
    expect(one).toMatchObject({ steps: 1, warmup: 0, plainStepMs: undefined });
    const few = (await fit(perceptron(), { epochs: 1, profile: true }, 40))!;
    expect(few).toMatchObject({ steps: 2, warmup: 3, plainStepMs: undefined });
    expect(await fit(perceptron(), { epochs: 0, profile: true })).toBeUndefined();
    expect(await fit(perceptron(), { epochs: 1 })).toBeUndefined();
    expect(await fit(perceptron(), { epochs: 1, profile: false })).toBeUndefined();
  });

  it('of streams of unknown length, which may wait for data', async () => {
    async function* batches() {
      for (let i = 0; i < 5; i++) {
        await new Promise((done) => setTimeout(done, 20));
        yield { x: wave([8, 20]), y: classes(8) };
      }
    }
    const stream = { [Symbol.asyncIterator]: batches };
    const { profile } = await perceptron().fit(stream, { verbose: 0, profile: true });
    expect(profile).toMatchObject({ steps: 2, warmup: 3, plainStepMs: undefined });
    expect(msOf(profile!, 'data')).toBeGreaterThan(15);
  });
});

describe('a time line', () => {
  it('is what viewers of Chrome trace events read: what is called lies within its caller', async () => {
    const profile = (await fit(perceptron(), { epochs: 3, profile: { steps: 3 } }))!;
    const { traceEvents, displayTimeUnit } = JSON.parse(JSON.stringify(profile.toTrace())) as ReturnType<StepProfile['toTrace']>;
    expect(displayTimeUnit).toBe('ms');
    for (const event of traceEvents) {
      expect(event).toMatchObject({ name: expect.any(String), cat: expect.any(String), pid: 1, args: expect.any(Object) });
      expect(['X', 'M']).toContain(event.ph);
      for (const time of [event.ts, event.dur]) expect(time).toBeGreaterThanOrEqual(0);
      expect([1, 2]).toContain(event.tid);
    }
    const timed = traceEvents.filter(({ ph }) => ph === 'X');
    const steps = timed.filter(({ name }) => /^step \d$/.test(name));
    expect(steps.map(({ name }) => name)).toEqual(['step 1', 'step 2', 'step 3']);
    const within = (inner: (typeof timed)[number], outer: (typeof timed)[number]): boolean =>
      inner.ts >= outer.ts - 1e-3 && inner.ts + inner.dur <= outer.ts + outer.dur + 1e-3;
    const runs = timed.filter(({ cat, tid }) => tid === 2 && cat === 'engine');
    expect(runs).toHaveLength(3);
    for (const [i, run] of runs.entries()) expect(within(run, steps[i]!)).toBe(true);
    const kernels = timed.filter(({ cat }) => ['forward', 'backward', 'update'].includes(cat));
    expect(kernels).toHaveLength(sum(profile.kernels.map(({ calls }) => calls)) * 3);
    for (const kernel of kernels) expect(runs.some((run) => within(kernel, run))).toBe(true);
    expect(kernels.map(({ args }) => args['layer'])).toContain('hidden');
  });
});

describe('mistakes', () => {
  it.each([
    [{ steps: 0 }, 'bad-value', /profile\.steps 0.*at least 1/],
    [{ steps: 1.5 }, 'bad-value', /profile\.steps 1\.5/],
    [{ steps: '3' }, 'bad-value', /profile\.steps 3/],
    [{ step: 3 }, 'unknown-name', /Did you mean 'steps'/],
    ['yes', 'bad-value', /profile yes/],
    [null, 'bad-value', /profile null/],
  ])('%j is refused before anything is trained', async (profile, code, message) => {
    const net = perceptron();
    const before = await net.getWeights();
    const attempt = fit(net, { epochs: 1, profile: profile as never });
    await expect(attempt).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await net.getWeights()).toEqual(before);
  });

  it('an executor that takes no notes is told apart, and the model stays usable', async () => {
    const own = await createExecutor({ threads: 1 });
    const { device, description } = own;
    const compile: Executor['compile'] = async (model) => {
      const { endProfiling: _, inputs, outputs, ...rest } = await own.compile(model);
      const program = await own.compile(model);
      return { ...rest, inputs, outputs, run: (...given) => program.run(...given), release: () => program.release() };
    };
    const net = perceptron({ device, description, compile, hold: (t) => own.hold(t), release: () => own.release() });
    await expect(fit(net, { epochs: 1, profile: { steps: 2 } }, 16)).rejects.toThrow(/takes no notes/);
    expect(await fit(net, { epochs: 1 })).toBeUndefined();
    await net.release();
    await own.release();
  });

  it('of others do no harm: a training that fails while it is watched leaves no file behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stratus-notes-'));
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = folder;
    try {
      const notes = (): string[] => readdirSync(folder).filter((name) => name.startsWith('stratus-profile-'));
      let seen = 0;
      const trap: Callback = {
        onBatchEnd() {
          seen = Math.max(seen, notes().length);
          if (seen > 0) throw new Error('trap');
        },
      };
      await expect(fit(perceptron(), { epochs: 1, profile: true, callbacks: [trap] })).rejects.toThrow('trap');
      expect(seen).toBe(1);
      expect(notes()).toEqual([]);
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
      rmSync(folder, { recursive: true });
    }
  });
});

describe('whose work a node does', () => {
  it.each([
    ['encoder/block/dense', 'encoder/block/dense', 'forward'],
    ['encoder/block/dense.bwd', 'encoder/block/dense', 'backward'],
    ['loss/answer', 'loss/answer', 'forward'],
    ['loss/answer.bwd', 'loss/answer', 'backward'],
    ['update/encoder/dense/kernel', 'encoder/dense', 'update'],
    ['update/scale', 'scale', 'update'],
    ['clip', 'clip', 'update'],
  ])('%s', (path, layer, phase) => expect(placeOf(path)).toEqual({ layer, phase }));
});

describe('operations of single ops', () => {
  const x = (...shape: (number | string)[]): Value => graphInput('x', shape);
  it.each<[string, Value, number]>([
    ['a stack of products', ops.matMul(x('batch', 4, 5), x('batch', 5, 6)), 2 * 3 * 4 * 5 * 6],
    ['a transposed product', ops.gemm(x(5, 'batch'), x(5, 6), undefined, { transA: true }), 2 * 3 * 5 * 6],
    ['a convolution in groups', ops.conv(x('batch', 4, 8, 8), x(6, 2, 3, 3), { group: 2 }), 2 * 3 * 6 * 36 * 2 * 9],
    ['a transposed convolution', ops.convTranspose(x('batch', 4, 8, 8), x(4, 6, 3, 3)), 2 * 3 * 4 * 64 * 6 * 9],
    ['recurrent steps', ops.lstm(x(7, 'batch', 5), x(1, 24, 5), x(1, 24, 6)).y, 2 * 7 * 3 * 24 * 11],
    ['what is not counted', ops.add(x('batch', 4), 1), 0],
  ])('%s', (_, { node }, flops) => {
    expect(flopsAt(node!, new Map([['batch', 3]]))).toBe(flops);
    if (flops > 0) expect(flopsAt(node!, new Map())).toBeUndefined();
  });
});

describe('inference', () => {
  const net = sequential([
    input({ shape: [28, 28, 4] }),
    conv2d({ filters: 16, kernelSize: 3, activation: 'relu', name: 'windows' }),
    flatten(),
    dense({ units: 10, activation: 'softmax', name: 'answer' }),
  ]);

  it('of any model: nodes that the engine has made one of keep their operations', async () => {
    const profile = await profileModel(await net.toBytes(), { batchSize: 4, steps: 3 });
    expect(profile).toMatchObject({ steps: 3, warmup: 3, memory: { state: 0 } });
    expect(flopsOf(profile, 'windows', 'forward')).toBe(2 * 4 * 26 * 26 * 16 * 9 * 4);
    expect(flopsOf(profile, 'answer', 'forward')).toBe(2 * 4 * 26 * 26 * 16 * 10);
    expect(sum(profile.phases.map(({ share }) => share))).toBeCloseTo(1, 9);
    expect(profile.plainStepMs).toBeGreaterThan(0);
  });

  it('wants sizes of open axes, and sensible ones', async () => {
    const tokens = graphInput('tokens', ['batch', 'time', 3]);
    const bytes = exportGraph({ name: 'open', inputs: [tokens], outputs: { y: ops.matMul(tokens, constant(wave([3, 2]))) } });
    await expect(profileModel(bytes)).rejects.toThrow(/no size for the axis 'time'.*--size time=16/);
    expect((await profileModel(bytes, { sizes: { time: 5 }, steps: 1 })).flops).toBe(2 * 5 * 3 * 2);
    for (const options of [{ steps: 0 }, { batchSize: 0 }, { sizes: { time: 1.5 } }])
      await expect(profileModel(bytes, options)).rejects.toMatchObject({ code: 'bad-value' });
    await expect(profileModel(new Uint8Array(5))).rejects.toMatchObject({ code: 'not-onnx' });
  });
});

it('a machine has a rate of products of matrices, which is measured once', async () => {
  const executor = await createExecutor({ threads: 1 });
  const rate = await matrixRate(executor);
  expect(rate).toBeGreaterThan(1);
  expect(await matrixRate(executor)).toBe(rate);
  await executor.release();
});
