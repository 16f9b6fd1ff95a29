import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { connect } from '../src/client/index.ts';
import { openStore } from '../src/store/index.ts';
import { events, start, stratus } from './cli-process.ts';

const dir = mkdtempSync(join(tmpdir(), 'stratus-cli-serve-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('makes tokens, shows them, and ends them', async () => {
  const made = await stratus(['tokens', 'create', 'nightly', '--role', 'trainer', '--expires', '30d', '--json'], { cwd: dir });
  const [{ secret, key, role, expiresAt }] = events(made.stdout) as [Record<string, string>];
  expect([role, secret!.startsWith('st_')]).toEqual(['trainer', true]);
  expect(Date.parse(expiresAt!)).toBeGreaterThan(Date.now() + 29 * 86_400_000);
  const plain = await stratus(['tokens', 'create', 'ann', '--role', 'admin', '--all-projects'], { cwd: dir });
  expect(plain.stdout).toMatch(/^st_[\w-]{43}\n$/); // alone on standard output, so that a program can take it
  expect(plain.stderr).toContain('admin of all projects');
  expect((await stratus(['tokens', 'ls'], { cwd: dir })).stdout).toMatch(/nightly +trainer +default/);
  expect((await stratus(['tokens', 'ls', '--all'], { cwd: dir })).stdout).toContain('(all)');
  expect((await stratus(['tokens', 'revoke', key!], { cwd: dir })).stdout).toContain(`Revoked ${key}`);
  expect((await stratus(['tokens', 'ls', '--json'], { cwd: dir })).stdout).toContain('"revokedAt":"');
  const wrong = await stratus(['tokens', 'revoke', 'nobody'], { cwd: dir });
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('There is no token named')]);
  expect((await stratus(['tokens', 'create', 'x', '--role', 'root'], { cwd: dir })).code).toBe(2);
  expect((await stratus(['tokens', 'create', 'x', '--expires', 'soon'], { cwd: dir })).code).toBe(2);
  expect((await stratus(['tokens', 'create', 'x', '--all-projects'], { cwd: dir })).code).toBe(1);
}, 120_000);

it('serves until SIGTERM, also while somebody listens, and refuses other machines without a token', async () => {
  const home = join(dir, 'served');
  const refused = await stratus(['serve', '--host', '0.0.0.0', '--port', '0', '--store', join(home, 'store.db')], { cwd: dir });
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('there is no token yet')]);
  const server = start(['serve', '--port', '0', '--store', join(home, 'store.db'), '--json'], { cwd: dir });
  const [, url] = await server.until(/"url":"([^"]+)"/);
  const client = connect({ url: url! });
  const { key } = await client.runs.create({ name: 'first' });
  const listening = client.events(key)[Symbol.asyncIterator]();
  expect((await listening.next()).value).toMatchObject({ type: 'run', run: { name: 'first' } });
  server.kill('SIGTERM');
  const { code, stdout, stderr } = await server.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(events(stdout).map(({ type }) => type)).toEqual(['serving', 'stopped']);
  await listening.return?.(undefined);
}, 120_000);

it("answers MLflow's client and runs jobs until SIGTERM, which lets them save", async () => {
  const file = join(dir, 'jobs', 'store.db');
  const server = start(['serve', '--port', '0', '--store', file, '--json'], { cwd: dir });
  const [, url] = await server.until(/"url":"([^"]+)"/);
  const mlflow = async (headers: Record<string, string> = {}): Promise<number> =>
    (await fetch(`${url}/api/2.0/mlflow/experiments/get?experiment_id=0`, { headers })).status;
  expect(await mlflow()).toBe(200);
  const store = await openStore(file);
  const { secret } = await store.tokens.create({ name: 'ci', role: 'viewer' });
  expect([await mlflow(), await mlflow({ authorization: `Bearer ${secret}` })]).toEqual([401, 200]);

  await store.jobs.submit({ key: 'short', command: ['node', '-e', 'console.log(6 * 7)'], cwd: dir });
  await vi.waitFor(async () => expect((await store.jobs.get('short')).status).toBe('succeeded'), { timeout: 50_000 });
  expect((await store.jobs.logs('short')).map(({ text }) => text)).toEqual(['42\n']);
  const saving = "process.on('SIGTERM', () => process.exit(75)); console.log('up'); setInterval(() => {}, 1000)";
  await store.jobs.submit({ key: 'long', command: ['node', '-e', saving], cwd: dir });
  await vi.waitFor(async () => expect((await store.jobs.logs('long'))[0]?.text).toBe('up\n'), { timeout: 50_000 });
  const [attempt] = await store.jobs.attempts('long');
  server.kill('SIGTERM');
  const { code, stdout, stderr } = await server.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(events(stdout).map(({ type, job }) => [type, job].join(' ').trim())).toEqual([
    'serving',
    'began short',
    'ended short',
    'began long',
    'ended long',
    'stopped',
  ]);
  expect((await store.jobs.attempts('long'))[0]).toMatchObject({ status: 'preempted', exitCode: 75 });
  expect(['queued', 'waiting']).toContain((await store.jobs.get('long')).status); // to go on later
  expect(() => process.kill(attempt!.pid!, 0)).toThrow('ESRCH');
  await store.close();
}, 120_000);

it('leaves jobs alone with --no-jobs', async () => {
  const file = join(dir, 'none', 'store.db');
  const server = start(['serve', '--port', '0', '--store', file, '--no-jobs', '--json'], { cwd: dir });
  await server.until(/"url"/);
  const store = await openStore(file);
  await store.jobs.submit({ key: 'left', command: ['true'], cwd: dir });
  // Somebody else takes it, and the server did not.
  const run = await stratus(['jobs', 'run', '--drain', '--store', file, '--json'], { cwd: dir });
  expect(events(run.stdout).filter(({ type }) => type === 'began')).toEqual([expect.objectContaining({ job: 'left' })]);
  server.kill('SIGTERM');
  expect(events((await server.ended).stdout).map(({ type }) => type)).toEqual(['serving', 'stopped']);
  await store.close();
}, 120_000);
