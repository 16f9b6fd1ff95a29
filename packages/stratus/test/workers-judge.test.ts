// Versions under a traffic rule are judged by what all workers of a server see together: real processes, of which none sees enough alone.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, input, sequential, tensor } from '@stratus/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerReport } from '../src/monitor/index.ts';
import { registry } from '../src/registry/index.ts';
import { openWorkspace } from '../src/workspace/index.ts';
import { parseExposition } from './exposition.ts';
import { inferBody } from './serving.ts';
import { Connections, call, endFleets, startFleet, until, workersOf } from './worker-fleet.ts';

const cwd = mkdtempSync(join(tmpdir(), 'stratus-workers-judge-'));
const store = join(cwd, 'store.db');

/** y = x * factor. */
async function times(factor: number): Promise<Uint8Array> {
  const net = sequential([input({ shape: [1], name: 'x' }), dense({ units: 1, name: 'y' })], { name: 'times' });
  await net.setWeights({ 'y/kernel': tensor([[factor]]), 'y/bias': tensor([0]) });
  return await net.toBytes();
}

beforeAll(async () => {
  const workspace = await openWorkspace({ store, folder: cwd });
  for (const factor of [1, 3]) await registry(workspace).register('net', await times(factor));
  await registry(workspace).promote('net:1', 'production');
  await workspace.close();
}, 120_000);
afterAll(async () => {
  await endFleets();
  rmSync(cwd, { recursive: true, force: true });
});

interface Change {
  readonly kind: string;
  readonly why: string;
}

describe.skipIf(process.platform === 'win32')('three workers judge as one', () => {
  it('by times, by failures, by drift, told once; one that is killed meanwhile takes nothing with it', async () => {
    const { server, url } = await startFleet(['serve', '--store', store, '--workers', '3'], { cwd });
    const clients = new Connections(6);
    await until(async () => (await clients.all(`${url}/v2/health/ready`)).every(({ status }) => status === 200));
    const path = `${url}/api/v1/projects/default/models/net/traffic`;
    const headers = { 'content-type': 'application/json' };
    const set = async (rollback: object): Promise<void> => {
      const routes = [{ version: '1', weight: 1 }, { version: '2', weight: 1 }]; // biome-ignore format: one line
      expect((await call(path, { method: 'PUT', headers, body: JSON.stringify({ routes, rollback }) })).status).toBe(200);
    };
    const changes = async (): Promise<Change[]> => (JSON.parse((await call(path)).text) as { changes: Change[] }).changes;
    const ask = (rounds: number, more: object = {}, of = clients) =>
      Array.from({ length: rounds }).reduce<Promise<number[]>>(async (before) => {
        const x = Math.sin((await before).length);
        const body = JSON.stringify({ ...(JSON.parse(inferBody([x], [1, 1])) as object), ...more });
        const answers = await of.all(`${url}/v2/models/net/infer`, { method: 'POST', body });
        return [...(await before), ...answers.map(({ status }) => status)];
      }, Promise.resolve([]));
    const rolledBack = async (count: number): Promise<string> => {
      await until(async () => (await changes()).filter(({ kind }) => kind === 'rollback').length >= count);
      await call(path, { method: 'DELETE' });
      const all = await changes();
      expect(all.filter(({ kind }) => kind === 'rollback')).toHaveLength(count);
      return all.find(({ kind }) => kind === 'rollback')!.why;
    };

    // Each worker answers a third of these: 20 of version 2, where 40 are needed.
    await set({ p99Ms: 1e-6, minRequests: 40 });
    await ask(10);
    expect((await changes())[0]!.kind).toBe('set'); // 30 of version 2 by all
    await ask(10);
    expect(await rolledBack(1)).toMatch(/^Version 2: of its last (40|60) requests 1 % took \d+\.\d ms or more, and 0\.000001 ms/);

    // What was seen under a rule before counts no more. A worker that is killed has told of its requests.
    await set({ errorRate: 0.3, minRequests: 40 });
    const late = { parameters: { timeout: 1 } };
    const answered = await ask(6, late);
    expect(new Set(answered)).toEqual(new Set([504]));
    expect(await failed()).toBe(18); // all have told of theirs
    const [victim] = await workersOf(url);
    process.kill(victim!.pid, 'SIGKILL');
    await until(async () => {
      const now = await workersOf(url).catch(() => []);
      return now.length === 3 && now.every(({ pid, state }) => pid !== victim!.pid && state === 'ready');
    });
    clients.close();
    const others = new Connections(6);
    expect((await changes())[0]!.kind).toBe('set');
    await ask(9, late, others);
    expect(await rolledBack(2)).toMatch(/^Version 2: \d\d of its last 4\d requests failed, and at most 30\.0 % may\.$/);

    // Version 2 says three times as much. 100 of its samples are needed.
    await set({ drift: { outputs: 0.25, minRows: 100 } });
    // How often it is looked depends on how much is told at a time: until it was often enough.
    for (let round = 0; (await changes())[0]!.kind === 'set'; round++) {
      await ask(3, {}, others);
      if (round === 5) {
        const { models } = await report();
        const { rollout } = models.find(({ version }) => version === '2')!;
        expect(rollout).toMatchObject({ rows: 54, minRows: 100, looks: 0 });
      }
    }
    expect(await rolledBack(3)).toMatch(
      /^Version 2: its output 'y' has moved from what the other versions say \(\d{3} samples\): PSI \d\.\d+, KS 0\.\d+ with p < 0\.0001, of \d{3} samples, at 3 looks/,
    );
    const { rollbacks } = await report();
    expect(rollbacks).toHaveLength(3); // webhooks are told as often
    others.close();
    server.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);

    async function report(): Promise<ServerReport> {
      return JSON.parse((await call(`${url}/v2/monitor`)).text) as ServerReport;
    }
    async function failed(): Promise<number> {
      const { samples } = parseExposition((await call(`${url}/metrics`)).text).get('stratus_requests_total')!;
      return samples.filter(({ labels }) => labels['version'] === '2' && labels['code'] === 'deadline')[0]!.value;
    }
  }, 120_000);
});
