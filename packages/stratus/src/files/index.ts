export type { ColumnType, RecordOfTypes } from './column-types.ts';
export { type CsvOptions, csv, tsv } from './csv.ts';
export { type JsonlOptions, jsonl, type RecordSchema } from './jsonl.ts';
export { parquet } from './parquet.ts';
export type { Paths } from './paths.ts';
export type { TableOptions } from './scan.ts';
export type { Rejected } from './scan-errors.ts';
export { type LinesOptions, textLines } from './text-lines.ts';
