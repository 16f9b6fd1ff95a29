// Trainers, supervisors, the server and the database are killed at random moments: nothing that was acknowledged may be lost, and weights are what they would have been.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CrashReport, crashRounds } from '../../packages/stratus/test/crash-rounds.ts';
import { postgresPrograms, startPostgres } from '../../packages/stratus/test/postgres-server.ts';
import type { Result, Run } from '../result.ts';

function results(store: string, report: CrashReport, wanted: number): Result[] {
  const { rounds, kills, attempts, trainings, different, acknowledged, posted, lost, doubles } = report;
  const killed = Object.entries(kills).map(([what, count]) => `${count} ${what}`);
  const row = (name: string, reached: number, unit: string, detail?: string): Result => ({
    name: `${store}: ${name}`,
    reached,
    target: 0,
    better: 'lower',
    unit,
    ...(detail !== undefined && { detail }),
  });
  const told = lost.slice(0, 5).join('; ');
  return [
    {
      name: `${store}: rounds`,
      reached: rounds,
      target: wanted,
      better: 'higher',
      unit: 'rounds',
      detail: `killed: ${killed.join(', ')}`,
    },
    row(
      'acknowledged metrics, versions and moves of aliases that are lost',
      lost.length,
      'of them',
      told || `of ${acknowledged} that scripts were told, ${posted} over REST, and what checkpoints had seen`,
    ),
    row(
      'trainings with other weights than an undisturbed one',
      different,
      'trainings',
      `of ${trainings}, in ${attempts} attempts`,
    ),
    row('attempts that found another one at the same job', doubles, 'attempts'),
  ];
}

export const run: Run = async ({ rounds = 200, log, signal }) => {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-soak-crash-'));
  const found: Result[] = [];
  const onServer = postgresPrograms === undefined ? 0 : Math.ceil(rounds / 2);
  try {
    if (onServer > 0) {
      const server = await startPostgres();
      try {
        const report = await crashRounds({
          folder: join(folder, 'postgres'),
          rounds: onServer,
          server,
          random: Math.random,
          log,
          signal,
        });
        found.push(...results('PostgreSQL', report, onServer));
      } finally {
        server.stop();
      }
    } else log('PostgreSQL is not installed (the Debian package postgresql): all rounds are on SQLite');
    if (rounds > onServer) {
      const report = await crashRounds({
        folder: join(folder, 'sqlite'),
        rounds: rounds - onServer,
        random: Math.random,
        log,
        signal,
      });
      found.push(...results('SQLite', report, rounds - onServer));
    }
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
