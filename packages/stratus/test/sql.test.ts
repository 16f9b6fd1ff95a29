// A database that Python's sqlite3 wrote (test/data/write_sqlite.py), and a server of PostgreSQL where there is one.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Dataset, StratusError } from '@stratus/core';
import Sqlite from 'libsql';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { type Rejected, sql } from '../src/files/index.ts';
import { type PostgresServer, postgresPrograms, startPostgres } from './postgres-server.ts';

const houses = join(import.meta.dirname, 'data/houses.db');
const folder = mkdtempSync(join(tmpdir(), 'stratus-sql-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const failure = async (work: () => unknown): Promise<StratusError> => {
  try {
    await work();
  } catch (e) {
    if (StratusError.is(e)) return e;
    throw e;
  }
  throw new Error('expected an error');
};

const big = join(folder, 'big.db');
beforeAll(() => {
  const db = new Sqlite(big);
  db.exec(
    'CREATE TABLE numbers (i INTEGER PRIMARY KEY, half REAL);' +
      'INSERT INTO numbers WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4999) SELECT i, i / 2.0 FROM n',
  );
  db.close();
});

describe('sql, a file of SQLite', () => {
  it('reads what Python wrote', async () => {
    expect(await sql(houses, 'SELECT * FROM houses ORDER BY id').toArray()).toEqual([
      {
        id: 1,
        city: 'Bern',
        rooms: 3,
        price: 450000.5,
        sold: '2024-01-31',
        plan: Uint8Array.of(0, 255),
        serial: 9007199254740993n,
      },
      { id: 2, city: 'Zürich', rooms: 5, price: null, sold: null, plan: null, serial: -(2n ** 63n) },
      {
        id: 3,
        city: "l'Aigle; DROP TABLE houses",
        rooms: 2,
        price: 1e300,
        sold: '2024-02-29 12:00:00',
        plan: new Uint8Array(),
        serial: 0,
      },
      { id: 4, city: '', rooms: 1, price: -0.5, sold: '', plan: null, serial: 2 ** 53 - 1 },
    ]);
  });

  it('binds parameters, whatever they look like', async () => {
    const ask = (query: string, ...params: readonly (string | number | bigint | boolean | null | Uint8Array)[]) =>
      sql(`sqlite:${houses}`, query, { params }).toArray();
    for (const city of ["l'Aigle; DROP TABLE houses", 'Zürich'])
      expect(await ask('SELECT city FROM houses WHERE city = ? -- what? :x', city)).toEqual([{ city }]);
    expect(
      await ask("SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e, '?' AS f;", true, null, 2n ** 62n, Uint8Array.of(7), 0.25),
    ).toEqual([{ a: 1, b: null, c: 2n ** 62n, d: Uint8Array.of(7), e: 0.25, f: '?' }]);
    expect(await ask('SELECT id FROM houses WHERE id = ?', 5)).toEqual([]);
  });

  it('goes on at any row, and says why it cannot without an order', async () => {
    const all = sql<{ i: number; half: number }>(big, 'SELECT i, half FROM numbers ORDER BY i');
    for (const index of [0, 1, 999, 1000, 1001, 4999, 5000])
      expect((await all.toArray({ index })).map(({ i }) => i)).toEqual(Array.from({ length: 5000 - index }, (_, i) => i + index));
    const batches = all.shuffle(3, 500).batch(64);
    const rest = await batches.toArray({ epoch: 1, index: 30 });
    expect(rest.map(({ i }) => i.toArray())).toEqual((await batches.toArray({ epoch: 1 })).slice(30).map(({ i }) => i.toArray()));
    const e = await failure(() => sql(big, 'SELECT i FROM numbers').skip(3).toArray());
    expect([e.code, e.message.includes('ORDER BY')]).toEqual(['bad-value', true]);
  });

  it('gives the typed records of a schema, and leaves out the others where told', async () => {
    const schema = z.object({ id: z.number(), price: z.number() });
    const query = 'SELECT id, price FROM houses ORDER BY id';
    const rows = sql(houses, query, { schema });
    expectTypeOf(rows).toEqualTypeOf<Dataset<{ id: number; price: number }>>();
    const e = await failure(() => rows.toArray());
    expect([e.code, e.message.includes('row 1: price')]).toEqual(['corrupt', true]);
    const left: Rejected[] = [];
    const kept = sql(houses, query, { schema, onError: 'skip', onSkip: (row) => left.push(row) });
    expect((await kept.toArray()).map(({ id }) => id)).toEqual([1, 3, 4]);
    expect(left.map(({ record }) => record)).toEqual([1]);
    expect((await kept.toArray({ index: 1 })).map(({ id }) => id)).toEqual([3, 4]);
  });

  it('changes nothing, and makes nothing', async () => {
    const before = readFileSync(houses);
    for (const query of [
      'DELETE FROM houses',
      'DELETE FROM houses RETURNING id',
      'CREATE TABLE x (a)',
      'DROP TABLE houses',
      'SELECT 1; DELETE FROM houses',
    ])
      expect((await failure(() => sql(houses, query).toArray())).message).toMatch(/only reads|one query/);
    expect(readFileSync(houses).equals(before)).toBe(true);
    expect((await failure(() => sql(join(folder, 'no.db'), 'SELECT 1').toArray())).code).toBe('file-not-found');
  });

  it('reads while another program writes (write-ahead log)', async () => {
    const file = join(folder, 'wal.db');
    const writer = new Sqlite(file);
    writer.exec('PRAGMA journal_mode = wal; CREATE TABLE t (i); INSERT INTO t VALUES (1)');
    const records = sql(file, 'SELECT i FROM t');
    writer.exec('BEGIN; INSERT INTO t VALUES (2)');
    expect(await records.toArray()).toEqual([{ i: 1 }]);
    writer.exec('COMMIT');
    expect(await records.toArray()).toEqual([{ i: 1 }, { i: 2 }]);
    writer.close();
  });

  it.each<[string, string, readonly unknown[], string]>([
    ['a table that is not there', 'SELECT * FROM house', [], "The query 'SELECT * FROM house' to"],
    ['a column that is not there', 'SELECT room FROM houses', [], 'no such column: room'],
    ['a slip', 'SELEKT 1', [], 'syntax error'],
    ['two columns of one name', 'SELECT a.id, b.id FROM houses a, houses b', [], "two columns called 'id'"],
    ['too few parameters', 'SELECT ?, ?', [1], '1 params for the 2 placeholders'],
    ['too many', 'SELECT ?', [1, 2], '2 params for the 1 placeholders'],
    ['named placeholders', 'SELECT :x', [1], "'?' for each parameter"],
    ['nothing', '', [], "The query ''"],
  ])('explains %s', async (_, query, params, says) => {
    const e = await failure(() => sql(houses, query, { params: params as number[] }).toArray());
    expect(e.message).toContain(says);
  });

  it('refuses what cannot be a parameter, at once', async () => {
    for (const wrong of [new Date(), {}, undefined, Number.NaN, 2n ** 64n, [1]])
      expect((await failure(() => sql(houses, 'SELECT ?', { params: [wrong as never] }))).code).toBe('bad-value');
    expect((await failure(() => sql('mysql://x/y', 'SELECT 1'))).message).toContain('mysql:');
    expect((await failure(() => sql(houses, 'SELECT 1', { param: [] } as never))).code).toBe('unknown-name');
  });

  it('says that a file is no database, or a damaged one', async () => {
    const file = join(folder, 'not.db');
    writeFileSync(file, 'id,price\n1,2\n');
    expect((await failure(() => sql(file, 'SELECT 1').toArray())).code).toBe('corrupt');
    copyFileSync(houses, file);
    const bytes = readFileSync(houses);
    for (const length of [40, 100, 700, 1024, 1500]) {
      writeFileSync(file, bytes.subarray(0, length));
      const e = await failure(() => sql(file, 'SELECT * FROM houses').toArray());
      expect(['corrupt', 'database-failed']).toContain(e.code);
      expect(e.message).toContain(file);
    }
  });

  it('stops when it is told to, and closes when nobody wants more', async () => {
    const controller = new AbortController();
    const e = await failure(async () => {
      for await (const record of sql<{ i: number }>(big, 'SELECT i FROM numbers').pass({ signal: controller.signal }))
        if (record.i === 10) controller.abort();
    });
    expect(e.code).toBe('aborted');
    expect(await sql(big, 'SELECT i FROM numbers').take(2).toArray()).toEqual([{ i: 0 }, { i: 1 }]);
    rmSync(big); // Windows could not, were it open
  });
});

describe.skipIf(postgresPrograms === undefined)('sql, a server of PostgreSQL (Debian package postgresql)', () => {
  let server: PostgresServer;
  let url = '';
  beforeAll(async () => {
    server = await startPostgres();
    url = `postgres://reader:${encodeURIComponent(server.password)}@127.0.0.1:${server.port}/postgres`;
    const client = new pg.Client(url);
    await client.connect();
    await client.query(`
      CREATE TABLE numbers AS SELECT i, i / 2.0::float8 AS half, repeat('x', 200) AS text FROM generate_series(0, 19999) i;
      CREATE TABLE kinds (a int2, b int8, c float4, d numeric, e text, f bytea, g bool, h timestamptz, i date, j jsonb, k int4[], l interval, m uuid);
      INSERT INTO kinds VALUES (1, 9007199254740993, 1.5, 12.25, 'é', '\\x00ff', true, '2024-01-31 12:00+01', '2024-02-29', '{"a": [1]}', '{1,2}', '1 day', '00000000-0000-0000-0000-000000000001'),
        (null, null, null, null, null, null, null, null, null, null, null, null, null);`);
    await client.end();
  }, 30_000);
  afterAll(() => server?.stop());

  it('reads every kind of value', async () => {
    const [values, nulls] = await sql(url, 'SELECT * FROM kinds ORDER BY a').toArray();
    expect(values).toEqual({
      a: 1,
      b: 9007199254740993n,
      c: 1.5,
      d: 12.25,
      e: 'é',
      f: Uint8Array.of(0, 255),
      g: true,
      h: '2024-01-31 11:00:00+00',
      i: '2024-02-29',
      j: { a: [1] },
      k: [1, 2],
      l: '1 day',
      m: '00000000-0000-0000-0000-000000000001',
    });
    expect(Object.values(nulls!)).toEqual(new Array(13).fill(null));
  });

  it('streams, goes on at any row, and binds parameters', async () => {
    const all = sql<{ i: number }>(url, 'SELECT i, half, text FROM numbers WHERE i >= $1 ORDER BY i', { params: [0] });
    for (const index of [0, 999, 1000, 19_999, 20_000]) {
      const records = await all.toArray({ index });
      expect([records.length, records[0]?.i]).toEqual([20_000 - index, index === 20_000 ? undefined : index]);
    }
    expect(await sql(url, 'SELECT $1::text AS x', { params: ["'; DROP TABLE numbers; --"] }).toArray()).toEqual([
      { x: "'; DROP TABLE numbers; --" },
    ]);
    expect(await sql(url, 'SELECT i FROM numbers WHERE i < 0').toArray()).toEqual([]);
    expect((await sql(url, 'SELECT i FROM numbers').take(3).toArray()).length).toBe(3);
  });

  it.each<[string, string, string]>([
    ['a table that is not there', 'SELECT * FROM number', 'relation "number" does not exist'],
    ['a column that is not there', 'SELECT x FROM numbers', 'column "x" does not exist'],
    ['a slip', 'SELECT FROM WHERE', 'syntax error'],
    ['what is no query', 'DELETE FROM numbers', 'one SELECT'],
    ['a change within a query', 'WITH x AS (DELETE FROM numbers RETURNING i) SELECT i FROM x', 'DECLARE CURSOR'],
    ['a function that changes something', "SELECT setval('s', 1)", 'does not exist'],
    ['two columns of one name', 'SELECT 1 AS a, 2 AS a', "two columns called 'a'"],
    ['two statements', 'SELECT 1; COMMIT; DROP TABLE numbers', 'multiple commands'],
    ['too few parameters', 'SELECT $1::int', 'Give as many params'],
  ])('explains %s', async (_, query, says) => {
    const e = await failure(() => sql(url, query).toArray());
    expect(e.message).toContain(says);
    expect(e.message).not.toContain('s3same');
    expect(await sql(url, 'SELECT count(*) AS n FROM numbers').toArray()).toEqual([{ n: 20_000 }]);
  });

  it('says what is wrong with the address, and no password', async () => {
    const at = `127.0.0.1:${server.port}`;
    for (const [address, says] of [
      [`postgres://reader:wrong-s3same@${at}/postgres`, 'Check user and password'],
      [`postgres://nobody:wrong-s3same@${at}/postgres`, 'Check user and password'],
      [url.replace(/postgres$/, 'nowhere'), 'database "nowhere" does not exist'],
      [`postgres://reader:s3same@127.0.0.1:1/postgres`, 'Check that the server runs'],
      ['postgres://reader:s3same@', 'postgres://user@host'],
    ] as const) {
      const e = await failure(() => sql(address, 'SELECT 1 AS a').toArray());
      expect(e.message).toContain(says);
      expect(JSON.stringify([e.message, e.details, e.stack, String((e.cause as Error | undefined)?.stack)])).not.toContain(
        's3same',
      );
    }
  });

  it('stops in the middle of a long query', async () => {
    const controller = new AbortController();
    const pass = sql(url, 'SELECT pg_sleep(60)').pass({ signal: controller.signal });
    const next = pass.next();
    setImmediate(() => controller.abort());
    expect((await failure(() => next)).code).toBe('aborted');
  });

  it('says that the server has gone', async () => {
    const pass = sql<{ i: number }>(url, 'SELECT i, text FROM numbers ORDER BY i').pass();
    await pass.next();
    const admin = new pg.Client(url);
    await admin.connect();
    await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stratus'");
    await admin.end();
    const e = await failure(async () => {
      for await (const _ of pass);
    });
    expect([e.code, e.message.includes('FROM numbers')]).toEqual(['database-failed', true]);
  });
});
