// Canaries, shadows, roll-back: which version answers, and what is said of it.
import { dense, input, sequential, tensor } from '@stratus/core';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import {
  checkRule,
  DataPlane,
  openServable,
  type RequestRecord,
  type Servable,
  type TrafficChange,
  type TrafficRule,
} from '../src/serve/index.ts';
import { RouteTurns } from '../src/serve/route-turns.ts';
import { differenceOf } from '../src/serve/shadow-report.ts';
import { VersionHealth } from '../src/serve/version-health.ts';
import { failure, lookUpModel } from './serving.ts';

async function times(factor: number, version = String(factor)): Promise<Servable> {
  const net = sequential([input({ shape: [1], name: 'x' }), dense({ units: 1, name: 'y' })], { name: 'times' });
  await net.setWeights({ 'y/kernel': tensor([[factor]]), 'y/bias': tensor([0]) });
  return await openServable(await net.toBytes(), { name: 'm', version });
}

let [one, two]: readonly Servable[] = [];
beforeAll(async () => {
  [one, two] = [await times(1), await times(2)];
});

const rule = (routes: TrafficRule['routes'], more: Partial<TrafficRule> = {}): TrafficRule => ({ model: 'm', routes, ...more });
const by = { by: 'ann', why: 'a try' };
const ask = (plane: DataPlane, label?: string) => plane.compute('m', { x: tensor([[1]]) }, { label });
const versions = async (plane: DataPlane, n: number, label?: string): Promise<number> => {
  let second = 0;
  for (let i = 0; i < n; i++) if ((await ask(plane, label)).servable.version === '2') second++;
  return second;
};

it('gives each route exactly its share, evenly', () => {
  const weights = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(weights, (list) => {
      const total = list.reduce((a, b) => a + b, 0);
      fc.pre(total > 0);
      const turns = new RouteTurns(list.map((weight, i) => ({ version: String(i), weight })));
      const got = list.map(() => 0);
      for (let round = 1; round <= 3 * total; round++) {
        got[Number(turns.next().version)]!++;
        for (const [i, weight] of list.entries()) expect(Math.abs(got[i]! - (round * weight) / total)).toBeLessThan(list.length);
        if (round % total === 0) expect(got).toEqual(list.map((weight) => (weight * round) / total));
      }
    }),
  );
});

it('sends a part of the requests, and those that ask for it by name, to a canary', async () => {
  const plane = new DataPlane([one!, two!]);
  expect(await versions(plane, 10)).toBe(10); // the last one given
  await plane.traffic.set(rule([{ version: '1', weight: 95 }, { version: '2', weight: 5, header: 'next' }]), by); // biome-ignore format: one line
  expect(await versions(plane, 200)).toBe(10);
  expect(await versions(plane, 5, 'next')).toBe(5);
  expect(await versions(plane, 20, 'unknown')).toBe(1);
  expect((await plane.compute('m', { x: tensor([[1]]) }, { version: '2' })).servable.version).toBe('2');
  expect(plane.traffic.report('m').versions.map(({ version, requests }) => [version, requests])).toEqual([['1', 209], ['2', 17]]); // biome-ignore format: a table
  await plane.traffic.clear('m', by);
  expect(await versions(plane, 10)).toBe(10);
  expect(plane.traffic.history('m').map(({ kind, by, why, rule }) => [kind, by, why, rule?.routes.length])).toEqual([
    ['set', 'ann', 'a try', 2],
    ['set', 'ann', 'a try', undefined],
  ]);
  expect((await failure(plane.traffic.clear('m', by))).code).toBe('conflict');
  expect((await failure(plane.traffic.set(rule([{ version: '9', weight: 1 }]), by))).code).toBe('model-not-found');
});

it('asks a shadow too, and counts what it says otherwise, in nobody’s way', async () => {
  const same = await times(1, '3');
  const infer: Servable['infer'] = async (tensors, options) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return two!.infer(tensors, options);
  };
  const slow = { ...two!, infer };
  const plane = new DataPlane([one!, same, slow]);
  await plane.traffic.set(rule([{ version: '1', weight: 1 }], { shadow: { version: '3' } }), by);
  for (let i = 0; i < 10; i++) await ask(plane);
  await expect.poll(() => plane.traffic.report('m').shadow!.compared).toBe(10);
  expect(plane.traffic.report('m').shadow).toMatchObject({ mismatched: 0, failed: 0, dropped: 0, largestDifference: 0 });
  await plane.traffic.set(rule([{ version: '1', weight: 1 }], { shadow: { version: '2', share: 0.5 } }), by);
  for (let i = 0; i < 10; i++) await ask(plane);
  expect(plane.traffic.report('m').shadow!.compared).toBeLessThan(5); // the answers are there before
  await expect.poll(() => plane.traffic.report('m').shadow!.compared).toBe(5);
  expect(plane.traffic.report('m').shadow).toMatchObject({ mismatched: 5, largestDifference: 1 });
  const broken: Servable = { ...two!, version: '4', infer: () => Promise.reject(new Error('broken')) };
  const other = new DataPlane([broken, one!]);
  await other.traffic.set(rule([{ version: '1', weight: 1 }], { shadow: { version: '4' } }), by);
  expect(Number((await ask(other)).outputs['y']!.data[0])).toBe(1);
  await expect.poll(() => other.traffic.report('m').shadow!.failed).toBe(1);
});

it('puts the rule before back when a version that gets more than before fails', async () => {
  const changes: TrafficChange[] = [];
  const failing: Servable = { ...two!, infer: () => Promise.reject(new Error('broken')) };
  const records: RequestRecord[] = [];
  const plane = new DataPlane([one!, failing], {
    trafficChanged: (c) => void changes.push(c),
    observer: { request: (r) => void records.push(r) },
  });
  await plane.traffic.set(rule([{ version: '1', weight: 1 }]), by);
  const rollback = { errorRate: 0.1, minRequests: 10 };
  await plane.traffic.set(rule([{ version: '1', weight: 1 }, { version: '2', weight: 1 }], { rollback }), by); // biome-ignore format: one line
  for (let i = 0; i < 40; i++) await ask(plane).catch(() => {});
  expect(records.filter(({ code }) => code === 'internal')).toHaveLength(10);
  expect(records.slice(-20).every(({ code, version }) => code === 'ok' && version === '1')).toBe(true);
  expect(changes.map(({ kind, by }) => [kind, by])).toEqual([['set', 'ann'], ['set', 'ann'], ['rollback', 'stratus']]); // biome-ignore format: a table
  expect(changes[2]!.why).toMatch(/Version 2: 10 of its last 10 requests failed, and at most 10.0 % may/);
  expect(changes[2]!.rule).toEqual(rule([{ version: '1', weight: 1 }]));
});

it('does not blame a version for what clients do wrong, nor one that was there before', async () => {
  const lookUp = (version: string) => openServable(lookUpModel(), { name: 'm', version });
  const plane = new DataPlane([await lookUp('1'), await lookUp('2')]);
  const rollback = { errorRate: 0, minRequests: 1 };
  await plane.traffic.set(rule([{ version: '1', weight: 0, header: 'a' }, { version: '2', weight: 1 }], { rollback }), by); // biome-ignore format: one line
  for (let i = 0; i < 5; i++)
    expect((await failure(plane.compute('m', { x: tensor([99], { dtype: 'int64' }) }))).code).toBe('bad-request');
  expect(plane.traffic.history('m')).toHaveLength(1);
});

it('puts the rule before back when a version is too slow', () => {
  const health = new VersionHealth();
  const limits = { p99Ms: 100, minRequests: 50 };
  for (let i = 0; i < 60; i++) health.note(false, 20);
  expect(health.complaint(limits)).toBeUndefined();
  for (let i = 0; i < 20; i++) health.note(false, i === 5 ? 500 : 20);
  expect(health.complaint(limits)).toMatch(/1 % took 500.0 ms/);
  for (let i = 0; i < 2000; i++) health.note(false, 20); // long ago
  expect(health.complaint(limits)).toBeUndefined();
  expect([health.quantileMs(0.5), health.requests]).toEqual([20, 2080]);
});

it('says how far two answers are from each other', () => {
  const y = (values: readonly number[]) => ({ y: tensor(values) });
  expect(differenceOf(y([1, 2]), y([1, 2]), 0)).toEqual({ same: true, largest: 0 });
  expect(differenceOf(y([1, 100]), y([1, 100.005]), 1e-4).same).toBe(true);
  expect(differenceOf(y([1, 2]), y([1, 2.5]), 1e-4)).toEqual({ same: false, largest: 0.5 });
  expect(differenceOf(y([Number.NaN]), y([Number.NaN]), 0).same).toBe(true);
  expect(differenceOf(y([1]), y([Number.NaN]), 1).same).toBe(false);
  expect(differenceOf(y([1]), y([1, 1]), 1).same).toBe(false);
  expect(differenceOf({ y: tensor(['a']) }, { y: tensor(['b']) }, 1)).toEqual({ same: false, largest: 0 });
});

it('refuses rules that make no sense, whatever they are', () => {
  const bad: unknown[] = [
    null,
    rule([]),
    rule([{ version: '1', weight: 0 }]),
    rule([{ version: '1', weight: -1 }]),
    rule([{ version: '1', weight: Number.NaN }]),
    rule([{ version: '1', weight: 1 }, { version: '1', weight: 1 }]), // biome-ignore format: one line
    rule([{ version: '1', weight: 1 }], { shadow: { version: '1', share: 2 } }),
    rule([{ version: '1', weight: 1 }], { rollback: {} }),
    { ...rule([{ version: '1', weight: 1 }]), shadows: 1 },
  ];
  for (const one of bad) expect(() => checkRule(one as TrafficRule), JSON.stringify(one)).toThrow(/traffic rule/);
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      try {
        checkRule(value as never);
      } catch (e) {
        expect((e as { code?: string }).code).toBe('bad-value');
      }
    }),
  );
});
