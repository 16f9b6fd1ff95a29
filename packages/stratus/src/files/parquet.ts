import type { Dataset } from '@stratus/core';
import { type ColumnType, checkColumns, type RecordOfTypes } from './column-types.ts';
import { refuseUnknown } from './options.ts';
import type { Paths } from './paths.ts';
import { scan, type TableOptions } from './scan.ts';

/**
 * The rows of Parquet files as records, one file after the other. Only the columns that are asked for are read.
 *
 * Shapes: as those of `csv`. Errors, when it is read: `file-not-found`, `file-failed`, `corrupt` for what is no whole Parquet file, `unknown-name` for a column.
 * Source: https://parquet.apache.org/docs/file-format/
 *
 * @example no-run
 * import { parquet } from 'stratus';
 * const trips = parquet('trips/*.parquet', { columns: { distance: 'float32', fare: 'float32' } });
 * console.log(await trips.take(2).toArray());
 */
export function parquet<const C extends Readonly<Record<string, ColumnType>>>(
  paths: Paths,
  options: TableOptions<C> & { readonly columns: C },
): Dataset<RecordOfTypes<C>>;
export function parquet(paths: Paths, options?: TableOptions): Dataset<Readonly<Record<string, number | string>>>;
export function parquet(paths: Paths, options: TableOptions = {}): Dataset<never> {
  refuseUnknown('parquet', options, ['columns']);
  const { columns } = options;
  checkColumns('parquet', columns);
  return scan<never>({
    what: 'parquet',
    paths,
    columns,
    describe: (file) => `read_parquet(${file}, hive_partitioning = false)`,
    // By name: a column may be wider in one file than in another.
    from: (files) => `read_parquet(${files}, hive_partitioning = false, union_by_name = true)`,
  });
}
