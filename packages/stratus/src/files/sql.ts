import { type Chunk, type Dataset, dataset, fail, type Pass } from '@stratus/core';
import { oneOf, refuseUnknown } from './options.ts';
import { readPostgres } from './postgres.ts';
import { checked, type RecordSchema } from './record-schema.ts';
import type { Rejected } from './scan-errors.ts';
import { type ReadRows, type SqlValue, shownQuery } from './sql-database.ts';
import { readSqlite } from './sqlite.ts';

export type { SqlValue } from './sql-database.ts';

/** Options of {@link sql}. */
export interface SqlOptions<R = unknown> {
  /** What the placeholders of the query stand for: `?` of SQLite, `$1`, `$2`, … of PostgreSQL. */
  readonly params?: readonly SqlValue[] | undefined;
  /** What each record must be, and then is for the types. */
  readonly schema?: RecordSchema<R> | undefined;
  /** What a row that the schema refuses does: 'stop' (unless told) ends with an error that names it, 'skip' leaves it out. */
  readonly onError?: 'stop' | 'skip' | undefined;
  /** Called for each row that is left out. */
  readonly onSkip?: ((row: Rejected) => void) | undefined;
}

/** Databases by the schemes of their addresses; what has none is a file. */
const databases: Readonly<Record<string, ReadRows>> = { sqlite: readSqlite, postgres: readPostgres, postgresql: readPostgres };

function readerOf(connection: string): ReadRows {
  const [, scheme] = /^([a-z][a-z0-9+]+):/i.exec(connection) ?? [];
  if (scheme === undefined) return readSqlite;
  const found = Object.hasOwn(databases, scheme) ? databases[scheme] : undefined;
  if (found) return found;
  throw fail('bad-value', {
    what: 'sql',
    got: `an address with ${scheme}:`,
    want: 'a file of SQLite, or postgres://user@host:5432/database',
  });
}

const isValue = (x: unknown): boolean =>
  x === null ||
  typeof x === 'string' ||
  typeof x === 'boolean' ||
  (typeof x === 'number' && !Number.isNaN(x)) ||
  (typeof x === 'bigint' && BigInt.asIntN(64, x) === x) ||
  x instanceof Uint8Array;

function checkParams(params: unknown): asserts params is readonly SqlValue[] {
  if (!Array.isArray(params)) throw fail('bad-value', { what: 'sql', got: `params of type ${typeof params}`, want: 'a list' });
  const wrong = params.findIndex((param) => !isValue(param));
  if (wrong >= 0)
    throw fail('bad-value', {
      what: 'sql',
      got: `a ${typeof params[wrong]} as parameter ${wrong + 1}`,
      want: 'a text, a number, a truth value, null, a bigint of 64 bits or a Uint8Array',
      fix: 'Dates are texts: date.toISOString().',
    });
}

/**
 * The rows of a query as records: of a file of SQLite ('shop.db'), or of a server of PostgreSQL ('postgres://user@host:5432/database'). Rows come some at a time, in a transaction
 * that only reads; memory stays bounded whatever their number. Parameters are bound, never written into the query. Each pass asks anew: what was
 * changed meanwhile is seen in the next epoch. To go on in the middle of an epoch, the order must be the same again, so the query needs an ORDER BY that leaves none
 * open (a key last); without ORDER BY, `skip` and resuming are refused.
 *
 * Shapes: none. NULL is null. Whole numbers beyond 2^53 are bigint, DECIMAL and NUMERIC are numbers, BLOB and bytea Uint8Array, JSON of PostgreSQL is parsed; dates and times are
 * texts as the database writes them, in UTC.
 * Errors, when it is read: `database-failed`, naming query and mend, never a password; `file-not-found`, `file-failed`, `corrupt` for a file that is no database or a row that is not what the schema
 * says; `bad-value` for two columns of one name, and parameters that do not fit. Source: pandas.read_sql, https://standardschema.dev
 *
 * @example no-run
 * import { sql } from 'stratus';
 * import { z } from 'zod';
 * const schema = z.object({ rooms: z.number(), price: z.number() });
 * const houses = sql('houses.db', 'SELECT rooms, price FROM houses WHERE city = ? ORDER BY id', { params: ['Bern'], schema });
 * for await (const { rooms, price } of houses.shuffle(1).batch(32)) console.log(rooms.shape, price.shape); // [32] [32]
 */
export function sql<R = Readonly<Record<string, unknown>>>(
  connection: string,
  query: string,
  options: SqlOptions<R> = {},
): Dataset<R> {
  refuseUnknown('sql', options, ['params', 'schema', 'onError', 'onSkip']);
  const { params = [], schema, onError = 'stop', onSkip } = options;
  oneOf('sql', 'onError', onError, ['stop', 'skip']);
  checkParams(params);
  const read = readerOf(connection);
  const isOrdered = /\border\s+by\b/i.test(query);
  const place = `The result of ${shownQuery(query)}`;

  async function* chunks({ skip, signal }: Pass): AsyncGenerator<Chunk<R>> {
    if (skip > 0 && !isOrdered)
      throw fail('bad-value', {
        what: 'sql',
        got: `${shownQuery(query)}, of which ${skip} records are to be passed over`,
        want: 'a query with ORDER BY',
        fix: 'Without it the rows may come in another order each time. Order by a key.',
      });
    const isExact = onError === 'stop' || !schema;
    let [row, left] = [isExact ? skip : 0, isExact ? 0 : skip];
    for await (const { names, rows } of read({ connection, query, params, skip: row, signal })) {
      const records: R[] = [];
      for (const values of rows) {
        const record = Object.fromEntries(names.map((name, i) => [name, values[i]]));
        try {
          const fits = await checked(record, schema);
          if (left > 0) left--;
          else records.push(fits);
        } catch (e) {
          const reason = (e as Error).message;
          if (onError === 'stop')
            throw fail(
              'corrupt',
              {
                file: place,
                reason: `row ${row}: ${reason} (rows are counted from 0)`,
                fix: "Mend it, or leave such rows out: { onError: 'skip' }.",
              },
              e,
            );
          onSkip?.({ file: place, record: row, reason });
        }
        row++;
      }
      if (records.length > 0) yield records;
    }
  }
  return dataset<R>({ length: undefined, chunks });
}
