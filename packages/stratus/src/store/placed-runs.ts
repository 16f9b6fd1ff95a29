import { fail, lookUp } from '@stratus/core';
import { type Expression, type SqlBool, sql } from 'kysely';
import type { Queries } from './database.ts';
import { checkTitle } from './names.ts';
import { lockExperiments } from './places.ts';
import { listRuns, metric, type RunQuery, type Where } from './run-query.ts';
import { type Json, jsonOf } from './run-values.ts';
import type { RunInfo } from './runs.ts';
import { runId, type Scope } from './scope.ts';

/** What went into a run and came out of it, as its protocol has it. */
export interface RunFlow {
  readonly datasets?: readonly Json[];
  readonly modelInputs?: readonly Json[];
  readonly modelOutputs?: readonly Json[];
}

/** A run and where it is. */
export interface PlacedRun {
  readonly run: RunInfo;
  readonly experiment: number;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
  /** It, or its experiment, was deleted and can be restored. */
  readonly isDeleted: boolean;
  readonly flow: RunFlow;
  /** When the last point of each metric was measured, in milliseconds. */
  readonly metricTimes: Readonly<Record<string, number>>;
}

/** By what a scan is sorted: by each in turn, then the youngest first. Runs without it come last. */
export type ScanSort = { readonly order: 'ascending' | 'descending' } & (
  | { readonly by: 'started' | 'ended' | 'name' | 'key' | 'status' }
  | { readonly metric: string }
  | { readonly param: string }
  | { readonly tag: string }
);

/** Which runs a scan gives. */
export interface RunScan extends Omit<RunQuery, 'sort'> {
  /** All where it is left out. */
  readonly experiments?: readonly number[];
  /** Deleted ones are left out where it is. */
  readonly deleted?: 'only' | 'with';
  readonly sort?: readonly ScanSort[];
}

/** What can be changed of the place of a run. */
export interface PlaceChange {
  readonly startedAt?: Date;
  readonly endedAt?: Date | null;
  readonly isDeleted?: boolean;
  /** Makes the next flow of the one there is; it may be called again. */
  readonly flow?: (old: RunFlow) => RunFlow;
}

const place = <T>(e: Where, column: 'experiment' | 'started_at' | 'ended_at' | 'deleted_at') =>
  e
    .selectFrom('run_places')
    .select(`run_places.${column}`)
    .whereRef('run_places.run_id', '=', 'runs.id') as unknown as Expression<T>;

const started = (e: Where) => e.fn.coalesce(place<number | null>(e, 'started_at'), 'runs.created_at');
const ended = (e: Where) => e.fn.coalesce(place<number | null>(e, 'ended_at'), 'runs.finished_at');
const experiment = (e: Where) => e.fn.coalesce(place<number | null>(e, 'experiment'), e.lit(0));

const fields = {
  started,
  ended,
  name: (e: Where) => e.ref('runs.name'),
  key: (e: Where) => e.ref('runs.key'),
  status: (e: Where) => e.ref('runs.status'),
};
const orders = { ascending: 'asc', descending: 'desc' } as const;

/** Texts by their bytes, whatever language the server was set up with. */
const byBytes = ({ database: { types } }: Scope, text: Expression<unknown>): Expression<unknown> =>
  sql`(${text})${sql.raw(types.name.replace('TEXT', ''))}`;

function sortedBy(e: Where, scope: Scope, sort: ScanSort): Expression<unknown> {
  const { json } = scope.database;
  if ('metric' in sort) return metric(e, sort.metric);
  if ('tag' in sort) return byBytes(scope, json.text('runs.tags', checkTitle('the name of a tag', sort.tag)));
  if ('param' in sort) {
    const name = checkTitle('the name of a parameter', sort.param);
    const number = sql`cast(${json.number('runs.params', name)} as text)`;
    return byBytes(scope, sql`coalesce(${json.text('runs.params', name)}, ${number})`);
  }
  return lookUp('order of runs', fields, sort.by)(e) as Expression<unknown>;
}

function conditions(e: Where, { projectId }: Scope, { experiments, deleted }: RunScan): Expression<SqlBool>[] {
  const gone = e
    .selectFrom('experiments')
    .select('experiments.number')
    .where('experiments.project_id', '=', projectId)
    .where('experiments.deleted_at', 'is not', null);
  const isGone = e.or([e(place(e, 'deleted_at'), 'is not', null), e(experiment(e), 'in', gone)]);
  const found: Expression<SqlBool>[] = experiments ? [e(experiment(e), 'in', [...experiments])] : [];
  if (deleted !== 'with') found.push(deleted === 'only' ? isGone : e.not(isGone));
  return found;
}

/** As many values of a statement: databases limit them. */
const keysAtOnce = 500;

const rowsOf = (db: Queries, scope: Scope, keys: readonly string[]) =>
  db
    .selectFrom('runs')
    .leftJoin('run_places', 'run_places.run_id', 'runs.id')
    .leftJoin('experiments', (join) =>
      join
        .onRef('experiments.project_id', '=', 'run_places.project_id')
        .onRef('experiments.number', '=', 'run_places.experiment'),
    )
    .select(['runs.id', 'runs.key', 'run_places.experiment', 'run_places.started_at', 'run_places.ended_at', 'run_places.flow'])
    .select(['run_places.deleted_at', 'experiments.deleted_at as experiment_deleted_at'])
    .where('runs.project_id', '=', scope.projectId)
    .where('runs.key', 'in', keys)
    .execute();

/** Errors: `bad-value`, `unknown-name`. */
export async function scanRuns(db: Queries, scope: Scope, scan: RunScan): Promise<PlacedRun[]> {
  if (scan.experiments?.length === 0) return [];
  const { sort = [], experiments: _, deleted: __, ...query } = scan;
  const found = await listRuns(db, scope, query, {
    where: (e) => conditions(e, scope, scan),
    order: (e) => [
      ...sort.map((each) => ({ by: sortedBy(e, scope, each), order: lookUp('order', orders, each.order) })),
      { by: started(e) as Expression<unknown>, order: 'desc' as const },
    ],
  });
  if (found.length === 0) return [];
  const rows: Awaited<ReturnType<typeof rowsOf>> = [];
  for (let from = 0; from < found.length; from += keysAtOnce)
    rows.push(
      ...(await rowsOf(
        db,
        scope,
        found.slice(from, from + keysAtOnce).map(({ key }) => key),
      )),
    );
  const byId = new Map<number, Record<string, number>>(rows.map(({ id }) => [id, {}]));
  const times = await db
    .selectFrom('series')
    .select(['run_id', 'name', 'last_at'])
    .where('run_id', 'in', sql<number>`(${sql.join(rows.map(({ id }) => sql.lit(id)))})`)
    .execute();
  for (const { run_id, name, last_at } of times) byId.get(run_id)![name] = last_at ?? 0;
  const byKey = new Map(rows.map((row) => [row.key, row]));
  return found.map((run) => {
    const row = byKey.get(run.key)!;
    return {
      run,
      experiment: row.experiment ?? 0,
      startedAt: row.started_at === null ? run.createdAt : new Date(row.started_at),
      endedAt: row.ended_at === null ? run.finishedAt : new Date(row.ended_at),
      isDeleted: row.deleted_at !== null || row.experiment_deleted_at !== null,
      flow: JSON.parse(row.flow ?? '{}') as RunFlow,
      metricTimes: byId.get(row.id)!,
    };
  });
}

/** Errors: `unknown-name`, `bad-value`. */
export async function changePlace(db: Queries, scope: Scope, run: string, change: PlaceChange): Promise<void> {
  for (const time of [change.startedAt, change.endedAt])
    if (time && Number.isNaN(time.getTime())) throw fail('bad-value', { what: 'a time', got: 'no date', want: 'a date' });
  const id = await runId(db, scope, run);
  await lockExperiments(db, scope, 0);
  await db
    .insertInto('run_places')
    .values({ run_id: id, project_id: scope.projectId, experiment: 0, flow: '{}' })
    .onConflict((c) => c.column('run_id').doNothing())
    .execute();
  const row = await db
    .updateTable('run_places')
    .set((e) => ({ experiment: e.ref('experiment') })) // holds the row
    .where('run_id', '=', id)
    .returning('flow')
    .executeTakeFirstOrThrow();
  await db
    .updateTable('run_places')
    .set({
      experiment: sql.ref('experiment'),
      ...(change.startedAt === undefined ? {} : { started_at: change.startedAt.getTime() }),
      ...(change.endedAt === undefined ? {} : { ended_at: change.endedAt?.getTime() ?? null }),
      ...(change.isDeleted === undefined ? {} : { deleted_at: change.isDeleted ? Date.now() : null }),
      ...(change.flow === undefined ? {} : { flow: jsonOf(change.flow(JSON.parse(row.flow) as RunFlow) as Json, 'flow') }),
    })
    .where('run_id', '=', id)
    .execute();
}
