import type { DuckDBConnection } from '@duckdb/node-api';
import { fail, type StratusError } from '@stratus/core';

/** A row that was left out. */
export interface Rejected {
  readonly file: string;
  /** Counted from 1, the header included; where a row cannot be parsed. */
  readonly line?: number | undefined;
  /** Counted from 0, through all files; where a row can be parsed, and a value is not what it must be. */
  readonly record?: number | undefined;
  readonly column?: string | undefined;
  /** What is wrong with it. */
  readonly reason: string;
}

/** The rows that DuckDB left out in the queries of a connection. */
export async function rejected(connection: DuckDBConnection): Promise<Rejected[]> {
  const result = await connection.run(
    `SELECT DISTINCT s.file_path, e.line, e.column_name, e.error_message FROM reject_errors e JOIN reject_scans s USING (scan_id, file_id) ORDER BY 1, 2`,
  );
  return ((await result.getRows()) as [string, bigint, string | null, string][]).map(([file, line, column, reason]) => ({
    file,
    line: Number(line),
    ...(column !== null && { column }),
    reason: plain(reason),
  }));
}

/** The part of a message that says what is wrong, without the settings of the reader. */
const plain = (message: string): string => {
  if (message.includes('Error when sniffing file'))
    return 'its fields cannot be told apart: a quote may be open, or something else separates them';
  const lines = message
    .split('\n')
    .filter((line) => !/^(Original Line|Possible|\* |Column .* is being|This type was|LINE \d|\s*\^|\s+\w+ = )/.test(line))
    .map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .join('; ')
    .replace(/^(Invalid Input|Conversion|IO|Invalid|Binder|Parser) (Input )?Error: /i, '')
    .replace(/^CSV Error on Line: \d+; /, '')
    .replace(/[.;]+$/, '');
};

/** An error of DuckDB as one of ours, with file, line and column where it tells them. */
export function scanError(cause: unknown, files: readonly string[]): StratusError {
  const message = (cause instanceof Error ? cause.message : String(cause)).replaceAll(/\[([*?[])\]/g, '$1');
  const file = /^\s*file = (.*)$/m.exec(message)?.[1] ?? files.find((name) => message.includes(name)) ?? files[0]!;
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1];
  const text = /^Original Line: (.*)$/m.exec(message)?.[1];
  const reason = [
    line === undefined ? undefined : `line ${line}`,
    plain(message),
    text === undefined || text.length > 200 ? undefined : `the line is '${text}'`,
  ];
  return fail(
    'corrupt',
    {
      file,
      reason: reason.filter((part) => part !== undefined).join(': '),
      fix: line === undefined ? 'Check that it is what its name says.' : "Mend it, or leave such rows out: { onError: 'skip' }.",
    },
    cause,
  );
}
