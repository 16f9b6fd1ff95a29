import type { Queries } from './database.ts';
import { type Claim, claim, type Worker } from './job-claim.ts';
import { addToLog, type LogPosition, type Printed } from './job-logs.ts';
import { endAttempt, type Outcome } from './job-outcome.ts';
import type { Scope } from './scope.ts';

/** The right to one attempt at a job. Who took it over has a higher token, and the one before writes nothing any more. */
export interface Lease {
  readonly attempt: number;
  readonly token: number;
}

/** An attempt that runs, for those who supervise. */
export interface RunningAttempt extends Lease {
  readonly job: string;
  readonly number: number;
  readonly occurrence: number;
  readonly priority: number;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly preemptible: boolean;
  readonly timeoutMs: number | undefined;
  readonly graceMs: number;
  readonly wish: 'cancel' | 'preempt' | undefined;
  /** Counts renewals: whoever sees it stand still for longer than the lease, by his own clock, may take over. */
  readonly beat: number;
  readonly leaseMs: number;
  readonly place: string;
  /** For people. */
  readonly host: string;
  readonly holder: string;
  /** The process of the supervisor, and that of the attempt: undefined before it has begun. */
  readonly holderProcess: string;
  readonly pid: number | undefined;
  readonly process: string | undefined;
  readonly spool: string | undefined;
  readonly ranMs: number;
  readonly position: LogPosition;
}

/**
 * Attempts at jobs, for supervisors. No method compares the clocks of two machines: a lease is a token and a counter. What only the holder of a lease may do
 * returns false, or undefined, where somebody else has taken over.
 */
export interface Attempts {
  /** Takes the job that is to run next, if it fits. Two who ask at once never get the same. Errors: `database-failed`. */
  claim(worker: Worker): Promise<Claim>;
  /** All attempts that run in this project, wherever they do. Errors: `database-failed`. */
  running(): Promise<readonly RunningAttempt[]>;
  /** Says which process it is; only then may it begin to work. Errors: `database-failed`. */
  started(lease: Lease, process: { readonly pid: number; readonly process: string; readonly spool: string }): Promise<boolean>;
  /** Errors: `database-failed`. */
  renew(lease: Lease, ranMs: number): Promise<boolean>;
  /** Takes an attempt over from a holder who is no more. Undefined where another one was faster. Errors: `database-failed`. */
  take(lease: Lease, worker: Worker): Promise<Lease | undefined>;
  /** Adds to its log: from where `position` says, else nothing is added. Returns where the log is then. Errors: `database-failed`. */
  print(lease: Lease, position: LogPosition, printed: readonly Printed[]): Promise<LogPosition | undefined>;
  /** Ends it, and says what becomes of the job. Errors: `database-failed`. */
  end(lease: Lease, outcome: Outcome): Promise<boolean>;
}

/** @internal */
export const attemptsOf = (scope: Scope): Attempts => {
  const { database } = scope;
  /** Changes the row of an attempt whose lease is held, and holds the row. */
  const held = (db: Queries, { attempt, token }: Lease) =>
    db.updateTable('job_attempts').where('id', '=', attempt).where('token', '=', token).where('status', '=', 'running');
  return {
    claim: (worker) => claim(scope, worker),

    running: () => database.read('Reading the attempts of', (db) => runningAttempts(db, scope)),

    started: (lease, { pid, process, spool }) =>
      database.write('Beginning a job of', async (db) => {
        const row = await held(db, lease).set({ pid, process, spool }).returning('id').executeTakeFirst();
        return row !== undefined;
      }),

    renew: (lease, ranMs) =>
      database.write('Renewing a lease of', async (db) => {
        const row = await held(db, lease)
          .set((e) => ({ beat: e('beat', '+', 1), ran_ms: Math.round(ranMs) }))
          .returning('id')
          .executeTakeFirst();
        return row !== undefined;
      }),

    take: (lease, { place, host, holder, process, leaseMs }) =>
      database.write('Taking over a job of', async (db) => {
        const row = await held(db, lease)
          .set((e) => ({
            token: e('token', '+', 1),
            beat: e('beat', '+', 1),
            lease_ms: leaseMs,
            place,
            host,
            holder,
            holder_process: process,
          }))
          .returning('token')
          .executeTakeFirst();
        return row && { attempt: lease.attempt, token: row.token };
      }),

    print: (lease, position, printed) =>
      database.write('Adding to the log of a job of', async (db) => {
        const row = await held(db, lease)
          .set((e) => ({ head_bytes: e.ref('head_bytes') }))
          .returning(['stdout_bytes', 'stderr_bytes', 'head_bytes', 'dropped_bytes'])
          .executeTakeFirst();
        if (row === undefined) return undefined;
        if (row.stdout_bytes !== position.stdout_bytes || row.stderr_bytes !== position.stderr_bytes) return row; // this was written before, and the answer was lost
        const next = await addToLog(db, lease.attempt, row, printed);
        await held(db, lease)
          .set({ ...next })
          .execute();
        return next;
      }),

    end: (lease, outcome) => database.write('Ending an attempt of', (db) => endAttempt(db, scope, lease, outcome)),
  };
};

async function runningAttempts(db: Queries, { projectId }: Scope): Promise<RunningAttempt[]> {
  const rows = await db
    .selectFrom('job_attempts')
    .innerJoin('jobs', 'jobs.id', 'job_attempts.job_id')
    .selectAll('job_attempts')
    .select(['key', 'priority', 'cores', 'memory', 'preemptible', 'timeout_ms', 'grace_ms', 'wish'])
    .where('jobs.project_id', '=', projectId)
    .where('job_attempts.status', '=', 'running')
    .orderBy('job_attempts.id')
    .execute();
  return rows.map((row) => ({
    attempt: row.id,
    token: row.token,
    job: row.key,
    number: row.number,
    occurrence: row.occurrence,
    priority: row.priority,
    cores: row.cores,
    memoryBytes: row.memory,
    preemptible: row.preemptible === 1,
    timeoutMs: row.timeout_ms ?? undefined,
    graceMs: row.grace_ms,
    wish: (row.wish as RunningAttempt['wish']) ?? undefined,
    beat: row.beat,
    leaseMs: row.lease_ms,
    place: row.place,
    host: row.host,
    holder: row.holder,
    holderProcess: row.holder_process,
    pid: row.pid ?? undefined,
    process: row.process ?? undefined,
    spool: row.spool ?? undefined,
    ranMs: row.ran_ms,
    position: {
      stdout_bytes: row.stdout_bytes,
      stderr_bytes: row.stderr_bytes,
      head_bytes: row.head_bytes,
      dropped_bytes: row.dropped_bytes,
    },
  }));
}
