// A server that is watched: labels, alerts, logs, captured requests, traces, and what is asked about them.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preprocessing, steps, tensor } from '@stratus/core';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { serverView } from '../src/cli/monitor-view.ts';
import { type Alert, Alerts } from '../src/monitor/alerts/alerts.ts';
import { signatureHeader, Webhook } from '../src/monitor/alerts/webhook.ts';
import { Capture } from '../src/monitor/capture/capture.ts';
import {
  checkRules,
  Feedback,
  joinObservers,
  loadedModels,
  type Monitor,
  type MonitorOptions,
  monitored,
  monitorPaths,
  RecentTraffic,
  startMonitor,
  verifyWebhook,
} from '../src/monitor/index.ts';
import { colorsFor } from '../src/progress/index.ts';
import { DataPlane, openServable, serveApp } from '../src/serve/index.ts';
import { parseExposition } from './exposition.ts';
import { inferBody, labels, smallBytes } from './serving.ts';

const answered = { model: 'm', version: '1', protocol: 'oip-http', rows: 1, code: 'ok', queueMs: 1, runMs: 2, totalMs: 4 };

const open: { close(): unknown }[] = [];
const folders: string[] = [];
const folderOf = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-monitor-'));
  folders.push(folder);
  return folder;
};
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface Watched {
  readonly monitor: Monitor;
  readonly call: (
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<{ status: number; body: never; headers: Headers }>;
}

async function watched(options: MonitorOptions = {}): Promise<Watched> {
  const monitor = await startMonitor(() => loadedModels(plane), { drift: { minimumRows: 5 }, ...options });
  open.push(monitor);
  const plane = new DataPlane([await openServable(await smallBytes(), { name: 'm' })], { observer: monitor.observer });
  const app = serveApp(plane, { report: () => {}, besides: monitorPaths(monitor) });
  const fetch = monitored(monitor, (request) => app.fetch(request));
  return {
    monitor,
    async call(path, body, headers = {}) {
      const init = body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
      const response = await fetch(new Request(`http://localhost${path}`, { ...init, headers }));
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      return { status: response.status, body: (isJson ? JSON.parse(text) : text) as never, headers: response.headers };
    },
  };
}

const infer = (call: Watched['call'], row: readonly number[], headers?: Record<string, string>) =>
  call('/v2/models/m/infer', inferBody(row, [1, 3]), headers);

describe('a watched server', () => {
  it('tells of traffic, drift and labels what came in', async () => {
    const { call, monitor } = await watched();
    for (let i = 0; i < 8; i++) {
      const { status, headers } = await infer(call, [i, 1, 2], { 'x-request-id': `r-${i}` });
      expect([status, headers.get('x-request-id')]).toEqual([200, `r-${i}`]);
    }
    monitor.observer.request({ ...answered, code: 'busy' });
    // y = [x + 0.5, 2, 6]: the first is the best from x = 6 on.
    const labelled = Array.from({ length: 8 }, (_, i) => ({ request_id: `r-${i}`, label: i === 0 ? 'dog' : 'owl' }));
    expect(await call('/v2/models/m/feedback', { labels: labelled })).toMatchObject({
      status: 200,
      body: { accepted: 8, unknown: [] },
    });
    await monitor.settled();
    const { status, body } = await call('/v2/models/m/monitor');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      models: [
        {
          model: 'm',
          version: '1',
          traffic: { requests: 9, errors: 1, codes: { busy: 1 } },
          accuracy: { labels: 8, accuracy: 5 / 8 },
        },
      ],
    });
    const { models } = body as { models: { drift: { feature: string }[]; traffic: { p50: number; p99: number } }[] };
    expect(models[0]!.drift.map(({ feature }) => feature)).toEqual(['x[0]', 'x[1]', 'x[2]', 'y class', 'y score']);
    expect(models[0]!.traffic.p50).toBeGreaterThan(0);
    expect((await call('/v2/monitor')).body).toMatchObject({ models: [{ model: 'm' }] });
    const families = parseExposition((await call('/metrics')).body as string);
    expect(families.get('stratus_requests_total')!.samples.map(({ value }) => value)).toEqual([8, 1]);
    expect(families.get('stratus_live_accuracy_ratio')!.samples[0]!.value).toBe(5 / 8);
    const text = serverView(monitor.report(), { url: 'http://x', colors: colorsFor({ write: () => true }) });
    expect(text).toContain('62.50 % right of 8 labels');
    expect(text).toContain('1 error (11.1 %): busy 1');
  });

  it.each([{}, { metrics: false }] as const)('says on its pages what it can be asked: %o', async (options) => {
    const { call } = await watched(options);
    await infer(call, [1, 2, 3], {});
    const { paths } = (await call('/openapi.json')).body as {
      paths: Record<string, { get?: object; post?: { requestBody: { content: Record<string, { schema: object }> } } }>;
    };
    const own = ['/v2/models/{model}/feedback', '/v2/models/{model}/monitor', '/v2/monitor', '/metrics'];
    const known = 'metrics' in options ? own.slice(0, -1) : own;
    expect(Object.keys(paths).filter((path) => own.includes(path))).toEqual(known);
    expect(paths[own[0]!]!.post!.requestBody.content['application/json']!.schema).toHaveProperty('oneOf');
    const [page, { body: list }] = [String((await call('/docs')).body), await call('/')];
    for (const path of known) expect(page).toContain(`</b> ${path}<`);
    expect((list as { paths: string[] }).paths.filter((path) => own.some((one) => path.endsWith(one)))).toHaveLength(
      known.length,
    );
    for (const path of known.slice(1)) expect((await call(path.replace('{model}', 'm'))).status).toBe(200);
  });

  it('says what is wrong with what it is asked', async () => {
    const { call } = await watched({ metrics: false });
    await infer(call, [1, 2, 3], { 'x-request-id': 'r' });
    const status = async (body: unknown, path = '/v2/models/m/feedback') => (await call(path, body)).status;
    expect(await status({ request_id: 'r', label: 'wolf' })).toBe(400);
    expect(await status({ request_id: 'r', label: 1.5 })).toBe(400);
    expect(await status({ request_id: 'r', label: [1, 2] })).toBe(400);
    expect(await status({ request_id: 'r' })).toBe(400);
    expect(await status({ request_id: '', label: 1 })).toBe(400);
    expect(await status([1])).toBe(400);
    expect(await status('{')).toBe(400);
    expect(await status('null')).toBe(400);
    expect(await status({ labels: Array.from({ length: 10_001 }, () => ({ request_id: 'r', label: 1 })) })).toBe(400);
    expect(await status('x'.repeat(5 * 2 ** 20))).toBe(413);
    expect(await status({ request_id: 'never', label: 1 })).toBe(404);
    expect(await status({ request_id: 'r', label: 1 }, '/v2/models/n/feedback')).toBe(404);
    expect((await call('/v2/models/m/feedback')).status).toBe(405);
    expect((await call('/v2/models/n/monitor')).status).toBe(404);
    expect((await call('/metrics')).status).toBe(404); // left out
    expect(await call('/v2/models/m/feedback', { request_id: 'r', label: labels[2] })).toMatchObject({ body: { accepted: 1 } });
    expect(await call('/v2/models/m/feedback', { request_id: 'r', label: labels[0] })).toMatchObject({
      body: { accepted: 0, already: ['r'], unknown: [] },
    });
  });

  it('gives requests an id that is safe to write', async () => {
    const { call } = await watched();
    const idOf = async (given: string) => (await infer(call, [1, 2, 3], { 'x-request-id': given })).headers.get('x-request-id');
    expect(await idOf('abc-1.2:3')).toBe('abc-1.2:3');
    for (const bad of ['a b', '"', 'x'.repeat(129)]) expect(await idOf(bad)).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('writes a line for each request', async () => {
    const lines: string[] = [];
    const { call } = await watched({ log: 'json', writeLog: (text) => lines.push(...text.trim().split('\n')) });
    await infer(call, [1, 2, 3], { 'x-request-id': 'one' });
    await call('/v2/models/none/infer', inferBody([1], [1, 1]));
    await vi.waitFor(() => expect(lines).toHaveLength(2));
    const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(first).toMatchObject({
      level: 'info',
      message: 'request',
      requestId: 'one',
      method: 'POST',
      path: '/v2/models/m/infer',
      status: 200,
      model: 'm',
      version: '1',
      protocol: expect.any(String) as unknown,
      rows: 1,
      code: 'ok',
      ms: expect.any(Number) as unknown,
    });
    expect(Number.isNaN(Date.parse(first!['time'] as string))).toBe(false);
    expect(second).toMatchObject({ level: 'warn', status: 404, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown });
    expect(second).not.toHaveProperty('model');
    const plain: string[] = [];
    const { call: other } = await watched({ log: 'text', writeLog: (text) => plain.push(text) });
    await other('/v2/%1b[31m%0aFAKE');
    await infer(other, [1, 2, 3]);
    await vi.waitFor(() => expect(plain.join('')).toContain('m:1'));
    expect(plain.join('').trim().split('\n')).toHaveLength(2);
    expect(plain.join('')).not.toContain('\u001b');
  });

  it('keeps none of its observers from the others', () => {
    const errors: unknown[] = [];
    const seen: string[] = [];
    const joined = joinObservers(
      [
        {
          request() {
            throw new Error('broken');
          },
        },
        { request: ({ model }) => void seen.push(model) },
      ],
      (e) => errors.push(e),
    );
    for (let i = 0; i < 50; i++) joined.request(answered);
    expect([seen.length, errors.length]).toEqual([50, 10]);
  });
});

describe('traffic', () => {
  it('is of the last minute, and quantiles are near', () => {
    let now = 0;
    const traffic = new RecentTraffic({ now: () => now });
    for (let i = 1; i <= 1000; i++) traffic.request({ ...answered, totalMs: i / 10, rows: 2 });
    traffic.request({ ...answered, code: 'busy' });
    traffic.batch({ model: 'm', version: '1', requests: 3, rows: 6, runMs: 1, closedBy: 'idle' });
    now = 30_000;
    const figures = traffic.figures('m', '1');
    expect(figures).toMatchObject({
      requests: 1001,
      rows: 2001,
      errors: 1,
      codes: { busy: 1 },
      batches: 1,
      batchRows: 6,
      closedBy: { idle: 1 },
    });
    expect(figures.perSecond).toBeCloseTo(1001 / 30, 6);
    for (const [got, want] of [
      [figures.p50, 50],
      [figures.p90, 90],
      [figures.p99, 99],
    ] as const)
      expect(Math.abs(got! / want - 1)).toBeLessThan(0.04);
    now = 61_000;
    expect(traffic.figures('m', '1')).toMatchObject({ requests: 0, errors: 0, p50: undefined, batchRows: undefined });
  });
});

describe('labels', () => {
  const record = (requestId: string, rows = 1) => ({ ...answered, requestId, rows });

  it('of numbers are errors; ids are bounded', () => {
    const feedback = new Feedback(() => undefined, { most: 3 });
    for (let i = 0; i < 5; i++) feedback.answered(record(`r${i}`, 2), {}, { y: tensor([[i], [i + 1]]) });
    expect(
      feedback.take('m', [
        { requestId: 'r0', label: [0, 0] },
        { requestId: 'r4', label: [4, 7] },
      ]),
    ).toEqual({ accepted: 2, already: [], unknown: ['r0'] });
    expect(feedback.accuracy('m', '1')).toEqual({ labels: 2, meanAbsoluteError: 1, rootMeanSquareError: Math.sqrt(2) });
    expect(feedback.take('other', [{ requestId: 'r4', label: [4, 7] }])).toEqual({ accepted: 0, already: [], unknown: ['r4'] });
  });

  it('count for an hour, and for the version that answered', () => {
    let now = 0;
    const about = (name: string, version: string) => ({ name, version, labels: { y: ['no', 'yes'] } });
    const feedback = new Feedback(about, { now: () => now });
    feedback.answered(record('a'), {}, { y: tensor([[0.7]]) });
    feedback.answered({ ...record('b'), version: '2' }, {}, { y: tensor([[0.7]]) });
    feedback.take('m', [
      { requestId: 'a', label: 'yes' },
      { requestId: 'b', label: 0 },
    ]);
    expect([feedback.accuracy('m', '1').accuracy, feedback.accuracy('m', '2').accuracy]).toEqual([1, 0]);
    for (const label of [2, -1])
      expect(() => feedback.take('m', [{ requestId: 'a', label }])).toThrow('the model knows 2, from 0 to 1');
    now = 3_700_000;
    expect(feedback.accuracy('m', '1')).toEqual({ labels: 0 });
  });
});

describe('alerts', () => {
  const figures = (values: object, requests = 100) => [{ model: 'm', version: '1', values, requests, labels: requests }];

  it('fire once when a rule has held long enough, and end once', () => {
    let now = 0;
    const told: Alert[] = [];
    const alerts = new Alerts([{ name: 'errors', metric: 'errorRate', above: 0.1, forMs: 1000 }], (alert) => told.push(alert), {
      now: () => now,
    });
    const look = (value: number | undefined, at: number, requests = 100) => {
      now = at;
      alerts.look(figures(value === undefined ? {} : { errorRate: value }, requests));
      return told.length;
    };
    expect(look(0.5, 0)).toBe(0);
    expect(look(0.5, 999)).toBe(0);
    expect(look(0.05, 1000)).toBe(0); // it was over in time
    expect(look(0.5, 2000)).toBe(0);
    expect(look(0.5, 3000)).toBe(1);
    expect(alerts.firing).toMatchObject([{ rule: 'errors', model: 'm', version: '1' }]);
    expect(look(0.6, 9000)).toBe(1);
    expect(look(0.1, 10_000)).toBe(2);
    expect(look(0.6, 10_500, 3)).toBe(2); // of three requests nothing is said
    expect(look(undefined, 11_000)).toBe(2);
    expect(told).toMatchObject([
      {
        status: 'firing',
        rule: 'errors',
        model: 'm',
        version: '1',
        metric: 'errorRate',
        value: 0.5,
        limit: 0.1,
        direction: 'above',
      },
      { status: 'resolved', value: 0.1 },
    ]);
    expect(alerts.firing).toEqual([]);
  });

  it('are refused where they make no sense', () => {
    const rule = { name: 'r', metric: 'p99', above: 1 };
    expect(checkRules([rule, { ...rule, name: 's', model: 'm', forMs: 5 }])).toHaveLength(2);
    for (const [bad, message] of [
      [{}, /a list of rules/],
      [[1], /rule 1/],
      [[{ ...rule, metric: 'p98' }], /Did you mean 'p99'/],
      [[{ ...rule, abov: 2 }], /Did you mean 'above'/],
      [[{ ...rule, below: 2 }], /either above or below/],
      [[{ name: 'r', metric: 'p99' }], /either above or below/],
      [[{ ...rule, above: '5' }], /a number/],
      [[{ ...rule, forMs: -1 }], /from 0/],
      [[rule, rule], /no other rule/],
      [[{ ...rule, name: '' }], /no other rule/],
    ] as const)
      expect(() => checkRules(bad)).toThrow(message);
  });
});

interface Received {
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

/** A receiver that answers with these statuses, one after the other, and 200 from then on. */
async function receiver(statuses: number[] = []): Promise<{ url: string; got: Received[]; close(): Promise<unknown> }> {
  const got: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      got.push({ body, headers: request.headers });
      const status = statuses.shift() ?? 200;
      response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:1/secret' } : {}).end('x');
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const close = () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  const own = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=s3cret`, got, close };
  open.push(own);
  return own;
}

describe('webhooks', () => {
  it('come signed, in order, again after failures', async () => {
    const { url, got } = await receiver([500, 429]);
    const webhook = new Webhook({ url, secret: 'open sesame', backoffMs: 1 });
    for (let i = 0; i < 3; i++) webhook.send({ i });
    await webhook.settled();
    expect(got.map(({ body }) => (JSON.parse(body) as { i: number }).i)).toEqual([0, 0, 0, 1, 2]);
    const { body, headers } = got[4]!;
    const signature = headers[signatureHeader] as string;
    expect(verifyWebhook(body, { signature, secret: 'open sesame' })).toBe(true);
    expect(verifyWebhook(`${body} `, { signature, secret: 'open sesame' })).toBe(false);
    expect(verifyWebhook(body, { signature, secret: 'other' })).toBe(false);
    expect(verifyWebhook(body, { signature, secret: 'open sesame', toleranceMs: -1 })).toBe(false);
    expect(verifyWebhook(body, { signature: 'nonsense', secret: 'open sesame' })).toBe(false);
  });

  it('are given up where there is no hope, go nowhere else, and do not tell their address', async () => {
    const errors: Error[] = [];
    const report = (e: unknown) => void errors.push(e as Error);
    const { url, got } = await receiver([400, 302]);
    const webhook = new Webhook({ url, backoffMs: 1, report });
    webhook.send(1);
    webhook.send(2);
    await webhook.settled();
    expect(got).toHaveLength(2);
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('it answered 400'),
      expect.stringContaining('it answered 302'),
    ]);
    expect(errors.join()).not.toContain('s3cret');
    const nobody = new Webhook({ url: 'http://127.0.0.1:9/', backoffMs: 1, attempts: 3, report });
    nobody.send(1);
    await nobody.settled();
    expect(errors[2]!.message).toContain('attempt 3, given up');
    for (const bad of ['file:///etc/passwd', 'gopher://x', 'nothing']) expect(() => new Webhook({ url: bad })).toThrow(/https/);
  });

  it('do not pile up, and end at once when the server does', async () => {
    const errors: unknown[] = [];
    const webhook = new Webhook({ url: 'http://127.0.0.1:9/', backoffMs: 1e9, report: (e) => errors.push(e) });
    for (let i = 0; i < 150; i++) webhook.send(i);
    expect(errors).toHaveLength(50);
    webhook.close();
    await webhook.settled();
  });

  it('tell of a server that fails', async () => {
    const { url, got } = await receiver();
    const { monitor } = await watched({
      alerts: { rules: [{ name: 'too many errors', metric: 'errorRate', above: 0.5, minimum: 5 }], webhooks: [{ url }] },
    });
    for (let i = 0; i < 6; i++) monitor.observer.request({ ...answered, code: 'engine' });
    monitor.look();
    await vi.waitFor(() => expect(got).toHaveLength(1), { timeout: 10_000 });
    expect(JSON.parse(got[0]!.body)).toMatchObject({ status: 'firing', rule: 'too many errors', model: 'm', value: 1 });
    expect(monitor.report().models[0]!.alerts).toMatchObject([{ rule: 'too many errors' }]);
  });
});

describe('capture', () => {
  const linesOf = (folder: string): Record<string, unknown>[] =>
    readdirSync(folder)
      .sort()
      .flatMap((file) => readFileSync(join(folder, file), 'utf8').trim().split('\n'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('writes requests and answers, but not what is to be kept secret', async () => {
    const folder = join(folderOf(), 'new');
    const capture = new Capture({ folder, redact: ['name'] });
    capture.answered(
      { ...answered, requestId: 'r', client: 'key-1' },
      { x: tensor([[1, Number.NaN]]), name: tensor(['Ada']) },
      { y: tensor([2n ** 60n], { dtype: 'int64' }) },
    );
    await capture.close();
    const [line] = linesOf(folder);
    expect(line).toMatchObject({
      requestId: 'r',
      client: 'key-1',
      model: 'm',
      version: '1',
      ms: 4,
      inputs: {
        x: { dtype: 'float32', shape: [1, 2], data: [1, 'NaN'] },
        name: { dtype: 'string', shape: [1], left: 'redacted' },
      },
      outputs: { y: { data: [String(2n ** 60n)] } },
    });
    expect(JSON.stringify(line)).not.toContain('Ada');
    expect(statSync(join(folder, 'requests.jsonl')).mode & 0o077).toBe(0);
  });

  it('writes records as they came, and keeps secret what the graph is fed of a field, whatever that is called', async () => {
    const prep = await preprocessing({ features: { input: { city: [steps.categories()] } } }).fit([
      { city: 'Oslo' },
      { city: 'Rome' },
    ]);
    const { feed } = prep.fields[0]!;
    expect(feed).not.toBe('city');
    const feeds = await prep.feeds([{ city: 'Rome' }]);
    const came = { rows: 1, value: (field: string) => (field === 'city' ? 'Rome' : undefined) };
    for (const redact of [[], ['city']]) {
      const folder = folderOf();
      const capture = new Capture({ folder, redact }, () => ({ name: 'm', version: '1', preprocessing: prep }));
      capture.answered(answered, feeds, {}, came);
      await capture.close();
      const [line] = linesOf(folder);
      if (redact.length === 0)
        expect(line).toMatchObject({ fields: { city: ['Rome'] }, inputs: { [feed]: { data: expect.anything() as unknown } } });
      else expect(line).toMatchObject({ fields: { city: { left: 'redacted' } }, inputs: { [feed]: { left: 'redacted' } } });
    }
  });

  it('takes a share, and keeps its files small and few', async () => {
    const folder = folderOf();
    let at = 0;
    const capture = new Capture({ folder, rate: 0.25, maxBytes: 2000, keep: 2, random: () => (at++ % 4) / 4 });
    for (let i = 0; i < 400; i++) {
      capture.answered({ ...answered, requestId: `r${i}` }, { x: tensor([i]) }, {});
      if (i % 100 === 99) await vi.waitFor(() => expect(capture.counts.written).toBe((i + 1) / 4));
    }
    await capture.close();
    expect(capture.counts).toEqual({ written: 100, dropped: 0 });
    expect(readdirSync(folder).sort()).toEqual(['requests.1.jsonl', 'requests.2.jsonl', 'requests.jsonl']);
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).size).toBeLessThanOrEqual(2000);
    expect(linesOf(folder).at(-1)).toMatchObject({ requestId: 'r396' });
    // Going on: what is there is added to.
    const again = new Capture({ folder, maxBytes: 2000, keep: 1 });
    again.answered({ ...answered, requestId: 'last' }, { x: tensor(Array.from({ length: 900 }, () => 1)) }, {});
    await again.close();
    expect(readdirSync(folder).sort()).toEqual(['requests.1.jsonl', 'requests.jsonl']);
  });

  it('never holds up a request: what the disk does not take is counted', async () => {
    const capture = new Capture({ folder: folderOf() });
    for (let i = 0; i < 1000; i++) capture.answered(answered, { x: tensor([i]) }, {});
    await capture.close();
    expect(capture.counts).toEqual({ written: 256, dropped: 744 });
    const errors: unknown[] = [];
    const broken = new Capture({ folder: '/dev/null/none', report: (e) => errors.push(e) });
    for (let i = 0; i < 5; i++) broken.answered(answered, {}, {});
    await broken.close();
    expect([broken.counts, errors.length]).toEqual([{ written: 0, dropped: 5 }, 1]);
    expect(() => new Capture({ folder: 'x', rate: 2 })).toThrow(/rate/);
  });
});
