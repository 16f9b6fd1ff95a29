import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'libsql';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStore, type Store } from '../src/store/index.ts';
import { jobsContract } from './jobs-contract.ts';
import { type PostgresServer, postgresPrograms, startPostgres } from './postgres-server.ts';
import { failure, storeContract } from './store-contract.ts';
import { experimentsContract } from './store-experiments.ts';
import { tokensContract } from './tokens-contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a store in a file of SQLite', () => {
  jobsContract(() => ({ address: join(folder, 'jobs.db') }));
  const file = join(folder, 'deep/er/store.db');
  const execute = async (statement: string): Promise<void> => {
    const database = new Sqlite(file);
    try {
      database.exec(statement);
    } finally {
      database.close();
    }
  };
  storeContract(() => ({ address: file, execute, replaces: true }));
  experimentsContract(() => ({ address: join(folder, 'experiments.db') }));
  tokensContract(() => ({ address: join(folder, 'tokens.db') }));

  it('is refused when a newer version made it', async () => {
    const file = join(folder, 'newer.db');
    await (await openStore(file)).close();
    const database = new Sqlite(file);
    database.exec("INSERT INTO schema_versions VALUES (99, 'later', 0)");
    database.close();
    const e = await failure(openStore(`sqlite:${file}`));
    expect(e.code).toBe('store-too-new');
    expect(e.message).toContain('a version of Stratus that knows version 99');
  });

  it('is refused where the file is something else', async () => {
    const file = join(folder, 'text.db');
    writeFileSync(file, 'this is a text, not a database, and long enough to be looked at by anybody'.repeat(20));
    expect((await failure(openStore(file))).code).toBe('corrupt');
    expect((await failure(openStore(join(file, 'below.db')))).code).toBe('file-failed');
    expect((await failure(openStore(folder))).code).toBe('database-failed');
    for (const address of ['', 'https://example.org', 'libsql://host', 'mysql://u:secret@h/d']) {
      const e = await failure(openStore(address));
      expect(e.code).toBe('bad-value');
      expect(e.message).not.toContain('secret');
    }
  });

  it('waits for others, and says so when that takes too long', async () => {
    const file = join(folder, 'busy.db');
    const store = await openStore(file, { patienceMs: 150 });
    const other = new Sqlite(file);
    other.exec('BEGIN IMMEDIATE');
    const e = await failure(store.runs.create());
    expect(e.code).toBe('database-failed');
    expect(e.message).toContain('look for one that hangs');
    expect(await store.runs.list()).toEqual([]); // reading goes on meanwhile
    setTimeout(() => other.exec('COMMIT'), 50);
    await store.runs.create({ key: 'later' });
    expect((await store.runs.list()).length).toBe(1);
    other.close();
    await store.close();
  });
});

describe.skipIf(postgresPrograms === undefined)(
  'a store on a server of PostgreSQL (initdb of the Debian package postgresql)',
  () => {
    let server: PostgresServer;
    const address = (password = server.password): string =>
      `postgres://reader:${encodeURIComponent(password)}@127.0.0.1:${server.port}/postgres`;
    beforeAll(async () => {
      server = await startPostgres();
    }, 120_000);
    afterAll(() => server?.stop());

    jobsContract(() => ({ address: address(), options: { schema: 'jobs' } }));
    const execute = async (statement: string): Promise<void> => {
      const client = new pg.Client(address());
      await client.connect();
      try {
        await client.query(`SET search_path TO stratus; ${statement}`);
      } finally {
        await client.end();
      }
    };
    storeContract(() => ({ address: address(), execute, replaces: false }));
    experimentsContract(() => ({ address: address(), options: { schema: 'experiments' } }));
    tokensContract(() => ({ address: address(), options: { schema: 'tokens' } }));

    it('gives pieces of a log in the order of their numbers to who reads on, whoever writes', async () => {
      const [store, other] = [await openStore(address()), await openStore(address())];
      await store.runs.create({ key: 'told' });
      // Another writer that has its number and has not ended yet.
      const slow = new pg.Client(address());
      const watch = new pg.Client(address());
      await Promise.all([slow.connect(), watch.connect()]);
      await slow.query(`BEGIN; SET LOCAL search_path TO stratus; UPDATE runs SET seen_at = seen_at WHERE key = 'told'`);
      const insert = `INSERT INTO logs (run_id, stream, at, text) SELECT id, 'stdout', 0, 'slow' FROM runs WHERE key = 'told'`;
      await slow.query(insert);
      const quick = other.logs.append('told', 'stdout', 'quick');
      const waiting = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%runs%'`;
      await vi.waitFor(async () => expect((await watch.query(waiting)).rows.length).toBe(1), { timeout: 20_000 });
      expect(await store.logs.read('told')).toEqual([]);
      await slow.query('COMMIT');
      await quick;
      expect((await store.logs.read('told')).map(({ text }) => text)).toEqual(['slow', 'quick']);
      await Promise.all([slow.end(), watch.end()]);

      // Two that write at once, and one that reads on.
      const texts = (name: string): string[] => Array.from({ length: 100 }, (_, i) => `${name}${i}`);
      let isOver = false;
      const write = async (by: Store, name: string): Promise<void> => {
        for (const text of texts(name)) await by.logs.append('told', 'stdout', text);
      };
      const before = await store.logs.last('told');
      const written = Promise.all([write(store, 'a'), write(other, 'b')]).finally(() => (isOver = true));
      const seen: string[] = [];
      for (let [after, done] = [before, false]; !done; ) {
        done = isOver;
        const pieces = await store.logs.read('told', { after });
        after = pieces.at(-1)?.number ?? after;
        seen.push(...pieces.map(({ text }) => text));
      }
      await written;
      expect([...seen].sort()).toEqual([...texts('a'), ...texts('b')].sort());
      await Promise.all([store.close(), other.close()]);
    }, 60_000);

    it('is refused when a newer version made it', async () => {
      const options = { schema: 'newer one' };
      await (await openStore(address(), options)).close();
      const client = new pg.Client(address());
      await client.connect();
      await client.query(`INSERT INTO "newer one".schema_versions VALUES (99, 'later', 0)`);
      await client.end();
      expect((await failure(openStore(address(), options))).code).toBe('store-too-new');
    });

    it('says what is wrong, without the password', async () => {
      const wrong = await failure(openStore(address('wr0ng')));
      expect(wrong).toMatchObject({ code: 'database-failed', message: expect.stringContaining('Check user and password') });
      expect(wrong.message).not.toContain('wr0ng');
      expect((await failure(openStore('postgres://u:hidden@127.0.0.1:1/x'))).message).toContain('Check that the server runs');
      expect((await failure(openStore('postgres://['))).code).toBe('bad-value');
    });
  },
);
