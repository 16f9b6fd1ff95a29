// A training step that updates the rows of an embedding that it has read, beside one that updates the whole table.
import type { Result, Run } from '../result.ts';
import { child } from '../shared/child.ts';
import { keep } from '../shared/keep.ts';
import { threadCounts } from '../shared/peers.ts';
import { plainJs } from '../shared/plain-js.ts';
import { quick } from '../shared/quick.ts';
import { median, pairedRatio } from '../shared/statistics.ts';

/** Rows and width of the table, samples, ids of a sample, target. */
const tables = quick
  ? ([[2000, 16, 4, 20, 1]] as const)
  : ([
      [20_000, 100, 32, 200, 1.3], // 8 MB: nothing is gained, and this is the most that it may cost
      [50_000, 768, 4, 256, 0.2],
    ] as const);

interface Measured {
  /** Different rows of each batch. */
  readonly read: readonly number[];
  readonly ways: readonly { readonly way: string; readonly ms: readonly number[]; readonly cpuMs: readonly number[] }[];
}

export const run: Run = async (context) => {
  const { root, log, signal } = context;
  const program = await plainJs(root, 'bench/peers/stratus-sparse-embedding.ts');
  const measured: Record<string, Measured> = {};
  const results: Result[] = [];
  for (const [rows, width, samples, ids, target] of tables)
    for (const optimizer of ['sgd', 'adam']) {
      const name = `embedding ${rows} x ${width}, ${samples * ids} ids, ${optimizer}`;
      const args = [threadCounts.at(-1), rows, width, samples, ids, optimizer, quick ? 3 : 11, quick ? 2 : 5];
      const one = await child<Measured>(program, args.map(String), signal);
      measured[name] = one;
      log(`${name}: done`);
      const [sparse, whole] = one.ways as [Measured['ways'][0], Measured['ways'][0]];
      const clock = one.ways.map(({ way, ms }) => `${way} ${median(ms).toFixed(1)} ms`).join(', ');
      const cpu = one.ways.map(({ cpuMs }) => median(cpuMs).toFixed(1)).join(' and ');
      results.push({
        name: `${name}: processor time of a step, sparse / dense`,
        reached: pairedRatio(sparse.cpuMs, whole.cpuMs).ratio,
        target,
        better: 'lower',
        unit: 'ratio',
        detail: `${cpu} ms of processors; by the clock ${clock}; ${median(one.read)} rows are read`,
      });
    }
  return keep(context, 'sparse-embedding', { results, measured });
};
