// Ten thousand JPEGs of a folder as shuffled batches of 224 x 224, beside sharp alone with its pool.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../result.ts';
import { child } from '../shared/child.ts';
import { median } from '../shared/statistics.ts';

const quick = process.env['STRATUS_BENCH_QUICK'] === '1';
const { images, rounds } = quick ? { images: 400, rounds: 1 } : { images: 10_000, rounds: 3 };

export const run: Run = async ({ root, log, signal }) => {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-images-'));
  try {
    const script = join(root, 'bench/peers/image-batches.mjs');
    await child(script, ['write', folder, String(images)], signal);
    const rates = { sharp: [] as number[], stratus: [] as number[] };
    for (let round = 0; round < rounds; round++)
      for (const way of ['sharp', 'stratus'] as const) {
        const got = await child<{ seconds: number; images: number }>(script, [way, folder], signal);
        if (got.images !== images) throw new Error(`${way} read ${got.images} of ${images} images`);
        rates[way].push(images / got.seconds);
        log(`round ${round + 1}: ${way} ${(images / got.seconds).toFixed(0)} images a second`);
      }
    return [
      {
        name: 'image folder to batches of 224 x 224, rate / sharp alone',
        reached: median(rates.stratus.map((rate, i) => rate / rates.sharp[i]!)),
        target: 0.8,
        better: 'higher',
        unit: 'ratio',
        detail: `${median(rates.stratus).toFixed(0)} against ${median(rates.sharp).toFixed(0)} images a second; ${images} JPEGs of 500 x 375, ${rounds} rounds`,
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
