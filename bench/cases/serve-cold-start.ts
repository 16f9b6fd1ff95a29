// From the start of a new process of the built package to its first 200 at the path where it says that it is ready.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../result.ts';
import { keep } from '../shared/keep.ts';
import { quick } from '../shared/quick.ts';
import { servedModel, verify } from '../shared/served-models.ts';
import { startServerProcess } from '../shared/server-process.ts';
import { ownServer } from '../shared/serving-lineup.ts';
import { median, quantile } from '../shared/statistics.ts';

const rounds = quick ? 2 : 21;

export const run: Run = async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-serve-'));
  try {
    const model = await servedModel('mnist', folder);
    const way = ownServer(context.root, model);
    const times: number[] = [];
    for (let round = -1; round < rounds; round++) {
      const server = await startServerProcess(way, context); // the first brings the files into memory
      if (round < 0) await verify(model, { url: `http://127.0.0.1:${server.port}${way.path}`, form: way.form });
      else times.push(server.readyMs);
      await server.stop();
    }
    const shown = (share: number): string => `${quantile(times, share).toFixed(0)} ms`;
    return await keep(context, 'serve-cold-start', {
      results: [
        {
          name: 'stratus deploy mnist.onnx: from the start of its process to ready',
          reached: median(times),
          target: 500,
          better: 'lower',
          unit: 'ms',
          detail: `median of ${rounds}, middle half ${shown(0.25)} to ${shown(0.75)}; the readiness path is asked every 5 ms`,
        },
      ],
      milliseconds: times,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
