// Whatever a client sends, it is told what is wrong with it: no answer of 5xx, nothing reported, and the server goes on.
import { connect as openSocket } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Checking, routes, type TestServer, testServer } from './api-harness.ts';

let server: TestServer;
let checking: Checking;
beforeAll(async () => {
  server = await testServer();
  checking = new Checking();
  await post('/projects/default/runs', { key: 'a', params: { x: 1 } });
}, 60_000);
afterAll(async () => {
  expect(server.reported).toEqual([]);
  expect([...checking.statuses].filter(([status]) => status >= 500)).toEqual([]);
  await server?.end();
});

const post = (path: string, body: unknown): Promise<Response> =>
  checking.fetch(`${server.url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const nasty = fc.constantFrom(
  '..',
  '../../etc/passwd',
  '%00',
  '%2e%2e%2f',
  '\0',
  '__proto__',
  'constructor',
  "a' OR '1'='1",
  'a"; DROP TABLE runs; --',
  '\ud800',
  '🙂',
  'a'.repeat(300),
  '-1',
  '1e309',
  '9007199254740993',
  '@production',
  'latest',
  '',
);
const scalar = fc.oneof(
  nasty,
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('a', 'loss', 'running'),
);
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(nasty, fc.string()), tie('value'), { maxKeys: 3 }),
  ),
})).value;

/** Bodies that are nearly right: the fields of the schema, with values of any kind. */
const bodyFor = (shape: Readonly<Record<string, unknown>>): fc.Arbitrary<unknown> =>
  fc.oneof(
    value,
    fc.record(Object.fromEntries(Object.keys(shape).map((key) => [key, value])), { requiredKeys: [] }),
    fc.record(
      {
        ...Object.fromEntries(Object.keys(shape).map((key) => [key, value])),
        points: fc.array(
          fc.record({
            name: fc.oneof(fc.constant('loss'), scalar),
            step: fc.oneof(fc.nat(), scalar),
            value: fc.oneof(fc.double(), scalar),
          }),
          { maxLength: 5 },
        ),
        key: fc.oneof(fc.constantFrom('a', 'b', 'c'), scalar),
      },
      { requiredKeys: [] },
    ),
  );

const encoded = (text: string): string => encodeURIComponent(/\p{Surrogate}/u.test(text) ? 'x' : text);

it('answers whatever is sent to any route', async () => {
  const names = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('a', 'default', 'net', '1') },
    { weight: 1, arbitrary: nasty },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  );
  const one = fc.constantFrom(...routes.filter(({ id }) => id !== 'followRun')).chain((route) =>
    fc.record({
      route: fc.constant(route),
      names: fc.array(names, { minLength: 4, maxLength: 4 }),
      isOwn: fc.boolean(),
      query: fc.dictionary(fc.oneof(fc.constantFrom(...Object.keys(route.query?.shape ?? { limit: 0 })), fc.string()), scalar, {
        maxKeys: 3,
      }),
      body: bodyFor(((route.body as { shape?: object } | undefined)?.shape as never) ?? {}),
    }),
  );
  await fc.assert(
    fc.asyncProperty(one, async ({ route, names: given, isOwn, query, body }) => {
      let i = 0;
      const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
        name === 'project' && isOwn ? 'default' : encoded(given[i++ % 4]!) || 'x',
      );
      const search = Object.entries(query)
        .map(([key, v]) => `${encoded(key)}=${encoded(String(v))}`)
        .join('&');
      const method = route.method.toUpperCase();
      const init = route.body
        ? { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) ?? '' }
        : { method, ...(route.takes && { body: (JSON.stringify(body) ?? '').slice(0, 100) }) };
      const response = await checking.fetch(`${server.url}/api/v1${path}${search && `?${search}`}`, init);
      await response.arrayBuffer().catch(() => undefined);
      if (response.status >= 500)
        throw new Error(
          `${method} ${path}?${search} ${JSON.stringify(body)} answers ${response.status}: ${String(server.reported.at(-1))}`,
        );
    }),
    { numRuns: 600 },
  );
  expect((checking.statuses.get(200) ?? 0) + (checking.statuses.get(201) ?? 0)).toBeGreaterThan(20); // some of it was right
});

it('answers bodies that are no JSON, or of another kind', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 50 }),
    fc.json().map((text) => new TextEncoder().encode(text)),
    fc.json().map((text) => new TextEncoder().encode(text.slice(0, -1))),
  );
  const types = fc.constantFrom(
    'application/json',
    'text/plain',
    'application/json; charset=utf-16',
    'multipart/form-data; boundary=x',
    '',
  );
  await fc.assert(
    fc.asyncProperty(bytes, types, fc.constantFrom('identity', 'gzip', 'x'), async (body, type, encoding) => {
      const headers = { 'content-type': type, 'content-encoding': encoding };
      const response = await checking.fetch(`${server.url}/api/v1/projects/default/runs`, {
        method: 'POST',
        headers,
        body: Uint8Array.from(body),
      });
      expect(response.status).toBeLessThan(500);
    }),
    { numRuns: 150 },
  );
});

it('does not leave its folder, and does not mind odd headers', async () => {
  const paths = [
    '/api/../../etc/passwd',
    '/api/v1/projects/default/blobs/..%2f..%2fstore.db',
    '/api/v1/projects/..%2f..%2f/runs',
    '/api/v1//projects',
    '/api/%',
    '/api/v1/projects/%E0%A4%A/runs',
    '/v2/models/..%2f..%2fx',
  ];
  for (const path of paths) expect([400, 404]).toContain((await fetch(server.url + path)).status);
  const headers = [
    { range: 'bytes=9999999999999999999-' },
    { range: 'x'.repeat(1000) },
    { 'x-request-id': 'a\tb' },
    { 'if-none-match': '"'.repeat(100) },
    { 'last-event-id': '\u00ff' },
  ];
  for (const more of headers) expect((await fetch(`${server.url}/api/v1/projects`, { headers: more as never })).status).toBe(200);
});

it('lets go of a client that goes away in the middle of a file', async () => {
  const digest = `sha256:${'3'.repeat(64)}`;
  const socket = openSocket(server.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `PUT /api/v1/projects/default/blobs/${digest} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000000\r\n\r\n${'x'.repeat(1000)}`,
    () => socket.destroy(),
  );
  await new Promise((resolve) => socket.once('close', resolve));
  expect((await checking.fetch(`${server.url}/api/v1/projects/default/blobs/${digest}`)).status).toBe(404);
  const { readdirSync } = await import('node:fs');
  await expect
    .poll(
      () =>
        readdirSync(server.blobs, { recursive: true, withFileTypes: true }).filter(
          (entry) => entry.isFile() && entry.parentPath.includes('unfinished'),
        ).length,
    )
    .toBe(0);
});
