// A few rounds of what `npm run soak -- crash` does for long.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type CrashOptions, crashRounds } from './crash-rounds.ts';
import { postgresPrograms, startPostgres } from './postgres-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-crash-rounds-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rounds = async (name: string, more: Partial<CrashOptions>): Promise<void> => {
  const report = await crashRounds({ folder: join(folder, name), rounds: 3, random: Math.random, log: () => undefined, ...more });
  expect(report).toMatchObject({ rounds: 3, lost: [], different: 0, doubles: 0 });
  expect(report.acknowledged).toBeGreaterThan(200);
  expect(report.posted).toBeGreaterThan(50);
};

// Twenty processes are started on the way: a busy machine takes minutes for that.
const patience = 600_000;

it('loses nothing on SQLite, whoever is killed', ({ signal }) => rounds('sqlite', { first: 'server', signal }), patience);

it.skipIf(postgresPrograms === undefined)(
  'loses nothing on PostgreSQL (initdb of the Debian package postgresql), whoever is killed',
  async ({ signal }) => {
    const server = await startPostgres();
    try {
      await rounds('postgres', { server, first: 'database', signal });
    } finally {
      server.stop();
    }
  },
  patience,
);
