// What databases have in common.
import { fail, type StratusError } from '@stratus/core';

/** What a parameter can be. */
export type SqlValue = string | number | bigint | boolean | null | Uint8Array;

/** A question to a database. */
export interface SqlRequest {
  /** A file or an address. */
  readonly connection: string;
  readonly query: string;
  readonly params: readonly SqlValue[];
  /** Rows that are passed over. */
  readonly skip: number;
  readonly signal: AbortSignal | undefined;
}

/** Some rows, and what their columns are called. */
export interface SqlRows {
  readonly names: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Reads the rows of a query, some at a time, in a transaction that changes nothing. Errors: `database-failed`, `file-not-found`, `bad-value`. */
export type ReadRows = (request: SqlRequest) => AsyncGenerator<SqlRows>;

/** Rows at a time. */
export const rowsAtOnce = 1000;

/** A whole number as a number where that is exact. */
export const wholeOf = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/** A query in one line, for errors. */
export const shownQuery = (query: string): string => {
  const line = query.trim().replaceAll(/\s+/g, ' ');
  return `'${line.length > 120 ? `${line.slice(0, 119)}…` : line}'`;
};

/** An error that names the query. */
export const queryFailed = (
  { query }: SqlRequest,
  { database, reason, fix, cause }: { database: string; reason: string; fix: string; cause?: unknown },
): StratusError =>
  fail(
    'database-failed',
    { doing: `The query ${shownQuery(query)} to`, database, reason: reason.replace(/\.$/, ''), fix },
    cause,
  );

/** Errors: `bad-value` where two columns have one name. */
export function checkNames({ query }: SqlRequest, names: readonly string[]): void {
  const double = names.find((name, i) => names.indexOf(name) < i);
  if (double !== undefined)
    throw fail('bad-value', {
      what: 'sql',
      got: `two columns called '${double}' of ${shownQuery(query)}`,
      want: 'a name of its own for each',
      fix: `Name them in the query: a.${double} AS ..., b.${double} AS ....`,
    });
}
