// Servers that have nothing in common but the registry: what is switched there reaches all of them, and no request fails.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, input, sequential, tensor } from '@stratus/core';
import { afterAll, describe, expect, it } from 'vitest';
import { deploy } from '../src/deploy.ts';
import { registry } from '../src/registry/index.ts';
import { openWorkspace } from '../src/workspace/index.ts';
import { type Running, start } from './cli-process.ts';
import { type PostgresServer, postgresPrograms, startPostgres } from './postgres-server.ts';
import { roundRobin } from './round-robin.ts';
import { failure, inferBody } from './serving.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-deploy-registry-'));
const running: Running[] = [];
let postgres: PostgresServer | undefined;
afterAll(() => {
  for (const one of running) one.kill('SIGKILL');
  postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** y = x * factor. */
async function times(factor: number): Promise<Uint8Array> {
  const net = sequential([input({ shape: [1], name: 'x' }), dense({ units: 1, name: 'y' })], { name: 'times' });
  await net.setWeights({ 'y/kernel': tensor([[factor]]), 'y/bias': tensor([0]) });
  return await net.toBytes();
}

/** The version that answered, having checked its answer; what went wrong else. */
async function versionAt(url: string, name = 'times'): Promise<string> {
  try {
    const response = await fetch(`${url}/v2/models/${name}/infer`, { method: 'POST', body: inferBody([5], [1, 1]) });
    const { model_version: version, outputs } = (await response.json()) as {
      model_version?: string;
      outputs?: readonly [{ readonly data: readonly number[] }];
    };
    if (version === undefined) return `status ${response.status}`;
    return outputs?.[0].data[0] === 5 * Number(version) ? version : `${version} said ${outputs?.[0].data[0]}`;
  } catch (e) {
    return String(e);
  }
}
const long = { timeout: 60_000 };

describe.skipIf(postgresPrograms === undefined)(
  'two processes behind a balancer (initdb of the Debian package postgresql)',
  () => {
    it('follow one registry: alias and traffic rule reach both, no request fails, and none when the store is gone', async () => {
      postgres = await startPostgres();
      const store = `postgres://reader:${encodeURIComponent(postgres.password)}@127.0.0.1:${postgres.port}/postgres`;
      const blobs = join(folder, 'blobs');
      const workspace = await openWorkspace({ store, blobs, folder });
      const models = registry(workspace);
      for (const factor of [1, 2, 3]) await models.register('times', await times(factor));
      await models.promote('times:1', 'production');

      const env = { STRATUS_STORE: store, STRATUS_BLOBS: blobs };
      const servers = [1, 2].map(() => start(['deploy', 'times@production', '--port', '0', '--json'], { cwd: folder, env }));
      running.push(...servers);
      const urls = await Promise.all(servers.map(async (server) => (await server.until(/"url":"([^"]+)"/))[1]!));
      const balancer = await roundRobin(urls);
      const seen = new Map<string, number>();
      let isOver = false;
      const clients = [1, 2].map(async () => {
        while (!isOver) {
          const version = await versionAt(balancer.url);
          seen.set(version, (seen.get(version) ?? 0) + 1);
        }
      });
      const each = (): Promise<string[]> => Promise.all(urls.map((url) => versionAt(url)));
      await expect.poll(() => seen.get('1') ?? 0, long).toBeGreaterThan(10);

      await models.promote('times:2', 'production');
      await expect.poll(each, long).toEqual(['2', '2']);
      await workspace.store.traffic.append('times', {
        rule: { model: 'times', routes: [{ version: '3', weight: 1 }] },
        by: 'ann',
      });
      await expect.poll(each, long).toEqual(['3', '3']);
      await workspace.store.traffic.append('times', { rule: null, by: 'ann' });
      await expect.poll(each, long).toEqual(['2', '2']);

      await workspace.close();
      await postgres.crash('immediate');
      const before = seen.get('2')!;
      await expect.poll(() => Promise.all(servers.map(({ arrivals }) => Promise.resolve(arrivals.length > 0))), long).toEqual([true, true]); // biome-ignore format: one line
      await expect.poll(() => seen.get('2')!, long).toBeGreaterThan(before + 10);
      expect((await fetch(`${urls[0]}/v2/health/ready`)).status).toBe(200);
      await postgres.restart();
      const again = await openWorkspace({ store, blobs, folder });
      await registry(again).promote('times:3', 'production');
      await expect.poll(each, long).toEqual(['3', '3']);
      await again.close();

      isOver = true;
      await Promise.all(clients);
      expect([...seen.keys()].sort()).toEqual(['1', '2', '3']); // nothing but answers, each the right one
      await balancer.stop();
      for (const server of servers) server.kill('SIGTERM');
      for (const { code } of await Promise.all(servers.map(({ ended }) => ended))) expect(code).toBe(0);
    }, 240_000);
  },
);

describe('a model of a registry', () => {
  it('is served by its name there or another one, and what is rolled back is written down under its own', async () => {
    const own = { store: join(folder, 'own', 'store.db') };
    const workspace = await openWorkspace(own);
    const models = registry(workspace);
    for (const factor of [1, 2]) await models.register('times', await times(factor));
    await models.register('other', await times(9));
    await models.promote('times:1', 'production');
    const server = await deploy('times@production', { registry: own, name: 'digits', port: 0, stopOn: [], lookMs: 20 });
    expect([server.name, await versionAt(server.url, 'digits'), await versionAt(server.url, 'other')]).toEqual(['digits', '1', 'status 404']); // biome-ignore format: one line
    const rollback = { p99Ms: 1e-6, minRequests: 1 };
    const { traffic } = workspace.store;
    await traffic.append('times', { rule: { model: 'times', routes: [{ version: '1', weight: 1 }] }, by: 'ann' });
    await traffic.append('times', { rule: { model: 'times', routes: [{ version: '2', weight: 1 }], rollback }, by: 'ann' });
    await traffic.append('other', { rule: { model: 'other', routes: [{ version: '1', weight: 1 }] }, by: 'ann' });
    const history = async (): Promise<unknown> => {
      await versionAt(server.url, 'digits');
      return (await traffic.history('times')).map(({ number, kind }) => [number, kind]);
    };
    await expect.poll(history, long).toEqual([
      [3, 'rollback'],
      [2, 'set'],
      [1, 'set'],
    ]);
    expect(await versionAt(server.url, 'digits')).toBe('1');
    await server.stop();
    await workspace.close();
  }, 120_000);

  it('that is not there is told at the start', async () => {
    const own = { store: join(folder, 'none', 'store.db') };
    const workspace = await openWorkspace(own);
    await registry(workspace).register('times', await times(1));
    const opening = (reference: string) => failure(deploy(reference, { registry: own, port: 0, stopOn: [] }));
    expect(await opening('tims@production')).toMatchObject({ code: 'unknown-name', message: expect.stringContaining("'times'") as string }); // biome-ignore format: one line
    expect(await opening('times@production')).toMatchObject({ code: 'unknown-name' });
    expect(await opening('ti mes')).toMatchObject({ code: 'bad-value' });
    await workspace.close();
  });
});
