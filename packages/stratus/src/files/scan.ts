// What a table function of DuckDB reads, as a stream of tables. DuckDB keeps within its memory whatever the size of the files.
import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api';
import { type Chunk, type Dataset, dataset, fail, lookUp, type Pass, StratusError, type Tensor, table } from '@stratus/core';
import { type ColumnType, columnOf, columnTypes, usualType } from './column-types.ts';
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
  /** The table function that reads the rows of files, given all their columns as DuckDB types. */
  readonly from: (files: string, columns: Readonly<Record<string, string>>) => string;
  readonly columns?: Readonly<Record<string, ColumnType>> | undefined;
  /** Looks at a file before it is read, and knows the columns that it has. */
  readonly check?: ((connection: DuckDBConnection, file: string, names: readonly string[]) => Promise<void>) | undefined;
  /** Called after a pass with the rows that were left out. */
  readonly onSkip?: ((rows: readonly Rejected[]) => void) | undefined;
}

/** A text in SQL. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
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
async function described(connection: DuckDBConnection, file: string, { describe, check }: Scan): Promise<Map<string, string>> {
  const result = await connection.run(`DESCRIBE SELECT * FROM ${describe(quoted(file))}`);
  const found = new Map((await result.getRows()) as [string, string][]);
  await check?.(connection, file, [...found.keys()]);
  return found;
}

/** The query that reads the files, and what its columns are. */
async function queryOf(
  connection: DuckDBConnection,
  files: readonly string[],
  format: Scan,
): Promise<{ sql: string; columns: Column[] }> {
  const [first, ...others] = files as [string, ...string[]];
  const found = await described(connection, first, format);
  for (const file of others) {
    const names = [...(await described(connection, file, format)).keys()];
    if (String(names) !== String([...found.keys()]))
      throw fail('corrupt', {
        file,
        reason: `its columns are ${names.join(', ')}, and those of ${first} are ${[...found.keys()].join(', ')}`,
        fix: 'Read files of other columns as data sets of their own, and join them with concat.',
      });
  }
  const { what, columns: given } = format;
  const types = Object.fromEntries(found);
  for (const name of Object.keys(given ?? {})) lookUp(`column of ${what}`, types, name);
  const columns = given
    ? Object.entries(given).map(([name, type]): Column => ({ name, type }))
    : Object.entries(types).map(([name, type]): Column => ({ name, type: usualType(type) }));
  const parsed = Object.fromEntries(
    Object.entries(types).map(([name, type]) => [
      name,
      given?.[name] ? columnTypes[given[name]].source : given ? 'VARCHAR' : type,
    ]),
  );
  const wanted = columns.map(({ name, type }) => `${columnTypes[type].sql(named(name))} AS ${named(name)}`);
  return { sql: `SELECT ${wanted.join(', ')} FROM ${format.from(`[${files.map(quoted).join(', ')}]`, parsed)}`, columns };
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

async function* tables(format: Scan, pass: Pass): AsyncGenerator<Chunk<unknown>> {
  const { what, paths, onSkip } = format;
  const files = await filesOf(paths);
  const stamps = new Map(await Promise.all(files.map(async (file) => [file, await stampOf(file)] as const)));
  const connection = await connect();
  const stop = (): void => connection.interrupt();
  pass.signal?.addEventListener('abort', stop);
  try {
    const { sql, columns } = await queryOf(connection, files, format);
    let at = 0;
    for await (const chunk of chunksOf(connection, sql)) {
      // What is left out is passed over here: an OFFSET in the query makes DuckDB read with one thread.
      if (at + chunk.rowCount <= pass.skip) {
        at += chunk.rowCount;
        continue;
      }
      const read: Record<string, Tensor> = {};
      for (const [i, { name, type }] of columns.entries()) {
        const column = columnOf(chunk, i, type);
        if ('missing' in column)
          throw fail('corrupt', {
            file: files.length === 1 ? files[0]! : `${files[0]} and ${files.length - 1} more`,
            reason: `record ${at + column.missing} has no value of type ${type} in the column '${name}'`,
            fix: "Mend it, or read the column as 'float32', where what is missing is NaN.",
          });
        read[name] = column;
      }
      const whole = table(read);
      yield whole.skip(Math.max(0, pass.skip - at));
      at += chunk.rowCount;
    }
    if (onSkip) {
      const rows = await rejected(connection);
      if (rows.length > 0) onSkip(rows);
    }
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
export const scan = <R>(format: Scan): Dataset<R> =>
  dataset<R>({ length: undefined, chunks: (pass) => tables(format, pass) as AsyncIterable<Chunk<R>> });
