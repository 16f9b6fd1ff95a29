import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { availableParallelism, hostname, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fail } from '@stratus/core';
import { processName, thisPlace } from '../processes/index.ts';
import type { AttemptStatus, Claim, Lease, Outcome, RunningAttempt, Worker } from '../store/index.ts';
import type { Workspace } from '../workspace/index.ts';
import { type Attendance, attend } from './attend.ts';
import { launch } from './launch.ts';
import { roomFor } from './room.ts';
import { freeBytes, leastToBegin } from './space.ts';
import { watchOthers } from './takeover.ts';
import { commandOf } from './training.ts';

/** What a supervisor tells about its work. */
export type JobEvent =
  | { readonly type: 'adopted'; readonly job: string; readonly attempt: number; readonly pid: number }
  | { readonly type: 'began'; readonly job: string; readonly attempt: number; readonly pid: number }
  | {
      readonly type: 'ended';
      readonly job: string;
      readonly attempt: number;
      readonly status: AttemptStatus;
      readonly reason: string;
    }
  | { readonly type: 'taken'; readonly job: string; readonly attempt: number }
  | { readonly type: 'left'; readonly job: string; readonly attempt: number }
  | { readonly type: 'trouble'; readonly error: unknown };

/** How jobs are supervised. */
export interface SuperviseOptions {
  /** What all jobs of this machine together may use; all cores where it is left out. */
  readonly cores?: number;
  /** In bytes; what the machine has. Jobs count with what they were submitted with. */
  readonly memoryBytes?: number;
  /** How long jobs run on when nothing is heard of their supervisor; 2 minutes. */
  readonly leaseMs?: number;
  /** How often it looks for jobs; half a second. */
  readonly pollMs?: number;
  /** Where the output of jobs lies until it is in the store; `spool` in the workspace's folder. */
  readonly spool?: string;
  onEvent?(event: JobEvent): void;
}

/** Somebody who runs jobs. */
export interface Supervisor {
  /**
   * Claims nothing more and asks what runs to save and end, so that it goes on later, here or elsewhere. Is kept when all have, and the store knows; where the store cannot be
   * reached for 10 seconds after that, what is to be told waits in the spool for the next supervisor.
   */
  stop(): Promise<void>;
}

/** How `stratus` is started where a job's command says it: as the one that supervises. */
const ownProgram = [process.execPath, fileURLToPath(new URL('../cli/main.js', import.meta.url))];

const minute = 60_000;

/** See `index.ts`. */
export function supervise(workspace: Workspace, options: SuperviseOptions = {}): Supervisor {
  const { jobs, attempts } = workspace.store;
  const { pollMs = 500, leaseMs = 2 * minute, spool = join(workspace.folder, 'spool'), onEvent = () => undefined } = options;
  const { cores = availableParallelism(), memoryBytes = totalmem() } = options;
  for (const [what, value] of Object.entries({ cores, memoryBytes, leaseMs, pollMs }))
    if (!(value > 0)) throw fail('bad-value', { what, got: String(value), want: 'a number above 0' });
  const worker: Worker = {
    place: thisPlace(),
    host: hostname(),
    holder: randomUUID(),
    process: processName(process.pid),
    cores,
    memoryBytes,
    leaseMs: Math.round(leaseMs),
  };
  const others = watchOthers(worker, 2 * pollMs);
  const mine = new Map<number, Attendance>();
  const stopping = new AbortController();
  const trouble = (error: unknown): void => onEvent({ type: 'trouble', error });

  const look = (attempt: Parameters<typeof attend>[0]): void => {
    const attendance = attend(attempt, { attempts, pollMs: Math.min(200, pollMs), onTrouble: trouble });
    const { job, number } = attempt;
    mine.set(attempt.attempt, attendance);
    void attendance.ended.then((outcome) => {
      mine.delete(attempt.attempt);
      if (outcome === 'taken' || outcome === 'left') onEvent({ type: outcome, job, attempt: number });
      else onEvent({ type: 'ended', job, attempt: number, status: outcome.status, reason: outcome.reason });
    });
  };

  const end = async (lease: Lease, { job, number }: { readonly job: string; readonly number: number }, outcome: Outcome) => {
    if (await attempts.end(lease, outcome))
      onEvent({ type: 'ended', job, attempt: number, status: outcome.status, reason: outcome.reason });
  };

  const begin = async ({ job, number, again, ...lease }: NonNullable<Claim['began']>): Promise<void> => {
    const name = { job: job.key, number };
    const run = job.occurrence === 1 ? job.key : `${job.key}.${job.occurrence}`;
    const command = commandOf(job.command, { run, again });
    const folder = join(spool, String(lease.attempt));
    const launched = await launch({
      command: command[0] === 'stratus' ? [...ownProgram, ...command.slice(1)] : command,
      cwd: job.cwd,
      env: {
        ...process.env,
        ...job.env,
        ...workspace.environment,
        STRATUS_JOB: job.key,
        STRATUS_RUN: run,
        STRATUS_ATTEMPT: String(lease.attempt),
      },
      folder,
      leaseMs: worker.leaseMs,
      graceMs: job.graceMs,
    });
    if (typeof launched === 'string') return await end(lease, name, { status: 'failed', reason: launched });
    const { pid, process: named } = launched;
    let isOurs = false;
    try {
      isOurs = await attempts.started(lease, { pid, process: named, spool: folder });
    } finally {
      if (!isOurs) launched.abort();
    }
    if (!isOurs) return;
    launched.go();
    onEvent({ type: 'began', job: job.key, attempt: number, pid });
    const position = { stdout_bytes: 0, stderr_bytes: 0, head_bytes: 0, dropped_bytes: 0 };
    const { timeoutMs, graceMs } = job;
    look({
      ...lease,
      ...name,
      pid,
      process: named,
      spool: folder,
      timeoutMs,
      graceMs,
      leaseMs: worker.leaseMs,
      ranMs: 0,
      position,
    });
  };

  /** Goes on where another supervisor ended. */
  const takeOver = async (attempt: RunningAttempt): Promise<void> => {
    const lease = await attempts.take(attempt, worker);
    if (lease === undefined) return;
    const { job, number, pid, process: named, spool: folder } = attempt;
    if (pid === undefined || named === undefined || folder === undefined)
      return await end(lease, attempt, { status: 'lost', reason: 'its supervisor ended before it began', unstarted: true });
    if (attempt.place !== worker.place)
      return await end(lease, attempt, { status: 'lost', reason: `nothing is heard any more of its machine, ${attempt.host}` });
    onEvent({ type: 'adopted', job, attempt: number, pid });
    look({ ...attempt, ...lease, pid, process: named, spool: folder, leaseMs: worker.leaseMs });
  };

  let isFull = false;
  /** Jobs are left in the queue where what they print could not be kept: it is told once, and again when it has passed and come back. */
  const hasSpace = (): boolean => {
    mkdirSync(spool, { recursive: true, mode: 0o700 });
    const free = freeBytes(spool);
    if (free < leastToBegin && !isFull)
      trouble(
        fail('file-failed', {
          file: spool,
          doing: 'Beginning a job with its output in',
          reason: `its disk has ${(free / 2 ** 20).toFixed(1)} MB left, and jobs wait until there is 1 MB`,
        }),
      );
    isFull = free < leastToBegin;
    return !isFull;
  };

  const tick = async (sinceMs: number): Promise<void> => {
    const running = await attempts.running();
    for (const attempt of running) {
      const attendance = mine.get(attempt.attempt);
      if (attempt.wish !== undefined) attendance?.stop(attempt.wish);
      // Claimed or taken by us, but the answer was lost on its way.
      if (attempt.holder === worker.holder && attendance === undefined) await takeOver(attempt);
    }
    for (const attempt of others.abandoned(running, sinceMs)) await takeOver(attempt);
    while (!stopping.signal.aborted && hasSpace()) {
      const { began, noRoomFor } = await attempts.claim(worker);
      if (began !== undefined) await begin(began);
      else {
        const ours = running.filter(({ attempt }) => mine.has(attempt));
        if (noRoomFor) for (const key of roomFor(noRoomFor, ours)) await jobs.preempt(key);
        return;
      }
    }
  };

  const work = async (): Promise<void> => {
    let before = performance.now();
    while (!stopping.signal.aborted) {
      const now = performance.now();
      try {
        await tick(now - before);
      } catch (e) {
        trouble(e);
      }
      before = now;
      await sleep(pollMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    for (const attendance of mine.values()) attendance.leave();
    await Promise.all([...mine.values()].map(({ ended }) => ended));
  };
  const over = work();
  return {
    async stop() {
      stopping.abort();
      await over;
    },
  };
}
