// `stratus jobs`: real supervisors, real processes, and what becomes of both when they are killed.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeArtifact } from '@stratus/core';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { type JobEvent, type SuperviseOptions, type Supervisor, superviseJobs } from '../src/jobs/index.ts';
import type { JobInfo, NewJob } from '../src/store/index.ts';
import { openWorkspace, type Workspace } from '../src/workspace/index.ts';
import { type Running, root as repository, start, stratus } from './cli-process.ts';

const root = mkdtempSync(join(tmpdir(), 'stratus-jobs-'));
const running: Running[] = [];
const opened: Workspace[] = [];
const supervisors: Supervisor[] = [];
afterEach(async () => {
  await Promise.all(supervisors.splice(0).map((one) => one.stop()));
  for (const one of running.splice(0)) one.kill('SIGTERM');
  await Promise.all(opened.splice(0).map((workspace) => workspace.close()));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const patience = { timeout: 50_000, interval: 50 };

/** A folder with a store of its own, and what tests do with it. */
async function place(name: string) {
  const cwd = join(root, name);
  mkdirSync(join(cwd, '.stratus'), { recursive: true });
  const workspace = await openWorkspace({ folder: cwd });
  opened.push(workspace);
  const { jobs, attempts } = workspace.store;
  const submit = (key: string, command: readonly string[], more: Partial<NewJob> = {}): Promise<JobInfo> =>
    jobs.submit({ key, command, cwd, cores: 0.5, ...more });
  const sh = (key: string, script: string, more: Partial<NewJob> = {}): Promise<JobInfo> =>
    submit(key, ['sh', '-c', script], more);
  const events_: JobEvent[] = [];
  /** A supervisor in this process. */
  const supervise = (options: SuperviseOptions = {}): Supervisor => {
    const one = superviseJobs(workspace, { cores: 4, pollMs: 50, onEvent: (event) => events_.push(event), ...options });
    supervisors.push(one);
    return one;
  };
  /** Until nothing is left to do. */
  const drain = async (options: SuperviseOptions = {}): Promise<void> => {
    const one = supervise(options);
    await vi.waitFor(async () => expect(await jobs.list({ status: ['waiting', 'queued', 'running'] })).toEqual([]), patience);
    await one.stop();
  };
  /** One that can be killed. */
  const supervisor = (...args: readonly string[]): Running => {
    const one = start(['jobs', 'run', '--cores', '4', ...args], { cwd });
    running.push(one);
    return one;
  };
  const reaches = (key: string, status: JobInfo['status']): Promise<void> =>
    vi.waitFor(async () => expect((await jobs.get(key)).status).toBe(status), patience);
  const file = (path: string): string => (existsSync(join(cwd, path)) ? readFileSync(join(cwd, path), 'utf8') : '');
  const has = (path: string, pattern: RegExp): Promise<void> => vi.waitFor(() => expect(file(path)).toMatch(pattern), patience);
  const lines = (path: string): string[] => file(path).split('\n').filter(Boolean);
  const log = async (key: string): Promise<string> => (await jobs.logs(key, { limit: 1e6 })).map(({ text }) => text).join('');
  const history = async (key: string) => (await jobs.attempts(key)).map(({ status, reason }) => `${status}: ${reason}`);
  return {
    cwd,
    jobs,
    attempts,
    submit,
    sh,
    supervise,
    supervisor,
    drain,
    reaches,
    file,
    has,
    lines,
    log,
    history,
    events: events_,
  };
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

describe('a supervisor', () => {
  it('runs jobs by priority and after those that they need, with their environment, and keeps what they print', async () => {
    const { sh, submit, drain, lines, jobs, cwd, history, events } = await place('order');
    await sh('late', 'echo late >> order');
    await sh('first', 'echo first >> order; echo "to $STRATUS_JOB, $STRATUS_RUN, $X" >&2; printf "äöü\\0."', {
      env: { X: 'a b' },
      priority: 2,
    });
    await sh('second', 'echo second >> order', { priority: 1 });
    await sh('third', 'echo third >> order', { priority: 3, needs: ['second'] });
    await sh('fails', 'exit 3', { retries: 1, backoffMs: 10 });
    await sh('never', 'echo never >> order', { needs: ['fails'] });
    await submit('missing', ['no-such-program']);
    await submit('nowhere', ['true'], { cwd: join(cwd, 'not/there') });
    await submit('builtin', ['exit', '0']);
    await drain({ cores: 0.5 });
    expect(lines('order')).toEqual(['first', 'second', 'third', 'late']);
    const printed = await jobs.logs('first');
    expect(printed.map(({ stream, text }) => [stream, text])).toEqual([
      ['stdout', 'äöü\ufffd.'],
      ['stderr', 'to first, first, a b\n'],
    ]);
    expect(await history('fails')).toEqual(['failed: exit code 3', 'failed: exit code 3']);
    expect(await jobs.get('never')).toMatchObject({ status: 'cancelled', attempts: 0 });
    expect(await history('missing')).toEqual(["failed: there is no program 'no-such-program'"]);
    expect(await history('nowhere')).toEqual([`failed: there is no folder ${join(cwd, 'not/there')}`]);
    expect((await jobs.get('builtin')).status).toBe('failed');
    expect(events.filter((event) => event.type === 'ended' && event.job === 'fails')).toHaveLength(2);
    expect(readdirSync(join(cwd, '.stratus/spool'))).toEqual([]);
  });

  it('ends what takes too long, and kills what does not listen, with all that it started', async () => {
    const { sh, drain, history, lines } = await place('times');
    const stubborn = 'trap "" TERM; sleep 100 & echo $! >> pids; echo $$ >> pids; while :; do sleep 0.1; done';
    await sh('slow', 'echo began; exec sleep 100', { timeoutMs: 300 });
    await sh('stubborn', stubborn, { timeoutMs: 300, graceMs: 300 });
    await sh('leaves', 'sleep 100 & echo $! >> pids; exit 0');
    await drain();
    expect(await history('slow')).toEqual(['timed-out: ran for more than 0.3 s']);
    expect(await history('stubborn')).toEqual(['timed-out: ran for more than 0.3 s, killed after 0.3 s of grace']);
    expect(await history('leaves')).toEqual(['succeeded: exit code 0']);
    expect(lines('pids')).toHaveLength(3);
    await vi.waitFor(() => expect(lines('pids').map(Number).filter(isAlive)).toEqual([]), patience);
  });

  it('cancels what runs and what waits, and stops a job that is asked to make room', async () => {
    const { sh, supervise, reaches, has, history, jobs, cwd } = await place('cancel');
    await sh('endless', 'echo up > endless; while :; do sleep 0.1; done');
    await sh('polite', 'trap "exit 75" TERM; echo up >> polite; while [ ! -e enough ]; do sleep 0.1; done');
    supervise();
    await has('endless', /up/);
    await has('polite', /up/);
    await jobs.cancel('endless');
    await jobs.preempt('polite');
    await reaches('endless', 'cancelled');
    await has('polite', /up\nup/); // it is back at once
    writeFileSync(join(cwd, 'enough'), '');
    await reaches('polite', 'succeeded');
    expect(await history('polite')).toEqual(['preempted: made room', 'succeeded: exit code 0']);
    expect(await history('endless')).toEqual(['cancelled: cancelled']);
  });

  it('lets a more important job have the room of one that can go on later', async () => {
    const { sh, drain, lines, history, cwd, has } = await place('room');
    const polite = 'trap "exit 75" TERM; echo begin >> order; [ -e seen ] && exit 0; while :; do sleep 0.05; done';
    await sh('polite', polite, { preemptible: true, cores: 1 });
    const over = drain({ cores: 1 });
    await has('order', /begin/);
    await sh('urgent', 'echo urgent >> order; touch seen', { priority: 5, cores: 1 });
    await over;
    expect(lines('order')).toEqual(['begin', 'urgent', 'begin']);
    expect(await history('polite')).toEqual(['preempted: made room', 'succeeded: exit code 0']);
    expect(existsSync(join(cwd, 'seen'))).toBe(true);
  });

  it('keeps the beginning and the end of very much output', async () => {
    const { submit, drain, log, jobs, cwd } = await place('much');
    const script = `
      const line = 'x'.repeat(99) + '\\n';
      const block = Buffer.from(line.repeat(10_000));
      require('node:fs').writeSync(1, 'the beginning\\n');
      for (let i = 0; i < 200; i++) for (let at = 0; at < block.length; ) at += require('node:fs').writeSync(1, block, at);
      require('node:fs').writeSync(1, 'the end\\n');`;
    await submit('loud', ['node', '-e', script]);
    await drain();
    const text = await log('loud');
    expect(text.startsWith('the beginning\nxxx')).toBe(true);
    expect(text.endsWith('xxx\nthe end\n')).toBe(true);
    expect(text.length).toBeLessThan(2.3e6);
    const [attempt] = await jobs.attempts('loud');
    expect(attempt!.droppedBytes + text.length).toBe(200e6 + 22);
    const shown = await stratus(['jobs', 'logs', 'loud'], { cwd });
    expect(shown.stdout).toBe(text);
    expect(shown.stderr).toMatch(/^— 19\d\.\d MB are left out here/);
  });

  it('comes back for its schedule, and runs what was missed once', async () => {
    const { sh, supervise, jobs, lines, has } = await place('schedule');
    await sh('tick', 'echo $STRATUS_RUN >> ticks', { schedule: '* * * * * *' });
    await vi.waitFor(async () => expect((await jobs.get('tick')).status).toBe('queued'), patience);
    await new Promise((done) => setTimeout(done, 2100)); // three of its times go by, and nobody is there
    supervise();
    await has('ticks', /tick\.3/);
    const began = (await jobs.attempts('tick')).map(({ beganAt }) => Math.floor(beganAt.getTime() / 1000));
    expect(new Set(began).size).toBe(began.length); // never twice in a second: the missed ones were one
    expect(lines('ticks').slice(0, 3)).toEqual(['tick', 'tick.2', 'tick.3']);
    await jobs.cancel('tick');
  });
});

describe('several supervisors on one store', () => {
  it('run no job twice, whoever is killed', async () => {
    const { sh, supervisor, lines, jobs, history } = await place('several');
    const count = 24;
    for (let i = 0; i < count; i++) await sh(`j${i}`, `echo ${i} begin >> seen; sleep 0.2; echo ${i} end >> seen`);
    const all = [supervisor(), supervisor(), supervisor()];
    await vi.waitFor(() => expect(lines('seen').length).toBeGreaterThan(8), patience);
    all[0]!.kill('SIGKILL');
    await vi.waitFor(() => expect(lines('seen').length).toBeGreaterThan(18), patience);
    all[1]!.kill('SIGKILL');
    await vi.waitFor(async () => expect(await jobs.list({ status: ['succeeded'] })).toHaveLength(count), patience);
    const wanted = Array.from({ length: count }, (_, i) => [`${i} begin`, `${i} end`]).flat();
    expect(lines('seen').sort()).toEqual(wanted.sort());
    // Where a supervisor was killed between taking a job and starting it, nothing had begun.
    const ends = (await Promise.all(Array.from({ length: count }, (_, i) => history(`j${i}`)))).flat();
    const begun = ends.filter((end) => end !== 'lost: its supervisor ended before it began');
    expect(begun).toEqual(Array.from({ length: count }, () => 'succeeded: exit code 0'));
  });

  it('a killed one finds its jobs again, with all that they printed meanwhile and how they ended', async () => {
    const { sh, supervisor, drain, cwd, jobs, log, history, reaches, events } = await place('again');
    await sh('long', 'echo one; touch up; while [ ! -e go ]; do sleep 0.05; done; echo two; exit 4');
    await sh('longer', 'echo eins; touch both; while [ ! -e stop ]; do sleep 0.05; done; echo zwei');
    const first = supervisor();
    await vi.waitFor(() => expect(existsSync(join(cwd, 'up')) && existsSync(join(cwd, 'both'))).toBe(true), patience);
    first.kill('SIGKILL');
    await first.ended;
    const pid = (await jobs.attempts('long'))[0]!.pid!;
    expect(isAlive(pid)).toBe(true);
    writeFileSync(join(cwd, 'go'), '');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), patience); // it ends while nobody looks
    const second = drain();
    await reaches('long', 'failed');
    expect(await history('long')).toEqual(['failed: exit code 4']);
    expect(await log('long')).toBe('one\ntwo\n');
    writeFileSync(join(cwd, 'stop'), '');
    await second;
    expect(events.filter(({ type }) => type === 'adopted')).toMatchObject([{ job: 'long' }, { job: 'longer' }]);
    expect(await log('longer')).toBe('eins\nzwei\n');
    expect(await history('longer')).toEqual(['succeeded: exit code 0']);
  });

  it('what was lost with its processes is tried again', async () => {
    const { sh, supervisor, drain, has, jobs, history, file, cwd } = await place('lost');
    await sh('gone', 'echo up >> up; [ -e back ] && exit 0; while :; do sleep 0.05; done');
    const first = supervisor();
    await has('up', /up/);
    first.kill('SIGKILL');
    await first.ended;
    const pid = (await jobs.attempts('gone'))[0]!.pid!;
    process.kill(-pid, 'SIGKILL');
    writeFileSync(join(cwd, 'back'), '');
    await drain();
    expect(await history('gone')).toEqual(['lost: its process is gone, and nobody knows how it ended', 'succeeded: exit code 0']);
    expect(file('up')).toBe('up\nup\n');
  });

  it('jobs end before another machine may take them when nothing is heard of their supervisor', async () => {
    const { sh, supervisor, supervise, has, jobs, attempts, file } = await place('elsewhere');
    await sh('alone', 'trap "echo saved >> up; exit 75" TERM; echo up >> up; while :; do sleep 0.05; done');
    const first = supervisor('--lease', '1s');
    await has('up', /up/);
    const [attempt] = await attempts.running();
    await vi.waitFor(async () => expect((await attempts.running())[0]!.beat).toBeGreaterThan(attempt!.beat), patience);
    first.kill('SIGKILL');
    await first.ended;
    await has('up', /saved/);
    await vi.waitFor(() => expect(isAlive(attempt!.pid!)).toBe(false), patience);
    supervise({ leaseMs: 1000 });
    await vi.waitFor(async () => expect((await jobs.get('alone')).attempts).toBe(2), patience);
    await jobs.cancel('alone');
    await vi.waitFor(async () => expect((await jobs.get('alone')).status).toBe('cancelled'), patience);
    const [one, two] = await jobs.attempts('alone');
    expect(one).toMatchObject({ status: 'preempted', exitCode: 75, reason: 'stopped, since no supervisor could be seen' });
    expect(two!.status).toBe('cancelled');
    expect(file('up')).toBe('up\nsaved\nup\nsaved\n');
  });
});

describe('a training', () => {
  it('that makes room goes on at the very step, to the very weights', async () => {
    const { cwd, submit, supervise, has, jobs, history, reaches, file, log } = await place('training');
    const program = [process.execPath, join(repository, 'packages/stratus/dist/cli/main.js')];
    writeFileSync(
      join(cwd, 'train.ts'),
      `import { appendFileSync } from 'node:fs';
import { adam, dense, dropout, input, sequential } from 'stratus';
const x = Array.from({ length: 512 }, (_, i) => Array.from({ length: 8 }, (_, j) => Math.sin(i * 8 + j)));
const y = x.map((row) => [row[0]! * row[1]! - row[2]!]);
const model = sequential([input({ shape: [8] }), dense({ units: 32, activation: 'relu' }), dropout({ rate: 0.3 }), dense({ units: 1 })]);
model.compile({ optimizer: adam(), loss: 'meanSquaredError' });
const out = process.argv[2]!;
const pause = Number(process.argv[3] ?? 0);
const callbacks = [{ onBatchEnd: async (run: { step: number }) => {
  appendFileSync(out + '.steps', run.step + '\\n');
  await new Promise((go) => setTimeout(go, pause));
} }];
await model.fit(x, y, { epochs: 6, batchSize: 16, callbacks });
await model.save(out);
`,
    );
    await submit('whole', [...program, 'train', 'train.ts', '--', 'whole.onnx']);
    await submit('cut', [...program, 'train', 'train.ts', '--', 'cut.onnx', '20'], { graceMs: 60_000, preemptible: true });
    const first = supervise();
    await has('cut.onnx.steps', /^40$/m);
    await jobs.preempt('cut');
    await vi.waitFor(async () => expect((await jobs.attempts('cut'))[0]!.status).toBe('preempted'), patience);
    await vi.waitFor(async () => expect((await jobs.attempts('cut')).length).toBe(2), patience);
    const reached = file('cut.onnx.steps').split('\n').filter(Boolean).length;
    await vi.waitFor(() => expect(file('cut.onnx.steps').split('\n').length).toBeGreaterThan(reached + 5), patience);
    await first.stop(); // a supervisor that goes lets its jobs save and end
    expect(await history('cut')).toEqual(['preempted: made room', 'preempted: made room']);
    supervise();
    await reaches('cut', 'succeeded');
    await reaches('whole', 'succeeded');
    const steps = file('cut.onnx.steps').split('\n').filter(Boolean).map(Number);
    expect(steps).toEqual(steps.map((_, i) => steps[0]! + i)); // no step twice, none left out
    expect(file('whole.onnx.steps')).toBe(file('cut.onnx.steps'));
    const weights = async (name: string) => (await decodeArtifact(readFileSync(join(cwd, name)), name)).weights;
    expect(await weights('cut.onnx')).toEqual(await weights('whole.onnx'));
    expect(existsSync(join(cwd, 'checkpoints/cut/LATEST'))).toBe(true);
    expect(await log('cut')).toMatch(/Resumed at epoch/);
  }, 180_000);
});
