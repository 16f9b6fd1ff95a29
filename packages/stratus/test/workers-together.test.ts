// Several real processes that answer as one: what they count, which models they have, what happens when one is killed.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerReport } from '../src/monitor/index.ts';
import { events } from './cli-process.ts';
import { parseExposition } from './exposition.ts';
import { GrpcClient } from './grpc-client.ts';
import { inferBody, smallBytes } from './serving.ts';
import { Connections, call, endFleets, startFleet, until, workersOf } from './worker-fleet.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-together-'));
const models = join(folder, 'models');
beforeAll(async () => {
  mkdirSync(models);
  for (const name of ['m', 'n']) writeFileSync(join(models, `${name}.onnx`), await smallBytes());
});
afterAll(async () => {
  await endFleets();
  rmSync(folder, { recursive: true });
});

const body = inferBody([1, 2, 3], [1, 3]);
const infer = { method: 'POST', body } as const;

/** The sum of a metric over its labels. */
const counted = (page: string, name: string): number => {
  const family = [...parseExposition(page)].find(([own]) => name.startsWith(own));
  return family![1].samples.filter((sample) => sample.name === name).reduce((sum, { value }) => sum + value, 0);
};

describe.skipIf(process.platform === 'win32')('several workers are one server', () => {
  it('counts for all, whoever is asked: metrics, statistics, drift, labels, alerts', async () => {
    const told: { status: string; rule: string }[] = [];
    const hook = createServer((request, response) => {
      let text = '';
      request.on('data', (part) => (text += String(part)));
      request.on('end', () => {
        told.push(JSON.parse(text) as (typeof told)[number]);
        response.end();
      });
    });
    await new Promise<void>((resolve) => void hook.listen(0, '127.0.0.1', resolve));
    const alerts = join(folder, 'alerts.json');
    const rule = { name: 'busy', metric: 'requestsPerSecond', above: 0.01, model: 'm', minimum: 1 };
    const webhooks = [{ url: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/` }];
    writeFileSync(alerts, JSON.stringify({ rules: [rule], webhooks }));
    const capture = join(folder, 'kept');
    const more = ['--workers', '3', '--grpc-port', '0', '--alerts', alerts, '--capture', capture];
    const { server, url, grpc } = await startFleet(['deploy', models, ...more]);

    const clients = new Connections(6);
    const answered = [];
    for (let round = 0; round < 20; round++) answered.push(...(await clients.all(`${url}/v2/models/m/infer`, infer)));
    expect(new Set(answered.map(({ status }) => status))).toEqual(new Set([200]));
    const rpc = Array.from({ length: 3 }, () => new GrpcClient(grpc!, { 'grpc.use_local_subchannel_pool': 1 }));
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 3], contents: { fp32_contents: [1, 2, 3] } }];
    for (const client of rpc)
      expect(await client.ask('ModelInfer', { model_name: 'm', inputs })).toMatchObject({ model_name: 'm' });

    // Every worker is asked, and all say the same.
    for (const { text } of await clients.all(`${url}/metrics`)) {
      expect(counted(text, 'stratus_requests_total')).toBe(123);
      expect(counted(text, 'stratus_request_duration_seconds_count')).toBe(123);
      expect(counted(text, 'stratus_workers')).toBe(3);
      expect(counted(text, 'process_resident_memory_bytes')).toBeGreaterThan(100e6);
    }
    for (const { text } of await clients.all(`${url}/v2/models/m/stats`))
      expect(JSON.parse(text)).toMatchObject({ model_stats: [{ name: 'm', inference_count: 123 }] });
    for (const client of rpc)
      expect((await client.ask('ModelStatistics', { name: 'm' })).model_stats[0].inference_count).toBe('123');
    for (const { text } of await clients.all(`${url}/v2/monitor`)) {
      const m = (JSON.parse(text) as ServerReport).models.find(({ model }) => model === 'm')!;
      expect([m.traffic.requests, m.traffic.rows, m.waiting]).toEqual([123, 123, 0]);
      expect(m.drift.map(({ feature }) => feature)).toContain('x[0]');
      // A bounded share of the samples is looked at; those that were are counted once.
      expect(m.drift.find(({ feature }) => feature === 'x[2]')!.referenceCount).toBeGreaterThan(0);
    }

    // A label may be told to another worker than the one that has answered; twice it counts once.
    const ids = answered.map(({ headers }) => headers['x-request-id'] as string);
    expect(new Set(ids).size).toBe(120);
    const labels = ids.slice(0, 30).map((id) => ({ request_id: id, label: 'owl' }));
    const told1 = await clients.all(`${url}/v2/models/m/feedback`, { method: 'POST', body: JSON.stringify({ labels }) });
    expect(told1.map(({ text }) => (JSON.parse(text) as { accepted: number }).accepted).sort()).toEqual([0, 0, 0, 0, 0, 30]);
    const wrong = await call(`${url}/v2/models/m/feedback`, {
      method: 'POST',
      body: JSON.stringify({ request_id: ids[40], label: 'zebra' }),
    });
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('zebra')]);
    const { text: report } = await call(`${url}/v2/models/m/monitor`);
    expect((JSON.parse(report) as ServerReport).models[0]!.accuracy).toEqual({ labels: 30, accuracy: 1 });

    await until(() => told.length > 0); // rules are looked at every ten seconds, once for all
    expect(told).toMatchObject([{ status: 'firing', rule: 'busy' }]);
    clients.close();
    for (const client of rpc) client.client.close();
    server.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
    expect(told.filter(({ status }) => status === 'firing')).toHaveLength(1);
    hook.close();
    const { readdirSync, readFileSync } = await import('node:fs');
    const kept = readdirSync(capture).map((name) => readFileSync(join(capture, name), 'utf8').trim().split('\n').length);
    expect([kept.length, kept.reduce((sum, n) => sum + n, 0)]).toEqual([3, 123]);
  }, 300_000);

  it('loads and puts away models in all before it answers, and in workers that start later', async () => {
    const { server, url, grpc } = await startFleet(['deploy', models, '--workers', '3', '--grpc-port', '0']);
    const clients = new Connections(6);
    const statuses = async (): Promise<number[]> =>
      [...new Set((await clients.all(`${url}/v2/models/n/infer`, infer)).map(({ status }) => status))].sort();
    expect(await statuses()).toEqual([200]);
    expect((await call(`${url}/v2/repository/models/n/unload`, { method: 'POST' })).status).toBe(200);
    expect(await statuses()).toEqual([404]);
    const [victim] = await workersOf(url);
    process.kill(victim!.pid, 'SIGKILL');
    await until(async () => {
      const now = await workersOf(url).catch(() => []);
      return now.length === 3 && now.every(({ pid, state }) => pid !== victim!.pid && state === 'ready');
    });
    clients.close();
    const others = new Connections(9);
    expect((await others.all(`${url}/v2/models/n/infer`, infer)).map(({ status }) => status)).toEqual(Array(9).fill(404));
    const rpc = new GrpcClient(grpc!);
    await rpc.ask('RepositoryModelLoad', { model_name: 'n' });
    rpc.client.close();
    expect((await others.all(`${url}/v2/models/n/infer`, infer)).map(({ status }) => status)).toEqual(Array(9).fill(200));
    const unknown = await call(`${url}/v2/repository/models/none/load`, { method: 'POST' });
    expect([unknown.status, unknown.text]).toEqual([404, expect.stringContaining("'none'")]);
    others.close();
    server.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  }, 300_000);

  it('counts never go backwards when workers are killed under load, and requests of others are answered', async () => {
    const { server, url } = await startFleet(['deploy', models, '--workers', '2']);
    let isOver = false;
    const counts = { answered: 0, lost: 0 };
    const clients = Array.from({ length: 6 }, async () => {
      while (!isOver && counts.answered < 20_000)
        await call(`${url}/v2/models/m/infer`, infer).then(
          ({ status }) => status === 200 && counts.answered++,
          () => counts.lost++,
        );
    });
    const seen = { requests: 0, cpu: 0, ends: 0 };
    const scrape = async (): Promise<void> => {
      const { text } = await call(`${url}/metrics`);
      const now = {
        requests: counted(text, 'stratus_requests_total'),
        cpu: counted(text, 'process_cpu_seconds_total'),
        ends: counted(text, 'stratus_worker_ends_total'),
      };
      for (const name of ['requests', 'cpu', 'ends'] as const) expect(now[name]).toBeGreaterThanOrEqual(seen[name]);
      Object.assign(seen, now);
    };
    for (let round = 0; round < 3; round++) {
      const goal = counts.answered + 60;
      await until(() => counts.answered >= goal);
      await scrape();
      const [victim] = (await workersOf(url)).filter(({ state }) => state === 'ready');
      process.kill(victim!.pid, 'SIGKILL');
      await until(async () => {
        await scrape().catch((e: unknown) => {
          if (!/socket|ECONN/.test(String(e))) throw e; // it may have come to the one that was killed
        });
        const now = await workersOf(url).catch(() => []);
        return now.length === 2 && now.every(({ pid, state }) => pid !== victim!.pid && state === 'ready');
      });
    }
    isOver = true;
    await Promise.all(clients);
    await scrape();
    expect(seen.ends).toBe(3);
    expect(counts.lost).toBeLessThanOrEqual(3 * 7); // what each of the three was answering, and a scrape
    expect(seen.requests).toBeLessThanOrEqual(counts.answered + counts.lost);
    server.kill('SIGTERM');
    const { code, stdout } = await server.ended;
    expect(code).toBe(0);
    expect(events(stdout).filter(({ type }) => type === 'worker-ended')).toHaveLength(3);
  }, 300_000);

  it('tries ever more slowly to replace a worker whose model is gone, and the others answer meanwhile', async () => {
    const own = join(folder, 'own.onnx');
    writeFileSync(own, await smallBytes());
    const { server, url } = await startFleet(['deploy', own, '--workers', '2', '--name', 'm']);
    const [victim, other] = await workersOf(url);
    rmSync(own);
    process.kill(victim!.pid, 'SIGKILL');
    for (let ends = 1; ends <= 4; ends++) {
      await server.until(new RegExp('"worker-ended"[^]*?'.repeat(ends)));
      expect((await call(`${url}/v2/models/m/infer`, infer)).status).toBe(200);
    }
    writeFileSync(own, await smallBytes());
    await until(async () => {
      const now = await workersOf(url);
      return now.length === 2 && now.every(({ state }) => state === 'ready');
    });
    expect((await workersOf(url)).map(({ pid }) => pid)).toContain(other!.pid);
    server.kill('SIGTERM');
    const { code, stdout } = await server.ended;
    expect(code).toBe(0);
    const pauses = events(stdout).flatMap(({ type, againInMs }) => (type === 'worker-ended' ? [againInMs as number] : []));
    // The first had been well, maybe for long; each of the others ended at its start.
    const [first, ...failed] = pauses.slice(0, 4);
    expect(failed).toEqual([1, 2, 4].map((times) => times * Math.max(100, 2 * first!)));
  }, 300_000);
});
