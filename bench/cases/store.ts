// The store: how fast metrics are acknowledged, how long lists and curves take, and a hundred registrations at once; in a file of SQLite and on a server of PostgreSQL
// that waits for its disk.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type RunQuery, type Store } from 'stratus';
import { postgresPrograms, startPostgres } from '../../packages/stratus/test/postgres-server.ts';
import type { Result, Run } from '../result.ts';
import { median } from '../shared/statistics.ts';

const quick = process.env['STRATUS_BENCH_QUICK'] === '1';
const sizes = quick ? { points: 100_000, runs: 100, rounds: 3 } : { points: 1_000_000, runs: 1000, rounds: 15 };
/** A call: 10 metrics of 100 steps, as a training that logs every step hands over once in a while. */
const call = { metrics: 10, steps: 100 };

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function rounds(work: () => Promise<unknown>): Promise<number> {
  const found: number[] = [];
  for (let i = 0; i <= sizes.rounds; i++) found.push(await timed(work));
  return median(found.slice(1)); // the first one warms up
}

/** Points that are acknowledged a second, in calls of a thousand. */
async function logging({ runs, metrics }: Store): Promise<number> {
  const { key } = await runs.create();
  const total = Math.min(sizes.points, 300_000);
  const ms = await timed(async () => {
    for (let step = 0; step * call.metrics < total; step += call.steps) {
      const points = Array.from({ length: call.steps * call.metrics }, (_, i) => ({
        name: `metric ${i % call.metrics}`,
        step: step + Math.floor(i / call.metrics),
        value: Math.random(),
      }));
      await metrics.append(key, points);
    }
  });
  return (1000 * total) / ms;
}

/** A run with one long metric, written in calls of a hundred and of ten thousand points. */
async function longRun({ runs, metrics }: Store): Promise<string> {
  const { key } = await runs.create();
  const part = 10_000;
  for (let from = 0; from < sizes.points; ) {
    const length = from < part ? 100 : part;
    await metrics.append(
      key,
      Array.from({ length }, (_, i) => ({ name: 'loss', step: from + i, value: Math.random() })),
    );
    from += length;
  }
  return key;
}

async function manyRuns({ runs, metrics }: Store): Promise<void> {
  for (let i = 0; i < sizes.runs; i++) {
    const { key } = await runs.create({
      params: { rate: i / 1000, layers: i % 7, name: `net ${i}` },
      tags: { team: i % 2 ? 'a' : 'b' },
    });
    const points = Array.from({ length: 8 }, (_, j) => ({ name: `metric ${j}`, step: 1, value: Math.random() }));
    await metrics.append(key, points);
  }
}

const wanted: RunQuery = {
  tags: { team: 'a' },
  metrics: [{ name: 'metric 1', is: '>', than: 0.1 }],
  sort: { metric: 'metric 2', order: 'descending' },
  limit: sizes.runs,
};

async function measure(store: Store, name: string, pointsASecond: number, log: (line: string) => void): Promise<Result[]> {
  const rate = await logging(store);
  log(`${name}: ${rate.toFixed(0)} points/s`);
  const key = await longRun(store);
  const curve = await rounds(() => store.metrics.curve(key, 'loss'));
  log(`${name}: curve ${curve.toFixed(1)} ms`);
  const many = await store.inProject('many');
  await manyRuns(many);
  let found = 0;
  const list = await rounds(async () => {
    found = (await many.runs.list(wanted)).length;
  });
  log(`${name}: list ${list.toFixed(1)} ms, ${found} runs`);
  const digest = `sha256:${'0'.repeat(64)}`;
  const ms = await timed(() => Promise.all(Array.from({ length: 100 }, () => many.models.register('net', { digest, bytes: 1 }))));
  const versions = (await many.models.versions('net')).map((v) => v.number);
  const gaps = versions.filter((number, i) => number !== 100 - i).length + Math.abs(100 - versions.length);
  const detail = `${sizes.points} points, ${sizes.runs} runs`;
  return [
    {
      name: `${name}: metrics acknowledged`,
      reached: rate,
      target: pointsASecond,
      better: 'higher',
      unit: 'points/s',
      detail: 'calls of 1,000 points, 10 metrics',
    },
    { name: `${name}: curve of 1,000 points of a long metric`, reached: curve, target: 50, better: 'lower', unit: 'ms', detail },
    {
      name: `${name}: runs filtered and sorted by metric`,
      reached: list,
      target: 200,
      better: 'lower',
      unit: 'ms',
      detail: `${found} of ${detail}`,
    },
    {
      name: `${name}: gaps and duplicates of 100 versions at once`,
      reached: gaps,
      target: 0,
      better: 'lower',
      unit: 'versions',
      detail: `${ms.toFixed(0)} ms`,
    },
  ];
}

export const run: Run = async ({ log }) => {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-store-'));
  const results: Result[] = [];
  const one = async (address: string, name: string, pointsASecond: number): Promise<void> => {
    const store = await openStore(address);
    results.push(...(await measure(store, name, pointsASecond, log)));
    await store.close();
  };
  try {
    await one(join(folder, 'store.db'), 'SQLite', 50_000);
    if (postgresPrograms === undefined) log('PostgreSQL is not installed: left out');
    else {
      const server = await startPostgres({ fsync: 'on' });
      try {
        await one(
          `postgres://reader:${encodeURIComponent(server.password)}@127.0.0.1:${server.port}/postgres`,
          'PostgreSQL',
          20_000,
        );
      } finally {
        server.stop();
      }
    }
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
