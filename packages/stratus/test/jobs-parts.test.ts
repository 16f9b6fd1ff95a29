// What supervisors decide, without processes.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../src/jobs/ending.ts';
import { Output } from '../src/jobs/output.ts';
import { roomFor } from '../src/jobs/room.ts';
import { watchOthers } from '../src/jobs/takeover.ts';
import { canGoOn, commandOf } from '../src/jobs/training.ts';
import { isRunning, processName } from '../src/processes/index.ts';
import type { LogPosition, RunningAttempt } from '../src/store/index.ts';
import { backoffMs } from '../src/store/job-backoff.ts';

const attempt = (id: number, more: Partial<RunningAttempt> = {}): RunningAttempt => ({
  attempt: id,
  token: 1,
  job: `j${id}`,
  number: 1,
  occurrence: 1,
  priority: 0,
  cores: 1,
  memoryBytes: 0,
  preemptible: true,
  timeoutMs: undefined,
  graceMs: 1000,
  wish: undefined,
  beat: 0,
  leaseMs: 6000,
  place: 'there',
  host: 'there',
  holder: 'other',
  holderProcess: processName(process.pid),
  pid: 1,
  process: '1@1',
  spool: '/',
  ranMs: 0,
  position: { stdout_bytes: 0, stderr_bytes: 0, head_bytes: 0, dropped_bytes: 0 },
  ...more,
});

describe('the command of an attempt', () => {
  const given = (text: string, again = false): string => commandOf(text.split(' '), { run: 'k', again }).join(' ');

  it('goes on with a training, in a folder of its own', () => {
    expect(given('stratus train a.ts')).toBe('stratus train --checkpoint checkpoints/k a.ts');
    expect(given('stratus train a.ts', true)).toBe('stratus train --checkpoint checkpoints/k --resume a.ts');
    expect(given('npx stratus train --epochs 3 a.ts -- --checkpoint x', true)).toBe(
      'npx stratus train --checkpoint checkpoints/k --resume --epochs 3 a.ts -- --checkpoint x',
    );
    expect(given('node /x/cli/main.js train a.ts --checkpoint=c --resume', true)).toBe(
      'node /x/cli/main.js train a.ts --checkpoint=c --resume',
    );
    expect(given('/usr/bin/stratus train --checkpoint c a.ts', true)).toBe('/usr/bin/stratus train --resume --checkpoint c a.ts');
  });

  it('goes on with a sweep, whose run has the key of the run', () => {
    expect(given('stratus sweep run s.ts t.ts -- --key x')).toBe('stratus sweep run --key k s.ts t.ts -- --key x');
    expect(given('node /x/cli/main.js sweep run s.ts t.ts', true)).toBe('node /x/cli/main.js sweep run --key k s.ts t.ts');
    for (const text of ['stratus sweep run s.ts t.ts --resume', 'stratus sweep run --key=a s.ts t.ts', 'stratus sweep show run'])
      expect(given(text, true)).toBe(text);
    expect(canGoOn(['stratus', 'sweep', 'run', 's.ts', 't.ts'])).toBe(true);
  });

  it('is left alone where it is no training', () => {
    for (const text of ['stratus evaluate train', 'train a.ts', 'python train.py', 'echo train', 'node main.js train'])
      expect([given(text, true), canGoOn(text.split(' '))]).toEqual([text, false]);
  });
});

describe('the end of an attempt', () => {
  const status = (code: number | undefined, more: Partial<Parameters<typeof outcomeOf>[0]> = {}) =>
    outcomeOf({ code, stopped: undefined, killed: false, abandoned: false, timeoutMs: 1500, graceMs: 2000, ...more });

  it('means what it means', () => {
    expect(status(0, { stopped: 'cancel' }).status).toBe('succeeded');
    expect(status(75)).toMatchObject({ status: 'preempted', exitCode: 75 });
    expect(status(75, { stopped: 'cancel' }).status).toBe('cancelled');
    expect(status(143, { stopped: 'preempt' })).toMatchObject({ status: 'preempted', signal: 'SIGTERM' });
    expect(status(undefined, { stopped: 'timeout', killed: true }).reason).toBe(
      'ran for more than 1.5 s, killed after 2 s of grace',
    );
    expect(status(137)).toEqual({ status: 'failed', reason: 'killed by SIGKILL', exitCode: 137, signal: 'SIGKILL' });
    expect(status(255)).toEqual({ status: 'failed', reason: 'exit code 255', exitCode: 255 });
    expect(status(undefined, { abandoned: true }).status).toBe('preempted');
    expect(status(undefined).status).toBe('lost');
  });
});

it('pauses are twice as long each time, never more than an hour, and at least half of that', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 0, max: 1e9 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (n, first, random) => {
        const whole = Math.min(3_600_000, first === 0 ? 0 : first * 2 ** (n - 1));
        const pause = backoffMs(n, first, random);
        expect(pause).toBeGreaterThanOrEqual(Math.floor(whole / 2));
        expect(pause).toBeLessThanOrEqual(Math.ceil(whole));
      },
    ),
  );
});

it('those make room that matter least and have done least, if that is enough', () => {
  const running = [
    attempt(1, { priority: 1, ranMs: 5 }),
    attempt(2, { priority: 0, ranMs: 9 }),
    attempt(3, { priority: 0, ranMs: 2 }),
    attempt(4, { priority: 7 }),
    attempt(5, { preemptible: false }),
  ];
  const room = (cores: number, priority = 5, more = running): string[] => roomFor({ priority, cores, memoryBytes: 0 }, more);
  expect(room(1)).toEqual(['j3']);
  expect(room(2)).toEqual(['j3', 'j2']);
  expect(room(3)).toEqual(['j3', 'j2', 'j1']);
  expect(room(4)).toEqual([]);
  expect(room(1, 0)).toEqual([]);
  expect(room(1, 5, [...running, attempt(6, { wish: 'cancel' })])).toEqual([]); // that one is about to go
  expect(
    roomFor({ priority: 5, cores: 0, memoryBytes: 10 }, [
      attempt(1, { memoryBytes: 9 }),
      attempt(2, { memoryBytes: 1, ranMs: 1 }),
    ]),
  ).toEqual(['j1', 'j2']);
});

describe('who has lost his supervisor', () => {
  const worker = { place: 'here', host: 'here', holder: 'me', process: '', cores: 1, memoryBytes: 1, leaseMs: 6000 };

  it('is seen in the same place by the process, at once', async () => {
    const child = spawn('sleep', ['100']);
    const name = processName(child.pid!);
    const watch = watchOthers(worker, 1000);
    const there = attempt(1, { place: 'here', holderProcess: name });
    expect(isRunning(name)).toBe(true);
    expect(watch.abandoned([there], 1e9)).toEqual([]);
    expect(isRunning(`${child.pid}@1`)).toBe(false); // another process of that number
    child.kill('SIGKILL');
    await new Promise((done) => child.once('close', done));
    expect(watch.abandoned([there, attempt(2, { holder: 'me', holderProcess: name, place: 'here' })], 0)).toEqual([there]);
  });

  it('is seen elsewhere by a beat that stands still for a lease and a half and the grace, while we looked', () => {
    const watch = watchOthers(worker, 1000);
    const still = attempt(1);
    let beat = 0;
    const look = (sinceMs: number): number[] =>
      watch.abandoned([still, attempt(2, { beat: beat++ })], sinceMs).map((one) => one.attempt);
    expect(look(1e9)).toEqual([]);
    expect(look(1e9)).toEqual([]); // we stood still ourselves: that counts as one second
    for (let i = 0; i < 9; i++) expect(look(1000)).toEqual([]);
    expect(look(1000)).toEqual([1]);
    expect(watch.abandoned([attempt(1, { token: 2 })], 1e9)).toEqual([]); // somebody was faster, and begins anew
  });
});

it('output is carried over without a character lost or broken, in whatever pieces it came', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-output-'));
  try {
    let count = 0;
    const text = fc.array(fc.constantFrom('a', 'ü', '€', '😀', '\n'), { maxLength: 400 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }), async (whole, cuts) => {
        const own = join(folder, String(count++));
        mkdirSync(own);
        writeFileSync(join(own, 'stderr'), '');
        writeFileSync(join(own, 'stdout'), '');
        const bytes = Buffer.from(whole);
        const output = new Output(own, { stdout_bytes: 0, stderr_bytes: 0, head_bytes: 0, dropped_bytes: 0 });
        let got = '';
        const print = (position: LogPosition, printed: readonly { text: string; bytes: number }[]): Promise<LogPosition> => {
          for (const piece of printed) got += piece.text;
          const sum = printed.reduce((total, piece) => total + piece.bytes, 0);
          return Promise.resolve({
            ...position,
            stdout_bytes: position.stdout_bytes + sum,
            head_bytes: position.head_bytes + sum,
          });
        };
        let at = 0;
        for (let i = 0; at < bytes.length; i++) {
          const next = Math.min(bytes.length, at + cuts[i % cuts.length]!);
          appendFileSync(join(own, 'stdout'), bytes.subarray(at, next));
          at = next;
          await output.carry(print);
        }
        await output.carry(print, true);
        await output.close();
        expect(got).toBe(whole);
      }),
      { numRuns: 30 },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
