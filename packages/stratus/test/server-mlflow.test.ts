import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore, type Store } from '../src/store/index.ts';
import { type TestServer, testServer } from './api-harness.ts';

let server: TestServer;
let store: Store;
beforeAll(async () => {
  server = await testServer({ uploadLimitBytes: 1000, origins: ['https://dashboard.example'] });
  store = await openStore(server.store);
}, 60_000);
afterAll(async () => {
  await store?.close();
  await server?.end();
});

interface Answer {
  readonly status: number;
  readonly said: Record<string, unknown>;
}

/** Over a socket: fetch would set Host and leave Origin out. */
const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: string | Uint8Array): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port: server.port, method, path, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        const text = Buffer.concat(parts).toString();
        resolve({ status: answer.statusCode!, said: text.startsWith('{') ? JSON.parse(text) : { text } });
      });
    });
    asking.on('error', reject);
    asking.end(body);
  });
const mlflow = (method: string, path: string, headers?: Record<string, string>, body?: object): Promise<Answer> =>
  ask(method, `/api/2.0/mlflow/${path}`, headers, body && JSON.stringify(body));
const basic = (password: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`,
});
const search = { experiment_ids: ['0'] };

it('answers clients of MLflow of this machine while there is no token, and no pages of other sites', async () => {
  expect((await mlflow('GET', 'experiments/get?experiment_id=0')).status).toBe(200);
  expect((await ask('GET', '/api/3.0/mlflow/server-info')).said).toMatchObject({ store_type: 'Stratus' });
  expect((await ask('GET', '/ajax-api/2.0/mlflow/experiments/get?experiment_id=0')).status).toBe(200);
  const elsewhere = { host: `evil.example:${server.port}` };
  const page = { host: `127.0.0.1:${server.port}`, origin: 'https://evil.example' };
  for (const headers of [elsewhere, page]) {
    const { status, said } = await mlflow('POST', 'runs/create', headers, { experiment_id: '0' });
    expect([status, said['error_code']]).toEqual([403, 'PERMISSION_DENIED']);
    expect(said['message']).toContain('not pages of other sites');
  }
  expect(await store.runs.list()).toEqual([]);
  expect((await ask('GET', '/api/2.0/mlflow/nothing')).said).toMatchObject({ error_code: 'ENDPOINT_NOT_FOUND' });
  expect((await ask('GET', '/api/v1/me')).status).toBe(200); // what comes after goes on
});

it('does not stay where it cannot run jobs as it should', async () => {
  const { end, port } = await testServer();
  await end();
  await expect(testServer({ port, jobs: { cores: 0 } })).rejects.toThrow('above 0');
  const again = await testServer({ port }); // nobody listens there any more
  await again.end();
});

it('bounds what it takes', async () => {
  const { said } = await mlflow('POST', 'runs/create', {}, { experiment_id: '0' });
  const { run_id: run } = (said['run'] as { info: { run_id: string } }).info;
  const path = (name: string): string => `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/${name}`;
  expect((await ask('PUT', path('small'), {}, randomBytes(1000))).status).toBe(200);
  const stated = await ask('PUT', path('large'), {}, randomBytes(1001));
  expect([stated.status, stated.said['message']]).toEqual([400, expect.stringContaining('1000 bytes')]);
  expect((await ask('PUT', path('large'), { 'transfer-encoding': 'chunked' }, randomBytes(1001))).status).toBe(400);
  const { said: made } = await ask(
    'POST',
    `/api/2.0/mlflow-artifacts/mpu/create/0/${run}/artifacts`,
    {},
    JSON.stringify({ path: 'parts', num_parts: 2 }),
  );
  const parts = await Promise.all(
    (made['credentials'] as { url: string; part_number: number }[]).map(async ({ url, part_number }) => {
      expect((await ask('PUT', new URL(url).pathname, {}, randomBytes(600))).status).toBe(200);
      return { part_number, etag: '' };
    }),
  );
  const whole = { path: 'parts', upload_id: made['upload_id'], parts };
  const joined = await ask('POST', `/api/2.0/mlflow-artifacts/mpu/complete/0/${run}/artifacts`, {}, JSON.stringify(whole));
  expect([joined.status, joined.said['message']]).toEqual([400, expect.stringContaining('1000 bytes')]);
  const { said: listed } = await mlflow('GET', `artifacts/list?run_id=${run}`);
  expect((listed['files'] as { path: string }[]).map((file) => file.path)).toEqual(['small']);
  const large = await ask('POST', '/api/2.0/mlflow/runs/search', {}, ' '.repeat(20_000_001));
  expect([large.status, large.said['error_code']]).toEqual([400, 'INVALID_PARAMETER_VALUE']);
});

it('takes tokens as Bearer and as a password, with their roles and projects', async () => {
  const other = await store.inProject('other');
  await other.runs.create({ key: 'theirs' });
  const viewer = await store.tokens.create({ name: 'eye', role: 'viewer' });
  const trainer = await other.tokens.create({ name: 'nightly', role: 'trainer' });
  const admin = await store.tokens.create({ name: 'root', role: 'admin', allProjects: true });
  const bearer = ({ secret }: { readonly secret: string }) => ({ authorization: `Bearer ${secret}` });

  for (const headers of [{}, { authorization: 'Bearer st_x' }, basic('wrong'), { authorization: 'Negotiate x' }]) {
    const { status, said } = await mlflow('POST', 'runs/search', headers, search);
    expect([status, said['error_code']]).toEqual([401, 'UNAUTHENTICATED']);
  }
  const runs = async (headers: Record<string, string>): Promise<string[]> => {
    const { status, said } = await mlflow('POST', 'runs/search', headers, search);
    expect(status).toBe(200);
    return ((said['runs'] ?? []) as { info: { run_id: string } }[]).map(({ info }) => info.run_id);
  };
  for (const headers of [bearer(trainer), basic(trainer.secret)]) expect(await runs(headers)).toEqual(['theirs']);
  for (const headers of [bearer(viewer), bearer(admin)]) expect(await runs(headers)).not.toContain('theirs');
  expect((await mlflow('GET', 'runs/get?run_id=theirs', bearer(viewer))).status).toBe(404);

  const { status, said } = await mlflow('POST', 'runs/create', bearer(viewer), { experiment_id: '0' });
  expect([status, said['error_code'], said['message']]).toEqual([403, 'PERMISSION_DENIED', expect.stringContaining('trainer')]);
  const { said: made } = await mlflow('POST', 'runs/create', bearer(trainer), { experiment_id: '0' });
  const { run_id } = (made['run'] as { info: { run_id: string } }).info;
  expect((await other.runs.get(run_id)).key).toBe(run_id);

  // A browser remembers a password and sends it for other pages too; it does not do so with Bearer.
  const host = `127.0.0.1:${server.port}`;
  const from = (origin: string): Record<string, string> => ({ host, origin, ...basic(trainer.secret) });
  for (const origin of ['https://evil.example', 'null'])
    expect((await mlflow('POST', 'runs/create', from(origin), { experiment_id: '0' })).status).toBe(403);
  for (const origin of [`http://${host}`, 'https://dashboard.example'])
    expect((await mlflow('POST', 'runs/search', from(origin), search)).status).toBe(200);

  await store.tokens.revoke(viewer.info.key);
  expect((await mlflow('POST', 'runs/search', bearer(viewer), search)).status).toBe(401);
  expect(server.reported).toEqual([]);
});
