import { type Expression, type SqlBool, sql } from 'kysely';
import type { Queries } from './database.ts';
import { type JobInfo, listJobs, waitsForOthers } from './job-info.ts';
import { hopeless } from './job-states.ts';
import type { Scope } from './scope.ts';

/** Who asks for jobs. */
export interface Worker {
  /** The machine, as long as it runs, and what of it processes can see: two with the same place see each other's processes. */
  readonly place: string;
  /** For people. */
  readonly host: string;
  /** Drawn at random by each supervisor. */
  readonly holder: string;
  /** The process of the supervisor. */
  readonly process: string;
  /** What all jobs of the place together may use. */
  readonly cores: number;
  readonly memoryBytes: number;
  readonly leaseMs: number;
}

/** What there is to do: an attempt to begin, or a job that would be next and does not fit beside what runs. */
export interface Claim {
  readonly began?: {
    readonly attempt: number;
    readonly token: number;
    readonly number: number;
    /** Whether it goes on with what an earlier attempt began. */
    readonly again: boolean;
    readonly job: JobInfo;
  };
  readonly noRoomFor?: { readonly priority: number; readonly cores: number; readonly memoryBytes: number };
}

/** As many are looked at: others take some of them meanwhile. */
const candidatesAtMost = 20;

/**
 * Jobs that could begin, in the order in which they are to. Those that do not fit into a place at all are for others. One that fits but finds no room holds back all behind it:
 * a large job never waits because small ones overtake it.
 */
const candidates = (db: Queries, { projectId, database: { now } }: Scope, { cores, memoryBytes }: Worker) =>
  db
    .selectFrom('jobs')
    .select(['id', 'key', 'priority', 'cores', 'memory'])
    .where('project_id', '=', projectId)
    .where('status', '=', 'queued')
    .where('cores', '<=', cores)
    .where('memory', '<=', memoryBytes)
    .where((e) => e.or([e('not_before', 'is', null), e('not_before', '<=', now)]))
    .where((e) => e.not(waitsForOthers as Expression<SqlBool>))
    .orderBy('priority', 'desc')
    .orderBy('id')
    .limit(candidatesAtMost)
    .execute();

/** Jobs that need what will never be there. */
const doomed = sql<boolean>`exists (
  select 1 from job_needs join jobs as needed on needed.id = job_needs.needs_id
  where job_needs.job_id = jobs.id and needed.status in (${sql.join(hopeless)}))`;

/** Cancels them; those that need them in turn follow when this is called again. */
async function cancelDoomed(db: Queries, { projectId }: Scope): Promise<void> {
  await db
    .updateTable('jobs')
    .set({ status: 'cancelled', reason: 'a job that it needs did not succeed', finished_at: Date.now() })
    .where('project_id', '=', projectId)
    .where('status', '=', 'queued')
    .where(doomed)
    .execute();
}

export async function claim(scope: Scope, worker: Worker): Promise<Claim> {
  const { database, projectId } = scope;
  const isIdle = await database.read('Looking for a job of', async (db) => {
    if ((await candidates(db, scope, worker)).length > 0) return false;
    const lost = db
      .selectFrom('jobs')
      .select('id')
      .where('project_id', '=', projectId)
      .where('status', '=', 'queued')
      .where(doomed);
    return (await lost.executeTakeFirst()) === undefined;
  });
  if (isIdle) return {}; // nothing is written, and nobody is kept waiting, where there is nothing to do
  return await database.write('Taking a job of', async (db) => {
    await db
      .insertInto('job_places')
      .values({ place: worker.place, claims: 1 })
      .onConflict((c) => c.column('place').doUpdateSet((e) => ({ claims: e('job_places.claims', '+', 1) })))
      .execute();
    await cancelDoomed(db, scope);
    const free = await freeOf(db, worker);
    for (const job of await candidates(db, scope, worker)) {
      if (job.cores > free.cores || job.memory > free.memory)
        return { noRoomFor: { priority: job.priority, cores: job.cores - free.cores, memoryBytes: job.memory - free.memory } };
      const began = await begin(db, scope, worker, job);
      if (began) return { began };
    }
    return {};
  });
}

/** What the attempts that run in a place leave, in all projects. */
async function freeOf(db: Queries, { place, cores, memoryBytes }: Worker): Promise<{ cores: number; memory: number }> {
  const used = await db
    .selectFrom('job_attempts')
    .innerJoin('jobs', 'jobs.id', 'job_attempts.job_id')
    .select((e) => [
      e.fn.sum<number | null>('jobs.cores').as('cores'),
      e.fn.sum<number | string | null>('jobs.memory').as('memory'),
    ])
    .where('job_attempts.status', '=', 'running')
    .where('job_attempts.place', '=', place)
    .executeTakeFirstOrThrow();
  return { cores: cores - Number(used.cores ?? 0) + 1e-9, memory: memoryBytes - Number(used.memory ?? 0) };
}

/** Undefined where somebody else has begun it meanwhile. */
async function begin(
  db: Queries,
  scope: Scope,
  { place, host, holder, process, leaseMs }: Worker,
  { id, key }: { readonly id: number; readonly key: string },
): Promise<Claim['began'] | undefined> {
  const row = await db
    .updateTable('jobs')
    .set((e) => ({ status: 'running', wish: null, not_before: null, attempts: e('attempts', '+', 1) }))
    .where('id', '=', id)
    .where('status', '=', 'queued')
    .returning(['attempts', 'occurrence'])
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const earlier = await db
    .selectFrom('job_attempts')
    .select('id')
    .where('job_id', '=', id)
    .where('occurrence', '=', row.occurrence)
    .executeTakeFirst();
  const { id: attempt } = await db
    .insertInto('job_attempts')
    .values({
      job_id: id,
      number: row.attempts,
      occurrence: row.occurrence,
      status: 'running',
      token: 1,
      beat: 0,
      lease_ms: leaseMs,
      place,
      host,
      holder,
      holder_process: process,
      began_at: Date.now(),
      ran_ms: 0,
      stdout_bytes: 0,
      stderr_bytes: 0,
      head_bytes: 0,
      dropped_bytes: 0,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const [job] = await listJobs(db, scope, { keys: [key] });
  return { attempt, token: 1, number: row.attempts, again: earlier !== undefined, job: job! };
}
