import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sizes } from './mlp.ts';

/** Uniform numbers below 1, the same in every run (Mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Writes what all competitors read: inputs, labels and the weights that they begin with. Gives the folder. */
export async function writeStepData(samples: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-bench-'));
  const next = uniform(1);
  const [features, , , classes] = sizes;
  await writeFile(join(folder, 'x.f32'), Float32Array.from({ length: samples * features }, next));
  await writeFile(
    join(folder, 'y.i32'),
    Int32Array.from({ length: samples }, () => Math.floor(next() * classes)),
  );
  for (let i = 0; i + 1 < sizes.length; i++) {
    const [fanIn, fanOut] = [sizes[i]!, sizes[i + 1]!];
    const limit = Math.sqrt(6 / (fanIn + fanOut)); // Glorot
    await writeFile(
      join(folder, `kernel${i}.f32`),
      Float32Array.from({ length: fanIn * fanOut }, () => (next() * 2 - 1) * limit),
    );
  }
  return folder;
}
