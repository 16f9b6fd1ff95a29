import { fail } from '@stratus/core';
import { bytesOf, chunkPoints, joinAll, type Packed, type Point, pack, packedOf, part, summarize } from './chunk.ts';
import type { Queries } from './database.ts';
import type { AppendOptions, MetricPoint } from './metrics.ts';
import { checkName, checkTitle, checkWhole } from './names.ts';
import { type Scope, unknownRun } from './scope.ts';

/** Points by metric, checked, in the order in which they came. Errors: `bad-value`. */
function grouped(points: readonly MetricPoint[]): Map<string, Point[]> {
  const now = Date.now();
  const found = new Map<string, Point[]>();
  for (const { name, step, value, at } of points) {
    let list = found.get(name);
    if (list === undefined) found.set(checkTitle('the name of a metric', name), (list = []));
    const time = at === undefined ? now : at.getTime();
    if (!Number.isSafeInteger(step) || step < 0)
      throw fail('bad-value', { what: `the step of ${name}`, got: String(step), want: 'a whole number from 0' });
    if (typeof value !== 'number') throw fail('bad-value', { what: name, got: `a ${typeof value}`, want: 'a number' });
    if (!Number.isSafeInteger(time)) throw fail('bad-value', { what: `the time of ${name}`, got: String(time), want: 'a date' });
    list.push({ step, value, at: time });
  }
  return found;
}

interface Chunk {
  readonly start: number;
  readonly points: number;
}

/** A chunk of as many points stays as it is. The tail of a series begins with its first shorter one. */
const isClosed = ({ points }: Chunk): boolean => points >= chunkPoints / 2;

/**
 * The chunks at the end of a series that new points take in: those that are not longer than what has come together by then. So a point is written
 * about log2(4096) times even where they come one by one, and a series has few short chunks.
 */
function joined(tail: readonly Chunk[], added: number): readonly Chunk[] {
  let [from, length] = [tail.length, added];
  while (from > 0 && tail[from - 1]!.points <= length) length += tail[--from]!.points;
  return tail.slice(from);
}

type Row = Awaited<ReturnType<typeof seriesRows>>[number];

const seriesRows = (db: Queries, run: number, names: readonly string[]) =>
  db.selectFrom('series').selectAll().where('run_id', '=', run).where('name', 'in', names).execute();

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

/** The row of a series after more points. */
function grown(row: Row, points: readonly Point[], tail: number): Row {
  const last = points.at(-1)!;
  const next = {
    ...row,
    points: row.points + points.length,
    tail,
    last_step: last.step,
    last_at: last.at,
    last_value: orNull(last.value),
  };
  for (const { step, value } of points) {
    if (Number.isNaN(value)) continue;
    if (next.min_value === null || value < next.min_value) [next.min_value, next.min_step] = [value, step];
    if (next.max_value === null || value > next.max_value) [next.max_value, next.max_step] = [value, step];
  }
  return next;
}

/** As many rows of a statement: databases limit how many values one may have, and a row may have 100 kB. */
const rowsAtOnce = 200;

async function inParts<T>(list: readonly T[], work: (part: T[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < list.length; from += rowsAtOnce) await work(list.slice(from, from + rowsAtOnce));
}

/** Adds points to the metrics of a run. Errors: `unknown-name`, `bad-value`, `database-failed`. */
export async function appendPoints(scope: Scope, run: string, list: readonly MetricPoint[], once?: AppendOptions): Promise<void> {
  const byName = grouped(list);
  if (once !== undefined) {
    checkName('the writer of metrics', once.writer);
    checkWhole('the sequence of a call', once.sequence);
  }
  if (byName.size === 0) return;
  const all = [...byName.keys()].sort();
  await scope.database.write('Adding metrics to', async (db) => {
    // The row of the run is the lock: two processes that add to the same run do so one after the other.
    const found = await db
      .updateTable('runs')
      .set({ seen_at: scope.database.now })
      .where('project_id', '=', scope.projectId)
      .where('key', '=', run)
      .returning('id')
      .executeTakeFirst();
    if (found === undefined) throw await unknownRun(db, scope.projectId, run);
    if (once !== undefined && !(await isNew(db, found.id, once))) return;
    await inParts(all, (names) => appendTo(db, found.id, names, byName));
  });
}

/** Whether a writer's call was not seen before; then it is from now on. The run's row is held, so nobody does the same meanwhile. */
async function isNew(db: Queries, run: number, { writer, sequence }: AppendOptions): Promise<boolean> {
  const added = await db
    .insertInto('writers')
    .values({ run_id: run, writer, sequence })
    .onConflict((c) => c.columns(['run_id', 'writer']).doUpdateSet({ sequence }).where('writers.sequence', '<', sequence))
    .returning('sequence')
    .execute();
  return added.length > 0;
}

async function appendTo(db: Queries, run: number, names: readonly string[], byName: ReadonlyMap<string, Point[]>): Promise<void> {
  let rows = await seriesRows(db, run, names);
  const known = new Set(rows.map(({ name }) => name));
  const added = names.filter((name) => !known.has(name)).map((name) => ({ run_id: run, name, points: 0, tail: 0 }));
  if (added.length > 0) rows = [...rows, ...(await db.insertInto('series').values(added).returningAll().execute())];

  const tails = await db
    .selectFrom('chunks')
    .innerJoin('series', 'series.id', 'chunks.series_id')
    .select(['chunks.series_id', 'chunks.start', 'chunks.points'])
    .where(
      'series.id',
      'in',
      rows.map(({ id }) => id),
    )
    .where((e) => e('chunks.start', '>=', e.ref('series.tail')))
    .orderBy('chunks.start')
    .execute();

  const chunks: { series_id: number; start: number; points: number; data: Uint8Array; summary: Uint8Array }[] = [];
  const next: Row[] = [];
  for (const row of rows) {
    const fresh = byName.get(row.name)!;
    const tail = tails.filter((chunk) => chunk.series_id === row.id);
    const taken = joined(tail, fresh.length);
    const start = taken[0]?.start ?? row.points;
    const data = joinAll([...(taken.length > 0 ? await take(db, row.id, start) : []), pack(fresh)]);
    const end = row.points + fresh.length;
    const made: Chunk[] = tail.slice(0, tail.length - taken.length);
    for (let at = start; at < end; at += chunkPoints) {
      const piece = part(data, at - start, Math.min(at + chunkPoints, end) - start);
      const chunk = { start: at, points: Math.min(chunkPoints, end - at) };
      made.push(chunk);
      chunks.push({ ...chunk, series_id: row.id, data: bytesOf(piece), summary: bytesOf(summarize(piece)) });
    }
    next.push(grown(row, fresh, made.find((chunk) => !isClosed(chunk))?.start ?? end));
  }
  await inParts(chunks, (part) => db.insertInto('chunks').values(part).execute());
  await db
    .insertInto('series')
    .values(next.map(({ id: _, ...row }) => row))
    .onConflict((c) =>
      c.columns(['run_id', 'name']).doUpdateSet((e) => ({
        points: e.ref('excluded.points'),
        tail: e.ref('excluded.tail'),
        last_step: e.ref('excluded.last_step'),
        last_value: e.ref('excluded.last_value'),
        last_at: e.ref('excluded.last_at'),
        min_value: e.ref('excluded.min_value'),
        min_step: e.ref('excluded.min_step'),
        max_value: e.ref('excluded.max_value'),
        max_step: e.ref('excluded.max_step'),
      })),
    )
    .execute();
}

/** The points of the chunks of a series from `start` on, which are taken away. */
async function take(db: Queries, series: number, start: number): Promise<Packed[]> {
  const rows = await db
    .deleteFrom('chunks')
    .where('series_id', '=', series)
    .where('start', '>=', start)
    .returning(['start', 'data'])
    .execute();
  return rows.sort((a, b) => a.start - b.start).map(({ data }) => packedOf(data));
}
