// A CSV file that is larger than the memory that reading it may take: how fast its columns become batches beside DuckDB's own scan, and how much
// memory the way through map, shuffle and batch takes.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../result.ts';
import { child } from '../shared/child.ts';
import { median } from '../shared/statistics.ts';

const quick = process.env['STRATUS_BENCH_QUICK'] === '1';
/** Rows of about 133 bytes: the whole file has 5 GB. */
const sizes = quick ? { part: 1_000_000, whole: 1_000_000, rounds: 1 } : { part: 7_500_000, whole: 38_000_000, rounds: 5 };

interface Way {
  readonly seconds: number;
  readonly rows: number;
  readonly peakMb: number;
}

export const run: Run = async ({ root, log, signal }) => {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-csv-'));
  try {
    const script = join(root, 'bench/peers/csv-scan.mjs');
    const write = async (name: string, rows: number): Promise<{ file: string; megabytes: number }> => {
      const file = join(folder, name);
      await child<Way>(script, ['write', file, String(rows)], signal);
      return { file, megabytes: (await stat(file)).size / 1e6 };
    };
    const part = await write('part.csv', sizes.part);
    const ways = { duckdb: [] as number[], columns: [] as number[] };
    for (let round = 0; round < sizes.rounds; round++)
      for (const way of ['duckdb', 'columns'] as const) {
        const { seconds, rows } = await child<Way>(script, [way, part.file], signal);
        if (rows !== sizes.part) throw new Error(`${way} read ${rows} of ${sizes.part} rows`);
        ways[way].push(part.megabytes / seconds);
        log(`round ${round + 1}: ${way} ${(part.megabytes / seconds).toFixed(0)} MB/s`);
      }
    const whole = await write('whole.csv', sizes.whole);
    const records = await child<Way>(script, ['records', whole.file], signal);
    if (records.rows !== sizes.whole) throw new Error(`records read ${records.rows} of ${sizes.whole} rows`);
    const ratios = ways.columns.map((rate, i) => rate / ways.duckdb[i]!);
    return [
      {
        name: 'CSV: columns in batches, rate / DuckDB scanning',
        reached: median(ratios),
        target: 0.5,
        better: 'higher',
        unit: 'ratio',
        detail: `${median(ways.columns).toFixed(0)} MB/s against ${median(ways.duckdb).toFixed(0)} MB/s; ${part.megabytes.toFixed(0)} MB, ${sizes.rounds} rounds`,
      },
      {
        name: `CSV of ${(whole.megabytes / 1e3).toFixed(1)} GB through map, shuffle(100k), batch: resident memory`,
        reached: Math.round(records.peakMb),
        target: 600,
        better: 'lower',
        unit: 'MB',
        detail: `${(whole.megabytes / records.seconds).toFixed(0)} MB/s, every row a record`,
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
