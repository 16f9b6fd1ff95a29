// A supervisor whose store goes away: it ends when it is asked to, and what it could not tell is told by the next one.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openWorkspace } from '../src/workspace/index.ts';
import { events, start } from './cli-process.ts';
import { type PostgresServer, postgresPrograms, startPostgres } from './postgres-server.ts';

const patience = { timeout: 50_000, interval: 50 };

describe.skipIf(postgresPrograms === undefined)('a server of PostgreSQL (initdb of the Debian package postgresql)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-jobs-gone-'));
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => {
    server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('that is gone when the supervisor is to end', async () => {
    const store = `postgres://reader:${encodeURIComponent(server.password)}@127.0.0.1:${server.port}/postgres`;
    const workspace = await openWorkspace({ folder, store });
    const { jobs } = workspace.store;
    const supervise = () => start(['jobs', 'run', '--cores', '4', '--json'], { cwd: folder, env: { STRATUS_STORE: store } });
    const script = `trap 'echo saved; echo so > saved; exit 75' TERM; echo > ready; while [ ! -e saved ]; do sleep 0.05; done; echo done`;
    await jobs.submit({ key: 'saves', command: ['sh', '-c', script], cwd: folder, preemptible: true, cores: 1 });
    const first = supervise();
    await vi.waitFor(() => readFileSync(join(folder, 'ready')), patience);
    await server.crash('kill');
    first.kill('SIGTERM');
    const { stdout } = await first.ended; // it would never end if it waited for the store
    expect(readFileSync(join(folder, 'saved'), 'utf8')).toBe('so\n');
    expect(events(stdout).at(-1)).toEqual({ type: 'left', job: 'saves', attempt: 1 });

    await server.restart();
    const second = supervise();
    await vi.waitFor(async () => expect((await jobs.get('saves')).status).toBe('succeeded'), patience);
    second.kill('SIGTERM');
    await second.ended;
    expect((await jobs.attempts('saves')).map(({ status }) => status).sort()).toEqual(['preempted', 'succeeded']);
    const printed = (await jobs.logs('saves', { limit: 100 })).filter(({ stream }) => stream === 'stdout');
    expect(printed.map(({ text }) => text).join('')).toBe('saved\ndone\n');
    await workspace.close();
  }, 180_000);
});
