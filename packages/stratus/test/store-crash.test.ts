// Several processes write to one store and are killed: what was acknowledged is there, and what is there is whole.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../src/store/index.ts';
import { type PostgresServer, postgresPrograms, startPostgres } from './postgres-server.ts';

const child = fileURLToPath(new URL('store-child.mjs', import.meta.url));

interface Line {
  readonly run?: string;
  readonly points?: number;
  readonly shared?: number;
  readonly version?: number;
  readonly move?: number;
  readonly to?: number;
}

/** What a writer said before it ended; it is killed after so many lines, if any are given. */
function writer(
  address: string,
  name: string,
  { count = 0, killAfter = Number.POSITIVE_INFINITY },
): Promise<{ lines: Line[]; stderr: string }> {
  return new Promise((done) => {
    const process_ = spawn(process.execPath, [child, address, name, String(count)]);
    let [text, stderr] = ['', ''];
    process_.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr += piece));
    process_.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (text.split('\n').length > killAfter) process_.kill('SIGKILL');
    });
    const whole = (): Line[] =>
      text
        .slice(0, text.lastIndexOf('\n') + 1)
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Line);
    process_.on('close', () => done({ lines: whole(), stderr }));
  });
}

function crashes(address: () => string): void {
  it('loses nothing that was acknowledged when writers are killed', async () => {
    const first = await openStore(address());
    await first.runs.create({ key: 'shared' });
    await first.close();
    const writers = await Promise.all([
      writer(address(), 'a', { killAfter: 14 }),
      writer(address(), 'b', { killAfter: 19 }),
      writer(address(), 'c', { count: 4 }),
    ]);
    for (const { lines, stderr } of writers) expect(lines.length, stderr).toBeGreaterThan(10);

    const store = await openStore(address());
    const said = writers.flatMap(({ lines }) => lines);
    for (const { lines } of writers) {
      const { run } = lines[0]!;
      const acknowledged = lines.findLast((line) => line.points !== undefined)!.points!;
      const points = await store.metrics.history(run!, 'loss', { limit: 1e6 });
      expect(points.length).toBeGreaterThanOrEqual(acknowledged);
      expect(points.length % 7).toBe(0); // a call's points are there all or not at all
      points.forEach(({ step, value }, i) => expect([step, value]).toEqual([i, i]));
    }
    const [shared] = await store.metrics.summaries('shared');
    expect(shared!.points).toBeGreaterThanOrEqual(said.filter((line) => line.shared).length);
    expect((await store.metrics.history('shared', 'shared', { limit: 1e6 })).length).toBe(shared!.points);

    const model = await store.models.get('net');
    const versions = await store.models.versions('net', { limit: 1e6 });
    expect(versions.map(({ number }) => number)).toEqual(Array.from({ length: model.versions }, (_, i) => model.versions - i));
    const numbers = said.flatMap(({ version }) => version ?? []);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(model.versions);

    const moves = await store.aliases.history('net', 'production');
    expect(moves.map(({ number }) => number).sort((x, y) => x - y)).toEqual(moves.map((_, i) => i + 1));
    for (const { move, to } of said)
      if (move !== undefined) expect(moves.find(({ number }) => number === move)?.version).toBe(to);
    const last = moves.find(({ number }) => number === moves.length)!;
    expect(model.aliases['production']).toBe(last.version);
    for (const { number, previous } of moves) expect(previous).toBe(moves.find((m) => m.number === number - 1)?.version);
    await store.close();
  });
}

describe('a file of SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-crash-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  crashes(() => join(folder, 'store.db'));
});

describe.skipIf(postgresPrograms === undefined)('a server of PostgreSQL (initdb of the Debian package postgresql)', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());
  crashes(() => `postgres://reader:${encodeURIComponent(server.password)}@127.0.0.1:${server.port}/postgres`);
});
