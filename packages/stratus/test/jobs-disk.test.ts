// What becomes of jobs, of their supervisor and of the store when a disk is full, and of very much output.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type JobEvent, type SuperviseOptions, type Supervisor, superviseJobs } from '../src/jobs/index.ts';
import { keptBytes } from '../src/store/index.ts';
import { openWorkspace, type Workspace } from '../src/workspace/index.ts';
import { loudJob } from './loud-job.ts';
import { canMount, type SmallDisk, smallDisk } from './small-disk.ts';

const patience = { timeout: 100_000, interval: 50 };
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function disk(megabytes: number): SmallDisk {
  const made = smallDisk(megabytes)!;
  ends.push(made.free);
  return made;
}

function plainFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-jobs-disk-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A workspace in a folder, and a supervisor of its jobs in this process. */
async function place(folder: string, options: SuperviseOptions = {}) {
  mkdirSync(join(folder, '.stratus'), { recursive: true });
  const workspace: Workspace = await openWorkspace({ folder });
  ends.push(() => workspace.close());
  const events: JobEvent[] = [];
  const supervisor: Supervisor = superviseJobs(workspace, {
    cores: 4,
    pollMs: 50,
    onEvent: (event) => events.push(event),
    ...options,
  });
  ends.push(() => supervisor.stop());
  const { jobs } = workspace.store;
  const sh = (key: string, script: string): Promise<unknown> =>
    jobs.submit({ key, command: ['sh', '-c', script], cwd: folder, cores: 0.5 });
  const over = (key: string): Promise<void> =>
    vi.waitFor(async () => expect((await jobs.get(key)).status).not.toMatch(/queued|running/), patience);
  const history = async (key: string) => (await jobs.attempts(key)).map(({ status, reason }) => `${status}: ${reason}`);
  const log = async (key: string): Promise<string> => (await jobs.logs(key, { limit: 1e6 })).map(({ text }) => text).join('');
  const troubles = (): string[] => events.flatMap((event) => (event.type === 'trouble' ? [(event.error as Error).message] : []));
  return { workspace, jobs, sh, over, history, log, troubles };
}

/** Prints faster than anybody carries away, and is not ended by a full disk. */
const flood = "head -c 300000000 /dev/zero | tr '\\0' x 2>/dev/null; echo the end; exit 3";

describe.skipIf(!canMount)('a full disk (where a tmpfs can be mounted)', () => {
  it('in which a job prints: how it ended is known, and why is told', async () => {
    const { folder } = disk(4);
    const own = plainFolder();
    const { sh, over, history } = await place(own, { spool: join(folder, 'spool') });
    await sh('prints', "touch up; while [ ! -e go ]; do sleep 0.05; done; head -c 1000000 /dev/zero | tr '\\0' x; exit 3");
    await vi.waitFor(() => expect(existsSync(join(own, 'up'))).toBe(true), patience);
    expect(() => writeFileSync(join(folder, 'filler'), Buffer.alloc(8e6))).toThrow('ENOSPC');
    writeFileSync(join(own, 'go'), '');
    await over('prints');
    expect(await history('prints')).toEqual(['failed: exit code 3, and the disk of its output was full']);
  }, 240_000);

  it('that output would fill: its middle goes, how the job ended is known, and others go on', async () => {
    const { folder } = disk(8);
    const { sh, over, history, log, jobs } = await place(plainFolder(), { spool: join(folder, 'spool') });
    await sh('flood', flood);
    await over('flood');
    expect((await history('flood'))[0]).toMatch(/^failed: exit code 3/); // whether it was full is a race that we may win
    const [attempt] = await jobs.attempts('flood');
    const text = await log('flood');
    expect(text.slice(0, keptBytes)).toBe('x'.repeat(keptBytes));
    expect(attempt!.droppedBytes + Buffer.byteLength(text)).toBeGreaterThan(7e6);
    await sh('after', 'echo as ever');
    await over('after');
    expect([await history('after'), await log('after')]).toEqual([['succeeded: exit code 0'], 'as ever\n']);
  }, 240_000);

  it('that others fill: a job that runs is not taken for dead, the next ones wait, and it is told once', async () => {
    const { folder } = disk(4);
    const own = plainFolder();
    const { sh, over, history, jobs, troubles } = await place(own, { spool: join(folder, 'spool'), leaseMs: 600 });
    await sh('runs', 'touch up; while [ ! -e go ]; do sleep 0.05; done');
    await vi.waitFor(async () => expect((await jobs.get('runs')).status).toBe('running'), patience);
    expect(() => writeFileSync(join(folder, 'filler'), Buffer.alloc(8e6))).toThrow('ENOSPC');
    await sh('waits', 'echo now');
    await vi.waitFor(() => expect(troubles().length).toBe(1), patience);
    expect(troubles()[0]).toMatch(
      /^Beginning a job with its output in .*spool failed: its disk has 0\.\d MB left, and jobs wait/,
    );
    await new Promise((done) => setTimeout(done, 2000)); // more than three leases
    expect([(await jobs.get('runs')).status, (await jobs.get('waits')).attempts]).toEqual(['running', 0]);
    writeFileSync(join(own, 'go'), '');
    await over('runs');
    expect(await history('runs')).toEqual(['succeeded: exit code 0']);
    rmSync(join(folder, 'filler'));
    await over('waits');
    expect(await history('waits')).toEqual(['succeeded: exit code 0']);
    expect(troubles().length).toBe(1);
  }, 240_000);

  it('that output fills and on which the store lies too: the middle of the output goes, and nothing that was acknowledged', async () => {
    const { folder } = disk(24);
    const { sh, over, history, log, jobs, workspace } = await place(folder);
    const { runs, metrics } = workspace.store;
    await runs.create({ key: 'r' });
    const kept: number[] = [];
    let isOver = false;
    const writer = (async () => {
      for (let step = 0; !isOver; step++) {
        const done = await metrics.append('r', [{ name: 'm', step, value: step }]).then(
          () => true,
          (e: Error) => expect(e.message).toMatch(/full/) === undefined && false,
        );
        if (done) kept.push(step);
        await new Promise((go) => setTimeout(go, 5));
      }
    })();
    await sh('flood', flood);
    await over('flood');
    await sh('after', 'echo as ever');
    await over('after');
    isOver = true;
    await writer;
    expect((await history('flood'))[0]).toMatch(/^failed: exit code 3/);
    expect((await log('flood')).startsWith('x'.repeat(1000))).toBe(true);
    expect(await log('after')).toBe('as ever\n');
    expect((await jobs.get('after')).status).toBe('succeeded');
    const steps = new Set((await metrics.history('r', 'm', { limit: 1e6 })).map(({ step }) => step));
    expect(kept.filter((step) => !steps.has(step))).toEqual([]);
    expect(kept.length).toBeGreaterThan(5);
  }, 240_000);
});

it('a supervisor does not grow by what its jobs print, and the beginning and the end are kept', async () => {
  const report = await loudJob({ folder: plainFolder(), bytes: 200e6 });
  expect(report).toMatchObject({ status: 'succeeded', first: '0', last: String(report.printedBytes / 100 - 1) });
  expect(report.keptBytes + report.droppedBytes).toBe(report.printedBytes);
  expect(report.keptBytes).toBeLessThan(3 * keptBytes);
  expect(report.peakMb - report.restMb).toBeLessThan(64);
}, 240_000);
