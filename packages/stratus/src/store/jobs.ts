import { fail } from '@stratus/core';
import { sql } from 'kysely';
import type { Queries } from './database.ts';
import { type AttemptInfo, type JobInfo, type JobQuery, listAttempts, listJobs } from './job-info.ts';
import { type JobLogPiece, type JobLogQuery, readJobLog } from './job-logs.ts';
import { nextTime } from './job-schedule.ts';
import { finalStates, type StoredJobStatus, statesBefore } from './job-states.ts';
import { type NewJob, rowOf } from './job-values.ts';
import { checkTitle, checkWhole, unknown } from './names.ts';
import type { Scope } from './scope.ts';

/** The jobs of a store, for those who want something done; those who do it use `attempts`. */
export interface Jobs {
  /** Errors: `bad-value`, `conflict` for a key that is taken, `unknown-name` for a job that it needs, `database-failed`. */
  submit(job: NewJob): Promise<JobInfo>;
  /** Errors: `unknown-name`, `database-failed`. */
  get(key: string): Promise<JobInfo>;
  /** The key of the job that a key, or the beginning of one key only, means. Errors: `unknown-name`, `conflict` where it is the beginning of several, `database-failed`. */
  find(prefix: string): Promise<string>;
  /** The newest first. Errors: `bad-value`, `database-failed`. */
  list(query?: JobQuery): Promise<readonly JobInfo[]>;
  /** The first one first. Errors: as `get`. */
  attempts(key: string): Promise<readonly AttemptInfo[]>;
  /** What attempts printed, in order. Errors: `unknown-name`, `bad-value`, `database-failed`. */
  logs(key: string, query?: JobLogQuery): Promise<readonly JobLogPiece[]>;
  /** A job that runs is stopped by its supervisor: SIGTERM, then SIGKILL. Errors: `unknown-name`, `conflict` for one that is over, `database-failed`. */
  cancel(key: string, options?: { readonly by?: string }): Promise<JobInfo>;
  /** Lets a job that is over begin once more, and one that pauses begin now. One that failed goes on with what it had; one that succeeded has its next occurrence. Errors: `unknown-name`, `conflict` for one that runs, `database-failed`. */
  retry(key: string): Promise<JobInfo>;
  /** Asks a job that runs to save what it has and make room; it goes on later. Errors: `unknown-name`, `conflict` for one that does not run, `database-failed`. */
  preempt(key: string): Promise<JobInfo>;
}

/** @internal */
export const jobsOf = (scope: Scope): Jobs => {
  const { database } = scope;
  const one = async (db: Queries, key: string): Promise<JobInfo> => {
    const [found] = await listJobs(db, scope, { keys: [key] });
    return found ?? (await missing(db, scope, key));
  };
  /** Changes a job in one of these states, and holds its row until the transaction ends. */
  const move = async (
    key: string,
    from: readonly StoredJobStatus[],
    change: Readonly<Record<string, unknown>> | ((row: Locked) => Readonly<Record<string, unknown>>),
    { doing, otherwise }: { readonly doing: string; readonly otherwise: readonly [reason: string, fix: string] },
  ): Promise<JobInfo> =>
    await database.write(doing, async (db) => {
      const row = await lockJob(db, scope, key);
      if (!from.includes(row.status as StoredJobStatus))
        throw fail('conflict', {
          what: `The job '${key}'`,
          reason: `${otherwise[0]}: it is ${row.status}`,
          fix: otherwise[1],
        });
      const values = typeof change === 'function' ? change(row) : change;
      await db.updateTable('jobs').set(values).where('id', '=', row.id).execute();
      return await one(db, key);
    });
  return {
    async submit(job) {
      return await database.write('Submitting a job to', async (db) => {
        const values = rowOf(job, await clock(db, scope));
        const added = await db
          .insertInto('jobs')
          .values({
            ...values,
            project_id: scope.projectId,
            occurrence: 1,
            status: 'queued',
            attempts: 0,
            failures: 0,
            losses: 0,
            created_at: Date.now(),
            created_by: checkTitle('by', job.by ?? scope.actor),
          })
          .onConflict((c) => c.columns(['project_id', 'key']).doNothing())
          .returning('id')
          .executeTakeFirst();
        if (added === undefined)
          throw fail('conflict', { what: `The job '${values.key}'`, reason: 'is there already', fix: 'Choose another key.' });
        for (const key of new Set(job.needs ?? [])) {
          if (key === values.key) throw fail('bad-value', { what: 'needs', got: `'${key}' itself`, want: 'other jobs' });
          const { id, schedule } = await lockJob(db, scope, key);
          if (schedule !== null)
            throw fail('bad-value', {
              what: 'needs',
              got: `'${key}', which has a schedule and is never done`,
              want: 'jobs that end',
            });
          await db.insertInto('job_needs').values({ job_id: added.id, needs_id: id }).execute();
        }
        return await one(db, values.key);
      });
    },

    get: (key) => database.read('Reading a job of', (db) => one(db, key)),

    find: (prefix) =>
      database.read('Looking for a job of', async (db) => {
        const keys = await keysOf(db, scope);
        if (keys.includes(prefix)) return prefix;
        const found = prefix === '' ? [] : keys.filter((key) => key.startsWith(prefix));
        if (found.length === 1) return found[0]!;
        if (found.length === 0) return await missing(db, scope, prefix);
        const shown = found.length > 5 ? `${found.slice(0, 5).join(', ')}, …` : found.join(', ');
        throw fail('conflict', {
          what: `The key '${prefix}'`,
          reason: `is the beginning of ${found.length} jobs: ${shown}`,
          fix: 'Write more of it.',
        });
      }),

    list: async (query = {}) => {
      if (query.limit !== undefined) checkWhole('limit', query.limit);
      return await database.read('Listing the jobs of', (db) => listJobs(db, scope, query));
    },

    attempts: (key) => database.read('Reading a job of', async (db) => await listAttempts(db, await jobId(db, scope, key))),

    logs: (key, query = {}) =>
      database.read('Reading the log of a job of', async (db) => await readJobLog(db, await jobId(db, scope, key), query)),

    cancel: (key, { by } = {}) =>
      move(
        key,
        statesBefore('cancelled'),
        ({ status }) =>
          status === 'running'
            ? { wish: 'cancel' }
            : { status: 'cancelled', reason: `cancelled by ${checkTitle('by', by ?? scope.actor)}`, finished_at: Date.now() },
        { doing: 'Cancelling a job of', otherwise: ['cannot be cancelled', 'It is over.'] },
      ),

    retry: (key) =>
      database.write('Trying again a job of', async (db) => {
        const row = await lockJob(db, scope, key);
        if (row.status === 'running')
          throw fail('conflict', { what: `The job '${key}'`, reason: 'runs', fix: 'Cancel it first, or wait for its end.' });
        const now = await clock(db, scope);
        const isOver = finalStates.includes(row.status as StoredJobStatus);
        const later = isOver && row.schedule !== null ? nextTime(row.schedule, row.time_zone, now) : null;
        await db
          .updateTable('jobs')
          .set((e) => ({
            status: 'queued',
            wish: null,
            reason: null,
            not_before: later,
            failures: 0,
            losses: 0,
            finished_at: null,
            occurrence: e('occurrence', '+', row.status === 'succeeded' ? 1 : 0),
          }))
          .where('id', '=', row.id)
          .execute();
        return await one(db, key);
      }),

    preempt: (key) =>
      move(key, ['running'], ({ wish }) => ({ wish: wish ?? 'preempt' }), {
        doing: 'Preempting a job of',
        otherwise: ['cannot be preempted', 'Only a job that runs can make room.'],
      }),
  };
};

/** The time by the clock of the database. */
export async function clock(db: Queries, { database }: Scope): Promise<number> {
  const { rows } = await sql<{ now: number }>`select ${database.now} as now`.execute(db);
  return rows[0]!.now;
}

interface Locked {
  readonly id: number;
  readonly status: string;
  readonly wish: string | null;
  readonly schedule: string | null;
  readonly time_zone: string | null;
}

/** Holds the row of a job until the transaction ends. Errors: `unknown-name`. */
async function lockJob(db: Queries, scope: Scope, key: string): Promise<Locked> {
  const row = await db
    .updateTable('jobs')
    .set((e) => ({ attempts: e.ref('attempts') }))
    .where('project_id', '=', scope.projectId)
    .where('key', '=', key)
    .returning(['id', 'status', 'wish', 'schedule', 'time_zone'])
    .executeTakeFirst();
  return row ?? (await missing(db, scope, key));
}

async function jobId(db: Queries, scope: Scope, key: string): Promise<number> {
  const row = await db
    .selectFrom('jobs')
    .select('id')
    .where('project_id', '=', scope.projectId)
    .where('key', '=', key)
    .executeTakeFirst();
  return row?.id ?? (await missing(db, scope, key));
}

async function keysOf(db: Queries, { projectId }: Scope): Promise<string[]> {
  const rows = await db.selectFrom('jobs').select('key').where('project_id', '=', projectId).orderBy('id', 'desc').execute();
  return rows.map(({ key }) => key);
}

async function missing(db: Queries, scope: Scope, key: string): Promise<never> {
  const rows = await db
    .selectFrom('jobs')
    .select(['key', 'name'])
    .where('project_id', '=', scope.projectId)
    .orderBy('id', 'desc')
    .limit(10_000)
    .execute();
  const named = rows.filter(({ name }) => name === key).map((row) => row.key);
  const fix = named.length > 0 ? `That is the name of ${named.slice(0, 5).join(', ')}.` : undefined;
  throw unknown(
    'job',
    key,
    rows.map((row) => row.key),
    fix,
  );
}
