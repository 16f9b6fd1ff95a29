// What a table function of DuckDB reads, as a stream of tables. DuckDB keeps within its memory whatever the size of the files.
import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api';
import {
  type AnyTable,
  anyTable,
  type Chunk,
  type Dataset,
  dataset,
  fail,
  lookUp,
  type Pass,
  StratusError,
  type Tensor,
} from '@stratus/core';
import { type ColumnType, columnTypes, usualType } from './column-types.ts';
import type { columnOf } from './column-values.ts';
import { checkUnchanged, filesOf, type Paths, stampOf } from './paths.ts';
import { type Rejected, rejected, scanError } from './scan-errors.ts';

/** What all formats of tables can be told. */
export interface TableOptions<C extends Readonly<Record<string, ColumnType>> = Readonly<Record<string, ColumnType>>> {
  /**
   * The columns to read and what they are, in this order: records then have these types. Unless told: all, numbers as float64 (missing ones are
   * NaN), anything else as text.
   */
  readonly columns?: C | undefined;
}

/** A format, as {@link scan} is told. */
export interface Scan {
  /** Who asks, for errors. */
  readonly what: string;
  readonly paths: Paths;
  /** The table function that says what columns a file has: `read_csv(file, ...)`. */
  readonly describe: (file: string) => string;
  /** The table function that reads the rows of files, given all their columns in order and what they are parsed as. */
  readonly from: (files: string, columns: readonly ParsedColumn[]) => string;
  /** What columns are called, where the format has no names. */
  readonly nameOf?: ((index: number) => string) | undefined;
  readonly columns?: Readonly<Record<string, ColumnType>> | undefined;
  /** Looks at a file before it is read, and knows the columns that it has. */
  readonly check?: ((connection: DuckDBConnection, file: string, names: readonly string[]) => Promise<void>) | undefined;
  /** Whether rows that do not fit are left out. */
  readonly skipping?: boolean | undefined;
  /** Called after a pass with the rows that were left out. */
  readonly onSkip?: ((rows: readonly Rejected[]) => void) | undefined;
}

/** A column of a file. Not as an object: that would put names that are numbers first. */
export type ParsedColumn = readonly [name: string, sqlType: string];

/** A text in SQL. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** A path in SQL: DuckDB takes what looks like a pattern for one, and patterns have been followed here. */
export const quotedPath = (path: string): string => quoted(path.replaceAll(/[*?[]/g, '[$&]'));
const named = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Of the machine's memory DuckDB takes no more than this, however large the files are. */
const memoryLimit = '256MB';
/** What DuckDB reads ahead while a chunk is worked on. With its usual 1 MB it waits for its reader half of the time. */
const readAhead = '16MB';
let shared: Promise<DuckDBInstance> | undefined;

async function connect(): Promise<DuckDBConnection> {
  const { DuckDBInstance: Instance } = await import('@duckdb/node-api');
  // Nothing is downloaded, whatever a path looks like.
  const settings = { memory_limit: memoryLimit, autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' };
  shared ??= Instance.create(':memory:', settings);
  const connection = await (await shared).connect();
  await connection.run(`SET streaming_buffer_size = '${readAhead}'`);
  return connection;
}

interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** The columns of a file, and their types as DuckDB sees them. */
async function described(connection: DuckDBConnection, file: string, format: Scan): Promise<readonly ParsedColumn[]> {
  const { describe, check, nameOf } = format;
  const result = await connection.run(`DESCRIBE SELECT * FROM ${describe(quotedPath(file))}`);
  const found = ((await result.getRows()) as [string, string][]).map(
    ([name, type], i): ParsedColumn => [nameOf?.(i) ?? name, type],
  );
  const names = found.map(([name]) => name);
  if (names.includes('__proto__'))
    throw fail('corrupt', { file, reason: "a column is called '__proto__'", fix: 'Give it another name.' });
  await check?.(connection, file, names);
  return found;
}

const namesOf = (columns: readonly ParsedColumn[]): string => columns.map(([name]) => name).join(', ');

/** The query that reads the files, and what its columns are. */
async function queryOf(
  connection: DuckDBConnection,
  files: readonly string[],
  format: Scan,
): Promise<{ sql: string; columns: Column[] }> {
  const [first, ...others] = files as [string, ...string[]];
  const found = await described(connection, first, format);
  for (const file of others) {
    const own = namesOf(await described(connection, file, format));
    if (own !== namesOf(found))
      throw fail('corrupt', {
        file,
        reason: `its columns are ${own}, and those of ${first} are ${namesOf(found)}`,
        fix: 'Read files of other columns as data sets of their own, and join them with concat.',
      });
  }
  const given = format.columns && new Map(Object.entries(format.columns));
  const known = Object.fromEntries(found.map(([name]) => [name, true]));
  for (const name of given?.keys() ?? []) lookUp(`column of ${format.what}`, known, name);
  const columns = given
    ? [...given].map(([name, type]): Column => ({ name, type }))
    : found.map(([name, type]): Column => ({ name, type: usualType(type) }));
  // What is not asked for is no reason for an error; what is a number in the rows that were looked at may have a fraction in others.
  const parsed = found.map(([name, type]): ParsedColumn => {
    const wanted = given ? (given.get(name) ?? 'string') : usualType(type);
    return [name, type === 'BOOLEAN' && !given ? type : columnTypes[wanted].source];
  });
  const wanted = columns.map(({ name, type }) => `${columnTypes[type].sql(named(name))} AS ${named(name)}`);
  return { sql: `SELECT ${wanted.join(', ')} FROM ${format.from(`[${files.map(quotedPath).join(', ')}]`, parsed)}`, columns };
}

/** Chunks of a result. What DuckDB holds for it is given back at the end, also where nobody wants the rest. */
async function* chunksOf(connection: DuckDBConnection, sql: string): AsyncGenerator<DuckDBDataChunk> {
  const result = await connection.stream(sql);
  let over = false;
  try {
    for (;;) {
      const chunk = await result.fetchChunk().catch((e: unknown) => {
        over = true;
        throw e;
      });
      over = !chunk || chunk.rowCount === 0;
      if (over) return;
      yield chunk!;
    }
  } finally {
    if (!over) {
      connection.interrupt();
      // The end of an interrupted result is an error, and with it its buffers go; else they would wait for the garbage collector.
      for (let rest = true; rest; )
        rest = await result.fetchChunk().then(
          (chunk) => (chunk?.rowCount ?? 0) > 0,
          () => false,
        );
    }
  }
}

/** A chunk as a table of the rows that have what they must, and the others. */
function tableOf(
  chunk: DuckDBDataChunk,
  columns: readonly Column[],
  valuesOf: typeof columnOf,
): { whole: AnyTable; missing: ReadonlyMap<number, Column> } {
  const read: [string, Tensor][] = [];
  const missing = new Map<number, Column>();
  for (const [i, column] of columns.entries()) {
    const { values, missing: places } = valuesOf(chunk, i, column.type);
    read.push([column.name, values]);
    for (const place of places) missing.set(place, column);
  }
  return { whole: anyTable(Object.fromEntries(read)), missing };
}

/** What is known of the files, for as long as they stay as they are: each epoch would look at them again. */
interface Known {
  stamp?: string;
  query?: Awaited<ReturnType<typeof queryOf>>;
}

async function* tables(format: Scan, known: Known, pass: Pass): AsyncGenerator<Chunk<unknown>> {
  const { what, paths, skipping = false, onSkip } = format;
  const files = await filesOf(paths);
  const stamps = new Map(await Promise.all(files.map(async (file) => [file, await stampOf(file)] as const)));
  const place = files.length === 1 ? files[0]! : `${files[0]} and ${files.length - 1} more`;
  const connection = await connect();
  const stop = (): void => connection.interrupt();
  pass.signal?.addEventListener('abort', stop);
  try {
    const stamp = JSON.stringify([...stamps]);
    if (!known.query || known.stamp !== stamp) [known.query, known.stamp] = [await queryOf(connection, files, format), stamp];
    const { sql, columns } = known.query;
    const { columnOf: valuesOf } = await import('./column-values.ts');
    const out: Rejected[] = [];
    let [at, left] = [0, pass.skip]; // rows that were read, and records that are still to be passed over
    for await (const chunk of chunksOf(connection, sql)) {
      const from = at;
      at += chunk.rowCount;
      // An OFFSET in the query would make DuckDB read with one thread.
      if (!skipping && chunk.rowCount <= left) {
        left -= chunk.rowCount;
        continue;
      }
      const { whole, missing } = tableOf(chunk, columns, valuesOf);
      const wrong = [...missing].map(([row, { name, type }]): Rejected => {
        return { file: place, record: from + row, column: name, reason: `there is no value of type ${type}` };
      });
      if (wrong.length > 0 && !skipping)
        throw fail('corrupt', {
          file: place,
          reason: `record ${wrong[0]!.record} has no value of type ${missing.values().next().value!.type} in the column '${wrong[0]!.column}' (records are counted from 0, without the header)`,
          fix: "Mend it, leave such rows out with { onError: 'skip' }, or read the column as 'float32', where what is missing is NaN.",
        });
      out.push(...wrong);
      const kept =
        wrong.length === 0 ? whole : whole.rows(Array.from({ length: whole.length }, (_, i) => i).filter((i) => !missing.has(i)));
      if (kept.length > left) yield kept.skip(left);
      left = Math.max(0, left - kept.length);
    }
    if (skipping) out.push(...(await rejected(connection)));
    if (out.length > 0) onSkip?.(out);
    await checkUnchanged(stamps);
  } catch (e) {
    if (pass.signal?.aborted) throw fail('aborted', { what: `Reading ${what}` }, e);
    if (StratusError.is(e)) throw e;
    await checkUnchanged(stamps);
    throw scanError(e, files);
  } finally {
    pass.signal?.removeEventListener('abort', stop);
    connection.closeSync();
  }
}

/** A data set of what a format reads. */
export function scan<R>(format: Scan): Dataset<R> {
  const known: Known = {};
  return dataset<R>({ length: undefined, chunks: (pass) => tables(format, known, pass) as AsyncIterable<Chunk<R>> });
}
