import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, input, sequential, tensor } from '@stratus/core';
import { afterAll, expect, it } from 'vitest';
import { registry } from '../src/registry/index.ts';
import { ServedModels } from '../src/served-models.ts';
import { openWorkspace } from '../src/workspace/index.ts';
import { testServer } from './api-harness.ts';
import { withExternalData } from './external-data.ts';
import { inferBody, smallBytes } from './serving.ts';

/** y = x * factor. */
async function times(factor: number): Promise<Uint8Array> {
  const net = sequential([input({ shape: [1], name: 'x' }), dense({ units: 1, name: 'y' })], { name: 'times' });
  await net.setWeights({ 'y/kernel': tensor([[factor]]), 'y/bias': tensor([0]) });
  return await net.toBytes();
}

const folder = mkdtempSync(join(tmpdir(), 'stratus-served-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('says clearly that it cannot serve a model with files of its own, and goes on with the version before', async () => {
  const workspace = await openWorkspace({ folder });
  const models = registry(workspace);
  await models.register('net', new Uint8Array(await smallBytes()));
  const server = await testServer({ folder, blobs: workspace.blobs.address });
  const version = async (): Promise<string | undefined> => {
    const body = inferBody([1, 2, 3], [1, 3]);
    const response = await fetch(`${server.url}/v2/models/net/infer`, { method: 'POST', body });
    return response.ok ? ((await response.json()) as { model_version: string }).model_version : undefined;
  };
  await expect.poll(version, { timeout: 20_000 }).toBe('1');
  await models.register('net', withExternalData(folder));
  await models.promote('net:2', 'production');
  await expect.poll(() => server.reported.length, { timeout: 20_000 }).toBe(1);
  const { message, cause } = server.reported[0] as Error;
  expect(message).toBe("Version 2 of the model 'net' cannot be served");
  expect((cause as Error).message).toContain('takes its weights from other files');
  expect(await version()).toBe('1');
  await server.end();
  await workspace.close();
});

it('follows the traffic rules of the store, and writes down what it rolls back', async () => {
  const own = mkdtempSync(join(tmpdir(), 'stratus-routed-'));
  const workspace = await openWorkspace({ folder: own });
  const models = registry(workspace);
  for (const factor of [1, 2, 3]) await models.register('net', await times(factor));
  await models.promote('net:1', 'production');
  const reported: unknown[] = [];
  const report = (e: unknown): void => void reported.push(e);
  const one = new ServedModels(workspace, { report, lookMs: 1e6 });
  const other = new ServedModels(workspace, { report, lookMs: 1e6 });
  const look = () => Promise.all([one.look(), other.look()]);
  const asked = async ({ plane }: ServedModels, n = 4): Promise<string> => {
    const versions: string[] = [];
    for (let i = 0; i < n; i++) versions.push((await plane.compute('net', { x: tensor([[1]]) })).servable.version);
    return versions.sort().join('');
  };
  await look();
  expect([one.isLoaded, await asked(one), await asked(other)]).toEqual([true, '1111', '1111']);

  const { traffic } = workspace.store;
  await traffic.append('net', { rule: { model: 'net', routes: [{ version: '1', weight: 3 }, { version: '2', weight: 1 }] }, by: 'ann', why: 'a canary' }); // biome-ignore format: one line
  await look();
  expect([reported, await asked(one), await asked(other)]).toEqual([[], '1112', '1112']);

  const rollback = { p99Ms: 1e-6, minRequests: 1 };
  await one.plane.traffic.set({ model: 'net', routes: [{ version: '3', weight: 1 }], rollback }, { by: 'bob' });
  for (let i = 0; i < 20; i++) await asked(one, 1);
  expect(await asked(one)).toBe('1112');
  await look(); // which waits until it is written down
  const history = await traffic.history('net');
  expect(history.map(({ number, kind, by }) => [number, kind, by])).toEqual([
    [3, 'rollback', 'stratus'],
    [2, 'set', 'bob'],
    [1, 'set', 'ann'],
  ]);
  expect(history[0]!.why).toMatch(/^Version 3: of its last 20 requests 1 % took/);
  expect(await asked(other)).toBe('1112');

  await traffic.append('net', { rule: { model: 'net', routes: [{ version: '9', weight: 1 }] } });
  await look();
  await look();
  expect([await asked(one), await asked(other), reported.length]).toEqual(['1112', '1112', 2]);
  expect((reported[0] as Error).message).toBe("The traffic rule 4 of the model 'net' cannot hold");
  await traffic.append('net', { rule: null, why: 'enough' });
  await models.promote('net:2', 'production');
  await look();
  expect([await asked(one), await asked(other)]).toEqual(['2222', '2222']);
  await Promise.all([one.release(), other.release()]);
  await workspace.close();
  rmSync(own, { recursive: true, force: true });
});
