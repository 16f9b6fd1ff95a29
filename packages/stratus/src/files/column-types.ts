import { type DType, fail, lookUp } from '@stratus/core';

/** What a column of a table can be read as. A missing number is NaN in float columns and an error in others; a missing text is ''. */
export type ColumnType = 'float32' | 'float64' | 'int32' | 'int64' | 'uint8' | 'bool' | 'string';

/** A record with such columns. */
export type RecordOfTypes<C extends Readonly<Record<string, ColumnType>>> = {
  readonly [K in keyof C]: C[K] extends 'string' ? string : C[K] extends 'bool' ? boolean : number;
};

interface Reader {
  /** What texts in a file are parsed as. */
  readonly source: string;
  /** What DuckDB is asked for, so that its memory holds what a tensor does. */
  readonly sql: (column: string) => string;
  readonly dtype: DType;
  /** The array over the bytes of a column; undefined for texts. */
  readonly view?: (bytes: ArrayBuffer) => ArrayLike<number | bigint>;
  readonly bytes: number;
}

const float = (type: string, dtype: DType, bytes: number, view: Reader['view']): Reader => ({
  source: 'DOUBLE',
  sql: (column) => `coalesce(CAST(${column} AS ${type}), 'nan'::${type})`,
  dtype,
  bytes,
  ...(view && { view }),
});
// What is no such number becomes NULL, whose row can be told; a cast would round it.
const whole = (type: string, dtype: DType, bytes: number, view: Reader['view']): Reader => ({
  ...float(type, dtype, bytes, view),
  sql: (column) => `TRY_CAST(CASE WHEN TRY_CAST(${column} AS DOUBLE) % 1 = 0 THEN ${column} END AS ${type})`,
});

/** How each type is read. */
export const columnTypes: Readonly<Record<ColumnType, Reader>> = {
  float32: float('FLOAT', 'float32', 4, (b) => new Float32Array(b)),
  float64: float('DOUBLE', 'float64', 8, (b) => new Float64Array(b)),
  int32: whole('INTEGER', 'int32', 4, (b) => new Int32Array(b)),
  int64: { ...whole('BIGINT', 'int64', 8, (b) => new BigInt64Array(b)), source: 'VARCHAR' },
  uint8: whole('UTINYINT', 'uint8', 1, (b) => new Uint8Array(b)),
  bool: {
    source: 'BOOLEAN',
    sql: (column) => `TRY_CAST(${column} AS BOOLEAN)`,
    dtype: 'bool',
    bytes: 1,
    view: (b) => new Uint8Array(b),
  },
  string: { source: 'VARCHAR', sql: (column) => `coalesce(CAST(${column} AS VARCHAR), '')`, dtype: 'string', bytes: 0 },
};

const numeric =
  /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT|FLOAT|DOUBLE|DECIMAL|BOOLEAN)/;

/** What a column is read as unless told: numbers and truth values as float64, anything else as text. */
export const usualType = (sqlType: string): ColumnType =>
  numeric.test(sqlType) && !sqlType.endsWith(']') ? 'float64' : 'string';

/** Errors: `bad-value` for no columns, `unknown-name` for a type. */
export function checkColumns(what: string, columns: Readonly<Record<string, ColumnType>> | undefined): void {
  if (!columns) return;
  if (Object.keys(columns).length === 0)
    throw fail('bad-value', { what, got: 'columns: {}', want: 'at least one column', fix: 'Leave it out to read all.' });
  for (const type of Object.values(columns)) lookUp('type of column', columnTypes, type);
}
