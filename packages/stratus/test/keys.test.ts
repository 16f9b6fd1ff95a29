// Who may ask: keys of a file, tokens, shares of requests, what a path needs.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type Deployment, type DeployOptions, deploy } from '../src/deploy.ts';
import {
  type Authorizer,
  checkManage,
  checkModel,
  createKey,
  openAuthorizer,
  rateLimiter,
  readKeys,
  revokeKey,
} from '../src/keys/index.ts';
import { neededBy } from '../src/keys/paths.ts';
import { failure, inferBody, smallBytes } from './serving.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-keys-'));
let files = 0;
const newFile = (): string => join(folder, `keys-${files++}.json`);
const opened: Authorizer[] = [];
afterEach(() => {
  for (const { followed } of opened.splice(0)) for (const one of followed) one.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

const told: unknown[] = [];
const report = (e: unknown): void => void told.push(e);
const open = async (options: Partial<Parameters<typeof openAuthorizer>[0]>): Promise<Authorizer> => {
  const authorizer = await openAuthorizer({ report, ...options });
  opened.push(authorizer);
  return authorizer;
};
const bearer = (secret: string): Headers => new Headers({ authorization: `Bearer ${secret}` });
const codeOf = async (promise: Promise<unknown>): Promise<string> => (await failure(promise)).code;

describe('keys of a file', () => {
  it('are known by their hash only, to their owner only, by either header', async () => {
    const file = newFile();
    const { secret, key } = await createKey(file, { name: 'web', models: ['digits'], perMinute: 100, manage: true });
    expect(readFileSync(file, 'utf8')).not.toContain(secret.slice(14));
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await readKeys(file)).toEqual([key]);
    const { authorize, needsKey } = await open({ keys: file });
    const client = { id: key.id, name: 'web', models: ['digits'], manage: true, perMinute: 100 };
    expect(needsKey).toBe(true);
    expect(await authorize(bearer(secret))).toEqual(client);
    expect(await authorize(new Headers({ 'x-api-key': secret }))).toEqual(client);
    expect(await authorize(new Map([['authorization', `bearer ${secret}`]]))).toEqual(client); // metadata of gRPC
  });

  it('refuses everything else alike', async () => {
    const file = newFile();
    const { secret } = await createKey(file, { name: 'a' });
    const { secret: late } = await createKey(file, { name: 'late', expiresAt: new Date(Date.now() - 1) });
    const { secret: ended, key } = await createKey(file, { name: 'ended' });
    await revokeKey(file, key.id);
    const { authorize } = await open({ keys: file });
    const other = secret.slice(0, -1) + (secret.endsWith('A') ? 'B' : 'A');
    const wrong = [
      other,
      late,
      ended,
      `sk_aaaaaaaaaa_${'x'.repeat(43)}`,
      'x',
      secret.slice(0, -1),
      `${secret}x`,
      'x'.repeat(10_000),
    ];
    const errors = await Promise.all(wrong.map((text) => failure(authorize(bearer(text)))));
    expect(new Set(errors.map(({ code, message }) => `${code} ${message}`)).size).toBe(1);
    expect(errors[0]!.code).toBe('not-authorized');
    for (const headers of [
      {},
      { authorization: 'Basic YTpi' },
      { authorization: `Bearer ${secret}, Bearer ${secret}` },
      { 'x-api-key': ' ' },
    ])
      expect(await codeOf(authorize(new Headers(headers as Record<string, string>)))).toBe('not-authorized');
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: fc.constantFrom(...'sk_az09AZ-. '), maxLength: 80 }), async (text) => {
        const e = await failure(authorize(new Map([['authorization', `Bearer ${text}`]])));
        expect(e.code).toBe('not-authorized');
      }),
      { numRuns: 200 },
    );
  });

  it('changes with its file, and keeps what it had where that cannot be read', async () => {
    const file = newFile();
    const { secret, key } = await createKey(file, { name: 'a' });
    const authorizer = await open({ keys: file });
    const { secret: second } = await createKey(file, { name: 'b' });
    const reload = () => Promise.all(authorizer.followed.map((one) => one.reload()));
    await reload();
    expect((await authorizer.authorize(bearer(second))).name).toBe('b');
    const good = readFileSync(file);
    for (const bad of ['', '{', '{"keys":[{}]}', '[]', '{"keys":[],"more":1}']) {
      writeFileSync(file, bad);
      told.length = 0;
      await reload();
      expect(told, bad).toHaveLength(1);
      expect((await authorizer.authorize(bearer(secret))).name).toBe('a');
    }
    writeFileSync(file, good);
    await revokeKey(file, key.id);
    // By itself, too.
    while ((await authorizer.authorize(bearer(secret)).catch(() => undefined)) !== undefined)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await authorizer.authorize(bearer(second))).name).toBe('b');
  });

  it('says what is wrong with a file', async () => {
    const file = newFile();
    expect(await codeOf(openAuthorizer({ keys: file, report }))).toBe('file-not-found');
    writeFileSync(file, '{"keys":[]}');
    expect(await codeOf(openAuthorizer({ keys: file, report }))).toBe('usage');
    await createKey(file, { name: 'a' });
    expect(await failure(revokeKey(file, 'nobody'))).toMatchObject({ code: 'unknown-name' });
  });
});

describe('tokens', () => {
  const issuer = 'https://login.example.org/';
  const pairs = () => generateKeyPair('ES256');
  const setOf = async (key: CryptoKey, kid: string) =>
    JSON.stringify({ keys: [{ ...(await exportJWK(key)), kid, alg: 'ES256' }] });
  const sign = (key: CryptoKey | Uint8Array, claims: Record<string, unknown>, { alg = 'ES256', kid = 'one' } = {}) =>
    new SignJWT({ iss: issuer, aud: 'models', sub: 'ann', exp: Math.floor(Date.now() / 1000) + 60, ...claims })
      .setProtectedHeader({ alg, kid })
      .sign(key);

  it('count with the right signature, issuer, audience and time, and no others', async () => {
    const [own, other] = await Promise.all([pairs(), pairs()]);
    const jwks = newFile();
    writeFileSync(jwks, await setOf(own.publicKey as CryptoKey, 'one'));
    const { authorize } = await open({ tokens: { jwks, issuer, audience: 'models', modelsClaim: 'models' } });
    const key = own.privateKey as CryptoKey;
    const good = await authorize(bearer(await sign(key, { models: ['digits', 'side'], stratus_manage: true })));
    expect(good).toEqual({ id: `${issuer} ann`, name: 'ann', models: ['digits', 'side'], manage: true });
    expect((await authorize(bearer(await sign(key, { models: '*' })))).models).toBeUndefined();
    expect(await authorize(bearer(await sign(key, {})))).toMatchObject({ models: [], manage: false });

    const past = Math.floor(Date.now() / 1000) - 3600;
    const [head, payload, signature] = (await sign(key, { models: '*' })).split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const bad = [
      await sign(other.privateKey as CryptoKey, {}),
      await sign(key, { iss: 'https://evil.example/' }),
      await sign(key, { aud: 'others' }),
      await sign(key, { exp: past }),
      await sign(key, { nbf: past + 7200 }),
      await sign(key, { sub: undefined }),
      await sign(key, { exp: undefined }),
      await sign(key, {}, { kid: 'two' }),
      // The public key as a shared secret: whoever takes any algorithm takes this one.
      await sign(readFileSync(jwks), {}, { alg: 'HS256' }),
      `${none}.${payload}.`,
      `${none}.${payload}.${signature}`,
      `${head}.${payload}.${signature!.slice(0, -2)}AA`,
      'a.b.c',
      '..',
    ];
    for (const token of bad) expect(await codeOf(authorize(bearer(token))), token).toBe('not-authorized');
  });

  it('are checked with keys of an address, and beside keys of a file', async () => {
    const own = await pairs();
    const set = await setOf(own.publicKey as CryptoKey, 'one');
    const server = createServer((_, response) => response.end(set));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    const file = newFile();
    const { secret } = await createKey(file, { name: 'web' });
    const { authorize } = await open({ keys: file, tokens: { jwks, issuer, audience: 'models' } });
    expect((await authorize(bearer(await sign(own.privateKey as CryptoKey, {})))).name).toBe('ann');
    expect((await authorize(bearer(secret))).name).toBe('web');
    server.closeAllConnections();
    server.close();
    const away = await open({ tokens: { jwks, issuer, audience: 'models' } });
    expect(await codeOf(away.authorize(bearer(await sign(own.privateKey as CryptoKey, {}))))).toBe('request-failed');
    for (const tokens of [
      { jwks: 'http://example.org/keys', issuer, audience: 'models' },
      { jwks, issuer, audience: 'models', algorithms: ['HS256'] },
      { jwks, issuer, audience: 'models', algorithms: [] },
    ])
      expect(await codeOf(openAuthorizer({ tokens, report }))).toBe('bad-value');
  });
});

describe('shares', () => {
  it('fill up evenly, and say when to come again', () => {
    let now = 0;
    const take = rateLimiter(() => now);
    const burst = Array.from({ length: 70 }, () => take('a', 60));
    expect(burst.filter((wait) => wait === 0)).toHaveLength(60);
    expect(burst.at(-1)).toBe(1000);
    expect(take('b', 60)).toBe(0); // another client's is its own
    now = 999;
    expect(take('a', 60)).toBeCloseTo(1, 6);
    now = 1000;
    expect([take('a', 60), take('a', 60)]).toEqual([0, 1000]);
    now = 1e9;
    expect(Array.from({ length: 61 }, () => take('a', 60)).filter((wait) => wait === 0)).toHaveLength(60); // never more than a minute's
  });
});

describe('paths', () => {
  it.each([
    ['GET', '/v2/health/live', { open: true }],
    ['GET', '/v2/health/ready/', { open: true }],
    ['GET', '/ping', { open: true }],
    ['POST', '/ping', { manage: true }],
    ['GET', '/', {}],
    ['GET', '/v2', {}],
    ['GET', '/v2/models', {}],
    ['GET', '/v2/models/m', { model: 'm' }],
    ['GET', '/v2/models/a%2Fb/ready', { model: 'a/b' }],
    ['POST', '/v2/models/m/infer', { model: 'm' }],
    ['POST', '/v2/models/m/versions/2/infer', { model: 'm' }],
    ['POST', '/v1/models/m:predict', { model: 'm' }],
    ['POST', '/v1/models/m/versions/2:classify', { model: 'm' }],
    ['POST', '/v2/models/m/feedback', { model: 'm' }],
    ['POST', '/v2/models/m/canary', { model: 'm', manage: true }],
    ['DELETE', '/v2/models/m', { model: 'm', manage: true }],
    ['POST', '/predict', { all: true }],
    ['POST', '/invocations', { all: true }],
    ['GET', '/metrics', { all: true }],
    ['GET', '/workers', { all: true }],
    ['POST', '/v2/repository/models/m/unload', { manage: true }],
    ['PUT', '/v2/health/live', { manage: true }],
    ['GET', '/v2/models/../health/live', { model: '..' }],
  ])('%s %s needs %j', (method, path, needed) => {
    expect(neededBy(method, path)).toEqual(needed);
  });

  it('are not for clients that may not', () => {
    const client = { id: 'a', name: 'a', models: ['m'], manage: false };
    expect(() => checkModel(client, 'm')).not.toThrow();
    expect(() => checkModel(client, 'M')).toThrow(/may not ask the model 'M'/);
    expect(() => checkModel({ ...client, models: [] }, 'm')).toThrow();
    expect(() => checkManage(client)).toThrow(/--manage/);
  });
});

describe('a server', () => {
  const serving: Deployment[] = [];
  afterEach(async () => {
    await Promise.all(serving.splice(0).map((server) => server.stop()));
  });
  const serve = async (options: DeployOptions): Promise<Deployment> => {
    const server = await deploy(await smallBytes(), { port: 0, name: 'm', stopOn: [], ...options });
    serving.push(server);
    return server;
  };

  it('does not start where other machines could ask without a key', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1']) {
      const e = await failure(serve({ host }));
      expect([e.code, e.message]).toEqual(['usage', expect.stringContaining('stratus keys create')]);
    }
    const file = newFile();
    await createKey(file, { name: 'a' });
    expect((await serve({ host: '0.0.0.0', keys: file })).needsKey).toBe(true);
    expect((await serve({ host: '0.0.0.0', withoutKeys: true })).needsKey).toBe(false);
  });

  it('asks for a key everywhere but for its health, and counts', async () => {
    const file = newFile();
    const { secret } = await createKey(file, { name: 'a', models: ['m'], perMinute: 3 });
    const { secret: other } = await createKey(file, { name: 'b', models: ['n'] });
    const { url } = await serve({ keys: file });
    const ask = (path: string, key?: string, init: RequestInit = {}) =>
      fetch(url + path, { ...init, headers: key === undefined ? {} : { authorization: `Bearer ${key}` } });
    for (const path of ['/v2/health/live', '/v2/health/ready']) expect((await ask(path)).status).toBe(200);
    for (const path of ['/', '/v2', '/v2/models/m', '/nothing', '/metrics']) {
      const { status, headers } = await ask(path);
      expect([status, headers.get('www-authenticate')], path).toEqual([401, 'Bearer']);
    }
    const infer = { method: 'POST', body: inferBody([1, 2, 3], [1, 3]) };
    expect((await ask('/v2/models/m/infer', undefined, infer)).status).toBe(401);
    expect((await ask('/v2/models/m/infer', other, infer)).status).toBe(403);
    expect((await ask('/predict', other, infer)).status).toBe(403);
    for (let i = 0; i < 3; i++) expect((await ask('/v2/models/m/infer', secret, infer)).status).toBe(200);
    const over = await ask('/v2/models/m/infer', secret, infer);
    expect([over.status, over.headers.get('retry-after'), ((await over.json()) as { code: string }).code]).toEqual([
      429,
      '20',
      'too-many-requests',
    ]);
  });
});
