// What the API promises, whatever database lies under it: every route, through a real server and the client.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, connect } from '../src/client/index.ts';
import type { Store } from '../src/store/index.ts';
import { Checking, routes, type TestServer, testServer } from './api-harness.ts';
import { start } from './cli-process.ts';
import { inferBody, smallBytes } from './serving.ts';
import { failure } from './store-contract.ts';

export function apiContract(store: () => { readonly store?: string }): void {
  let server: TestServer;
  let checking: Checking;
  let stratus: Client;
  let count = 0;
  beforeAll(async () => {
    server = await testServer({ ...store(), jobs: { pollMs: 50, cores: 4 } });
    checking = new Checking();
    stratus = connect({ url: server.url, fetch: checking.fetch, retries: 0 });
  }, 60_000);
  afterAll(async () => {
    await server?.end();
  });
  const fresh = async (): Promise<Client> => {
    const name = `p${++count}`;
    await stratus.projects.create(name);
    return stratus.inProject(name);
  };
  const bytes = (n: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length: n }, (_, i) => (i * 7) % 251);

  const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0; // at once, where `toEqual` takes seconds

  it('keeps runs, changes and finds them', async () => {
    const { runs } = await fresh();
    await runs.create({ key: 'sweep' });
    const made = await runs.create({
      name: 'First',
      parent: 'sweep',
      params: { rate: 1e-7, name: 'Zürich', big: true, none: null },
      tags: { team: 'vision' },
      notes: 'line 1\nline 2',
      code: { commit: 'abc' },
      data: { rows: [1, 2] },
      environment: { node: '20' },
      seed: -7,
    });
    expect(made).toMatchObject({
      name: 'First',
      parent: 'sweep',
      status: 'running',
      params: { rate: 1e-7, none: null },
      seed: -7,
    });
    expect(await runs.get(made.key)).toEqual(made);
    expect(await runs.change(made.key, { tags: { team: null, of: 'ann' }, params: { more: 1 } })).toMatchObject({
      tags: { of: 'ann' },
      params: { rate: 1e-7, more: 1 },
    });
    expect((await failure(runs.change(made.key, { params: { more: 2 } }))).code).toBe('conflict');
    expect(await runs.finish(made.key, 'failed', 'out of memory')).toMatchObject({ status: 'failed', error: 'out of memory' });
    await runs.seen(made.key);
    expect((await runs.get(made.key)).status).toBe('running');
    expect((await failure(runs.create({ key: 'sweep' }))).code).toBe('conflict');
    expect((await failure(runs.remove('sweep'))).code).toBe('conflict');
    await runs.remove(made.key);
    const e = await failure(runs.get('sweeep'));
    expect(e).toMatchObject({ code: 'unknown-name', details: { status: 404, suggestion: 'sweep', known: ['sweep'] } });
  });

  it('lists runs in pages, by conditions and metrics', async () => {
    const { runs, metrics, project } = await fresh();
    for (let i = 0; i < 7; i++) {
      await runs.create({ key: `r${i}`, params: { i, kind: i % 2 ? 'odd' : 'even' }, tags: { t: `${i}` } });
      await metrics.append(`r${i}`, [{ name: 'loss', step: 0, value: i === 3 ? Number.NaN : 10 - i }]);
    }
    await runs.finish('r6', 'finished');
    const keys = async (query: Parameters<typeof runs.list>[0]) => (await runs.list(query)).runs.map(({ key }) => key);
    const first = await runs.list({ limit: 3 });
    expect([first.runs.map(({ key }) => key), first.next]).toEqual([['r6', 'r5', 'r4'], 3]);
    expect(await runs.list({ limit: 3, skip: 6 })).toMatchObject({ runs: [{ key: 'r0' }], next: null });
    expect(await keys({ sort: { metric: 'loss' }, limit: 2 })).toEqual(['r6', 'r5']);
    expect(await keys({ sort: { param: 'i', order: 'ascending' }, limit: 2 })).toEqual(['r0', 'r1']);
    expect(await keys({ metrics: [{ name: 'loss', is: '<', than: 6 }], status: ['running'] })).toEqual(['r5']);
    expect(await keys({ params: { kind: 'odd' }, keys: ['r1', 'r2', 'r3'] })).toEqual(['r3', 'r1']);
    expect(await keys({ tags: { t: '4' }, parent: null })).toEqual(['r4']);
    const list = async (query: string) => {
      const url = `${server.url}/api/v1/projects/${project}/runs?${query}`;
      return (await (await checking.fetch(url)).json()) as { runs: { key: string }[]; next: number | null };
    };
    expect((await list('metric=loss&limit=2')).runs.map(({ key }) => key)).toEqual(['r6', 'r5']);
    expect((await list('status=finished&status=failed')).runs.map(({ key }) => key)).toEqual(['r6']);
    expect((await list('order=ascending&limit=1&skip=1')).runs.map(({ key }) => key)).toEqual(['r1']);
  });

  it('keeps metrics, also what is no finite number', async () => {
    const { runs, metrics } = await fresh();
    const { key } = await runs.create();
    const values = [0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-310, -0, 0.25];
    const at = new Date(1_700_000_000_000);
    await metrics.append(
      key,
      values.map((value, step) => ({ name: 'validation/loss ✓', step, value, at })),
    );
    await metrics.append(key, []);
    const points = await metrics.history(key, 'validation/loss ✓');
    expect(points.map(({ value }) => value)).toEqual(values.map((v) => (v === 0 ? 0 : v)));
    expect(points[0]).toEqual({ step: 0, value: 0.5, at: at.getTime() });
    expect(await metrics.history(key, 'validation/loss ✓', { skip: 2, limit: 1 })).toMatchObject([
      { value: Number.POSITIVE_INFINITY },
    ]);
    expect((await metrics.curve(key, 'validation/loss ✓', { points: 4 })).length).toBeLessThanOrEqual(4);
    expect(await metrics.summaries(key)).toEqual([
      {
        name: 'validation/loss ✓',
        points: 7,
        last: { step: 6, value: 0.25 },
        min: { step: 3, value: Number.NEGATIVE_INFINITY },
        max: { step: 2, value: Number.POSITIVE_INFINITY },
      },
    ]);
    expect(Object.keys((await runs.get(key)).metrics)).toEqual(['validation/loss ✓']);
    expect(await failure(metrics.curve(key, 'loss'))).toMatchObject({ code: 'unknown-name' });
    expect((await failure(metrics.append('none', []))).code).toBe('unknown-name');
  });

  it('keeps logs in order', async () => {
    const { runs, logs } = await fresh();
    const { key } = await runs.create();
    await logs.append(key, 'stdout', 'one\n');
    await logs.append(key, 'stderr', 'two ✓');
    const pieces = await logs.read(key);
    expect(pieces).toMatchObject([
      { stream: 'stdout', text: 'one\n' },
      { stream: 'stderr', text: 'two ✓' },
    ]);
    expect(await logs.read(key, { after: pieces[0]!.number, limit: 1 })).toEqual([pieces[1]]);
  });

  it('keeps files by what is in them, and gives ranges', async () => {
    const { runs, blobs, artifacts, project } = await fresh();
    const { key } = await runs.create();
    const content = bytes(300_000);
    const blob = await artifacts.put(key, 'plots/loss.svg', content);
    expect(await artifacts.list(key)).toMatchObject([{ path: 'plots/loss.svg', digest: blob.digest, bytes: 300_000 }]);
    expect(same(await artifacts.read(key, 'plots/loss.svg'), content)).toBe(true);
    expect(same(await blobs.read(blob.digest), content)).toBe(true);
    expect(await blobs.put(new Blob([content]))).toEqual(blob);
    expect(new Uint8Array(await new Response(await blobs.stream(blob.digest, { from: 299_990 })).arrayBuffer())).toEqual(
      content.slice(299_990),
    );
    expect((await failure(artifacts.read(key, 'plots/los.svg'))).message).toContain("Did you mean 'plots/loss.svg'?");

    const url = `${server.url}/api/v1/projects/${project}/blobs/${blob.digest}`;
    const get = async (headers: Record<string, string>, method = 'GET') => {
      const response = await checking.fetch(url, { headers, method });
      return { response, body: new Uint8Array(await response.arrayBuffer()), range: response.headers.get('content-range') };
    };
    const etag = `"${blob.digest}"`;
    const whole = await get({});
    expect(whole.response.headers.get('etag')).toBe(etag);
    expect(whole.response.headers.get('content-disposition')).toBe('attachment');
    expect((await get({ 'if-none-match': `W/"x", ${etag}` })).response.status).toBe(304);
    for (const [range, from, to] of [
      ['bytes=0-0', 0, 0],
      ['bytes=100-199', 100, 199],
      ['bytes=262143-262145', 262_143, 262_145],
      ['bytes=-5', 299_995, 299_999],
      ['bytes=299999-999999', 299_999, 299_999],
    ] as const) {
      const part = await get({ range });
      expect([part.response.status, part.range]).toEqual([206, `bytes ${from}-${to}/300000`]);
      expect(part.body).toEqual(content.slice(from, to + 1));
    }
    for (const range of ['bytes=300000-', 'bytes=-0']) expect((await get({ range })).response.status).toBe(416);
    for (const range of ['bytes=5-1', 'bytes=0-1,5-6', 'lines=1-2', 'bytes=-', 'bytes=a-b'])
      expect((await get({ range })).response.status).toBe(200);
    expect((await get({ range: 'bytes=0-9', 'if-range': '"other"' })).body.length).toBe(300_000);
    expect((await get({ range: 'bytes=0-9', 'if-range': etag })).body.length).toBe(10);
    const head = await get({}, 'HEAD');
    expect([head.response.status, head.response.headers.get('content-length'), head.body.length]).toEqual([200, '300000', 0]);
  });

  it('refuses bytes that are not what they are said to be, and keeps nothing of them', async () => {
    const { blobs } = await fresh();
    const wrong = `sha256:${'0'.repeat(64)}`;
    const e = await failure(blobs.put(bytes(10), { digest: wrong }));
    expect(e).toMatchObject({ code: 'bad-request', details: { status: 400 } });
    expect(e.message).toContain(wrong);
    expect((await failure(blobs.read(wrong))).code).toBe('file-not-found');
  });

  it('registers versions, moves aliases and remembers it', async () => {
    const { runs, blobs, models, aliases, traffic, project } = await fresh();
    await runs.create({ key: 'a', data: { rows: 3 } });
    const contents = await Promise.all([1, 2, 3].map((n) => blobs.put(bytes(n))));
    for (const { digest } of contents)
      await models.register('net', { digest, run: 'a', metrics: { accuracy: 0.5 }, signature: { inputs: [] } });
    expect(await models.version('net', 2)).toMatchObject({ number: 2, bytes: 2, run: 'a', data: { rows: 3 } });
    expect(await models.version('net', 'latest')).toMatchObject({ number: 3 });
    expect(await models.describe('net', 'what it is for')).toMatchObject({ notes: 'what it is for', versions: 3 });
    expect(await aliases.move('net', '@production', 1, { reason: 'first', expect: null })).toMatchObject({
      number: 1,
      version: 1,
    });
    await aliases.move('net', 'production', 'latest');
    expect((await failure(aliases.move('net', 'production', 2, { expect: 1 }))).code).toBe('conflict');
    expect(await models.version('net', '@production')).toMatchObject({ number: 3, aliases: ['production'] });
    expect(await models.versions('net', { limit: 2 })).toMatchObject({ versions: [{ number: 3 }, { number: 2 }], next: 2 });
    await aliases.remove('net', 'production', { reason: 'recalled' });
    expect(await aliases.history('net', 'production')).toMatchObject([
      { number: 3, previous: 3, reason: 'recalled' },
      { number: 2, version: 3, previous: 1 },
      { number: 1, version: 1, reason: 'first' },
    ]);
    const rule = { routes: [{ version: '2', weight: 95 }, { version: '3', weight: 5, header: 'next' }], rollback: { p99Ms: 50, drift: { inputs: 0.25, outputs: 0.5, minRows: 200 } } }; // biome-ignore format: one line
    expect(await traffic.set('net', { ...rule, why: 'a canary' })).toMatchObject({ number: 1, kind: 'set', rule });
    expect(await failure(traffic.set('net', { routes: [{ version: '9', weight: 1 }] }))).toMatchObject({ code: 'unknown-name' });
    expect((await failure(traffic.set('net', { routes: [{ version: '1', weight: 0 }] }))).message).toContain('a sum above 0');
    for (const drift of [{ inputs: 0 }, { outputs: -1 }, { inputs: 0.2, minRows: 49 }, { moves: 0.2 } as object])
      expect((await failure(traffic.set('net', { ...rule, rollback: { drift } }))).code).toBe('bad-request');
    expect(await traffic.end('net', { why: 'enough' })).toMatchObject({ number: 2, rule: null });
    expect(await traffic.history('net')).toMatchObject([{ why: 'enough' }, { why: 'a canary', rule: { model: 'net' } }]);
    const file = await checking.fetch(`${server.url}/api/v1/projects/${project}/models/net/versions/2/content`);
    expect(file.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''net-2.onnx");
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(bytes(2));
    // A model together with the files from which it takes its tensors lies in a tar, which begins with the name of its first file.
    const { digest } = await blobs.put(new TextEncoder().encode(`model.onnx${'\0'.repeat(502)}`));
    await models.register('several', { digest });
    const tar = await checking.fetch(`${server.url}/api/v1/projects/${project}/models/several/versions/1/content`);
    expect(tar.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''several-1.tar");
    await tar.body?.cancel();
    expect(await models.list()).toMatchObject([
      { name: 'net', versions: 3, aliases: {} },
      { name: 'several', versions: 1 },
    ]);
    expect((await models.get('net')).name).toBe('net');
    expect(await failure(models.version('nets', 1))).toMatchObject({ code: 'unknown-name', details: { suggestion: 'net' } });
    expect((await failure(models.version('net', 9))).message).toContain('Known: 1 to 3');
    const unknown = await failure(models.register('net', { digest: `sha256:${'1'.repeat(64)}` }));
    expect(unknown).toMatchObject({ code: 'file-not-found', details: { status: 404 } });
    expect((await models.get('net')).versions).toBe(3);
  });

  it('asks the gates of an alias, and goes back', async () => {
    const { blobs, models, aliases, project } = await fresh();
    const direct = await (await openServerStore()).inProject(project);
    for (const n of [10, 20, 30])
      await models.register('net', { digest: (await blobs.put(randomBytes(n) as Uint8Array<ArrayBuffer>)).digest });
    expect(await aliases.gates('net', 'production')).toEqual({ rules: {}, asks: [] });
    await aliases.move('net', 'production', 1);
    await direct.gates.declare('net', 'production', { maxBytes: 25 });
    await direct.close();
    expect(await aliases.gates('net', '@production')).toMatchObject({ rules: { maxBytes: 25 }, asks: [expect.any(String)] });
    const passed = await aliases.move('net', 'production', 2, { reason: 'better', expect: 1 });
    expect(passed).toMatchObject({ kind: 'move', gates: { forced: false, results: [{ passed: true }] } });
    const missed = await failure(aliases.move('net', 'production', 'latest'));
    expect(missed).toMatchObject({ code: 'conflict', details: { status: 409 } });
    expect(missed.message).toContain("does not pass the gates of 'production'");
    expect((await models.get('net')).aliases).toEqual({ production: 2 });
    for (const reason of [undefined, ' '])
      expect(await failure(aliases.move('net', 'production', 3, { force: true, ...(reason && { reason }) }))).toMatchObject({
        code: 'bad-request',
        details: { status: 400 },
      });
    const forced = await aliases.move('net', 'production', 'latest', { force: true, reason: 'the disk is large' });
    expect(forced).toMatchObject({ version: 3, gates: { forced: true, results: [{ passed: false }] } });
    expect(await aliases.rollback('net', 'production', { reason: 'it was not' })).toMatchObject({
      version: 2,
      previous: 3,
      kind: 'rollback',
      reason: 'it was not',
    });
    expect(await aliases.rollback('net', '@production')).toMatchObject({ version: 1 });
    expect((await failure(aliases.rollback('net', 'production'))).code).toBe('conflict');
  });

  it('lets a gate on a metric go by evaluations of exactly these models on the same data', async () => {
    const { blobs, models, aliases, project } = await fresh();
    const direct = await (await openServerStore()).inProject(project);
    const digests: string[] = [];
    for (const n of [10, 20, 30]) {
      digests.push((await blobs.put(randomBytes(n) as Uint8Array<ArrayBuffer>)).digest);
      await models.register('net', { digest: digests.at(-1)! });
    }
    await aliases.move('net', 'production', 1);
    await direct.gates.declare('net', 'production', { metric: { name: 'accuracy', data: 'eval.csv' } });
    await direct.close();
    const dataDigest = `sha256:${'0'.repeat(64)}`;
    const of = (version: number, accuracy: number, more: object = {}) => ({
      version,
      digest: digests[version - 1]!,
      data: 'eval.csv',
      dataDigest,
      metrics: { accuracy },
      ...more,
    });
    const move = (version: number, ...evaluations: ReturnType<typeof of>[]) =>
      aliases.move('net', 'production', version, { evaluations });
    const refused = async (...given: Parameters<typeof move>): Promise<string> => {
      const e = await failure(move(...given));
      return `${e.code}: ${e.message}`;
    };
    expect(await refused(2)).toMatch(/^conflict: .*evaluations of the version and of the one that the alias has now/);
    expect(await refused(2, of(2, 0.9))).toMatch(/^conflict: .*none of net:1/);
    expect(await refused(2, of(1, 0.8), of(2, 0.79))).toMatch(/^conflict: .*at least 0.8/);
    const elsewhere = { dataDigest: `sha256:${'1'.repeat(64)}` };
    expect(await refused(2, of(1, 0.8), of(2, 0.9, elsewhere))).toMatch(/^conflict: .*all on the same data/);
    expect(await refused(2, of(1, 0.8), of(2, 0.9, { data: 'other.csv' }))).toMatch(/^conflict: /);
    expect(await refused(2, of(1, 0.8), of(2, 0.9, { digest: digests[2]! }))).toMatch(/^bad-value: .*that of another file/);
    expect(await refused(2, of(1, 0.8), of(3, 0.9))).toMatch(/^bad-value: .*net:2 and net:1/);
    expect((await models.get('net')).aliases).toEqual({ production: 1 });
    const brought = [of(1, 0.8), of(2, 0.8)];
    const moved = await move(2, ...brought);
    expect(moved).toMatchObject({ version: 2, gates: { forced: false, results: [{ passed: true }], evaluations: brought } });
    expect((await aliases.history('net', 'production'))[0]).toEqual(moved);
  });

  it('counts versions from 1, without gaps, when a hundred come at once', async () => {
    const { blobs, models } = await fresh();
    const { digest } = await blobs.put(bytes(5));
    const made = await Promise.all(Array.from({ length: 100 }, () => models.register('net', { digest })));
    expect(made.map(({ number }) => number).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect((await models.get('net')).versions).toBe(100);
  });

  it('serves what the registry says: @production, else the newest version', async () => {
    const { blobs, models, aliases } = stratus; // the project of the server
    const { digest } = await blobs.put(new Uint8Array(await smallBytes()));
    const name = `served-${count}`;
    const version = async (): Promise<string | undefined> => {
      const response = await fetch(`${server.url}/v2/models/${name}/infer`, {
        method: 'POST',
        body: inferBody([1, 2, 3], [1, 3]),
      });
      return response.ok ? ((await response.json()) as { model_version: string }).model_version : undefined;
    };
    await models.register(name, { digest });
    await expect.poll(version, { timeout: 20_000 }).toBe('1');
    await models.register(name, { digest });
    await expect.poll(version, { timeout: 20_000 }).toBe('2');
    await aliases.move(name, 'production', 1);
    const seen = new Set<string | undefined>();
    const noted = async (): Promise<string | undefined> => {
      const found = await version();
      seen.add(found);
      return found;
    };
    await expect.poll(noted, { timeout: 20_000 }).toBe('1');
    expect(seen).not.toContain(undefined); // nobody was turned away meanwhile
    const broken = await blobs.put(randomBytes(10) as Uint8Array<ArrayBuffer>);
    await models.register(name, { digest: broken.digest });
    await aliases.move(name, 'production', 3);
    await expect.poll(() => server.reported.length, { timeout: 20_000 }).toBe(1);
    expect(await version()).toBe('1'); // what works goes on
    (server.reported as unknown[]).length = 0;
  });

  it('keeps two projects apart, also the bytes of one whose digest the other knows', async () => {
    const [one, other] = [await fresh(), await fresh()];
    const tokenOf = async (client: Client) =>
      connect({
        url: server.url,
        project: client.project,
        token: (await client.tokens.create({ name: 'x', role: 'admin' })).secret,
        fetch: checking.fetch,
      });
    const root = (await serverToken()).secret;
    const asRoot = (client: Client) => connect({ url: server.url, project: client.project, token: root, fetch: checking.fetch });
    const [mine, theirs] = [await tokenOf(asRoot(one)), await tokenOf(asRoot(other))];
    stratus = asRoot(stratus); // there are tokens now
    const { digest } = await mine.artifacts.put((await mine.runs.create({ key: 'secret' })).key, 'x', bytes(99));
    await mine.models.register('net', { digest });
    expect((await theirs.runs.list()).runs).toEqual([]);
    expect(await failure(theirs.runs.get('secret'))).toMatchObject({ code: 'unknown-name', details: { known: [] } });
    expect((await failure(theirs.blobs.read(digest))).code).toBe('file-not-found');
    expect((await failure(theirs.models.register('mine', { digest }))).code).toBe('file-not-found');
    await theirs.runs.create({ key: 'k' });
    await theirs.artifacts.put('k', 'x', bytes(99));
    expect(await theirs.blobs.read(digest)).toEqual(bytes(99)); // having sent the same bytes, they may
    const answers = await Promise.all(
      [mine.project, 'never-was', '..%2F..'].map(async (project) => {
        const e = await failure(theirs.inProject(project).runs.get('secret'));
        const { requestId: _, tries: __, ...said } = e.details;
        return said;
      }),
    );
    expect(new Set(answers.map((said) => JSON.stringify(said))).size).toBe(1); // nothing is revealed
    expect(answers[0]).toMatchObject({ status: 403, code: 'forbidden' });
    expect(await theirs.projects.list()).toEqual([theirs.project]);
    expect((await theirs.me()).project).toBe(theirs.project);
    expect((await theirs.tokens.list()).map(({ name }) => name)).toEqual(['x']);
  });

  async function openServerStore(): Promise<Store> {
    const { openStore } = await import('../src/store/index.ts');
    return await openStore(store().store ?? server.store);
  }

  async function serverToken(): Promise<{ secret: string }> {
    const direct = await openServerStore();
    const made = await direct.tokens.create({ name: 'root', role: 'admin', allProjects: true });
    await direct.close();
    return made;
  }

  it('allows each role what it may, and names the one that is needed', async () => {
    const project = await fresh();
    const as = async (role: 'viewer' | 'trainer' | 'deployer' | 'admin') =>
      connect({
        url: server.url,
        project: project.project,
        token: (await project.tokens.create({ name: role, role })).secret,
        fetch: checking.fetch,
        retries: 0,
      });
    const [viewer, trainer, deployer, admin] = [await as('viewer'), await as('trainer'), await as('deployer'), await as('admin')];
    const needs = async (work: Promise<unknown>, role: string) => {
      const e = await failure(work);
      expect(e).toMatchObject({ code: 'forbidden', details: { status: 403 } });
      expect(e.message).toContain(role);
    };
    await needs(viewer.runs.create({ key: 'a' }), 'needs the role trainer; the token has the role viewer');
    await trainer.runs.create({ key: 'a' });
    expect((await viewer.runs.get('a')).key).toBe('a');
    const { digest } = await trainer.blobs.put(bytes(4));
    await needs(viewer.blobs.put(bytes(5)), 'trainer');
    const made = await trainer.models.register('net', { digest });
    expect(made.createdBy).toBe('trainer');
    await needs(trainer.aliases.move('net', 'production', 1), 'needs the role deployer');
    expect((await deployer.aliases.move('net', 'production', 1)).by).toBe('deployer');
    await needs(trainer.aliases.rollback('net', 'production'), 'needs the role deployer');
    expect((await viewer.aliases.gates('net', 'production')).rules).toEqual({});
    await needs(deployer.tokens.list(), 'needs the role admin');
    await needs(admin.projects.create('more'), 'an admin of all projects');
    const [first] = await admin.tokens.list();
    expect((await admin.tokens.revoke(first!.key)).revokedAt).toBeDefined();
    const e = await failure(viewer.runs.list());
    expect(e).toMatchObject({ code: 'not-authorized', details: { status: 401 } });
    expect(e.message).toContain('was revoked');
    expect((await failure(connect({ url: server.url, retries: 0 }).runs.list())).code).toBe('not-authorized');
    const short = await admin.tokens.create({ name: 's', role: 'viewer', expiresAt: new Date(Date.now() + 300).toISOString() });
    const brief = connect({ url: server.url, project: project.project, token: short.secret, retries: 0 });
    await expect
      .poll(
        () =>
          brief.runs.list().then(
            () => 'works',
            (error: Error) => error.message,
          ),
        { timeout: 10_000 },
      )
      .toContain('The token has expired');
    const unauthorized = await fetch(`${server.url}/v2/models`);
    expect([unauthorized.status, unauthorized.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="stratus"']);
    expect((await fetch(`${server.url}/v2/health/live`)).status).toBe(200);
  });

  it('runs the jobs of an admin of all projects; others watch and stop them', async () => {
    const as = (token: string): Client => connect({ url: server.url, token, fetch: checking.fetch, retries: 0 });
    const { jobs, tokens } = as((await serverToken()).secret);
    const patience = { timeout: 50_000 };
    const code = 'console.log(process.env.GREETING.length)';
    const made = await jobs.submit({
      command: ['node', '-e', code],
      cwd: tmpdir(),
      env: { GREETING: 'not-told' },
      name: 'Greet',
    });
    expect(made).toMatchObject({ name: 'Greet', variables: ['GREETING'], createdBy: 'root', attempts: 0, occurrence: 1 });
    expect(JSON.stringify(made)).not.toContain('not-told');
    const { key } = made;
    const status = async (job: string): Promise<string> => (await jobs.get(job)).status;
    await expect.poll(() => status(key), patience).toBe('succeeded');
    expect(await jobs.logs(key)).toMatchObject([{ attempt: 1, stream: 'stdout', text: '8\n' }]);
    expect(await jobs.attempts(key)).toMatchObject([{ number: 1, status: 'succeeded', exitCode: 0 }]);
    expect((await jobs.list({ status: ['succeeded', 'failed'] })).map((job) => job.key)).toContain(key);
    expect(await jobs.list({ status: ['lost'] })).toEqual([]);
    expect(await failure(jobs.cancel(key))).toMatchObject({ code: 'conflict', details: { status: 409 } });
    expect((await jobs.retry(key)).occurrence).toBe(2);
    await expect.poll(() => jobs.logs(key, { attempt: 2 }), patience).toMatchObject([{ text: '8\n' }]);

    const [viewer, trainer, admin] = await Promise.all(
      (['viewer', 'trainer', 'admin'] as const).map(async (role) => as((await tokens.create({ name: role, role })).secret)),
    );
    const saving = "process.on('SIGTERM', () => process.exit(75)); console.log('up'); setInterval(() => {}, 1000)";
    const long = await jobs.submit({ key: `long-${count}`, command: ['node', '-e', saving], cwd: tmpdir() });
    const printed = async (attempt: number): Promise<unknown> => (await viewer!.jobs.logs(long.key, { attempt }))[0]?.text;
    await expect.poll(() => printed(1), patience).toBe('up\n');
    for (const verb of ['cancel', 'preempt'] as const)
      await expect(viewer!.jobs[verb](long.key)).rejects.toThrow('needs the role trainer');
    for (const one of [trainer!, admin!]) {
      await expect(one.jobs.submit({ command: ['true'], cwd: '/' })).rejects.toThrow('needs an admin of all projects');
      await expect(one.jobs.retry(key)).rejects.toThrow('needs an admin of all projects');
    }
    expect(await trainer!.jobs.preempt(long.key)).toMatchObject({ status: 'running', wish: 'preempt' });
    await expect.poll(() => printed(2), patience).toBe('up\n');
    await trainer!.jobs.cancel(long.key);
    await expect.poll(() => status(long.key), patience).toBe('cancelled');
    expect((await jobs.attempts(long.key)).map((one) => one.status)).toEqual(['preempted', 'cancelled']);
    expect((await failure(jobs.get('nobody'))).code).toBe('unknown-name');
    expect((await failure(jobs.submit({ command: ['true'], cwd: 'here' }))).code).toBe('bad-value');
  }, 120_000);

  it('starts sweeps for an admin of all projects, and tells everybody how far they are', async () => {
    const as = (token: string): Client => connect({ url: server.url, token, fetch: checking.fetch, retries: 0 });
    const { sweeps, jobs, tokens } = as((await serverToken()).secret);
    const viewer = as((await tokens.create({ name: 'onlooker', role: 'viewer' })).secret);
    const cwd = mkdtempSync(join(tmpdir(), 'stratus-api-sweep-'));
    const script = `import { currentRun, parameters } from 'stratus';
const { x } = parameters({ x: 0 });
if (x === 3) throw new Error('three is too many');
currentRun().log({ loss: (x - 2) ** 2 });`;
    writeFileSync(join(cwd, 'train.mjs'), script);
    const definition = { space: { x: { int: [1, 3] } }, search: 'grid', metric: 'loss', parallel: 2 };
    // More cores than the server has: it is for the supervisor beside it, which is built and can be started as a program.
    const named = { key: `search-${count}`, name: 'Over REST', cores: 5 };
    const made = await sweeps.start({ ...named, definition, script: 'train.mjs', cwd });
    const at = ['--store', store().store ?? server.store, '--blobs', server.blobs, '--spool', join(cwd, 'spool')];
    const supervisor = start(['jobs', 'run', '--cores', '8', ...at], { cwd });
    expect(made).toMatchObject({ key: `search-${count}`, preemptible: true, cores: 5, createdBy: 'root' });
    expect(made.command.slice(0, 4)).toEqual(['stratus', 'sweep', 'run', '--name']);
    await expect.poll(async () => (await jobs.get(made.key)).status, { timeout: 200_000 }).toMatch(/succeeded|failed/);
    supervisor.kill('SIGTERM');
    await supervisor.ended;
    const printed = (await jobs.logs(made.key)).map(({ text }) => text).join('');
    expect((await jobs.get(made.key)).status, printed).toBe('succeeded');
    const found = await viewer.sweeps.get(made.key);
    expect(found).toMatchObject({
      key: made.key,
      name: 'Over REST',
      status: 'finished',
      space: { x: { int: [1, 3] } },
      search: 'grid',
      goal: 'minimize',
      counts: { running: 0, finished: 2, pruned: 0, failed: 1 },
      best: { parameters: { x: 2 }, value: 0, status: 'finished' },
    });
    expect(await viewer.sweeps.get('Over REST')).toEqual(found);
    expect((await viewer.sweeps.list({ limit: 1 })).sweeps).toEqual([found]);
    const { trials, next } = await viewer.sweeps.trials(made.key, { limit: 2 });
    expect([trials.map(({ value }) => value), next]).toEqual([[0, 1], 2]);
    const [, , third] = (await viewer.sweeps.trials(made.key, { sort: 'number' })).trials;
    expect(third).toMatchObject({ number: 3, status: 'failed', error: expect.stringContaining('three is too many') });
    const refused = async (more: object): Promise<string> =>
      (await failure(sweeps.start({ definition, script: 'train.mjs', cwd, ...more }))).message;
    expect(await refused({ definition: { space: { x: { intt: [1, 3] } } } })).toContain("Did you mean 'int'?");
    expect(await refused({ definition: { space: { x: { choice: ['x'.repeat(100_000)] } } } })).toContain('at most 100000');
    await expect(viewer.sweeps.start({ definition, script: 'a.ts', cwd })).rejects.toThrow('needs an admin of all projects');
    expect(await failure(viewer.sweeps.get('Over RST'))).toMatchObject({ details: { status: 404, suggestion: 'Over REST' } });
    rmSync(cwd, { recursive: true, force: true });
  }, 240_000);

  it('has answered by every route, never with an error of its own', () => {
    expect(routes.map(({ id }) => id).filter((id) => id !== 'followRun' && !checking.answered.has(id))).toEqual([]);
    expect([...checking.statuses].filter(([status]) => status >= 500)).toEqual([]);
    expect(server.reported).toEqual([]);
  });
}
