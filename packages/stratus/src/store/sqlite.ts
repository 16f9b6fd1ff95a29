import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fail, type StratusError } from '@stratus/core';
import { Kysely, sql } from 'kysely';
import Library from 'libsql';
import type { Database, JsonSql, Verdict } from './database.ts';
import { patiently } from './patience.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import type { Tables } from './tables.ts';

const fixes: readonly (readonly [RegExp, string])[] = [
  [/BUSY|LOCKED/, 'Another program has been writing for too long: look for one that hangs, or try again.'],
  [/FULL/, 'The disk is full: free some space. What was stored before is unharmed.'],
  [/READONLY|PERM|CANTOPEN|AUTH/, 'Check the permissions of the file and of its folder.'],
  [/IOERR/, 'Check the disk. A network drive cannot hold a store: give a folder of this machine, or postgres://…'],
];

const codeOf = (e: unknown): string => String((e as { code?: unknown } | null)?.code ?? '');

function judge(e: unknown): Verdict {
  const code = codeOf(e);
  return {
    again: /^SQLITE_(BUSY|LOCKED)/.test(code),
    fix: fixes.find(([pattern]) => pattern.test(code))?.[1] ?? 'Check the file and its folder.',
  };
}

const json: JsonSql = {
  text: (column, name) =>
    sql`(select case type when 'text' then value else type end from json_each(${sql.ref(column)}) where key = ${name} and type in ('text', 'true', 'false'))`,
  number: (column, name) =>
    sql`(select value from json_each(${sql.ref(column)}) where key = ${name} and type in ('integer', 'real'))`,
};

/** REPLACE removes rows without asking triggers, so an addition in the place of another row is refused as well. */
function appendOnly(table: string, key: readonly string[], mayGo: string): readonly string[] {
  const refused = `BEGIN SELECT RAISE(ABORT, 'rows of ${table} are only ever added'); END`;
  const isThere = `SELECT 1 FROM ${table} WHERE ${key.map((column) => `${column} = NEW.${column}`).join(' AND ')}`;
  return [
    `CREATE TRIGGER ${table}_unchanged BEFORE UPDATE ON ${table} ${refused}`,
    `CREATE TRIGGER ${table}_kept BEFORE DELETE ON ${table} WHEN NOT ${mayGo} ${refused}`,
    `CREATE TRIGGER ${table}_not_replaced BEFORE INSERT ON ${table} WHEN EXISTS (${isThere}) ${refused}`,
  ];
}

/** Errors: `corrupt`, `database-failed`. */
async function connected(file: string, patienceMs: number): Promise<Library.Database> {
  const open = async (): Promise<Library.Database> => {
    const database = new Library(file, { timeout: 0 }); // waiting in the library would stop everything else: `patiently` waits
    try {
      database.exec('PRAGMA journal_mode = WAL');
      database.exec('PRAGMA synchronous = FULL'); // what was acknowledged survives a power cut as well
      database.exec('PRAGMA foreign_keys = ON');
      return database;
    } catch (e) {
      database.close();
      if (!/NOTADB|CORRUPT/.test(codeOf(e))) throw e;
      throw damaged(file, e);
    }
  };
  const atOpening = (e: unknown): Verdict => {
    const isMissing = /Unable to open/.test(String(e)); // the library has no code for it
    return isMissing ? { again: false, fix: 'Check the permissions of the file and of its folder.' } : judge(e);
  };
  return await patiently({ database: file, doing: 'Opening', patienceMs, judge: atOpening }, open);
}

const damaged = (file: string, cause: unknown): StratusError =>
  fail(
    'corrupt',
    {
      file,
      reason: (cause as Error).message,
      fix: 'Check the path, or restore the file together with its -wal file from a copy.',
    },
    cause,
  );

/** A store in one file. Other processes of this machine may use it at the same time. Errors: `file-failed`, `corrupt`, `database-failed`. */
export async function openSqlite(path: string, { patienceMs }: { readonly patienceMs: number }): Promise<Database> {
  const file = resolve(path);
  try {
    await mkdir(dirname(file), { recursive: true });
  } catch (e) {
    throw fail('file-failed', { file: dirname(file), doing: 'Making the folder', reason: (e as Error).message }, e);
  }
  const writer = await connected(file, patienceMs);
  const reader = await connected(file, patienceMs);
  reader.exec('PRAGMA query_only = ON');
  const writing = new Kysely<Tables>({ dialect: sqliteDialect(writer, 'BEGIN IMMEDIATE') });
  const reading = new Kysely<Tables>({ dialect: sqliteDialect(reader, 'BEGIN') });
  const transact = async <T>(doing: string, db: Kysely<Tables>, work: Parameters<Database['write']>[1]): Promise<T> => {
    const once = async (): Promise<T> => {
      try {
        return (await db.transaction().execute(work)) as T;
      } catch (e) {
        throw /NOTADB|CORRUPT/.test(codeOf(e)) ? damaged(file, e) : e;
      }
    };
    return await patiently({ database: file, doing, patienceMs, judge }, once);
  };
  return {
    shown: file,
    types: { id: 'INTEGER PRIMARY KEY AUTOINCREMENT', bytes: 'BLOB', name: 'TEXT', appendOnly },
    json,
    now: sql`cast((julianday('now') - 2440587.5) * 86400000 as integer)`,
    read: (doing, work) => transact(doing, reading, work),
    write: (doing, work) => transact(doing, writing, work),
    migrate: (work) => transact('Preparing', writing, work),
    async close() {
      await reading.destroy();
      await writing.destroy();
    },
  };
}
