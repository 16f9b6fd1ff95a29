import { isRunning } from '../processes/index.ts';
import type { RunningAttempt, Worker } from '../store/index.ts';

interface Standing {
  readonly token: number;
  readonly beat: number;
  readonly forMs: number;
}

/** Finds out which attempts have lost their supervisor. */
export interface Watch {
  /** Those of others that may be taken over now. To be called again and again; `sinceMs`: the time since the last call, by a clock that only goes forward. */
  abandoned(running: readonly RunningAttempt[], sinceMs: number): RunningAttempt[];
}

/**
 * In the same place the process of a supervisor can be seen. Elsewhere its beat must have stood still for the lease, for the grace in which the guard ends the command, and for half a
 * lease more. What is counted is time in which we looked: if this machine stood still meanwhile, that is nothing that we know of the other one.
 */
export function watchOthers({ place, holder }: Worker, longestStepMs: number): Watch {
  let standing = new Map<number, Standing>();
  return {
    abandoned(running, sinceMs) {
      const next = new Map<number, Standing>();
      const found = running.filter((attempt) => {
        if (attempt.holder === holder) return false;
        if (attempt.place === place) return !isRunning(attempt.holderProcess);
        const { attempt: id, token, beat, leaseMs, graceMs } = attempt;
        const before = standing.get(id);
        const isSame = before?.token === token && before.beat === beat;
        const forMs = isSame ? before.forMs + Math.min(sinceMs, longestStepMs) : 0;
        next.set(id, { token, beat, forMs });
        return forMs > 1.5 * leaseMs + graceMs;
      });
      standing = next;
      return found;
    },
  };
}
