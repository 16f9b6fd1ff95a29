import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect } from '../src/client/index.ts';
import { isLoopback } from '../src/keys/index.ts';
import { openStore } from '../src/store/index.ts';
import { type TestServer, testServer } from './api-harness.ts';
import { failure } from './store-contract.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ origins: ['https://dashboard.example'] });
}, 60_000);
afterAll(async () => await server?.end());

const get = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}): Promise<Response> =>
  fetch(server.url + path, { ...init, headers });
const json = { 'content-type': 'application/json' };
const runs = '/api/v1/projects/default/runs';

it('knows the addresses of this machine', () => {
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]']) expect(isLoopback(host)).toBe(true);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'localhost.example', '127.0.0.1.example', '', '1127.0.0.1'])
    expect(isLoopback(host)).toBe(false);
});

it('refuses to listen to other machines without a token', async () => {
  const e = await failure(testServer({ host: '0.0.0.0' }));
  expect(e).toMatchObject({ code: 'usage' });
  expect(e.message).toContain('stratus tokens create');
});

it('is open to programs of this machine, and not to pages of other sites', async () => {
  expect((await get('/api/v1/me')).status).toBe(200);
  // Node's fetch sets Host itself, so a name that was bound anew is asked for over a socket.
  const { request } = await import('node:http');
  const ask = (headers: Record<string, string>) =>
    new Promise<number>((resolve, reject) => {
      request({ host: '127.0.0.1', port: server.port, path: '/api/v1/me', headers }, (r) => resolve(r.resume().statusCode!))
        .on('error', reject)
        .end();
    });
  expect(await ask({ host: `localhost:${server.port}` })).toBe(200);
  expect(await ask({ host: `evil.example:${server.port}` })).toBe(403);
  expect(await ask({ host: `127.0.0.1:${server.port}`, origin: `http://127.0.0.1:${server.port}` })).toBe(200);
  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1', 'file://'])
    expect(await ask({ host: `127.0.0.1:${server.port}`, origin })).toBe(403);
  for (const path of ['/v2', '/v2/models', '/']) expect((await get(path, { origin: 'https://evil.example' })).status).toBe(403);
  // Nor is every user of this machine the one who started the server.
  for (const [path, body] of [
    ['', '{"command":["true"],"cwd":"/"}'],
    ['/x/retry', undefined],
  ] as const) {
    const response = await get(`/api/v1/projects/default/jobs${path}`, json, { method: 'POST', ...(body && { body }) });
    expect([response.status, await response.json()]).toMatchObject([403, { detail: expect.stringContaining('without a token') }]);
  }
  expect(await (await get('/api/v1/projects/default/jobs')).json()).toEqual({ jobs: [] });
  // What a form can send without asking first is no JSON.
  const form = await get(runs, { 'content-type': 'text/plain' }, { method: 'POST', body: '{"key":"forged"}' });
  expect(form.status).toBe(415);
});

it('lets the sites ask that it was told of', async () => {
  const preflight = (origin: string) =>
    get(
      runs,
      { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
      { method: 'OPTIONS' },
    );
  const allowed = await preflight('https://dashboard.example');
  expect(allowed.headers.get('access-control-allow-origin')).toBe('https://dashboard.example');
  expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
});

it('says what is wrong with a request, part by part', async () => {
  const said = async (body: unknown, path = runs, method = 'POST') => {
    const response = await get(path, json, { method, body: typeof body === 'string' ? body : JSON.stringify(body) });
    return { status: response.status, ...((await response.json()) as { detail: string; problems?: { at: string }[] }) };
  };
  expect(await said({ kye: 'a' })).toMatchObject({ status: 400, detail: expect.stringContaining("Did you mean 'key'?") });
  expect((await said({ key: '../x' })).problems![0]!.at).toBe('key');
  expect(await said('{"key":')).toMatchObject({ status: 400, detail: expect.stringContaining('is not JSON') });
  expect((await said({ notes: 'a\0' })).detail).toContain('the character 0');
  expect((await said('{"notes":"\\ud800"}')).detail).toContain('surrogate');
  expect((await said({ points: [{ name: 'x', step: 0.5, value: 1 }] }, `${runs}/a/metrics`)).problems![0]!.at).toBe(
    'points[0].step',
  );
  expect(await said(`{"code":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).toMatchObject({ status: 400 });
  expect((await get(`${runs}?limit=0`)).status).toBe(400);
  expect((await get(`${runs}?limit=1001`)).status).toBe(400);
  expect(await (await get(`${runs}?limt=5`)).json()).toMatchObject({ detail: expect.stringContaining("Did you mean 'limit'?") });
  expect((await get(`${runs}?limit=5&limit=6`)).status).toBe(400);
  const method = await get(`${runs}/a`, {}, { method: 'PUT' });
  expect([method.status, method.headers.get('allow')]).toEqual([405, 'GET, PATCH, DELETE, HEAD']);
  expect((await get('/api/v1/nothing')).status).toBe(404);
  const large = await get(runs, json, { method: 'POST', body: JSON.stringify({ notes: 'x'.repeat(17 * 2 ** 20) }) });
  expect(large.status).toBe(413);
});

it('has its description and a page', async () => {
  const document = (await (await get('/api/openapi.json')).json()) as {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  expect(document.openapi).toBe('3.1.0');
  expect(document.paths['/api/v1/projects/{project}/runs/{run}']!['get']!.operationId).toBe('getRun');
  const page = await (await get('/api')).text();
  for (const path of Object.keys(document.paths)) expect(page).toContain(path.replace('/api/v1', ''));
});

it('tells a client nothing of an error of its own but a number that stands in the log', async () => {
  const { default: Sqlite } = await import('libsql');
  const broken = await testServer();
  const database = new Sqlite(broken.store);
  database.exec('ALTER TABLE series RENAME TO elsewhere');
  const response = await fetch(`${broken.url}${runs}`);
  const text = await response.text();
  const { requestId, detail } = JSON.parse(text) as { requestId: string; detail: string };
  database.exec('ALTER TABLE elsewhere RENAME TO series');
  await fetch(`${broken.url}/api/v1/projects/default/runs`, { method: 'POST', headers: json, body: '{}' });
  database.exec('ALTER TABLE series RENAME TO elsewhere');
  const failing = await fetch(`${broken.url}${runs}`);
  expect(failing.status).toBe(503);
  expect(await failing.text()).not.toMatch(/series|sqlite|\/tmp/i);
  expect(String((broken.reported.at(-1) as Error).message)).toContain('Request ');
  expect([requestId, detail].every((part) => part === undefined || typeof part === 'string')).toBe(true);
  database.close();
  await broken.end();
});

it('asks again what does no harm twice, when the server is away for a moment', async () => {
  let failures = 2;
  const methods: string[] = [];
  const shaky: typeof fetch = async (...args) => {
    methods.push(args[1]?.method ?? 'GET');
    const response = await fetch(...args);
    if (failures-- > 0) throw new TypeError('fetch failed', { cause: new Error('the network is gone') });
    return response;
  };
  const client = connect({ url: server.url, fetch: shaky });
  const run = await client.runs.create(); // its first answers are lost, and it is there once
  expect((await client.runs.list()).runs.filter(({ key }) => key === run.key).length).toBe(1);
  failures = 1;
  expect((await client.runs.get(run.key)).key).toBe(run.key);
  failures = 1;
  methods.length = 0;
  await client.metrics.append(run.key, [{ name: 'x', step: 0, value: 1 }]);
  expect(methods).toEqual(['POST', 'POST']); // the first answer was lost, and its points are there once
  expect((await client.metrics.history(run.key, 'x')).length).toBe(1);
  failures = 2;
  const steps = Array.from({ length: 8 }, (_, step) => step);
  await Promise.all(steps.map((step) => client.metrics.append(run.key, [{ name: 'y', step, value: step }])));
  expect((await client.metrics.history(run.key, 'y')).map(({ step }) => step)).toEqual(steps);
  failures = 2; // one call fails for good, and those after it go on
  const hasty = connect({ url: server.url, fetch: shaky, retries: 1 });
  const [first, ...others] = await Promise.allSettled(
    steps.slice(0, 3).map((step) => hasty.metrics.append(run.key, [{ name: 'z', step, value: 0 }])),
  );
  expect([first!.status, others.at(-1)!.status]).toEqual(['rejected', 'fulfilled']);
  failures = 1;
  methods.length = 0;
  expect((await failure(client.logs.append(run.key, 'stdout', 'x'))).code).toBe('request-failed');
  expect(methods).toEqual(['POST']); // it would be there twice
  const gone = await testServer();
  await gone.end();
  const nobody = await failure(connect({ url: gone.url, retries: 0 }).me());
  expect(nobody.message).toContain('ECONNREFUSED');
  expect(() => connect({ url: 'ftp://x' })).toThrow("got 'ftp://x'");
});

it('closes when somebody makes the first token, and stays closed', async () => {
  const store = await openStore(server.store);
  const { secret, info } = await store.tokens.create({ name: 'a', role: 'admin', allProjects: true });
  expect((await get('/api/v1/me')).status).toBe(401);
  expect((await get('/api/v1/me', { authorization: `Bearer ${secret}` })).status).toBe(200);
  for (const authorization of [
    'Basic YTpi',
    'Bearer',
    'Bearer st_x',
    `Bearer ${secret.slice(0, -1)}`,
    `bearer  ${secret}x`,
    secret,
  ])
    expect((await get('/api/v1/me', { authorization })).status).toBe(401);
  await store.tokens.revoke(info.key, { all: true });
  expect((await get('/api/v1/me')).status).toBe(401);
  await store.close();
});
