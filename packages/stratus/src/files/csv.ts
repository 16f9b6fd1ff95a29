import type { DuckDBConnection } from '@duckdb/node-api';
import { type Dataset, fail } from '@stratus/core';
import { type ColumnType, checkColumns, type RecordOfTypes } from './column-types.ts';
import { oneOf, refuseUnknown } from './options.ts';
import type { Paths } from './paths.ts';
import { quoted, quotedPath, scan, type TableOptions } from './scan.ts';
import type { Rejected } from './scan-errors.ts';
import { checkGzip } from './whole-gzip.ts';

/** Options of {@link csv} and {@link tsv}. */
export interface CsvOptions<C extends Readonly<Record<string, ColumnType>> = Readonly<Record<string, ColumnType>>>
  extends TableOptions<C> {
  /** What separates fields; a comma for `csv`, a tab for `tsv`, unless told. */
  readonly separator?: string | undefined;
  /** Whether the first line has the names; true unless told. Without it columns are called column0, column1, … */
  readonly header?: boolean | undefined;
  /** Texts that stand for a missing value, besides the empty one: `['NA', '?']`. */
  readonly missing?: readonly string[] | undefined;
  /** 'utf-8' unless told. */
  readonly encoding?: 'utf-8' | 'latin-1' | 'utf-16' | undefined;
  /** What a row that cannot be read does: 'stop' (unless told) ends with an error that names it, 'skip' leaves it out. */
  readonly onError?: 'stop' | 'skip' | undefined;
  /** Called after a pass with the rows that were left out. */
  readonly onSkip?: ((rows: readonly Rejected[]) => void) | undefined;
}

const known = ['columns', 'separator', 'header', 'missing', 'encoding', 'onError', 'onSkip'];

/** DuckDB reads so much at a time; no row may be longer. */
const bufferBytes = 8 * 2 ** 20;

/** DuckDB gives a name that comes twice a number; nobody could tell the two columns apart. */
const noDoubles =
  (options: string) =>
  async (connection: DuckDBConnection, file: string, names: readonly string[]): Promise<void> => {
    const lower = names.map((name) => name.toLowerCase());
    if (!lower.some((name) => /_\d+$/.test(name) && lower.includes(name.replace(/_\d+$/, '')))) return;
    const rows = await connection.run(
      `SELECT * FROM read_csv(${quotedPath(file)}, all_varchar = true, ignore_errors = true, ${options}) LIMIT 1`,
    );
    const header = ((await rows.getRows())[0] ?? []).map((name) => String(name ?? '').toLowerCase());
    const double = header.find((name, i) => name !== '' && header.indexOf(name) < i);
    if (double !== undefined)
      throw fail('corrupt', {
        file,
        reason: `two columns are called '${double}' (case does not count)`,
        fix: 'Give each a name of its own.',
      });
  };

function reader(what: string, separator: string) {
  return (paths: Paths, options: CsvOptions = {}): Dataset<unknown> => {
    refuseUnknown(what, options, known);
    const { columns, header = true, missing = [], encoding = 'utf-8', onError = 'stop', onSkip } = options;
    oneOf(what, 'onError', onError, ['stop', 'skip']);
    oneOf(what, 'encoding', encoding, ['utf-8', 'latin-1', 'utf-16']);
    checkColumns(what, columns);
    const shape = (named: boolean): string =>
      [
        `delim = ${quoted(options.separator ?? separator)}`,
        `quote = '"'`,
        `escape = '"'`,
        `nullstr = [${['', ...missing].map(quoted).join(', ')}]`,
        `encoding = ${quoted(encoding)}`,
        `header = ${named}`,
        'skip = 0',
        'hive_partitioning = false',
        `buffer_size = ${bufferBytes}`,
      ].join(', ');
    return scan({
      what,
      paths,
      columns,
      skipping: onError === 'skip',
      onSkip,
      nameOf: header ? undefined : (i) => `column${i}`,
      async check(connection, file, names) {
        if (header) await noDoubles(shape(false))(connection, file, names);
        if (file.endsWith('.gz')) await checkGzip(file);
      },
      // To know the columns, rows that do not fit are passed over; reading the rows is what names them.
      describe: (file) => `read_csv(${file}, ${shape(header)}, ignore_errors = true)`,
      from(files, types) {
        const all = types.map(([name, type]) => `${quoted(name)}: ${quoted(type)}`);
        const skipping = onError === 'skip' ? ', store_rejects = true' : '';
        return `read_csv(${files}, ${shape(header)}, auto_detect = false, strict_mode = true, columns = {${all.join(', ')}}${skipping})`;
      },
    });
  };
}
const readCsv = reader('csv', ',');
const readTsv = reader('tsv', '\t');

/**
 * The rows of CSV files as records, one file after the other; memory stays bounded whatever their size. Files may be compressed (.gz, .zst; of the latter
 * nobody notices that one is cut off between rows).
 *
 * Shapes: a record has a field for each column; `batch` gives `[size]` for each, without making records. Errors, when it is read: `file-not-found`, `file-failed`;
 * `corrupt` for a row that is ragged, of another type or not UTF-8, naming file, line and column, for two columns of one name and a file
 * that changes meanwhile; `unknown-name` for a column. Source: RFC 4180, pandas.read_csv.
 *
 * @example no-run
 * import { csv } from 'stratus';
 * const houses = csv('houses-*.csv', { columns: { rooms: 'float32', street: 'string', price: 'float32' } });
 * const [train, test] = houses.split([0.9, 0.1]);
 * for await (const { rooms, price } of train.shuffle(1).batch(32)) console.log(rooms.shape, price.shape); // [32] [32]
 */
export function csv<const C extends Readonly<Record<string, ColumnType>>>(
  paths: Paths,
  options: CsvOptions<C> & { readonly columns: C },
): Dataset<RecordOfTypes<C>>;
export function csv(paths: Paths, options?: CsvOptions): Dataset<Readonly<Record<string, number | string>>>;
export function csv(paths: Paths, options?: CsvOptions): Dataset<never> {
  return readCsv(paths, options) as Dataset<never>;
}

/**
 * As {@link csv}, for files whose fields are separated by tabs.
 *
 * @example no-run
 * import { tsv } from 'stratus';
 * for await (const record of tsv('genes.tsv').take(3)) console.log(record);
 */
export function tsv<const C extends Readonly<Record<string, ColumnType>>>(
  paths: Paths,
  options: CsvOptions<C> & { readonly columns: C },
): Dataset<RecordOfTypes<C>>;
export function tsv(paths: Paths, options?: CsvOptions): Dataset<Readonly<Record<string, number | string>>>;
export function tsv(paths: Paths, options?: CsvOptions): Dataset<never> {
  return readTsv(paths, options) as Dataset<never>;
}
