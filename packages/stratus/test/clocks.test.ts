// Two machines whose clocks are hours apart work on one store: nothing is done twice, nothing is taken from whoever is at work, and nothing waits for a clock.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { uniform } from '../src/search/index.ts';
import { sweep } from '../src/sweeps/index.ts';
import { stateOf } from '../src/tracking/index.ts';
import { openWorkspace, type Workspace } from '../src/workspace/index.ts';
import { hasOtherMachines, onOtherMachine } from './other-machine.ts';
import { type PostgresServer, postgresPrograms, startPostgres } from './postgres-server.ts';
import { failure } from './store-contract.ts';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'stratus-clocks-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const patience = { timeout: 100_000, interval: 50 };

/** A folder with a store, and what works on it from machines with clocks of their own. */
async function place(name: string, store?: string) {
  const cwd = join(root, name);
  mkdirSync(join(cwd, '.stratus'), { recursive: true });
  const workspace: Workspace = await openWorkspace({ folder: cwd, ...(store !== undefined && { store }) });
  const all: ChildProcess[] = [];
  const there = (machine: string, clock: string, argv: readonly string[]): ChildProcess => {
    const { command, args, env } = onOtherMachine({ name: machine, clock }, [process.execPath, ...argv]);
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env, STRATUS_STORE: store ?? '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    all.push(child);
    return child;
  };
  const supervisor = (machine: string, clock: string): ChildProcess =>
    there(machine, clock, [main, 'jobs', 'run', '--cores', '4', '--lease', '2s', '--spool', join(cwd, `spool-${machine}`)]);
  const lines = (file: string): string[] =>
    existsSync(join(cwd, file)) ? readFileSync(join(cwd, file), 'utf8').split('\n').filter(Boolean) : [];
  const end = async (): Promise<void> => {
    for (const child of all) {
      const closed = once(child, 'close');
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await closed;
    }
    await workspace.close();
  };
  return { cwd, workspace, there, supervisor, lines, end };
}

function jobsOnMachines(address: () => string | undefined): void {
  it('supervisors hours apart run each job once, leave running ones alone, and take over what a dead machine left', async () => {
    const { cwd, workspace, supervisor, lines, end } = await place(
      `jobs-${address() === undefined ? 'sqlite' : 'postgres'}`,
      address(),
    );
    try {
      const { jobs, attempts } = workspace.store;
      const sh = (key: string, script: string, more = {}): Promise<unknown> =>
        jobs.submit({ key, command: ['sh', '-c', script], cwd, cores: 0.25, graceMs: 500, ...more });
      // The first machine is five hours ahead and has a job that takes several leases.
      const first = supervisor('ahead', '+5h');
      await sh('long', 'echo begin >> long; while [ ! -e go ]; do sleep 0.1; done; echo end >> long', { preemptible: true });
      await vi.waitFor(() => expect(lines('long')).toEqual(['begin']), patience);
      const second = supervisor('behind', '-3h');
      const count = 8;
      for (let i = 0; i < count; i++) await sh(`j${i}`, `echo ${i} >> seen; sleep 0.2`);
      await vi.waitFor(async () => expect(await jobs.list({ status: ['succeeded'] })).toHaveLength(count), patience);
      expect(lines('seen').map(Number).sort()).toEqual(Array.from({ length: count }, (_, i) => i));
      const [before] = await attempts.running();
      await vi.waitFor(async () => expect((await attempts.running())[0]!.beat).toBeGreaterThan(before!.beat + 12), patience); // two leases
      expect(await jobs.attempts('long')).toMatchObject([{ number: 1, status: 'running', host: 'ahead' }]);
      // Its machine is gone, without a word: the other one begins the job again, and not before nothing was heard for long.
      first.kill('SIGKILL');
      await once(first, 'close');
      await vi.waitFor(() => expect(lines('long')).toEqual(['begin', 'begin']), patience);
      writeFileSync(join(cwd, 'go'), '');
      await vi.waitFor(async () => expect((await jobs.get('long')).status).toBe('succeeded'), patience);
      expect(lines('long')).toEqual(['begin', 'begin', 'end']);
      expect((await jobs.attempts('long')).map(({ status, reason }) => `${status}: ${reason}`)).toEqual([
        'lost: nothing is heard any more of its machine, ahead',
        'succeeded: exit code 0',
      ]);
      second.kill('SIGKILL');
      await once(second, 'close');
    } finally {
      await end();
    }
  }, 240_000);
}

describe.skipIf(!hasOtherMachines)('clocks that are hours apart (the Debian package faketime, and namespaces)', () => {
  jobsOnMachines(() => undefined);

  describe.skipIf(postgresPrograms === undefined)('on PostgreSQL (initdb of the Debian package postgresql)', () => {
    let server: PostgresServer;
    const address = (): string => `postgres://reader:${encodeURIComponent(server.password)}@127.0.0.1:${server.port}/postgres`;
    beforeAll(async () => {
      server = await startPostgres();
    }, 120_000);
    afterAll(() => server?.stop());
    jobsOnMachines(address);

    it('a pause is over when the database says so', async () => {
      const { cwd, workspace, supervisor, end } = await place('pause', address());
      try {
        const { jobs } = (await workspace.store.inProject('default')) as Workspace['store'];
        await jobs.submit({ key: 'fails', command: ['sh', '-c', 'exit 1'], cwd, retries: 3, backoffMs: 3_600_000 });
        supervisor('early', '+9h');
        await vi.waitFor(async () => expect((await jobs.get('fails')).failures).toBe(1), patience);
        await jobs.submit({ key: 'next', command: ['true'], cwd });
        await vi.waitFor(async () => expect((await jobs.get('next')).status).toBe('succeeded'), patience);
        const { attempts, notBefore } = await jobs.get('fails');
        expect(attempts).toBe(1);
        expect(notBefore!.getTime() - Date.now()).toBeLessThan(3_600_000);
      } finally {
        await end();
      }
    }, 240_000);

    it('a sweep that is at work on a machine hours behind is not taken from it', async () => {
      const { cwd, workspace, there, end } = await place('sweep', address());
      try {
        writeFileSync(
          join(cwd, 'sweep.mjs'),
          `import { openWorkspace, sweep, uniform } from 'stratus';
await sweep({
  name: 'far',
  space: { x: uniform(0, 1) },
  trials: 2,
  workspace: await openWorkspace(),
  objective: async ({ x }) => {
    process.stdout.write('up\\n');
    await new Promise((done) => setTimeout(done, 600_000));
    return x;
  },
});`,
        );
        mkdirSync(join(cwd, 'node_modules'));
        const { symlinkSync } = await import('node:fs');
        symlinkSync(fileURLToPath(new URL('..', import.meta.url)), join(cwd, 'node_modules/stratus'));
        const child = there('behind', '-5h', ['sweep.mjs']);
        await once(child.stdout!, 'data');
        const again = { name: 'far', space: { x: uniform(0, 1) }, trials: 2, workspace, objective: () => 1, resume: true };
        expect((await failure(sweep(again))).message).toContain('is at work in another process (behind');
        const [run] = await workspace.store.runs.list({ tags: { 'sweep.kind': 'sweep' } });
        expect(stateOf(run!)).toBe('running');
        expect(Math.abs(run!.createdAt.getTime() - Date.now())).toBeLessThan(600_000); // of this machine, which is the database's
      } finally {
        await end();
      }
    }, 240_000);
  });
});
