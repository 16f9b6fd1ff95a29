// What every store promises of tokens, and of the blobs that a project has sent.
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { openStore, type Store } from '../src/store/index.ts';
import { digest, failure, type StorePlace } from './store-contract.ts';

/** A store of its own: `any` speaks of all projects. */
export function tokensContract(place: () => Pick<StorePlace, 'address' | 'options'>): void {
  let root: Store;
  let count = 0;
  beforeAll(async () => {
    const { address, options } = place();
    root = await openStore(address, { ...options, actor: 'ann' });
  });
  afterAll(() => root?.close());
  afterEach(() => void vi.useRealTimers());
  const fresh = (): Promise<Store> => root.inProject(`tokens-${++count}`);

  it('knows whether a token was ever made', async () => {
    expect(await root.tokens.any()).toBe(false);
    const { info } = await root.tokens.create({ name: 'first', role: 'admin', allProjects: true });
    await root.tokens.revoke(info.key, { all: true });
    expect(await root.tokens.any()).toBe(true);
  });

  it('gives a token once, finds it by its secret, and keeps only a hash', async () => {
    const store = await fresh();
    const { secret, info } = await store.tokens.create({ name: 'nightly', role: 'trainer', by: 'bob' });
    expect(secret).toMatch(/^st_[A-Za-z0-9_-]{43}$/);
    expect(info).toMatchObject({ name: 'nightly', role: 'trainer', project: store.project, createdBy: 'bob' });
    const other = await store.tokens.create({ name: 'nightly', role: 'viewer' });
    expect(other.secret).not.toBe(secret);
    expect(await root.tokens.verify(secret)).toEqual(info); // from whatever project
    expect(JSON.stringify(await store.tokens.list())).not.toContain(secret.slice(3));
    const [first, second] = await store.tokens.list();
    expect([first!.key, second!.key]).toEqual([info.key, other.info.key]);
    expect(first!.usedAt!.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(second!.usedAt).toBeUndefined();
  });

  it('refuses what is no token, what has expired and what was revoked', async () => {
    const { tokens } = await fresh();
    const { secret, info } = await tokens.create({ name: 'a', role: 'viewer', expiresAt: new Date(Date.now() + 60_000) });
    const said = async (given: string) => (await failure(tokens.verify(given))).message;
    for (const wrong of ['', 'st_', secret.slice(0, -1), `${secret}x`, `st_${'\0'.repeat(43)}`, `${secret.slice(0, -1)}'`])
      expect(await said(wrong)).toContain('This is no token');
    const altered = secret.slice(0, 10) + (secret[10] === 'A' ? 'B' : 'A') + secret.slice(11);
    expect(await said(altered)).toContain('There is no such token');
    expect((await failure(tokens.verify(altered))).code).toBe('not-authorized');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    expect(await said(secret)).toContain('has expired');
    vi.useRealTimers();
    await tokens.verify(secret);
    const ended = await tokens.revoke(info.key);
    expect(await said(secret)).toContain('was revoked');
    expect(await tokens.revoke(info.key)).toEqual(ended);
  });

  it('keeps tokens of projects apart, and those of all projects from both', async () => {
    const [one, other] = [await fresh(), await fresh()];
    const { info } = await one.tokens.create({ name: 'a', role: 'admin' });
    const everywhere = await one.tokens.create({ name: 'b', role: 'admin', allProjects: true });
    expect(everywhere.info.project).toBeUndefined();
    expect(await other.tokens.list()).toEqual([]);
    expect((await one.tokens.list()).map(({ key }) => key)).toEqual([info.key]);
    for (const key of [info.key, everywhere.info.key]) {
      const e = await failure(other.tokens.revoke(key));
      expect(e.code).toBe('unknown-name');
      expect(e.message).toContain('Known: none');
    }
    expect((await other.tokens.list({ all: true })).map(({ key }) => key)).toEqual(
      expect.arrayContaining([info.key, everywhere.info.key]),
    );
    await other.tokens.revoke(everywhere.info.key, { all: true });
    expect((await failure(one.tokens.verify(everywhere.secret))).code).toBe('not-authorized');
  });

  it('refuses tokens that nobody should have', async () => {
    const { tokens } = await fresh();
    for (const role of ['viewer', 'trainer', 'deployer'] as const)
      expect((await failure(tokens.create({ name: 'a', role, allProjects: true }))).code).toBe('bad-value');
    expect((await failure(tokens.create({ name: 'a', role: 'amdin' as 'admin' }))).message).toContain("Did you mean 'admin'?");
    expect((await failure(tokens.create({ name: 'a', role: 'constructor' as 'admin' }))).code).toBe('unknown-name');
    expect((await failure(tokens.create({ name: '', role: 'admin' }))).code).toBe('bad-value');
    for (const expiresAt of [new Date(0), new Date(Number.NaN)])
      expect((await failure(tokens.create({ name: 'a', role: 'admin', expiresAt }))).code).toBe('bad-value');
    expect(await tokens.list()).toEqual([]);
  });

  it('knows which blobs a project may name: those that it sent, or names', async () => {
    const [one, other] = [await fresh(), await fresh()];
    await one.uploads.note(digest(1));
    await one.uploads.note(digest(1));
    await one.runs.create({ key: 'a' });
    await one.artifacts.put('a', { path: 'x', digest: digest(2), bytes: 1 });
    await one.models.register('net', { digest: digest(3), bytes: 1 });
    for (const n of [1, 2, 3]) {
      expect(await one.uploads.owns(digest(n))).toBe(true);
      expect(await other.uploads.owns(digest(n))).toBe(false);
    }
    expect(await one.uploads.owns(digest(4))).toBe(false);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 24 * 3600 * 1000 });
    expect(await one.uploads.owns(digest(1))).toBe(false); // nobody named it in time
    expect(await one.uploads.owns(digest(2))).toBe(true);
  });
}
