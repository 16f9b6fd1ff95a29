// `stratus serve --workers`: several real processes over one store.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, input, sequential, tensor } from '@stratus/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../src/client/index.ts';
import { registry } from '../src/registry/index.ts';
import { openWorkspace } from '../src/workspace/index.ts';
import { events, stratus } from './cli-process.ts';
import { parseExposition } from './exposition.ts';
import { GrpcClient } from './grpc-client.ts';
import { inferBody } from './serving.ts';
import { Connections, call, endFleets, type Fleet, startFleet, until, workersOf } from './worker-fleet.ts';

const cwd = mkdtempSync(join(tmpdir(), 'stratus-server-workers-'));
const store = join(cwd, 'store.db');
let fleet: Fleet;

/** y = x * factor. */
async function times(factor: number): Promise<Uint8Array> {
  const net = sequential([input({ shape: [1], name: 'x' }), dense({ units: 1, name: 'y' })], { name: 'times' });
  await net.setWeights({ 'y/kernel': tensor([[factor]]), 'y/bias': tensor([0]) });
  return await net.toBytes();
}

beforeAll(async () => {
  const workspace = await openWorkspace({ store, folder: cwd });
  const models = registry(workspace);
  for (const factor of [1, 2, 3]) await models.register('net', await times(factor));
  await models.promote('net:1', 'production');
  await workspace.close();
  fleet = await startFleet(['serve', '--store', store, '--workers', '3', '--grpc-port', '0'], { cwd });
}, 120_000);
afterAll(async () => {
  await endFleets();
  rmSync(cwd, { recursive: true, force: true });
});

const infer = { method: 'POST', body: inferBody([1], [1, 1]) } as const;

describe.skipIf(process.platform === 'win32')('stratus serve --workers', () => {
  it('answers for models over HTTP and gRPC with all, and counts for all', async () => {
    const { url, grpc } = fleet;
    const clients = new Connections(6);
    await until(async () => (await clients.all(`${url}/v2/health/ready`)).every(({ status }) => status === 200));
    const answered = await clients.all(`${url}/v2/models/net/infer`, infer);
    expect(answered.map(({ status, text }) => [status, text.includes('"model_version":"1"')])).toEqual(
      Array(6).fill([200, true]),
    );
    const rpc = new GrpcClient(grpc!);
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 1], contents: { fp32_contents: [1] } }];
    expect((await rpc.ask('ModelInfer', { model_name: 'net', inputs })).model_version).toBe('1');
    rpc.client.close();
    for (const { text } of await clients.all(`${url}/metrics`)) {
      const { samples } = parseExposition(text).get('stratus_requests_total')!;
      expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(7);
    }
    for (const { text } of await clients.all(`${url}/v2/models/net/stats`))
      expect(JSON.parse(text)).toMatchObject({ model_stats: [{ version: '1', inference_count: 7 }, {}, {}] });
    expect(await workersOf(url)).toHaveLength(3);
    clients.close();
  }, 120_000);

  it('has traffic rules hold in all when their setter is answered, and rolls back in all', async () => {
    const { url } = fleet;
    const clients = new Connections(6);
    const versions = async (): Promise<string> =>
      (await clients.all(`${url}/v2/models/net/infer`, infer))
        .map(({ text }) => (JSON.parse(text) as { model_version: string }).model_version)
        .join('');
    const path = `${url}/api/v1/projects/default/models/net/traffic`;
    const set = (rule: object) =>
      call(path, { method: 'PUT', body: JSON.stringify(rule), headers: { 'content-type': 'application/json' } });
    for (const version of ['3', '2', '3', '2']) {
      expect((await set({ routes: [{ version, weight: 1 }] })).status).toBe(200);
      expect(await versions()).toBe(version.repeat(6));
    }
    // Every request takes longer than this: the first worker that sees so puts the rule before back, and the others follow.
    await set({ routes: [{ version: '3', weight: 1 }], rollback: { p99Ms: 1e-6, minRequests: 1 } });
    const [agent] = clients.agents;
    const alone = async (): Promise<string> =>
      (JSON.parse((await call(`${url}/v2/models/net/infer`, { ...infer, agent: agent! })).text) as { model_version: string })
        .model_version;
    await until(async () => (await alone()) === '2');
    await until(async () => (await versions()) === '222222');
    const { changes } = JSON.parse((await call(path)).text) as { changes: { kind: string }[] };
    expect(changes.filter(({ kind }) => kind === 'rollback')).toHaveLength(1);
    expect((await call(path, { method: 'DELETE' })).status).toBe(200);
    expect(await versions()).toBe('111111');
    clients.close();
  }, 120_000);

  it('tells what a shadow says otherwise, whichever worker has asked it', async () => {
    const { url } = fleet;
    const path = `${url}/api/v1/projects/default/models/net/traffic`;
    const headers = { 'content-type': 'application/json' };
    const rule = { routes: [{ version: '1', weight: 1 }], shadow: { version: '3' } };
    expect((await call(path, { method: 'PUT', headers, body: JSON.stringify(rule) })).status).toBe(200);
    const clients = new Connections(6);
    const answers = await clients.all(`${url}/v2/models/net/infer`, infer); // 1, and 3 by the shadow
    expect(answers.map(({ text }) => (JSON.parse(text) as { model_version: string }).model_version).join('')).toBe('111111');
    const said = async (): Promise<Record<string, number>> => {
      const page = parseExposition((await call(`${url}/metrics`)).text);
      const samples = page.get('stratus_shadow_requests_total')?.samples ?? [];
      expect(new Set(samples.map(({ labels }) => labels['version'])).size).toBeLessThanOrEqual(1);
      return Object.fromEntries(samples.map(({ labels, value }) => [labels['said']!, value]));
    };
    await until(async () => (await said())['otherwise'] === 6);
    expect(await said()).toEqual({ same: 0, otherwise: 6, failed: 0, dropped: 0 });
    const { stdout } = await stratus(['monitor', 'net', '--url', url, '--once'], { cwd });
    expect(stdout).toMatch(/shadow +6 of 6 answers otherwise, differs by 2 at most/);
    clients.close();
    expect((await call(path, { method: 'DELETE' })).status).toBe(200);
  }, 120_000);

  it('gives requests to a worker that takes the place of another one when it has the models and their rules', async () => {
    const { url } = fleet;
    const path = `${url}/api/v1/projects/default/models/net/traffic`;
    const headers = { 'content-type': 'application/json' };
    await call(path, { method: 'PUT', headers, body: JSON.stringify({ routes: [{ version: '3', weight: 1 }] }) });
    const said = new Set<string>();
    for (let killed = 0; killed < 3; killed++) {
      const { pid } = (await workersOf(url))[0]!;
      process.kill(pid, 'SIGKILL');
      let isReplaced = false;
      // Each request has a connection of its own, so whoever is new gets the next.
      for (let after = 0; after < 10; after += Number(isReplaced)) {
        const { status, text } = await call(`${url}/v2/models/net/infer`, infer).catch(() => ({ status: 0, text: '' }));
        if (status !== 0) said.add(`${status} ${/"model_version":"(\d)"/.exec(text)?.[1]}`); // 0: the one that was killed had it
        const now = await workersOf(url).catch(() => []);
        isReplaced ||= now.length === 3 && now.every((own) => own.state === 'ready' && own.pid !== pid);
      }
    }
    expect([...said]).toEqual(['200 3']);
    expect((await call(path, { method: 'DELETE' })).status).toBe(200);
  }, 120_000);

  it('tells of a run, whichever worker it was told to, and runs a job once', async () => {
    const { url, server } = fleet;
    const client = connect({ url });
    const { key } = await client.runs.create({ name: 'live' });
    // Each listener has a connection, and so all workers have some.
    const listeners = Array.from({ length: 6 }, () => client.events(key)[Symbol.asyncIterator]());
    for (const one of listeners) expect((await one.next()).value).toMatchObject({ type: 'run', run: { name: 'live' } });
    await client.metrics.append(key, [{ name: 'loss', step: 1, value: 0.5 }]);
    for (const one of listeners) {
      let event = (await one.next()).value;
      while (event!.type !== 'metrics') event = (await one.next()).value;
      expect(event).toMatchObject({ points: [{ name: 'loss', value: 0.5 }] });
    }
    await Promise.all(listeners.map((one) => one.return?.()));

    const ran = join(cwd, 'ran.txt');
    writeFileSync(join(cwd, 'job.mjs'), `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(ran)}, 'x');`);
    const submitted = await stratus(['jobs', 'submit', '--store', store, '--', process.execPath, join(cwd, 'job.mjs')], { cwd });
    expect(submitted.code).toBe(0);
    await until(() => existsSync(ran));

    server.kill('SIGTERM');
    const { code, stdout } = await server.ended; // which ends its jobs, too
    expect(readFileSync(ran, 'utf8')).toBe('x');
    const told = events(stdout);
    expect(code).toBe(0);
    expect(told.filter(({ type }) => type === 'worker-ready')).toHaveLength(6);
    expect(told.at(-1)).toEqual({ type: 'stopped' });
  }, 240_000);
});
