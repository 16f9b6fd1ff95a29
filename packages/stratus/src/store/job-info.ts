import { type Expression, sql } from 'kysely';
import type { Queries } from './database.ts';
import type { AttemptStatus, JobStatus, StoredJobStatus } from './job-states.ts';
import type { Scope } from './scope.ts';

/** A job and where it stands. */
export interface JobInfo {
  readonly key: string;
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly timeoutMs: number | undefined;
  readonly graceMs: number;
  readonly retries: number;
  readonly backoffMs: number;
  readonly preemptible: boolean;
  readonly schedule: string | undefined;
  readonly timeZone: string | undefined;
  /** How often its schedule came; 1 for a job without one. */
  readonly occurrence: number;
  /** Keys of the jobs that have to succeed first. */
  readonly needs: readonly string[];
  /** 'waiting': for another job, for the end of a pause, or for its time. */
  readonly status: JobStatus;
  /** What a user or a supervisor wants of it, while it runs. */
  readonly wish: 'cancel' | 'preempt' | undefined;
  /** Why it is where it is: how the last attempt ended. */
  readonly reason: string | undefined;
  /** It does not begin before, by the clock of the database. */
  readonly notBefore: Date | undefined;
  readonly attempts: number;
  /** Failures in a row. */
  readonly failures: number;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly finishedAt: Date | undefined;
}

/** One attempt at a job. */
export interface AttemptInfo {
  /** From 1. */
  readonly number: number;
  readonly status: AttemptStatus;
  readonly host: string;
  readonly pid: number | undefined;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly reason: string | undefined;
  readonly beganAt: Date;
  readonly endedAt: Date | undefined;
  /** Of what it printed, in the middle: only the beginning and the end are kept. */
  readonly droppedBytes: number;
}

/** A job waits for another one that has not succeeded. To be used in queries over `jobs`. */
export const waitsForOthers: Expression<boolean> & { as(name: string): never } = sql<boolean>`exists (
  select 1 from job_needs join jobs as needed on needed.id = job_needs.needs_id
  where job_needs.job_id = jobs.id and needed.status <> 'succeeded')` as never;

/** Rows of jobs with what is asked for when they are looked at. */
const jobRows = (db: Queries, { database: { now }, projectId }: Scope) =>
  db
    .selectFrom('jobs')
    .selectAll('jobs')
    .select(
      sql<number>`case when status = 'queued' and (coalesce(not_before, 0) > ${now} or ${waitsForOthers}) then 1 else 0 end`.as(
        'waits',
      ),
    )
    .where('jobs.project_id', '=', projectId);

/** Which jobs are wanted, all conditions together. */
export interface JobQuery {
  readonly keys?: readonly string[];
  readonly status?: readonly JobStatus[];
  /** 100 where it is left out. */
  readonly limit?: number;
}

/** The newest first. */
export async function listJobs(db: Queries, scope: Scope, { keys, status, limit = 100 }: JobQuery): Promise<JobInfo[]> {
  if (keys?.length === 0 || status?.length === 0) return [];
  let query = db.selectFrom(jobRows(db, scope).as('jobs')).selectAll();
  if (keys) query = query.where('key', 'in', [...keys]);
  if (status) {
    const stored = status.filter((one) => one !== 'waiting' && one !== 'queued');
    const waits = status.flatMap((one) => (one === 'waiting' ? [1] : one === 'queued' ? [0] : []));
    query = query.where((e) =>
      e.or([
        ...(stored.length > 0 ? [e('status', 'in', stored)] : []),
        ...(waits.length > 0 ? [e.and([e('status', '=', 'queued'), e('waits', 'in', waits)])] : []),
      ]),
    );
  }
  const rows = await query.orderBy('id', 'desc').limit(limit).execute();
  const needs = await needsOf(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => infoOf(row, needs.get(row.id) ?? []));
}

async function needsOf(db: Queries, ids: readonly number[]): Promise<Map<number, string[]>> {
  const found = new Map<number, string[]>();
  if (ids.length === 0) return found;
  const rows = await db
    .selectFrom('job_needs')
    .innerJoin('jobs', 'jobs.id', 'job_needs.needs_id')
    .select(['job_needs.job_id', 'jobs.key'])
    .where('job_needs.job_id', 'in', sql<number>`(${sql.join(ids.map((id) => sql.lit(id)))})`)
    .orderBy('jobs.id')
    .execute();
  for (const { job_id, key } of rows) found.set(job_id, [...(found.get(job_id) ?? []), key]);
  return found;
}

type Row = Awaited<ReturnType<ReturnType<typeof jobRows>['executeTakeFirstOrThrow']>>;

const dated = (ms: number | null): Date | undefined => (ms === null ? undefined : new Date(ms));

const infoOf = (row: Row, needs: readonly string[]): JobInfo => ({
  key: row.key,
  name: row.name,
  command: JSON.parse(row.command),
  cwd: row.cwd,
  env: JSON.parse(row.env),
  priority: row.priority,
  cores: row.cores,
  memoryBytes: row.memory,
  timeoutMs: row.timeout_ms ?? undefined,
  graceMs: row.grace_ms,
  retries: row.retries,
  backoffMs: row.backoff_ms,
  preemptible: row.preemptible === 1,
  schedule: row.schedule ?? undefined,
  timeZone: row.time_zone ?? undefined,
  occurrence: row.occurrence,
  needs,
  status: row.waits === 1 ? 'waiting' : (row.status as StoredJobStatus),
  wish: (row.wish as JobInfo['wish']) ?? undefined,
  reason: row.reason ?? undefined,
  notBefore: dated(row.not_before),
  attempts: row.attempts,
  failures: row.failures,
  createdAt: new Date(row.created_at),
  createdBy: row.created_by,
  finishedAt: dated(row.finished_at),
});

/** The attempts at a job, the first one first. */
export async function listAttempts(db: Queries, job: number): Promise<AttemptInfo[]> {
  const rows = await db.selectFrom('job_attempts').selectAll().where('job_id', '=', job).orderBy('number').execute();
  return rows.map((row) => ({
    number: row.number,
    status: row.status as AttemptStatus,
    host: row.host,
    pid: row.pid ?? undefined,
    exitCode: row.exit_code ?? undefined,
    signal: row.signal ?? undefined,
    reason: row.reason ?? undefined,
    beganAt: new Date(row.began_at),
    endedAt: dated(row.ended_at),
    droppedBytes: row.dropped_bytes,
  }));
}
