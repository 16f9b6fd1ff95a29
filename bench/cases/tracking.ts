// What it costs a training to be recorded: the time of its steps with and without, in turns. The small MLP has short steps, and so much to record. What is delivered while a slice
// goes on counts, and so does the rest at its end, which is one delivery more than a training has in that time: slices are several times as long as deliveries lie apart, or that rest would
// be most of it. Neighbouring slices of the very same work differ by some per cent, so what recording takes by itself is told beside it. A machine with other work on it says little by the clock; the time of its processors is more to be trusted there.
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

const samples = quick ? 2560 : 12_800;
const batchSize = 32;
const { rounds, sliceMs } = quick ? { rounds: 3, sliceMs: 500 } : { rounds: 22, sliceMs: 5000 };

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

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
    const model = mlp({ metrics: ['accuracy'] });
    const train = async (callbacks: readonly Callback[], epochs: number): Promise<void> => {
      await model.fit(x, y, { epochs, batchSize, verbose: 0, callbacks });
    };
    await train([watch], 1); // its beginning is not a step
    const epochMs: number[] = [];
    while (epochMs.length < 9) {
      const began = performance.now();
      await train([], 1);
      epochMs.push(performance.now() - began);
    }
    const epochs = Math.ceil(sliceMs / Math.min(...epochMs)); // the first ones take longer: slices would be too short
    const { onBatchEnd, onEpochEnd } = watch;
    const steps: Callback = { onBatchEnd: onBatchEnd!, onEpochEnd: onEpochEnd! };
    /** What recording does by itself, as often as a slice has steps: without what it may disturb, and without the noise of all the rest. */
    const aloneMs = async (step: number, count: number): Promise<number> => {
      const start = performance.now();
      for (let i = 0; i < count; i++) onBatchEnd!({ step: step + i, batchLoss: i / count, learningRate: 0.01 } as never, {});
      await tracked.flush();
      return performance.now() - start;
    };
    const cpu: Record<'with' | 'without', number[]> = { with: [], without: [] };
    const slice = (way: keyof typeof cpu, work: () => Promise<void>) => async (): Promise<void> => {
      const before = cpuMs();
      await work();
      cpu[way].push(cpuMs() - before);
    };
    const times = await alternate(
      {
        with: slice('with', async () => {
          await train([steps], epochs);
          await tracked.flush();
        }),
        without: slice('without', () => train([], epochs)),
      },
      { rounds, sliceMs: 1, signal }, // a slice is one training
    );
    const count = (epochs * samples) / batchSize;
    const alone: number[] = [];
    for (let i = 0; i < 9; i++) alone.push(await aloneMs(1e6 + i * count, count));
    await tracked.finish();
    const byClock = pairedRatio(times.with, times.without);
    const byCpu = pairedRatio(cpu.with.slice(-rounds), cpu.without.slice(-rounds));
    const perStep = (1000 * median(times.without)) / count;
    const cpuPerStep = (1000 * median(cpu.without.slice(-rounds))) / count;
    log(`${perStep.toFixed(0)} us a step, ${cpuPerStep.toFixed(0)} us of processors; slices of ${count} steps`);

    const reader = await openStore(store);
    const { metrics } = await reader.runs.get(tracked.key);
    await reader.close();
    const result = (name: string, { ratio, low, high }: typeof byClock, per: number): Result => ({
      name,
      reached: ratio,
      target: 1.01,
      better: 'lower',
      unit: 'ratio',
      detail: `batches of ${batchSize}, ${per.toFixed(0)} µs a step, slices of ${count} steps; middle half ${low.toFixed(4)} to ${high.toFixed(4)}; ${metrics['step/loss']!.points} steps are in the store`,
    });
    return [
      result('MLP: step, recorded / not recorded', byClock, perStep),
      result('MLP: time of processors, recorded / not recorded', byCpu, cpuPerStep),
      {
        name: 'MLP: what recording takes by itself, of a step',
        reached: (1000 * median(alone)) / count / perStep,
        target: 0.01,
        better: 'lower',
        unit: 'of it',
        detail: `${((1000 * median(alone)) / count).toFixed(2)} µs a step: the callback and the delivery of ${count} points, median of ${alone.length}`,
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
