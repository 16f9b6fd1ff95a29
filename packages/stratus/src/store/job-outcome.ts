import type { Lease } from './attempts.ts';
import type { Queries } from './database.ts';
import { backoffMs } from './job-backoff.ts';
import { nextTime } from './job-schedule.ts';
import type { AttemptStatus, StoredJobStatus } from './job-states.ts';
import { clock } from './jobs.ts';
import { checkText } from './names.ts';
import type { Scope } from './scope.ts';

/** How an attempt ended. */
export interface Outcome {
  readonly status: Exclude<AttemptStatus, 'running'>;
  /** For people: 'exit code 1', 'SIGKILL after 30 s of grace'. */
  readonly reason: string;
  readonly exitCode?: number;
  readonly signal?: string;
  /** It never began, so nothing is counted. */
  readonly unstarted?: boolean;
}

/** A job whose process was lost so often in a row is not tried again: it may be what takes its machine down. */
const lossesAtMost = 5;

/** Who saves and goes away without having been asked does not come back at once, again and again. */
const pauseMs = 1000;

interface Counts {
  readonly wish: string | null;
  readonly retries: number;
  readonly backoff_ms: number;
  readonly failures: number;
  readonly losses: number;
}

interface Next {
  readonly status: StoredJobStatus;
  readonly afterMs?: number;
  readonly failures?: number;
  readonly losses?: number;
}

/** What becomes of a job after an attempt at it. */
function nextOf(job: Counts, { status, unstarted = false }: Outcome): Next {
  if (status === 'cancelled' || (job.wish === 'cancel' && status !== 'succeeded')) return { status: 'cancelled' };
  if (status === 'succeeded') return { status, failures: 0, losses: 0 };
  if (status === 'preempted') return { status: 'queued', losses: 0, ...(job.wish === null && { afterMs: pauseMs }) };
  if (status === 'lost') {
    if (unstarted) return { status: 'queued' };
    const losses = job.losses + 1;
    return losses > lossesAtMost ? { status, losses } : { status: 'queued', losses };
  }
  const failures = job.failures + 1;
  if (failures > job.retries) return { status: 'failed', failures, losses: 0 };
  return { status: 'queued', failures, losses: 0, afterMs: backoffMs(failures, job.backoff_ms, Math.random()) };
}

/** Ends an attempt whose lease is held. Returns false where it is not. */
export async function endAttempt(db: Queries, scope: Scope, { attempt, token }: Lease, outcome: Outcome): Promise<boolean> {
  const ended = await db
    .updateTable('job_attempts')
    .set({
      status: outcome.status,
      exit_code: outcome.exitCode ?? null,
      signal: outcome.signal ?? null,
      reason: checkText('the reason', outcome.reason),
      ended_at: Date.now(),
    })
    .where('id', '=', attempt)
    .where('token', '=', token)
    .where('status', '=', 'running')
    .returning('job_id')
    .executeTakeFirst();
  if (ended === undefined) return false;
  const job = await db
    .updateTable('jobs')
    .set((e) => ({ attempts: e.ref('attempts') }))
    .where('id', '=', ended.job_id)
    .returning(['wish', 'retries', 'backoff_ms', 'failures', 'losses', 'schedule', 'time_zone', 'occurrence'])
    .executeTakeFirstOrThrow();
  const next = nextOf(job, outcome);
  const now = await clock(db, scope);
  const again =
    job.schedule !== null && (next.status === 'succeeded' || next.status === 'failed' || next.status === 'lost')
      ? // Times that passed before it began were this one; those that passed while it ran are left out.
        {
          status: 'queued',
          occurrence: job.occurrence + 1,
          failures: 0,
          losses: 0,
          not_before: nextTime(job.schedule, job.time_zone, now),
        }
      : undefined;
  const isOver = again === undefined && next.status !== 'queued';
  await db
    .updateTable('jobs')
    .set({
      status: next.status,
      failures: next.failures ?? job.failures,
      losses: next.losses ?? job.losses,
      not_before: next.afterMs === undefined ? null : now + next.afterMs,
      ...again,
      wish: null,
      reason: outcome.reason,
      finished_at: isOver ? Date.now() : null,
    })
    .where('id', '=', ended.job_id)
    .execute();
  return true;
}
