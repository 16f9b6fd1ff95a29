// What it costs a training to be recorded: the time of its steps with and without, in turns. The small MLP has short steps, and so much to record. Delivering what came together
// is a part of the time with it, though a training would go on meanwhile.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Callback, openStore, startRun, Tensor, trainingDefaults } from 'stratus';
import type { Result, Run } from '../result.ts';
import { alternate } from '../shared/alternate.ts';
import { mlp } from '../shared/mlp.ts';
import { quick } from '../shared/quick.ts';
import { median, pairedRatio } from '../shared/statistics.ts';
import { uniform } from '../shared/step-data.ts';

const samples = quick ? 2560 : 25_600;
const batchSize = 32;
const measured = quick ? { rounds: 3, sliceMs: 200 } : { rounds: 21, sliceMs: 3000 };

export const run: Run = async ({ log, signal }) => {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-tracking-'));
  try {
    const store = join(folder, 'store.db');
    const tracked = await startRun({ store });
    const defaults = trainingDefaults();
    const [watch] = [defaults.watch!()].flat() as [Callback];
    defaults.watch = undefined; // one run for all rounds
    const next = uniform(1);
    const x = new Tensor('float32', [samples, 784], Float32Array.from({ length: samples * 784 }, next));
    const y = new Tensor(
      'int32',
      [samples],
      Int32Array.from({ length: samples }, (_, i) => i % 10),
    );
    const train = async (callbacks: readonly Callback[]): Promise<void> => {
      await model.fit(x, y, { epochs: 1, batchSize, verbose: 0, callbacks });
    };
    const model = mlp({ metrics: ['accuracy'] });
    await train([watch]); // its beginning is not a step
    const { onBatchEnd, onEpochEnd } = watch;
    const steps: Callback = { onBatchEnd: onBatchEnd!, onEpochEnd: onEpochEnd! };
    const times = await alternate(
      {
        with: async () => {
          await train([steps]);
          await tracked.flush();
        },
        without: () => train([]),
      },
      { ...measured, signal },
    );
    await tracked.finish();
    const { ratio, low, high } = pairedRatio(times.with, times.without);
    const perStep = (1000 * median(times.without)) / (samples / batchSize);
    log(`${perStep.toFixed(0)} us a step`);

    const reader = await openStore(store);
    const { metrics } = await reader.runs.get(tracked.key);
    await reader.close();
    const results: Result[] = [
      {
        name: 'MLP: step, recorded / not recorded',
        reached: ratio,
        target: 1.01,
        better: 'lower',
        unit: 'ratio',
        detail: `batches of ${batchSize}, ${perStep.toFixed(0)} µs a step; middle half ${low.toFixed(4)} to ${high.toFixed(4)}; ${metrics['step/loss']!.points} steps are in the store`,
      },
    ];
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
