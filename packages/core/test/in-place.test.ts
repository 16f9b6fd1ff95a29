// Steps whose second half writes over weights and the optimizer's tensors: the bits of steps with two buffers, all or nothing, in less memory.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Graph, graphInput, type Value } from '../src/graph/index.ts';
import * as core from '../src/index.ts';
import { exportGraph, ops, tensor, zeros } from '../src/index.ts';
import { elementwiseProgram } from '../src/ops/index.ts';
import { splitUpdates } from '../src/train/in-place.ts';
import { inOwnProcesses } from './support/own-process.ts';

const real = await core.createExecutor({ driver: 'capi', threads: 2 });
afterAll(() => real.release());
const folder = mkdtempSync(join(tmpdir(), 'stratus-in-place-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The executor, for which it is worth it from so many bytes on (undefined: never); it counts programs with a second model. */
function executorFrom(least: number | undefined): { readonly executor: core.Executor; readonly split: () => number } {
  let split = 0;
  const { device, description, runs, updatesRows } = real;
  const executor: core.Executor = {
    ...{ device, description, runs: runs!, updatesRows: updatesRows!, updatesInPlace: least },
    hold: (tensors) => real.hold(tensors),
    release: async () => {},
    compile(model, options) {
      if (options?.inPlace) split++;
      return real.compile(model, options);
    },
  };
  return { executor, split: () => split };
}

const numbers = (shape: readonly number[], step = 1.7): core.Tensor =>
  tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * step))).reshape([...shape]);
const ids = tensor(
  Int32Array.from({ length: 12 * 6 }, (_, i) => (i * 7) % 11),
  { shape: [12, 6] },
);

/** A table at both ends, another of which only rows are updated, moving statistics, dropout, and sizes that fit no tile. */
function network(executor: core.Executor, options: Partial<core.CompileOptions> & { readonly sparse?: boolean }): core.Model {
  const { sparse = false, ...compile } = options;
  const tokens = core.input({ shape: [6], dtype: 'int32' });
  const table = core.reversibleEmbedding({ inputDim: 11, outputDim: 37, name: 'table' });
  const second = core.embedding({ inputDim: 11, outputDim: 37, sparse, name: 'second' });
  const norm = core.batchNormalization({ name: 'norm' })(core.add()([table(tokens), second(tokens)]));
  const hidden = core.dropout({ rate: 0.2 })(core.dense({ units: 37, activation: 'gelu', name: 'hidden' })(norm));
  const model = core.model({ inputs: tokens, outputs: table(hidden), executor, seed: 3 });
  return model.compile({
    optimizer: 'sgd',
    loss: { type: 'sparseCategoricalCrossentropy', config: { fromLogits: true } },
    ...compile,
  } as core.CompileOptions);
}

const bits = (tensors: Readonly<Record<string, core.Tensor>>): unknown =>
  Object.entries(tensors).map(([name, { data }]) => [name, [...(data as Float32Array)]]);
async function trained(model: core.Model): Promise<unknown> {
  const losses: unknown[] = [];
  for (let i = 0; i < 5; i++) losses.push((await model.trainOnBatch(ids, ids))['loss']);
  const weights = bits(await model.getWeights());
  await model.release();
  return [losses, weights];
}

describe('updates in place', () => {
  const cosine = core.schedules.cosineDecay({ initialLearningRate: 0.1, decaySteps: 4 });
  it.each<[string, Partial<core.CompileOptions> & { readonly sparse?: boolean }]>([
    ...Object.keys(core.optimizers).map((name) => [name, { optimizer: name as core.OptimizerName }] as [string, object]),
    ['a schedule', { optimizer: core.sgd({ learningRate: cosine as core.Schedule, momentum: 0.9, nesterov: true }) }],
    ['clipped by value', { optimizer: core.adam({ clipValue: 0.001 }) }],
    ['clipped by norm', { optimizer: core.sgd({ clipNorm: 0.1, momentum: 0.5 }) }],
    ['clipped by the norm of all', { optimizer: core.adamw({ globalClipNorm: 0.1, weightDecay: 0.1 }) }],
    ['weight decay', { optimizer: core.rmsprop({ weightDecay: 0.1, excludeFromWeightDecay: ['bias'] }) }],
    ['moving averages', { optimizer: 'adam', emaMomentum: 0.9 }],
    ['collected gradients', { optimizer: 'adam', gradientAccumulationSteps: 2 }],
    ['rows of a table', { optimizer: 'adam', sparse: true }],
    ['recompute', { optimizer: core.adam({ globalClipNorm: 0.5 }), recompute: true }],
  ])('give the same bits: %s', async (_, options) => {
    const [doubled, inPlace] = [executorFrom(undefined), executorFrom(0)];
    const want = await trained(network(doubled.executor, options));
    expect(await trained(network(inPlace.executor, options))).toEqual(want);
    expect(doubled.split()).toBe(0);
    expect(inPlace.split()).toBeGreaterThan(0);
  });

  it('write over every weight, slot and moving statistic of a usual training', async () => {
    const { executor } = executorFrom(0);
    const outputs: string[] = [];
    const compile: core.Executor['compile'] = async (...args) => {
      const second = await real.compile(args[1]!.inPlace!);
      outputs.push(...second.outputs.map(({ name }) => name));
      return executor.compile(...args);
    };
    const model = network({ ...executor, compile }, { optimizer: core.adamw({ globalClipNorm: 1 }) });
    await model.trainOnBatch(ids, ids);
    const trained = ['table/embeddings', 'second/embeddings', 'norm/gamma', 'norm/beta', 'hidden/kernel', 'hidden/bias'];
    const slots = (name: string): string[] => [name, `@slot/momentum/${name}`, `@slot/velocity/${name}`];
    expect(outputs.sort()).toEqual(
      [...trained.flatMap(slots), 'norm/movingMean', 'norm/movingVariance'].map((name) => `@next/${name}`).sort(),
    );
    await model.release();
  });

  it('go on bit by bit from a checkpoint', async () => {
    const { executor } = executorFrom(0);
    const make = (): core.Model => network(executor, { optimizer: core.adam({ learningRate: 0.01 }), emaMomentum: 0.9 });
    const options = { batchSize: 5, verbose: 0 } as const;
    const [whole, half, rest] = [make(), make(), make()];
    await whole.fit(ids, ids, { ...options, epochs: 4 });
    const checkpoint = { directory: join(folder, 'checkpoints') };
    await half.fit(ids, ids, { ...options, epochs: 2, checkpoint });
    await rest.fit(ids, ids, { ...options, epochs: 4, checkpoint, resume: true });
    for (const weights of ['current', 'ema'] as const)
      expect(bits(await rest.getWeights({ weights }))).toEqual(bits(await whole.getWeights({ weights })));
    await Promise.all([whole, half, rest].map((model) => model.release()));
  });

  it('change nothing when the step fails or is stopped', async () => {
    const { executor } = executorFrom(0);
    const model = network(executor, { optimizer: 'adam' });
    const twin = network(executor, { optimizer: 'adam' });
    for (const one of [model, twin]) await one.trainOnBatch(ids, ids);
    const before = bits(await model.getWeights());
    const outside = tensor(
      Int32Array.from({ length: 12 * 6 }, () => 11),
      { shape: [12, 6] },
    );
    await expect(model.trainOnBatch(outside, ids)).rejects.toMatchObject({ code: 'index-range' });
    expect(bits(await model.getWeights())).toEqual(before);
    for (const one of [model, twin]) await one.trainOnBatch(ids, ids);
    const [got, want] = [await model.getWeights(), await twin.getWeights()];
    expect(bits(got)).not.toEqual(before);
    expect(bits(got)).toEqual(bits(want));
    await Promise.all([model.release(), twin.release()]);
  });
});

describe('a program of two models', () => {
  const x = graphInput('x', [64]);
  const w = graphInput('w', [700, 64]);
  const g = graphInput('@passed/0', [700, 64]);
  // Many products, so that there is time to stop the run.
  const product = (): Value => {
    const square = ops.matMul(ops.transpose(w), w);
    let y: Value = square;
    for (let i = 0; i < 300; i++) y = ops.tanh(ops.matMul(y, square));
    return ops.matMul(w, y);
  };
  const first = (): Uint8Array =>
    exportGraph(
      { name: 'first', inputs: [x, w], outputs: { loss: ops.reduceSum(ops.mul(w, x)), '@passed/0': ops.add(product(), x) } },
      { runs: real.runs! },
    );
  const add = [{ kind: 'add', to: 2, from: [0, 1] }] as const;
  const second = (): Uint8Array => {
    const [next] = elementwiseProgram([w, g], add, 1);
    return exportGraph({ name: 'second', inputs: [w, g], outputs: { next: next! } }, { runs: real.runs! });
  };
  const start = async () => ({
    program: await real.compile(first(), { inPlace: second() }),
    held: await real.hold({ w: numbers([700, 64]), other: zeros([1]) }),
  });
  const updates = { next: 'w' };

  it('names the ports of both', async () => {
    const { program } = await start();
    expect(program.inputs.map(({ name }) => name)).toEqual(['x', 'w']);
    expect(program.outputs.map(({ name }) => name)).toEqual(['loss', 'next']);
    await program.release();
  });

  it('changes nothing when it is stopped, wherever that is, and everything when it is not', async () => {
    const { program, held } = await start();
    const at = numbers([64]);
    const outcomes = new Set<string>();
    for (const wait of [0, 1, 2, 4, 8, 1000]) {
      const before = bits(await held.read(['w']));
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), wait);
      const run = program.run({ x: at }, { held, updates, signal: stop.signal });
      const outcome = await run.then(
        () => 'done',
        ({ code }) => code as string,
      );
      clearTimeout(timer);
      outcomes.add(outcome);
      const after = bits(await held.read(['w']));
      if (outcome === 'done') expect(after).not.toEqual(before);
      else expect(after).toEqual(before);
    }
    expect([...outcomes].sort()).toEqual(['aborted', 'done']);
    await Promise.all([program.release(), held.release()]);
  });

  it.each<[string, Parameters<core.Program['run']>[1]]>([
    ['no update', {}],
    ['an update that is fetched', { updates, fetch: ['next'] }],
  ])('refuses %s', async (_, options) => {
    const { program, held } = await start();
    const before = bits(await held.read());
    await expect(program.run({ x: numbers([64]) }, { held, ...options })).rejects.toMatchObject({ code: 'bad-value' });
    expect(bits(await held.read())).toEqual(before);
    await Promise.all([program.release(), held.release()]);
  });
});

describe('splitUpdates', () => {
  const [p, m, g] = ['p', 'm', 'g'].map((name) => graphInput(name, [3]));
  const updates = { '@next/p': 'p', '@next/m': 'm' };
  const graphOf = (outputs: Graph['outputs']): Graph => ({ name: 'step', inputs: [p!, m!, g!], outputs });
  const written = (outputs: Graph['outputs']): readonly string[] =>
    Object.keys(splitUpdates(graphOf(outputs), updates, 0)?.second.outputs ?? {});
  // p' = p - m', m' = m + g; operands: p, m, g, then p', m'.
  const step = elementwiseProgram(
    [p!, m!, g!],
    [
      { kind: 'add', to: 4, from: [1, 2] },
      { kind: 'sub', to: 3, from: [0, 4] },
    ],
    2,
  );

  it('takes what reads before it writes', () => {
    expect(written({ '@next/p': step[0]!, '@next/m': step[1]! })).toEqual(['@next/p', '@next/m']);
  });

  it('leaves what reads after it has written', () => {
    const late = elementwiseProgram(
      [p!, m!, g!],
      [
        { kind: 'add', to: 4, from: [1, 2] },
        { kind: 'sub', to: 3, from: [0, 1] },
      ],
      2,
    );
    expect(written({ '@next/p': late[0]!, '@next/m': late[1]! })).toEqual([]);
  });

  it('leaves what another one reads, what else is an output, and what has another shape', () => {
    const sum = (a: Value, b: Value): Value => elementwiseProgram([a, b], [{ kind: 'add', to: 2, from: [0, 1] }], 1)[0]!;
    expect(written({ '@next/p': sum(p!, m!), '@next/m': sum(m!, p!) })).toEqual(['@next/m']); // p' first, into its second buffer
    expect(written({ '@next/p': sum(p!, g!), '@next/m': sum(m!, g!) })).toEqual(['@next/p', '@next/m']);
    expect(written({ '@next/p': step[0]!, '@next/m': step[1]!, shown: step[0]! })).toEqual([]);
    expect(written({ '@next/p': step[0]!, '@next/m': step[1]!, more: ops.neg(step[1]!) })).toEqual([]);
    expect(written({ '@next/p': ops.sub(p!, g!), '@next/m': step[1]! })).toEqual([]);
  });

  it('leaves fewer bytes than are worth it', () => {
    const outputs = { '@next/p': step[0]!, '@next/m': step[1]! };
    expect(splitUpdates(graphOf(outputs), updates, 25)).toBeUndefined();
    expect(splitUpdates(graphOf(outputs), updates, 24)).toBeDefined();
  });
});

// Weights of 32 MB in one layer; Adam has two slots of this size. What a process needs more after two steps than before the first.
const script = `
  import { readFileSync } from 'node:fs';
  import { createExecutor, dense, input, sequential, tensor, zeros } from './stratus.mjs';
  const real = await createExecutor({ driver: 'capi', threads: 1 });
  const { device, description, runs, updatesInPlace } = real;
  const executor = { device, description, runs, updatesInPlace: JSON.parse(process.argv[2]) ? updatesInPlace : undefined,
    hold: (tensors) => real.hold(tensors), compile: (model, options) => real.compile(model, options) };
  const peak = () => Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
  const model = sequential([input({ shape: [2048] }), dense({ units: 4096, useBias: false, kernelInitializer: 'ones' })], { executor });
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  const before = peak();
  const x = tensor(Float32Array.from({ length: 2 * 2048 }, (_, i) => Math.sin(i))).reshape([2, 2048]);
  let loss;
  for (let i = 0; i < 2; i++) ({ loss } = await model.trainOnBatch(x, zeros([2, 4096])));
  console.log(JSON.stringify({ megabytes: peak() - before, loss }));
  process.exit(0);
`;

it.skipIf(process.platform !== 'linux')('takes less memory (Linux tells how much)', async () => {
  const [doubled, inPlace] = await inOwnProcesses<{ megabytes: number; loss: number }>(script, [false, true]);
  expect(inPlace!.loss).toBe(doubled!.loss);
  expect(doubled!.megabytes - inPlace!.megabytes).toBeGreaterThan(1.5 * 32); // three buffers of 32 MB less, one more for the gradient, which else goes into the update at once
});
