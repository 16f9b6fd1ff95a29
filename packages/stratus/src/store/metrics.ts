import { fail } from '@stratus/core';
import { appendPoints } from './append-points.ts';
import { byStep, joinAll, lastOf, type Packed, type Point, packedOf, part, summaryPoints, thin, unpack } from './chunk.ts';
import type { Queries } from './database.ts';
import { checkTitle, checkWhole, unknown } from './names.ts';
import { runId, type Scope } from './scope.ts';

/** A point of a metric, as it is logged. */
export interface MetricPoint {
  /** 'loss', 'validation/accuracy'. */
  readonly name: string;
  /** A whole number from 0. */
  readonly step: number;
  /** Any number, also NaN and the infinities. */
  readonly value: number;
  /** When it was measured; now where it is left out. */
  readonly at?: Date;
}

/** What is known of a metric without reading its points. */
export interface MetricSummary {
  readonly name: string;
  /** How many points were logged. */
  readonly points: number;
  /** The point that was logged last. */
  readonly last: { readonly step: number; readonly value: number };
  /** The lowest and the highest value, but for NaN; undefined where there is nothing else. */
  readonly min: { readonly step: number; readonly value: number } | undefined;
  readonly max: { readonly step: number; readonly value: number } | undefined;
}

/** What makes a call that may be sent twice count once. */
export interface AppendOptions {
  /** Who calls: a name that nobody else uses. */
  readonly writer: string;
  /** The number of the call among those of this writer to this run, growing. A call with the number of an earlier one, or a lower one, adds nothing. */
  readonly sequence: number;
}

/** The metrics of a store: points are only ever added. */
export interface Metrics {
  /**
   * Adds points, all of them or none; they are safe when the promise is kept. Few large calls are faster than many small ones. The run counts as seen.
   * A call that fails may have taken effect where a connection broke: with `once`, the same call can be made again, and counts once.
   * Errors: `unknown-name`, `bad-value`, `database-failed`.
   */
  append(run: string, points: readonly MetricPoint[], once?: AppendOptions): Promise<void>;
  /** Every metric of a run, by name. Errors: `unknown-name`, `database-failed`. */
  summaries(run: string): Promise<readonly MetricSummary[]>;
  /**
   * A curve for drawing: at most `points` points (1,000) in the order of steps, among them the first, the last, the lowest and the highest. Every one was
   * logged as it is. Of a step that was logged twice (a resumed training), the later point. Errors: `unknown-name`, `bad-value`, `database-failed`.
   */
  curve(run: string, name: string, options?: { readonly points?: number }): Promise<readonly Point[]>;
  /** All points in the order in which they were logged, from number `skip` on, at most `limit` (10,000). Errors: as `curve`. */
  history(run: string, name: string, options?: { readonly skip?: number; readonly limit?: number }): Promise<readonly Point[]>;
}

interface Found {
  readonly id: number;
  readonly points: number;
}

async function seriesOf(db: Queries, scope: Scope, run: string, name: string): Promise<Found> {
  const id = await runId(db, scope, run);
  const found = await db
    .selectFrom('series')
    .select(['id', 'points'])
    .where('run_id', '=', id)
    .where('name', '=', name)
    .executeTakeFirst();
  if (found) return found;
  const all = await db.selectFrom('series').select('name').where('run_id', '=', id).orderBy('name').execute();
  throw unknown(
    `metric of the run ${run}`,
    name,
    all.map((row) => row.name),
  );
}

/** The points of the chunks that hold some of those from `from` to `to`, and the number of the first of them. */
async function readChunks(db: Queries, series: Found, from: number, to: number): Promise<{ first: number; points: Packed }> {
  const rows = await db
    .selectFrom('chunks')
    .select(['start', 'data'])
    .where('series_id', '=', series.id)
    .where('start', '<', to)
    .where((e) => e(e('start', '+', e.ref('points')), '>', from))
    .orderBy('start')
    .execute();
  return { first: rows[0]?.start ?? 0, points: joinAll(rows.map(({ data }) => packedOf(data))) };
}

/** The first and the last point, and between them the summaries. */
async function longCurve(db: Queries, series: Found): Promise<Packed> {
  const rows = await db.selectFrom('chunks').select('summary').where('series_id', '=', series.id).orderBy('start').execute();
  const head = await readChunks(db, series, 0, 1);
  const tail = await readChunks(db, series, series.points - 1, series.points);
  return joinAll([part(head.points, 0, 1), ...rows.map(({ summary }) => packedOf(summary)), lastOf(tail.points)]);
}

const extreme = (value: number | null, step: number | null) => (value === null || step === null ? undefined : { step, value });

/** @internal */
export const metricsOf = (scope: Scope): Metrics => ({
  async append(run, points, once) {
    await appendPoints(scope, run, points, once);
  },

  summaries: (run) =>
    scope.database.read('Reading the metrics of', async (db) => {
      const rows = await db
        .selectFrom('series')
        .selectAll()
        .where('run_id', '=', await runId(db, scope, run))
        .where('points', '>', 0)
        .execute();
      return rows.map(summaryOf).sort((a, b) => (a.name < b.name ? -1 : 1)); // databases sort texts by their own rules
    }),

  async curve(run, name, { points: limit = 1000 } = {}) {
    checkTitle('the name of a metric', name);
    if (!Number.isSafeInteger(limit) || limit < 4)
      throw fail('bad-value', { what: 'points of curve', got: String(limit), want: 'a whole number from 4' });
    return await scope.database.read('Reading a curve of', async (db) => {
      const series = await seriesOf(db, scope, run, name);
      const isShort = series.points <= (limit * summaryPoints) / 2; // there the summaries would give less than was asked for
      const points = isShort ? (await readChunks(db, series, 0, series.points)).points : await longCurve(db, series);
      return unpack(thin(byStep(points), limit));
    });
  },

  async history(run, name, { skip = 0, limit = 10_000 } = {}) {
    checkTitle('the name of a metric', name);
    checkWhole('skip of history', skip);
    checkWhole('limit of history', limit);
    return await scope.database.read('Reading the points of', async (db) => {
      const { first, points } = await readChunks(db, await seriesOf(db, scope, run, name), skip, skip + limit);
      return unpack(part(points, Math.max(0, skip - first), Math.max(0, skip + limit - first)));
    });
  },
});

/** A row of `series`, as it is shown. */
export const summaryOf = (row: {
  readonly name: string;
  readonly points: number;
  readonly last_step: number | null;
  readonly last_value: number | null;
  readonly min_value: number | null;
  readonly min_step: number | null;
  readonly max_value: number | null;
  readonly max_step: number | null;
}): MetricSummary => ({
  name: row.name,
  points: row.points,
  last: { step: row.last_step ?? 0, value: row.last_value ?? Number.NaN },
  min: extreme(row.min_value, row.min_step),
  max: extreme(row.max_value, row.max_step),
});
