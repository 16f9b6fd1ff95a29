import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fail, StratusError } from '@stratus/core';
import type Database from 'libsql';
import {
  checkNames,
  queryFailed,
  rowsAtOnce,
  type SqlRequest,
  type SqlRows,
  type SqlValue,
  shownQuery,
  wholeOf,
} from './sql-database.ts';

const magic = 'SQLite format 3\0';

/** The bytes that a file must have, by its header, where the header can be relied on. */
function bytesOf(header: Buffer): number {
  const isUpToDate = header.readUInt32BE(24) === header.readUInt32BE(92);
  const page = header.readUInt16BE(16);
  return isUpToDate ? (page === 1 ? 65_536 : page) * header.readUInt32BE(28) : 0;
}

/** SQLite would make a database where there is none, and take one that is cut off for a shorter one. Errors: `file-not-found`, `file-failed`, `corrupt`. */
async function checkFile(file: string): Promise<void> {
  const header = Buffer.alloc(100);
  let [read, size] = [0, 0];
  try {
    const handle = await open(file);
    try {
      ({ bytesRead: read } = await handle.read(header, 0, 100, 0));
      ({ size } = await handle.stat());
    } finally {
      await handle.close();
    }
  } catch (e) {
    const { code, message } = e as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw fail('file-not-found', { file: resolve(file) }, e);
    throw fail('file-failed', { file, doing: 'Reading', reason: message }, e);
  }
  if (header.toString('latin1', 0, 16) !== magic)
    throw fail('corrupt', {
      file,
      reason: 'it is no SQLite database',
      fix: 'Check the path. A server is asked with postgres://...',
    });
  const isLogged = existsSync(`${file}-wal`); // the rest may lie there
  if (read < 100 || (!isLogged && size < bytesOf(header)))
    throw fail('corrupt', {
      file,
      reason: `it is cut off after ${size} of ${read < 100 ? 'its' : bytesOf(header)} bytes`,
      fix: 'Get it again.',
    });
}

/** What is no placeholder, and placeholders. */
const tokens = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\?\d*|[:@$][A-Za-z_]\w*|;/g;

/** The library takes missing parameters for NULL, and knows nothing of what follows the first statement. Errors: `bad-value`. */
function checkQuery(query: string, params: readonly SqlValue[]): void {
  const found = [...query.matchAll(tokens)];
  const end = found.find(([token]) => token === ';');
  if (end && query.slice(end.index + 1).replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\/|[\s;]/g, '') !== '')
    throw fail('bad-value', { what: 'sql', got: `several statements: ${shownQuery(query)}`, want: 'one query' });
  const places = found.map(([token]) => token).filter((token) => /^[?:@$]/.test(token));
  const other = places.find((token) => token !== '?');
  if (other !== undefined)
    throw fail('bad-value', { what: 'sql', got: `the placeholder ${other}`, want: "'?' for each parameter, in order" });
  if (places.length !== params.length)
    throw fail('bad-value', {
      what: 'sql',
      got: `${params.length} params for the ${places.length} placeholders of ${shownQuery(query)}`,
      want: 'as many',
    });
}

/** What SQLite knows. */
function bound(value: SqlValue): string | number | bigint | null | Buffer {
  if (typeof value === 'boolean') return Number(value);
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.length) : value;
}

const plain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return wholeOf(value);
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
};

const fixes: readonly (readonly [RegExp, string])[] = [
  [/no such table/, "Check its name: SELECT name FROM sqlite_master WHERE type = 'table' lists them."],
  [/no such column/, 'Check its name; texts stand between single quotes.'],
  [/syntax error|incomplete input/, 'Mend the query.'],
  [/readonly/, 'A data set only reads: give a SELECT.'],
  [/locked|busy/, 'Another program is writing: try again when it is done.'],
  [/malformed|not a database/, 'The file is damaged: get it again, or mend it with .recover of sqlite3.'],
];

/** A file of SQLite as a database to read. */
export async function* readSqlite(request: SqlRequest): AsyncGenerator<SqlRows> {
  const { query, params, skip, signal } = request;
  const file = request.connection.replace(/^sqlite:(\/\/)?/, '');
  await checkFile(file);
  checkQuery(query, params);
  const { default: Library } = await import('libsql');
  let database: Database.Database | undefined;
  try {
    database = new Library(file, { timeout: 5000 });
    database.exec('PRAGMA query_only = 1; BEGIN');
    const statement = database.prepare(query);
    if (!statement.reader) throw new Error('it gives no rows (readonly)');
    const names = statement.columns().map(({ name }) => name);
    checkNames(request, names);
    let [rows, left] = [[] as unknown[][], skip];
    for (const row of statement
      .raw()
      .safeIntegers(true)
      .iterate(...params.map(bound)) as Iterable<unknown[]>) {
      if (left-- > 0) continue;
      rows.push(row.map(plain));
      if (rows.length < rowsAtOnce) continue;
      yield { names, rows };
      rows = [];
      await turn(); // everything else had to wait
      if (signal?.aborted) return;
    }
    if (rows.length > 0) yield { names, rows };
  } catch (e) {
    if (StratusError.is(e)) throw e;
    const reason = (e as Error).message;
    const fix = fixes.find(([pattern]) => pattern.test(reason))?.[1] ?? 'Check the query and the file.';
    throw queryFailed(request, { database: file, reason, fix, cause: e });
  } finally {
    database?.close();
  }
}
