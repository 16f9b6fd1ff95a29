import { fail, lookUp } from '@stratus/core';
import { type Expression, type ExpressionBuilder, expressionBuilder, type SqlBool, sql } from 'kysely';
import type { Queries } from './database.ts';
import { type MetricSummary, summaryOf } from './metrics.ts';
import { checkTitle, checkWhole } from './names.ts';
import type { Json, ParamValue } from './run-values.ts';
import type { RunInfo, RunStatus } from './runs.ts';
import { runId, type Scope } from './scope.ts';
import type { Tables } from './tables.ts';

/** Which number stands for a metric. */
type MetricPart = 'last' | 'min' | 'max';

/** A condition on a metric. */
export interface MetricCondition {
  readonly name: string;
  readonly is: '<' | '<=' | '>' | '>=' | '=';
  readonly than: number;
  /** 'last' where it is left out. */
  readonly of?: MetricPart;
}

/** By what runs are sorted. Runs without that metric or parameter, or with NaN, come last; equal ones in the order in which they were made. */
export type RunSort =
  | { readonly by: 'created' | 'name'; readonly order?: 'ascending' | 'descending' }
  | { readonly metric: string; readonly of?: MetricPart; readonly order?: 'ascending' | 'descending' }
  | { readonly param: string; readonly order?: 'ascending' | 'descending' };

/** Which runs are wanted, all conditions together. */
export interface RunQuery {
  readonly keys?: readonly string[];
  /** What their keys begin with. */
  readonly keyPrefix?: string;
  readonly status?: readonly RunStatus[];
  /** The key of their parent; null for runs that have none. */
  readonly parent?: string | null;
  readonly params?: Readonly<Record<string, ParamValue>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly metrics?: readonly MetricCondition[];
  /** The newest first where it is left out. */
  readonly sort?: RunSort;
  /** 100 where it is left out. */
  readonly limit?: number;
  readonly skip?: number;
}

const columns = { last: 'last_value', min: 'min_value', max: 'max_value' } as const;
const comparisons = { '<': '<', '<=': '<=', '>': '>', '>=': '>=', '=': '=' } as const;
const orders = { ascending: 'asc', descending: 'desc' } as const;
const fields = { created: 'runs.id', name: 'runs.name' } as const;

export type Where = ExpressionBuilder<Tables, 'runs'>;

export const metric = (e: Where, name: string, of: MetricPart = 'last') =>
  e
    .selectFrom('series')
    .select(`series.${lookUp('part of a metric', columns, of)}`)
    .whereRef('series.run_id', '=', 'runs.id')
    .where('series.name', '=', checkTitle('the name of a metric', name));

function conditions(
  e: Where,
  { database: { json } }: Scope,
  query: RunQuery,
  parent: number | null | undefined,
): Expression<SqlBool>[] {
  const found: Expression<SqlBool>[] = [];
  if (query.keys) found.push(e('runs.key', 'in', [...query.keys]));
  // Keys are plain letters and digits, sorted by their bytes: everything that begins so lies between.
  if (query.keyPrefix) found.push(e('runs.key', '>=', query.keyPrefix), e('runs.key', '<', `${query.keyPrefix}\u007f`));
  if (query.status) found.push(e('runs.status', 'in', [...query.status]));
  if (parent === null) found.push(e('runs.parent_id', 'is', null));
  else if (parent !== undefined) found.push(e('runs.parent_id', '=', parent));
  for (const [name, value] of Object.entries(query.params ?? {})) {
    if (value === null)
      throw fail('bad-value', { what: `the parameter '${name}'`, got: 'null', want: 'a value that runs can be found by' });
    if (typeof value === 'number') found.push(e(json.number('runs.params', name), '=', value));
    else found.push(e(json.text('runs.params', name), '=', String(value)));
  }
  for (const [name, value] of Object.entries(query.tags ?? {})) found.push(e(json.text('runs.tags', name), '=', value));
  for (const { name, is, than, of } of query.metrics ?? [])
    found.push(e(metric(e, name, of) as never, lookUp('comparison', comparisons, is), than as never));
  return found;
}

/** What `order by` takes, with the direction. */
function sorted(e: Where, { database: { json } }: Scope, sort: RunSort) {
  if ('metric' in sort) return metric(e, sort.metric, sort.of);
  if ('param' in sort) return json.number('runs.params', checkTitle('the name of a parameter', sort.param));
  return e.ref(lookUp('order of runs', fields, sort.by));
}

/** What else a list asks for: further conditions, and an order instead of that of the query. */
export interface ListOptions {
  readonly where?: (e: Where) => readonly Expression<SqlBool>[];
  readonly order?: (e: Where) => readonly { readonly by: Expression<unknown>; readonly order: 'asc' | 'desc' }[];
}

/** Runs with the summaries of their metrics. Errors: `bad-value`, `unknown-name`. */
export async function listRuns(db: Queries, scope: Scope, query: RunQuery, options: ListOptions = {}): Promise<RunInfo[]> {
  if (query.keys?.length === 0 || query.status?.length === 0) return [];
  const parent = typeof query.parent === 'string' ? await runId(db, scope, query.parent) : query.parent;
  const sort = query.sort ?? { by: 'created', order: 'descending' };
  const order = lookUp('order', orders, sort.order ?? ('by' in sort && sort.by === 'created' ? 'descending' : 'ascending'));
  let wanted = db
    .selectFrom('runs')
    .leftJoin('runs as parents', 'parents.id', 'runs.parent_id')
    .selectAll('runs')
    .select('parents.key as parent_key')
    .select(sql<number>`${scope.database.now} - runs.seen_at`.as('silent_ms'))
    .where('runs.project_id', '=', scope.projectId)
    .where((e) => e.and(conditions(e as unknown as Where, scope, query, parent)));
  if (options.where) wanted = wanted.where((e) => e.and(options.where!(e as unknown as Where)));
  const by = options.order ?? ((e: Where) => [{ by: sorted(e, scope, sort) as Expression<unknown>, order }]);
  for (const each of by(expressionBuilder<Tables, 'runs'>()))
    wanted = wanted.orderBy(each.by as never, (o) => (each.order === 'asc' ? o.asc() : o.desc()).nullsLast());
  const rows = await wanted
    .orderBy('runs.id', options.order ? 'desc' : order)
    .limit(checkWhole('limit', query.limit ?? 100))
    .offset(checkWhole('skip', query.skip ?? 0))
    .execute();
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const series = await db
    .selectFrom('series')
    .select(['run_id', 'name', 'points', 'last_step', 'last_value', 'min_value', 'min_step', 'max_value', 'max_step'])
    .where('run_id', 'in', sql<number>`(${sql.join(ids.map((id) => sql.lit(id)))})`)
    .where('points', '>', 0)
    .execute();
  const metrics = new Map<number, MetricSummary[]>(ids.map((id) => [id, []]));
  for (const row of series) metrics.get(row.run_id)!.push(summaryOf(row));
  return rows.map((row) => infoOf(row, metrics.get(row.id)!));
}

/** A process says something every five seconds; what is delivered may wait for fifteen more, and for a busy database. */
const silenceMs = 120_000;

const parsed = (text: string | null): Json | undefined => (text === null ? undefined : (JSON.parse(text) as Json));
const dated = (ms: number | null): Date | undefined => (ms === null ? undefined : new Date(ms));

interface Row {
  readonly key: string;
  readonly name: string;
  readonly parent_key: string | null;
  readonly status: string;
  readonly created_at: number;
  readonly finished_at: number | null;
  readonly seen_at: number;
  readonly silent_ms: number;
  readonly error: string | null;
  readonly params: string;
  readonly tags: string;
  readonly notes: string;
  readonly code: string | null;
  readonly data: string | null;
  readonly environment: string | null;
  readonly seed: number | null;
}

function infoOf(row: Row, metrics: readonly MetricSummary[]): RunInfo {
  const byName = [...metrics].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    key: row.key,
    name: row.name,
    parent: row.parent_key ?? undefined,
    status: row.status as RunStatus,
    createdAt: new Date(row.created_at),
    finishedAt: dated(row.finished_at),
    seenAt: new Date(row.seen_at),
    isSilent: Number(row.silent_ms) > silenceMs,
    error: row.error ?? undefined,
    params: JSON.parse(row.params),
    tags: JSON.parse(row.tags),
    notes: row.notes,
    code: parsed(row.code),
    data: parsed(row.data),
    environment: parsed(row.environment),
    seed: row.seed ?? undefined,
    metrics: Object.fromEntries(byName.map((summary) => [summary.name, summary])),
  };
}
