// Connections to PostgreSQL that break around a commit: nobody knows whether it took place, the call is made again, and every point counts once.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MetricPoint, openStore, type Store } from '../src/store/index.ts';
import { type PostgresServer, postgresPrograms, startPostgres } from './postgres-server.ts';

describe.skipIf(postgresPrograms === undefined)('a server of PostgreSQL (initdb of the Debian package postgresql)', () => {
  let server: PostgresServer;
  let store: Store;
  const address = (): string => `postgres://reader:${encodeURIComponent(server.password)}@127.0.0.1:${server.port}/postgres`;
  beforeAll(async () => {
    server = await startPostgres();
    store = await openStore(address());
  });
  afterAll(async () => {
    await store?.close();
    server?.stop();
  });

  /** Sends a call until it is acknowledged. Returns how often it failed. */
  async function untilDone(run: string, points: readonly MetricPoint[], sequence: number): Promise<number> {
    for (let failures = 0; ; failures++)
      try {
        await store.metrics.append(run, points, { writer: 'w', sequence });
        return failures;
      } catch (e) {
        if ((e as { code?: string }).code !== 'database-failed') throw e;
      }
  }
  const pointsOf = (call: number): MetricPoint[] =>
    Array.from({ length: 5 }, (_, i) => ({ name: 'loss', step: 5 * call + i, value: 5 * call + i }));
  const counted = async (run: string): Promise<number[]> =>
    (await store.metrics.history(run, 'loss', { limit: 1e6 })).map(({ value }) => value);

  it('whose backends are killed again and again', async () => {
    const { key } = await store.runs.create();
    const killer = new pg.Client(address());
    await killer.connect();
    const calls = 40;
    let failures = 0;
    for (let call = 0; call < calls; call++) {
      const done = untilDone(key, pointsOf(call), call);
      // Once within each call, now earlier, now later: some are hit between the commit and its answer.
      await new Promise((go) => setTimeout(go, 8 * Math.random()));
      await killer.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stratus'`);
      failures += await done;
    }
    await killer.end();
    expect(failures).toBeGreaterThan(0);
    expect(await counted(key)).toEqual(Array.from({ length: 5 * calls }, (_, i) => i));
  }, 180_000);

  it('where the connection is cut after the commit, and before its answer', async () => {
    const { key } = await store.runs.create();
    // What the server does at the very end of a transaction: a trigger that fires at the commit waits for this lock, and is let go when the one who called is gone.
    const other = new pg.Client(address());
    await other.connect();
    await other.query('SET search_path TO stratus');
    await other.query(
      `CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN NULL; END'`,
    );
    await other.query(
      'CREATE CONSTRAINT TRIGGER held AFTER INSERT ON writers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION held()',
    );
    await other.query('SELECT pg_advisory_lock(77)');

    // Through a wire that can be cut on the side of the caller alone: the server commits all the same.
    const wire = await cuttable(server.port);
    const cutOff = await openStore(address().replace(`:${server.port}/`, `:${wire.port}/`));
    const lost = cutOff.metrics.append(key, pointsOf(0), { writer: 'w', sequence: 0 }).then(
      () => 'acknowledged',
      (e: { code?: string }) => e.code,
    );
    const waits = async (): Promise<boolean> =>
      (await other.query(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = 'advisory'`)).rowCount! >
      0;
    while (!(await waits()));
    wire.cut();
    expect(await lost).toBe('database-failed');
    await other.query('SELECT pg_advisory_unlock(77)');
    while ((await counted(key).catch(() => [])).length === 0); // it was committed, and nobody was told
    await other.query('DROP TRIGGER held ON writers');
    await other.end();

    await store.metrics.append(key, pointsOf(0), { writer: 'w', sequence: 0 });
    await store.metrics.append(key, pointsOf(1), { writer: 'w', sequence: 1 });
    expect(await counted(key)).toEqual(Array.from({ length: 10 }, (_, i) => i));
    await cutOff.close();
    wire.close();
  }, 180_000);

  it('where new connections are cut before they can be used: none of them keeps its place', async () => {
    const wire = await cuttable(server.port);
    const through = await openStore(address().replace(`:${server.port}/`, `:${wire.port}/`));
    wire.cut();
    wire.cutAt = 'search_path'; // what is said first on a connection
    const more = 10; // than there may be connections
    for (let i = 0; i < more; i++) await expect(through.runs.create()).rejects.toMatchObject({ code: 'database-failed' });
    wire.cutAt = undefined;
    const { key } = await through.runs.create();
    expect((await store.runs.get(key)).key).toBe(key);
    wire.cutAt = 'search_path';
    wire.cut();
    await expect(through.runs.create()).rejects.toMatchObject({ code: 'database-failed' });
    await through.close();
    wire.close();
  }, 60_000);
});

interface Wire {
  readonly port: number;
  /** The caller's side is gone; the server's stays open. */
  cut(): void;
  /** Whoever says this is cut. */
  cutAt: string | undefined;
  close(): void;
}

async function cuttable(to: number): Promise<Wire> {
  const { connect, createServer } = await import('node:net');
  const pairs: { caller: import('node:net').Socket; server: import('node:net').Socket }[] = [];
  const listening = createServer((caller) => {
    const server = connect(to, '127.0.0.1');
    pairs.push({ caller, server });
    const pass = (data: Buffer): void => {
      if (wire.cutAt !== undefined && data.includes(wire.cutAt)) caller.destroy();
      else server.write(data);
    };
    caller.on('data', pass).on('error', () => {});
    server.on('data', (data) => void (caller.destroyed || caller.write(data))).on('error', () => {});
  });
  await new Promise<void>((done) => listening.listen(0, '127.0.0.1', done));
  const wire: Wire = {
    cutAt: undefined,
    port: (listening.address() as import('node:net').AddressInfo).port,
    cut: () => pairs.forEach(({ caller }) => void caller.destroy()),
    close() {
      for (const { caller, server } of pairs) {
        caller.destroy();
        server.destroy();
      }
      listening.close();
    },
  };
  return wire;
}
