/** Where a job is. */
export type JobStatus = 'waiting' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'lost';

/** How an attempt is, or how it ended. */
export type AttemptStatus = 'running' | 'succeeded' | 'failed' | 'timed-out' | 'preempted' | 'cancelled' | 'lost';

/**
 * What lies in the table. 'waiting' does not: a queued job waits as long as another one that it needs has not succeeded, or its time has not come, and that is
 * asked when it is looked at, so nobody has to wake it.
 */
export type StoredJobStatus = Exclude<JobStatus, 'waiting'>;

/** Where a job may go from where it is. */
const moves: Readonly<Record<StoredJobStatus, readonly StoredJobStatus[]>> = {
  // Claimed by a supervisor; or cancelled, by a user or because what it needs will never be there.
  queued: ['running', 'cancelled'],
  // Over, or once more: after a failure that is retried, a preemption, a lost process, or until its schedule comes round again.
  running: ['succeeded', 'failed', 'cancelled', 'lost', 'queued'],
  // What is over begins anew only when somebody says so.
  succeeded: ['queued'],
  failed: ['queued'],
  cancelled: ['queued'],
  lost: ['queued'],
};

/** The states from which a job may go to another. */
export const statesBefore = (next: StoredJobStatus): StoredJobStatus[] =>
  (Object.keys(moves) as StoredJobStatus[]).filter((status) => moves[status].includes(next));

/** States in which nothing happens by itself any more. */
export const finalStates: readonly StoredJobStatus[] = ['succeeded', 'failed', 'cancelled', 'lost'];

/** A job that needs one of these will never begin. */
export const hopeless: readonly StoredJobStatus[] = ['failed', 'cancelled', 'lost'];
