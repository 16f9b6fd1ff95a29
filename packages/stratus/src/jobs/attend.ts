import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, killLeftOvers, signalGroup } from '../processes/index.ts';
import type { Attempts, Lease, LogPosition, Outcome } from '../store/index.ts';
import { outcomeOf, type StopReason } from './ending.ts';
import { looksPerLease } from './launch.ts';
import { Output } from './output.ts';
import { writeReserved } from './space.ts';

/** An attempt whose lease is held here. */
export interface Attended extends Lease {
  readonly job: string;
  readonly number: number;
  readonly pid: number;
  readonly process: string;
  readonly spool: string;
  readonly timeoutMs: number | undefined;
  readonly graceMs: number;
  readonly leaseMs: number;
  /** How long it has run before. */
  readonly ranMs: number;
  readonly position: LogPosition;
}

/** Somebody who looks after an attempt. */
export interface Attendance {
  /** Asks it to end; who wants to cancel wins over who only wants room. */
  stop(reason: StopReason): void;
  /** The same to make room, for good: how it ended is left to the next supervisor where the store cannot be told. */
  leave(): void;
  readonly isStopping: boolean;
  /** How it ended; or that somebody else has taken it over, or will. */
  readonly ended: Promise<Outcome | 'taken' | 'left'>;
}

export interface AttendOptions {
  readonly attempts: Attempts;
  readonly pollMs: number;
  /** Is told of what did not work and is tried again. */
  onTrouble(error: unknown): void;
}

/** Who leaves tries for so long to tell the store how an attempt ended. */
const patienceMs = 10_000;

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // not there yet
  }
};

/** The exit code, once it is written whole. */
function exitCode(spool: string): number | undefined {
  const text = textOf(join(spool, 'exit'));
  return text?.endsWith('\n') ? Number(text) : undefined;
}

/** Looks after an attempt until it has ended and the store knows: renews the lease, carries its output over, keeps its times. */
export function attend(attempt: Attended, { attempts, pollMs, onTrouble }: AttendOptions): Attendance {
  const { pid, spool, timeoutMs, graceMs, leaseMs } = attempt;
  const output = new Output(spool, attempt.position);
  const startedAt = performance.now() - attempt.ranMs;
  let stopped: StopReason | undefined;
  let stoppedAt: number | undefined;
  let killed = false;
  let isLeaving = false;
  let untoldSince: number | undefined;
  let renewedAt = Number.NEGATIVE_INFINITY;
  let beat = 0;

  const alive = (): boolean => isRunning(attempt.process);
  const print = (position: LogPosition, printed: Parameters<Attempts['print']>[2]) => attempts.print(attempt, position, printed);

  /** False where the lease is lost. */
  const renew = async (): Promise<boolean> => {
    const now = performance.now();
    if (now - renewedAt < leaseMs / looksPerLease) return true;
    if (!(await attempts.renew(attempt, now - startedAt))) return false;
    renewedAt = now;
    try {
      writeReserved(join(spool, 'beat'), `${attempt.token} ${++beat}`);
    } catch {
      // The folder is gone, or a disk cannot be written at all: the guard sees no sign, and ends the command in time.
    }
    return true;
  };

  const press = (): void => {
    const now = performance.now();
    if (timeoutMs !== undefined && now - startedAt > timeoutMs) stopped ??= 'timeout';
    if (stopped === undefined || !alive()) return;
    if (stoppedAt === undefined) {
      stoppedAt = now;
      signalGroup(pid, 'SIGTERM');
    } else if (now - stoppedAt > graceMs && !killed) {
      killed = true;
      signalGroup(pid, 'SIGKILL');
    }
  };

  /** Undefined while it runs. */
  const look = async (): Promise<Outcome | 'taken' | undefined> => {
    const isOver = exitCode(spool) !== undefined || !alive(); // before its output is read: what was written until then is read
    await output.relieve(); // first: a store on the same disk may need the room
    if (!(await renew())) {
      if (alive()) signalGroup(pid, 'SIGKILL');
      return 'taken';
    }
    if (!(await output.carry(print, isOver))) return 'taken';
    if (!isOver) return void press();
    killLeftOvers(pid, `STRATUS_ATTEMPT=${attempt.attempt}`);
    const outcome = outcomeOf({
      code: exitCode(spool),
      stopped,
      killed,
      abandoned: textOf(join(spool, 'abandoned')) !== undefined,
      timeoutMs,
      graceMs,
      wasFull: output.wasFull,
    });
    return (await attempts.end(attempt, outcome)) ? outcome : 'taken';
  };

  /** True where it has ended, and it makes no sense to wait longer for the store: its output and its exit code lie in the spool for whoever takes over. */
  const gaveUp = (): boolean => {
    if (!isLeaving || alive()) return false;
    untoldSince ??= performance.now();
    return performance.now() - untoldSince > patienceMs;
  };

  const work = async (): Promise<Outcome | 'taken' | 'left'> => {
    for (;;) {
      try {
        const result = await look();
        if (result !== undefined) {
          await output.close();
          if (result !== 'taken') rmSync(spool, { recursive: true, force: true });
          return result;
        }
        untoldSince = undefined;
      } catch (e) {
        press(); // times are kept also where the store cannot be reached
        onTrouble(e);
        if (gaveUp()) {
          await output.close();
          return 'left';
        }
      }
      await sleep(pollMs);
    }
  };
  const stop = (reason: StopReason): void => {
    if (stopped === undefined || (reason === 'cancel' && stopped === 'preempt')) stopped = reason;
  };
  return {
    stop,
    leave() {
      isLeaving = true;
      stop('preempt');
    },
    get isStopping() {
      return stopped !== undefined;
    },
    ended: work(),
  };
}
