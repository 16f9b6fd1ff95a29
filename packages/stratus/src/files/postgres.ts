import { fail, StratusError } from '@stratus/core';
import type { Client } from 'pg';
import { checkNames, queryFailed, rowsAtOnce, type SqlRequest, type SqlRows, wholeOf } from './sql-database.ts';

/** How texts of the server become values, by the numbers of types (pg_type). What is not here stays as the server writes it, also dates. */
const readers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  17: (text) => Uint8Array.from(Buffer.from(text.slice(2), 'hex')),
  20: (text) => wholeOf(BigInt(text)),
  21: Number,
  23: Number,
  26: Number,
  114: (text) => JSON.parse(text) as unknown,
  700: Number,
  701: Number,
  1700: Number,
  3802: (text) => JSON.parse(text) as unknown,
};
/** Lists of numbers and texts are read by the library: int2, int4, float4, float8, text, varchar. */
const lists = [1005, 1007, 1021, 1022, 1009, 1015];

/** The address without the password. */
function shownAddress(connection: string): string {
  const { protocol, username, host, pathname } = new URL(connection);
  return `${protocol}//${username ? `${username}@` : ''}${host}${pathname}`;
}

/** What to do, by the codes of Node and PostgreSQL (appendix A of its manual). */
const fixes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Check that the server runs, and host and port.',
  ENOTFOUND: 'Check the name of the host.',
  EAI_AGAIN: 'Check the name of the host, and the network.',
  ETIMEDOUT: 'Check host and port, and what stands between.',
  '28P01': 'Check user and password; PGPASSWORD or ~/.pgpass keep it out of the program.',
  '28000': 'Check the user, and what pg_hba.conf of the server allows.',
  '3D000': 'Check the name of the database: psql -l lists them.',
  '42P02': 'Give as many params as the query has placeholders ($1, $2, …).',
  '42P01': 'Check its name and schema: \\dt of psql lists them.',
  '42703':
    'Check its name: \\d TABLE of psql lists them. Names in capitals stand between double quotes, texts between single ones.',
  '42601': 'Mend the query: it must be one SELECT.',
  '42501': 'Ask for the right to read it: GRANT SELECT.',
  '25006': 'A data set only reads: give a SELECT.',
  '08P01': 'Give as many params as the query has placeholders ($1, $2, …).',
};

async function connected(request: SqlRequest, failed: (e: unknown) => StratusError): Promise<Client> {
  const { default: pg } = await import('pg');
  const text = (oid: number, format?: 'text' | 'binary') =>
    readers[oid] ?? (lists.includes(oid) ? pg.types.getTypeParser(oid, format ?? 'text') : (value: string) => value);
  const client = new pg.Client({
    connectionString: request.connection,
    connectionTimeoutMillis: 15_000,
    application_name: 'stratus',
    types: { getTypeParser: text as typeof pg.types.getTypeParser },
  });
  // A connection that is lost between two queries; the next one says so.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (e) {
    await client.end().catch(() => undefined);
    throw failed(e);
  }
}

/** A server of PostgreSQL as a database to read: through a cursor, so that neither side holds all rows. */
export async function* readPostgres(request: SqlRequest): AsyncGenerator<SqlRows> {
  const { connection, query, params, skip, signal } = request;
  if (!URL.canParse(connection))
    throw fail('bad-value', { what: 'sql', got: 'an address that is none', want: 'postgres://user@host:5432/database' });
  const database = shownAddress(connection);
  const failed = (e: unknown): StratusError => {
    // Several addresses of one name: the first error stands for all.
    const { code = '', message } = (e instanceof AggregateError ? e.errors[0] : e) as NodeJS.ErrnoException;
    return queryFailed(request, { database, reason: message, fix: fixes[code] ?? 'Check the query and the server.', cause: e });
  };
  const client = await connected(request, failed);
  const stop = (): void =>
    void (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  signal?.addEventListener('abort', stop);
  try {
    await client.query(
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL bytea_output = 'hex'",
    );
    // Without parameters the library would send the text as it is, and what follows a semicolon would be run too.
    const declare = { text: `DECLARE stratus NO SCROLL CURSOR FOR ${query}`, values: [...params], queryMode: 'extended' };
    await client.query(declare);
    if (skip > 0) await client.query(`MOVE FORWARD ${skip} FROM stratus`);
    for (;;) {
      const { rows, fields } = await client.query<unknown[]>({ text: `FETCH ${rowsAtOnce} FROM stratus`, rowMode: 'array' });
      const names = fields.map(({ name }) => name);
      checkNames(request, names);
      if (rows.length > 0) yield { names, rows };
      if (rows.length < rowsAtOnce) return;
    }
  } catch (e) {
    throw StratusError.is(e) ? e : failed(e);
  } finally {
    signal?.removeEventListener('abort', stop);
    await client.end().catch(() => undefined);
  }
}
