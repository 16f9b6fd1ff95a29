// Labels that come to a server which did not answer, as behind a balancer: the servers of one registry pass them on. Real processes, which share nothing else.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, input, sequential, tensor } from '@stratus/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerReport } from '../src/monitor/index.ts';
import { registry } from '../src/registry/index.ts';
import { openWorkspace } from '../src/workspace/index.ts';
import { inferBody } from './serving.ts';
import { call, endFleets, startFleet, until } from './worker-fleet.ts';

const cwd = mkdtempSync(join(tmpdir(), 'stratus-labels-'));
const store = join(cwd, 'store.db');

beforeAll(async () => {
  const workspace = await openWorkspace({ store, folder: cwd });
  const net = sequential([input({ shape: [1], name: 'x' }), dense({ units: 1, name: 'y' })], { name: 'twice' });
  await net.setWeights({ 'y/kernel': tensor([[2]]), 'y/bias': tensor([0]) });
  await registry(workspace).register('net', await net.toBytes());
  await registry(workspace).promote('net:1', 'production');
  await workspace.close();
}, 120_000);
afterAll(async () => {
  await endFleets();
  rmSync(cwd, { recursive: true, force: true });
});

const post = (url: string, content: object) =>
  call(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) });
const ask = async (server: string, name: string, x: number, id: string): Promise<void> => {
  const headers = { 'content-type': 'application/json', 'x-request-id': id };
  const answer = await call(`${server}/v2/models/${name}/infer`, { method: 'POST', headers, body: inferBody([x], [1, 1]) });
  expect([answer.status, answer.headers['x-request-id']]).toEqual([200, id]);
};
const reportOf = async (server: string): Promise<ServerReport> =>
  JSON.parse((await call(`${server}/v2/monitor`)).text) as ServerReport;
const accuracyOf = async (server: string) => (await reportOf(server)).models[0]?.accuracy;

describe.skipIf(process.platform === 'win32')('labels find the server that has answered', () => {
  it('whichever gets them, each counted once, under the name that it has there', async () => {
    const options = ['--store', store];
    const [a, b] = await Promise.all([
      startFleet(['deploy', 'net@production', '--name', 'doubled', '--workers', '2', ...options], { cwd }),
      startFleet(['serve', ...options], { cwd }),
    ]);
    await until(async () => (await call(`${b.url}/v2/health/ready`)).status === 200);
    for (let i = 1; i <= 4; i++) await ask(a.url, 'doubled', i, `a${i}`);
    await ask(b.url, 'net', 5, 'b5');

    // 2, 4, 6 and 8 were said; b knows none of them, but one of its own.
    const labels = [1, 2, 3, 4].map((i) => ({ request_id: `a${i}`, label: 2 * i + 1 }));
    const first = await post(`${b.url}/v2/models/net/feedback`, { labels: [...labels, { request_id: 'b5', label: 10 }] });
    expect([first.status, JSON.parse(first.text)]).toEqual([200, { accepted: 1, unknown: [], passed: ['a1', 'a2', 'a3', 'a4'] }]);
    await until(async () => (await accuracyOf(a.url))?.labels === 4);
    expect(await accuracyOf(a.url)).toMatchObject({ labels: 4, meanAbsoluteError: 1 });
    expect(await accuracyOf(b.url)).toMatchObject({ labels: 1, meanAbsoluteError: 0 });

    // The other way; what nobody has answered waits, and does not hold up what comes behind it.
    await ask(b.url, 'net', 6, 'b6');
    const second = await post(`${a.url}/v2/models/doubled/feedback`, {
      labels: [
        { request_id: 'nobody', label: 1 },
        { request_id: 'b6', label: 10 },
      ],
    });
    expect([second.status, JSON.parse(second.text)]).toEqual([202, { accepted: 0, unknown: [], passed: ['nobody', 'b6'] }]);
    await until(async () => (await accuracyOf(b.url))?.labels === 2);
    expect(await accuracyOf(b.url)).toMatchObject({ labels: 2, meanAbsoluteError: 1 });

    // One that does not fit its answer is told of where that is known, and those behind it count.
    await ask(b.url, 'net', 7, 'b7');
    expect((await post(`${b.url}/v2/models/net/feedback`, { request_id: 'b7', label: 'owl' })).status).toBe(400);
    await post(`${a.url}/v2/models/doubled/feedback`, { request_id: 'b7', label: 'owl' });
    await post(`${a.url}/v2/models/doubled/feedback`, { request_id: 'b7', label: 14 });
    await until(async () => (await accuracyOf(b.url))?.labels === 3);
    const workspace = await openWorkspace({ store, folder: cwd });
    expect((await workspace.store.passedLabels.waiting(0)).map(({ requestId }) => requestId)).toEqual(['nobody']);
    await workspace.close();
    expect(await accuracyOf(a.url)).toMatchObject({ labels: 4 });
    for (const { server } of [a, b]) server.kill('SIGTERM');
    expect([(await a.server.ended).code, (await b.server.ended).code]).toEqual([0, 0]);
    expect((await b.server.ended).stderr).toContain('b7');
  }, 120_000);
});
