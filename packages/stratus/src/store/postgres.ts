import { fail } from '@stratus/core';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Database, JsonSql, Queries, Verdict } from './database.ts';
import { patiently } from './patience.ts';
import { shownAddress } from './shown-address.ts';
import type { Tables } from './tables.ts';

/** What to do, by the codes of Node and PostgreSQL (appendix A of its manual). */
const fixes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Check that the server runs, and host and port.',
  ENOTFOUND: 'Check the name of the host.',
  EAI_AGAIN: 'Check the name of the host, and the network.',
  ETIMEDOUT: 'Check host and port, and what stands between.',
  '28P01': 'Check user and password; PGPASSWORD or ~/.pgpass keep it out of the address.',
  '28000': 'Check the user, and what pg_hba.conf of the server allows.',
  '3D000': 'Make the database first: createdb NAME.',
  '42501': 'Ask for the right: GRANT CREATE ON DATABASE …, or have an owner open the store once.',
  '53100': 'The disk of the server is full: free some space. What was stored before is unharmed.',
  '25006': 'The server is read-only: give the address of the primary one.',
};

/** In the way of another transaction, no room for a connection, or about to start: nothing was changed. */
const passing = new Set(['40001', '40P01', '55P03', '53300', '57P03']);

const codeOf = (e: unknown): string => {
  const first: unknown = e instanceof AggregateError ? e.errors[0] : e; // several addresses of one name: the first stands for all
  return String((first as { code?: unknown } | null)?.code ?? '');
};

const judge = (e: unknown): Verdict => ({
  again: passing.has(codeOf(e)),
  fix: fixes[codeOf(e)] ?? 'Check the server and its log.',
});

const json: JsonSql = {
  text: (column, name) =>
    sql`(case when jsonb_typeof(${sql.ref(column)}::jsonb -> ${name}::text) in ('string', 'boolean') then ${sql.ref(column)}::jsonb ->> ${name}::text end)`,
  number: (column, name) =>
    sql`(case when jsonb_typeof(${sql.ref(column)}::jsonb -> ${name}::text) = 'number' then (${sql.ref(column)}::jsonb ->> ${name}::text)::double precision end)`,
};

function appendOnly(table: string, _key: readonly string[], mayGo: string): readonly string[] {
  const refuse = `RAISE EXCEPTION 'rows of ${table} are only ever added' USING ERRCODE = 'integrity_constraint_violation'`;
  // search_path as it is now: whoever changes rows may have another one.
  return [
    `CREATE FUNCTION ${table}_kept() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$ BEGIN
      IF TG_OP = 'DELETE' THEN
        IF ${mayGo} THEN RETURN OLD; END IF;
      END IF;
      ${refuse};
    END $$`,
    `CREATE TRIGGER ${table}_kept BEFORE UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION ${table}_kept()`,
    `CREATE TRIGGER ${table}_not_emptied BEFORE TRUNCATE ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION ${table}_kept()`,
  ];
}

const int8 = 20;
/** Every whole number of the store is a safe one. */
const typeParser = ((oid: number, format?: 'text' | 'binary') =>
  oid === int8 ? Number : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser;

interface PostgresOptions {
  readonly patienceMs: number;
  /** The schema of PostgreSQL in which the tables lie. */
  readonly schema: string;
}

/** 'stra', 'stor': whoever changes the tables of a store holds this lock. */
const migrationLock = [0x73747261, 0x73746f72] as const;

/** A store on a server. Errors: `bad-value`, `database-failed`. */
export async function openPostgres(address: string, { patienceMs, schema }: PostgresOptions): Promise<Database> {
  if (!URL.canParse(address))
    throw fail('bad-value', { what: 'openStore', got: 'an address that is none', want: 'postgres://user@host:5432/database' });
  const shown = shownAddress(address);
  const pool = new pg.Pool({
    connectionString: address,
    connectionTimeoutMillis: 15_000,
    application_name: 'stratus',
    max: 8,
    allowExitOnIdle: true, // a script that has ended does not wait for connections that nobody uses
    types: { getTypeParser: typeParser },
    // Here and not in Kysely's `onCreateConnection`: where that fails, as when the server goes away at this moment, nobody gives the connection's place back.
    onConnect: (client) => client.query(`set search_path to ${pg.escapeIdentifier(schema)}`) as never,
  });
  // One that is lost within a transaction fails what is asked of it next; without a listener Node would end the process for it.
  pool.on('connect', (client) => void client.on('error', () => undefined));
  pool.on('error', () => undefined); // a connection that was lost while nobody used it: the pool makes another one
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const trying = <T>(doing: string, work: () => Promise<T>): Promise<T> =>
    patiently({ database: shown, doing, patienceMs, judge }, work);
  const writing = (work: (queries: Queries) => Promise<unknown>) => () =>
    db.transaction().setIsolationLevel('read committed').execute(work);
  return {
    shown,
    types: { id: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY', bytes: 'BYTEA', name: 'TEXT COLLATE "C"', appendOnly },
    json,
    now: sql`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
    read: (doing, work) =>
      trying(doing, () => db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work)),
    write: (doing, work) => trying(doing, writing(work)) as never,
    migrate: async (work) =>
      void (await trying(
        'Preparing',
        writing(async (queries) => {
          await sql`select pg_advisory_xact_lock(${sql.lit(migrationLock[0])}, ${sql.lit(migrationLock[1])})`.execute(queries);
          await sql`create schema if not exists ${sql.id(schema)}`.execute(queries);
          await work(queries);
        }),
      )),
    close: () => db.destroy(),
  };
}
