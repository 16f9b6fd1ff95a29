// Versions that move too far while a rule holds: the rule before is put back, with the numbers, and noise does not do it. Real models, a real monitor.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dense, input, preprocessing, sequential, steps, type Tensor, tensor } from '@stratus/core';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { serverView } from '../src/cli/monitor-view.ts';
import { loadedModels, type Monitor, type MonitorOptions, startMonitor } from '../src/monitor/index.ts';
import { colorsFor } from '../src/progress/index.ts';
import { DataPlane, openServable, type Servable, type TrafficChange, type TrafficRule } from '../src/serve/index.ts';
import { failure, lookUpModel } from './serving.ts';

/** Numbers that are the same in every run. Source: mulberry32, Box-Muller. */
function normals(seed: number): () => number {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
}
const rowsOf = (next: () => number, count: number, shift = 0): number[][] =>
  Array.from({ length: count }, () => [next() + shift, next()]);

/** The sign of x[0], by weights that are given; what it was trained on is in its file. */
let trained: (version: string, weight: number) => Promise<Servable>;
beforeAll(async () => {
  const data = rowsOf(normals(7), 1000);
  trained = async (version, weight) => {
    const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 2, activation: 'softmax', name: 'y' })], {
      name: 'm',
    });
    net.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const y = tensor(
      data.map(([a]) => Number(a! > 0)),
      { dtype: 'int32' },
    );
    await net.fit(tensor(data), y, { verbose: 0, batchSize: 500 });
    await net.setWeights({ 'y/kernel': tensor([[-weight, weight], [0, 0]]), 'y/bias': tensor([0, 0]) }); // biome-ignore format: a matrix
    return await openServable(await net.toBytes({ labels: ['no', 'yes'] }), { name: 'm', version });
  };
}, 120_000);

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

interface Watched {
  readonly monitor: Monitor;
  readonly plane: DataPlane;
  readonly changes: TrafficChange[];
}

async function watched(servables: readonly Servable[], options: MonitorOptions = {}): Promise<Watched> {
  const changes: TrafficChange[] = [];
  const monitor = await startMonitor(() => loadedModels(plane), {
    metrics: false,
    drift: { rowsPerSecond: Number.POSITIVE_INFINITY },
    report: () => {},
    ...options,
  });
  open.push(monitor);
  const plane = new DataPlane(servables, {
    observer: monitor.observer,
    watchDrift: monitor.watchDrift,
    trafficChanged(change) {
      changes.push(change);
      monitor.trafficChanged(change);
    },
  });
  return { monitor, plane, changes };
}

/** So many requests of 20 samples. */
async function ask({ plane, monitor }: Watched, count: number, rows: () => number[][]): Promise<void> {
  for (let i = 0; i < count; i++) {
    await plane.compute('m', { x: tensor(rows()) });
    await monitor.settled();
  }
}

const by = { by: 'ann' };
const canary = (drift: object): TrafficRule => ({
  model: 'm',
  routes: [{ version: '1', weight: 3 }, { version: '2', weight: 1 }], // biome-ignore format: one line
  rollback: { drift },
});

it('puts the rule before back when what comes to a version is no more like its training', async () => {
  const got: string[] = [];
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => got.push(chunk.toString()));
    request.on('end', () => response.end());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  open.push({ close: () => new Promise((done) => server.close(done)) });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const own = await watched([await trained('2', 1), await trained('1', 1)], { alerts: { rules: [], webhooks: [{ url }] } });
  await own.plane.traffic.set(canary({ inputs: 0.25, minRows: 200 }), by);
  const next = normals(1);
  await ask(own, 120, () => rowsOf(next, 20));
  expect(own.changes).toHaveLength(1); // 600 samples like the training
  const { rollout } = own.monitor.report('m').models.find(({ version }) => version === '2')!;
  expect(rollout).toMatchObject({ rows: 600, minRows: 200, looks: 0, worst: [{ of: 'inputs', limit: 0.25, isTooFar: false }] });
  const view = () => serverView(own.monitor.report(), { url: 'http://x', colors: colorsFor({ write: () => true }) });
  expect(view()).toMatch(
    /watched +600 samples since the traffic rule holds; inputs moved by 0\.0\d\d at most \(x\[\d\]\), 0\.25 is allowed/,
  );
  for (let i = 0; i < 40 && own.changes.length < 2; i++) await ask(own, 10, () => rowsOf(next, 20, 1));
  expect(own.changes.map(({ kind, by: who, rule }) => [kind, who, rule])).toEqual([
    ['set', 'ann', expect.anything()],
    ['rollback', 'stratus', null],
  ]);
  const { why } = own.changes[1]!;
  expect(why).toMatch(
    /^Version 2: its input 'x\[0\]' has moved from the training \(1000 samples\): PSI 0\.[2-9]\d\d, KS 0\.\d{3} with p < 0\.0001, of \d+ samples, at 3 looks in a row, and at most 0\.25 is allowed\.$/,
  );
  await vi.waitFor(() => expect(got).toHaveLength(1), { timeout: 20_000 });
  expect(JSON.parse(got[0]!)).toMatchObject({ status: 'rolled-back', model: 'm', why, rule: null });
  expect(own.monitor.report('m').models.every((model) => model.rollout === undefined)).toBe(true);
  expect((await own.plane.compute('m', { x: tensor([[1, 1]]) })).servable.version).toBe('1');
});

it('puts the rule before back when a version says something else than the others', async () => {
  const own = await watched([await trained('2', -1), await trained('1', 1)]); // the other way round
  await own.plane.traffic.set(canary({ outputs: 0.25, minRows: 200 }), by);
  const next = normals(2);
  await ask(own, 60, () => rowsOf(next, 20, 0.7));
  expect(own.monitor.report('m').rollbacks).toMatchObject([{ model: 'm', why: own.changes[1]!.why }]);
  expect(serverView(own.monitor.report(), { url: 'http://x', colors: colorsFor({ write: () => true }) })).toContain(
    'the traffic rule before was put back for m. Version 2: its output',
  );
  expect(own.changes[1]!.why).toMatch(
    /^Version 2: its output 'y class' has moved from what the other versions say \(\d+ samples\): PSI \d\.\d{3}, χ² \d+\.\d{3} with p < 0\.0001, of \d+ samples/,
  );
});

it('compares numbers, and what a shadow says', async () => {
  const plain = async (version: string, factor: number): Promise<Servable> => {
    const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })], { name: 'm' });
    await net.setWeights({ 'y/kernel': tensor([[factor], [0]]), 'y/bias': tensor([1000]) });
    return await openServable(await net.toBytes(), { name: 'm', version });
  };
  const own = await watched([await plain('2', 2), await plain('1', 1)]);
  const rule: TrafficRule = {
    model: 'm',
    routes: [{ version: '2', weight: 1 }, { version: '1', weight: 0 }], // biome-ignore format: one line
    shadow: { version: '1' },
    rollback: { drift: { outputs: 0.1, minRows: 100 } },
  };
  await own.plane.traffic.set({ model: 'm', routes: [{ version: '1', weight: 1 }] }, by);
  await own.plane.traffic.set(rule, by);
  const next = normals(3);
  for (let i = 0; i < 60 && own.changes.length < 3; i++) {
    await ask(own, 1, () => rowsOf(next, 20));
    await expect.poll(() => own.plane.traffic.report('m').shadow?.compared ?? i + 1, { timeout: 20_000 }).toBeGreaterThan(i);
  }
  expect(own.changes[2]!.why).toMatch(/its output 'y' has moved from what the other versions say .* KS 0\.\d{3}/);
  expect(own.changes[2]!.rule?.routes).toEqual([{ version: '1', weight: 1 }]);
});

it('does not mind a version that is surer of the same', async () => {
  const own = await watched([await trained('2', 5), await trained('1', 1)]);
  await own.plane.traffic.set(canary({ outputs: 0.1, minRows: 200 }), by);
  const next = normals(6);
  await ask(own, 100, () => rowsOf(next, 20));
  expect(own.changes).toHaveLength(1);
});

it('is not moved by noise: twenty canaries that are the same as what was there', async () => {
  const versions = [await trained('2', 1), await trained('1', 1)];
  for (let seed = 0; seed < 20; seed++) {
    const own = await watched(versions);
    await own.plane.traffic.set(canary({ inputs: 0.1, outputs: 0.1, minRows: 100 }), by);
    const next = normals(100 + seed);
    await ask(own, 60, () => rowsOf(next, 20));
    expect([seed, own.changes.slice(1).map(({ why }) => why)]).toEqual([seed, []]);
  }
}, 120_000);

it('forgives what has passed: looks in a row have to say the same', async () => {
  let now = 0;
  const own = await watched([await trained('2', 1), await trained('1', 1)], {
    drift: { rowsPerSecond: Number.POSITIVE_INFINITY, windowMs: 12_000, now: () => now },
  });
  await own.plane.traffic.set(canary({ inputs: 0.25, minRows: 200 }), by);
  const next = normals(4);
  const figures = () => own.monitor.report('m').models.find(({ version }) => version === '2')!.rollout!;
  await ask(own, 36, () => rowsOf(next, 20));
  for (let i = 0; i < 40 && figures().looks === 0; i++) await ask(own, 4, () => rowsOf(next, 20, 2));
  expect(figures().looks).toBe(1);
  now = 13_000; // the bad minute has left the window
  await ask(own, 60, () => rowsOf(next, 20));
  expect([figures().looks, own.changes.length]).toEqual([0, 1]);
});

it('goes to the other versions when no rule held before and the bad one is the standard', async () => {
  const own = await watched([await trained('1', 1), await trained('2', -1)]); // the last one is the standard
  await own.plane.traffic.set(canary({ outputs: 0.25, minRows: 100 }), by);
  const next = normals(5);
  await ask(own, 60, () => rowsOf(next, 20, 0.7));
  expect(own.changes[1]).toMatchObject({ kind: 'rollback', rule: { model: 'm', routes: [{ version: '1', weight: 3 }] } });
});

it('refuses what cannot be watched, and says why', async () => {
  const versions = [await trained('2', 1), await trained('1', 1)];
  const alone = new DataPlane(versions);
  expect((await failure(alone.traffic.set(canary({ inputs: 0.25 }), by))).message).toMatch(
    /Drift of the model 'm' is not watched by this server/,
  );
  const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 2, activation: 'softmax', name: 'y' })], {
    name: 'm',
  });
  const untrained = await openServable(await net.toBytes({ labels: ['no', 'yes'] }), { name: 'm', version: '3' });
  const { plane } = await watched([...versions, untrained]);
  const routes = [{ version: '1', weight: 3 }, { version: '3', weight: 1 }]; // biome-ignore format: one line
  const error = await failure(plane.traffic.set({ ...canary({ inputs: 0.25 }), routes }, by));
  expect([error.code, error.message]).toEqual([
    'conflict',
    expect.stringContaining('version 3: its file says nothing of its training'),
  ]);
  await plane.traffic.set({ ...canary({ outputs: 0.25 }), routes }, by);
  for (const bad of [{}, { inputs: 0 }, { inputs: 0.2, minRows: 10 }, { input: 1 }, 1])
    expect((await failure(plane.traffic.set(canary(bad as object), by))).code).toBe('bad-value');
  expect((await failure(plane.traffic.set({ ...canary({ outputs: 1 }), routes: routes.slice(0, 1) }, by))).message).toMatch(
    /another version to compare/,
  );
});

it('refuses versions that the same clients cannot use, unless they are asked by name', async () => {
  const wide = async (version: string, shape: (number | null)[], name = 'x'): Promise<Servable> => {
    const net = sequential([input({ shape: shape as number[], name }), dense({ units: 2, name: 'y' })], { name: 'm' });
    return await openServable(await net.toBytes(), { name: 'm', version });
  };
  const { plane } = await watched([
    await wide('1', [2]),
    await wide('2', [3]),
    await openServable(lookUpModel(), { name: 'm', version: '3' }),
  ]);
  const rule = (weight: number, version = '2', header?: string): TrafficRule => ({
    model: 'm',
    routes: [{ version: '1', weight: 9 }, { version, weight, ...(header !== undefined && { header }) }], // biome-ignore format: one line
  });
  const refused = await failure(plane.traffic.set(rule(1), by));
  expect([refused.code, refused.message]).toEqual([
    'conflict',
    "Version 2 of the model 'm' cannot be asked by the clients of version 1: its input 'x' is float32 [batch, 3] and not float32 [batch, 2]. Give it the weight 0 and a name (4=0:next), so that only clients that ask for it get it; or export it with the same inputs and outputs.",
  ]);
  expect(plane.traffic.rules()).toEqual([]);
  expect((await failure(plane.traffic.set({ ...rule(0), shadow: { version: '3' } }, by))).message).toMatch(
    /cannot be asked what is asked of version 1/,
  );
  await plane.traffic.set(rule(0, '2', 'next'), by);
  // What names the route is read for its version, the rest for the other.
  const of = (row: number[]): Tensor => tensor([row]);
  expect((await plane.compute('m', { x: of([1, 2, 3]) }, { label: 'next' })).servable.version).toBe('2');
  expect((await plane.compute('m', { x: of([1, 2]) })).servable.version).toBe('1');
  expect(plane.servable('m', { label: 'next' }).version).toBe('2');
  expect(plane.servable('m').version).toBe('1');
  const infer = (shape: number[], label?: string) =>
    plane.infer('m', { inputs: [{ name: 'x', shape, datatype: 'FP32', data: new Array(shape[1]).fill(1) }] }, { label });
  expect((await infer([1, 3], 'next')).model_version).toBe('2');
  expect((await failure(infer([1, 3]))).code).toBe('bad-request');
});

it('compares fields of records as they came, whatever the graph is fed', async () => {
  const cities = ['Oslo', 'Rome', 'Bonn', 'Oslo'];
  const records = Array.from({ length: 400 }, (_, i) => ({
    city: cities[i % 4]!,
    age: 20 + (i % 50),
    vip: i % 5 === 0,
    y: i % 2,
  }));
  const prep = await preprocessing({
    features: {
      city: [steps.categories(), steps.oneHot()],
      age: [steps.standardize()],
      vip: [steps.categories(), steps.oneHot()],
    },
    target: { y: [steps.classes()] },
  }).fit(records);
  const net = sequential([prep.input(), dense({ units: 2, activation: 'softmax', name: 'out' })], { name: 'm' });
  net.preprocess(prep);
  net.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
  await net.fit(records, { verbose: 0, batchSize: 100 });
  const own = await watched([await openServable(await net.toBytes(), { name: 'm' })]);
  const levels = () =>
    Object.fromEntries(
      own.monitor
        .report('m')
        .models[0]!.drift.filter(({ of }) => of === 'input')
        .map(({ feature, kind, level, reference, unseen, psi }) => [feature, { kind, level, reference, unseen, psi }]),
    );
  for (let i = 0; i < 400; i += 20) {
    await own.plane.predict('m', records.slice(i, i + 20));
    await own.monitor.settled();
  }
  expect(levels()).toMatchObject({
    city: { kind: 'category', level: 'none', reference: 'training', unseen: 0 },
    age: { kind: 'number', level: 'none', reference: 'training' },
    vip: { kind: 'category', level: 'none', reference: 'training', unseen: 0 },
  });
  // The same as tensors, one for each field.
  const { inputs } = own.plane.servable('m');
  expect(inputs.map(({ name, dtype }) => [name, dtype])).toEqual([['city', 'string'], ['age', 'float32'], ['vip', 'bool']]); // biome-ignore format: a table
  for (let i = 0; i < 400; i += 20) {
    const part = records.slice(i, i + 20);
    await own.plane.compute('m', {
      city: tensor(part.map(({ city }) => city)),
      age: tensor(part.map(({ age }) => [age])).reshape([20]),
      vip: tensor(part.map(({ vip }) => vip)),
    });
    await own.monitor.settled();
  }
  expect(levels()).toMatchObject({
    city: { level: 'none', unseen: 0 },
    age: { level: 'none' },
    vip: { level: 'none', unseen: 0 },
  });
  for (let i = 0; i < 400; i += 20) {
    await own.plane.predict('m', records.slice(i, i + 20).map((record, at) => ({ ...record, city: at % 2 ? 'Paris' : record.city, age: record.age + 40 }))); // biome-ignore format: one line
    await own.monitor.settled();
  }
  expect(levels()).toMatchObject({ city: { level: 'strong' }, age: { level: 'strong' }, vip: { level: 'none' } });
  expect(levels()['city']!.unseen).toBeCloseTo(1 / 6, 5);
});
