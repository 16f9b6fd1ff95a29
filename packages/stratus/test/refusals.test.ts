// Requests that no model was asked for are counted: real servers over HTTP and gRPC, with what clients may send.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { type Deployment, type DeployOptions, deploy } from '../src/deploy.ts';
import { createKey } from '../src/keys/index.ts';
import { prometheusMetrics } from '../src/monitor/index.ts';
import { parseExposition } from './exposition.ts';
import { GrpcClient } from './grpc-client.ts';
import { inferBody, smallBytes } from './serving.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-refusals-'));
afterAll(() => rmSync(folder, { recursive: true }));
const running: Deployment[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});
const start = async (options: DeployOptions = {}): Promise<Deployment> => {
  const server = await deploy(await smallBytes(), { port: 0, name: 'm', stopOn: [], report: () => {}, ...options });
  running.push(server);
  return server;
};

const body = inferBody([1, 2, 3], [1, 3]);
const post = async ({ url }: Deployment, path: string, content: string | Uint8Array = body, headers = {}): Promise<number> => {
  const response = await fetch(url + path, { method: 'POST', body: content as string, headers });
  await response.arrayBuffer();
  return response.status;
};

/** How often, by `protocol code status model`; and how many requests were counted of models. */
async function counted(
  { url }: Deployment,
  headers = {},
): Promise<{ refused: Record<string, number>; asked: Record<string, number> }> {
  const families = parseExposition(await (await fetch(`${url}/metrics`, { headers })).text());
  const of = (name: string, keys: readonly string[]): Record<string, number> =>
    Object.fromEntries(
      (families.get(name)?.samples ?? []).map(({ labels, value }) => [
        keys
          .map((key) => labels[key])
          .join(' ')
          .trim(),
        value,
      ]),
    );
  return {
    refused: of('stratus_refused_requests_total', ['protocol', 'code', 'status', 'model']),
    asked: of('stratus_requests_total', ['protocol', 'code']),
  };
}

it('counts what never reached a model, by protocol, code and status; no name of a client becomes a label', async () => {
  const server = await start({ bodyLimitBytes: 10_000 });
  const infer = '/v2/models/m/infer';
  expect(await post(server, infer)).toBe(200);
  expect(await post(server, infer, '{')).toBe(400);
  expect(await post(server, infer, JSON.stringify({ inputs: [] }))).toBe(400);
  expect(await post(server, infer, inferBody([1], [1, 1]))).toBe(400);
  for (let i = 0; i < 100; i++) expect(await post(server, `/v2/models/nobody-${i}/infer`)).toBe(404);
  expect(await post(server, '/v2/models/m/versions/77/infer')).toBe(404);
  expect(await post(server, infer, 'x'.repeat(20_000))).toBe(413);
  expect(await post(server, '/v1/models/m:predict', '{}')).toBe(400);
  expect(await post(server, '/no/such/path')).toBe(404);
  expect((await fetch(server.url + infer)).status).toBe(405);
  const { refused, asked } = await counted(server);
  expect(asked).toEqual({ 'oip-http ok': 1 });
  expect(refused).toEqual({
    'oip-http bad-request 400 m': 3,
    'oip-http model-not-found 404': 100,
    'oip-http model-not-found 404 m': 1,
    'oip-http too-large 413 m': 1,
    'tf-serving bad-request 400 m': 1,
    'http no-path 404': 1,
    'oip-http no-method 405': 1,
  });
  const { refused: lately } = (await (await fetch(`${server.url}/v2/monitor`)).json()) as { refused: object };
  expect(lately).toMatchObject({
    requests: 108,
    codes: { 'model-not-found': 101, 'bad-request': 4, 'too-large': 1, 'no-path': 1, 'no-method': 1 },
  });
});

it('are logged with the status that the client got', async () => {
  const lines: string[] = [];
  const server = await start({ monitor: { log: 'json', writeLog: (text) => lines.push(...text.trim().split('\n')) } });
  expect(await post(server, '/v2/models/m/infer')).toBe(200);
  expect(await post(server, '/v2/models/m/infer', '{')).toBe(400);
  expect(await post(server, '/v2/models/nobody/infer')).toBe(404);
  expect((await fetch(`${server.url}/v2/models/m/infer`)).status).toBe(405);
  expect((await fetch(`${server.url}/nothing`)).status).toBe(404);
  await vi.waitFor(() => expect(lines).toHaveLength(5));
  expect(lines.map((line) => (JSON.parse(line) as { status: number }).status)).toEqual([200, 400, 404, 405, 404]);
});

it('counts a request that reached a model once, also where it failed there', async () => {
  const server = await start();
  const content = inferBody([1, 2, 3], [1, 3], { parameters: { timeout: 1 } }); // a microsecond
  expect(await post(server, '/v2/models/m/infer', content)).toBe(504);
  const { refused, asked } = await counted(server);
  expect([refused, asked]).toEqual([{}, { 'oip-http deadline': 1 }]);
});

it('counts keys that are refused, and shares that are used up', async () => {
  const keys = join(folder, 'keys.json');
  const { secret } = await createKey(keys, { name: 'web', perMinute: 5, models: ['m'] });
  const { secret: watcher } = await createKey(keys, { name: 'watcher', manage: true });
  const server = await start({ keys });
  const authorization = `Bearer ${secret}`;
  expect(await post(server, '/v2/models/m/infer')).toBe(401);
  expect(await post(server, '/v2/models/m/infer', body, { authorization: 'Bearer sk_no' })).toBe(401);
  expect(await post(server, '/v2/models/other/infer', body, { authorization })).toBe(403);
  const statuses: number[] = [];
  for (let i = 0; i < 8; i++) statuses.push(await post(server, '/v2/models/m/infer', body, { authorization }));
  const turned = statuses.filter((status) => status === 429).length;
  expect(turned).toBeGreaterThan(0);
  const { refused } = await counted(server, { authorization: `Bearer ${watcher}` });
  expect(refused).toEqual({ 'http not-authorized 401': 2, 'http forbidden 403': 1, 'http too-many-requests 429': turned });
});

it('counts what never became a request, by reason: no HTTP, too large a head, too late', async () => {
  const server = await start({ headersTimeoutMs: 300 });
  const say = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes));
      let got = '';
      socket.setEncoding('latin1').on('data', (part: string) => {
        got += part;
      });
      socket.on('error', reject).on('close', () => resolve(got.slice(9, 12)));
    });
  const get = 'GET /v2 HTTP/1.1\r\nHost: x\r\n';
  expect(await say('no-such-thing-as-a-client\r\n\r\n')).toBe('400');
  expect(
    await say(`POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`),
  ).toBe('400');
  expect(await say(`${get}X-Long: ${'a'.repeat(20_000)}\r\n\r\n`)).toBe('431');
  expect(await say(`${get}${'a: b\r\n'.repeat(600)}Connection: close\r\n\r\n`)).toBe('431');
  expect(await say(`${get}Expect: tea\r\nConnection: close\r\n\r\n`)).toBe('417');
  const chunk = `5;${'x'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`;
  expect(await say(`POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`)).toBe('413');
  expect(await say('')).toBe('408'); // says nothing at all
  expect(await say(get)).toBe('408'); // does not end its head
  expect(await say(`${get}\r\nGARBAGE\r\n\r\n`)).toBe(''); // behind a request that is not answered yet
  const { refused, asked } = await counted(server);
  expect(asked).toEqual({});
  expect(refused).toEqual({
    'http not-http 400': 2,
    'http head-too-large 431': 1,
    'http too-many-headers 431': 1,
    'http expectation 417': 1,
    'http too-late 408': 2,
    'http not-http closed': 1,
    'oip-http aborted 503 m': 1, // its head was in order: the chunk that was not
  });
  const { refused: lately } = (await (await fetch(`${server.url}/v2/monitor`)).json()) as { refused: object };
  expect(lately).toMatchObject({ requests: 9, codes: { 'not-http': 3, 'too-late': 2, 'head-too-large': 1 } });
});

it('counts no client that merely leaves, nor one that was answered and says no more', async () => {
  const server = await start();
  const leave = (bytes: string, how: 'end' | 'resetAndDestroy'): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes, () => socket[how]()));
      socket.resume().on('error', () => {}).on('close', () => resolve()); // biome-ignore format: one line
    });
  for (const bytes of ['', 'GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n'])
    for (const how of ['end', 'resetAndDestroy'] as const) await leave(bytes, how);
  await leave('GET /v2 HTTP/1.1\r\nHost:', 'resetAndDestroy');
  expect((await counted(server)).refused).toEqual({});
});

it('counts calls of gRPC that never reached a model', async () => {
  const keys = join(folder, 'grpc.json');
  const { secret } = await createKey(keys, { name: 'a' });
  const server = await start({ grpcPort: 0, keys, bodyLimitBytes: 10_000 });
  const client = new GrpcClient(server.grpc!);
  const metadata = { authorization: `Bearer ${secret}` };
  const input = (values: number[]) => ({
    name: 'x',
    datatype: 'FP32',
    shape: [1, values.length],
    contents: { fp32_contents: values },
  });
  const code = (request: object, more: object = { metadata }): Promise<number> =>
    client.ask('ModelInfer', request, more).then(() => 0, (e: { code: number }) => e.code); // biome-ignore format: one line
  expect(await code({ model_name: 'm', inputs: [input([1, 2, 3])] })).toBe(0);
  expect(await code({ model_name: 'm', inputs: [input([1])] })).toBe(3);
  expect(await code({ model_name: 'nobody', inputs: [] })).toBe(5);
  expect(await code({ model_name: 'm', inputs: [] }, {})).toBe(16);
  expect(await code({ model_name: 'm', inputs: [input(new Array<number>(5000).fill(1))] })).toBe(8);
  client.client.close();
  const { refused, asked } = await counted(server, metadata);
  expect(asked).toEqual({ 'oip-grpc ok': 1 });
  expect(refused).toEqual({
    'oip-grpc bad-request INVALID_ARGUMENT m': 1,
    'oip-grpc model-not-found NOT_FOUND': 1,
    'grpc not-authorized UNAUTHENTICATED': 1,
    'grpc too-large RESOURCE_EXHAUSTED': 1,
  });
});

it('never has more labels than a limit, whoever tells it', async () => {
  const metrics = await prometheusMetrics();
  for (let i = 0; i < 5000; i++) metrics.observer.refused!({ protocol: `p${i}`, code: `c${i}`, status: `s${i}`, model: `m${i}` });
  const families = parseExposition(await metrics.text());
  const { samples } = families.get('stratus_refused_requests_total')!;
  expect(samples.reduce((n, { value }) => n + value, 0)).toBe(5000);
  expect(samples.length).toBeLessThanOrEqual(501);
  metrics.close();
});
