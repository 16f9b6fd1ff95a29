// One record at a time: what is loaded from a file, beside onnxruntime-node's own session on the same file, in the same process.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, type Executor, input, load, type Model, sequential, type Tensor, zeros } from 'stratus';
import { buildJudge, firstStep } from '../../examples/zoo/bert.ts';
import { buildCifarCnn } from '../../examples/zoo/cifar-cnn.ts';
import { onAnyDevice, type Result } from '../result.ts';
import { alternate } from '../shared/alternate.ts';
import { executorOn } from '../shared/executor-on.ts';
import { keep } from '../shared/keep.ts';
import { ort } from '../shared/ort.ts';
import { threadCounts } from '../shared/peers.ts';
import { quick } from '../shared/quick.ts';
import { recorder } from '../shared/recorder.ts';
import { median, pairedRatio } from '../shared/statistics.ts';

const settings = quick ? { rounds: 5, sliceMs: 20 } : { rounds: 31, sliceMs: 60 };
const mlp = (): Model =>
  sequential([
    input({ shape: [784] }),
    dense({ units: 128, activation: 'relu' }),
    dense({ units: 128, activation: 'relu' }),
    dense({ units: 10, activation: 'softmax' }),
  ]);
const tinyBert = { vocabulary: 10_000, width: 128, layers: 2, heads: 2, intermediate: 512, maxLength: 128 };

/** Models, and one record for each. */
const cases: Readonly<Record<string, { build(): Model; feeds(): Tensor | Record<string, Tensor> }>> = {
  MLP: { build: mlp, feeds: () => zeros([1, 784]) },
  'CNN on CIFAR-10': { build: buildCifarCnn, feeds: () => zeros([1, 32, 32, 3], 'uint8') },
  'BERT with two layers of 128': {
    build: () => buildJudge(tinyBert, 128),
    feeds() {
      const tokens = zeros([1, 128], 'int32');
      tokens.data.fill(7);
      return { tokens, segments: zeros([1, 128], 'int32') };
    },
  },
};

interface Timed {
  readonly model: string;
  readonly threads: number;
  readonly samples: Readonly<Record<'predict' | 'run' | 'raw', readonly number[]>>;
}

const options = (threads: number) => ({ intraOpNumThreads: threads, graphOptimizationLevel: 'all', logSeverityLevel: 3 });

async function timeOne(name: string, file: string, executor: Executor, threads: number, signal: AbortSignal): Promise<Timed> {
  const record = recorder(executor);
  const model = await load(file, { executor: record.executor, layers: { FirstStep: firstStep } });
  const x = cases[name]!.feeds();
  const own = (await model.predict(x)) as Tensor;
  const { program, feeds, options: how } = record.last();
  const session = await ort.InferenceSession.create(file, options(threads));
  const given = Object.fromEntries(Object.entries(feeds).map(([key, t]) => [key, new ort.Tensor(t.dtype, t.data, t.shape)]));
  const theirs = Object.values(await session.run(given))[0]!.data;
  if (!own.data.every((value, i) => Math.abs(Number(value) - theirs[i]!) < 1e-5))
    throw new Error(`${name}: the answers differ: ${own.data} and ${Array.from(theirs)}`);
  const samples = await alternate(
    { predict: () => model.predict(x), run: () => program.run(feeds, how), raw: () => session.run(given) },
    { ...settings, signal },
  );
  await session.release();
  await model.release();
  return { model: name, threads, samples };
}

const us = (samples: readonly number[]): string => `${(1000 * median(samples)).toFixed(1)} us`;

function rows(name: string, timed: readonly Timed[]): Result[] {
  const best = (way: keyof Timed['samples']): Timed =>
    timed.reduce((a, b) => (median(b.samples[way]) < median(a.samples[way]) ? b : a));
  const raw = best('raw');
  return (['predict', 'run'] as const).map((way) => {
    const own = best(way);
    const { ratio, low, high } = pairedRatio(own.samples[way], raw.samples.raw);
    return {
      name: `${name}, one record: ${way === 'run' ? 'executor.run' : 'model.predict'} / onnxruntime-node`,
      reached: ratio,
      target: 1.03,
      better: 'lower' as const,
      unit: 'ratio',
      detail: `${us(own.samples[way])} (${own.threads} threads) against ${us(raw.samples.raw)} (${raw.threads}); middle half ${low.toFixed(3)} to ${high.toFixed(3)}`,
    };
  });
}

export const run = onAnyDevice(async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-inference-'));
  try {
    const results: Result[] = [];
    const all: Timed[] = [];
    for (const [name, { build }] of Object.entries(cases)) {
      const file = join(folder, 'model.onnx');
      const model = build();
      await model.save(file);
      await model.release();
      const timed: Timed[] = [];
      for (const threads of threadCounts) {
        const executor = await executorOn(context.device, threads);
        timed.push(await timeOne(name, file, executor, threads, context.signal));
        await executor.release();
      }
      all.push(...timed);
      results.push(...rows(name, timed));
      context.log(`${name}: done`);
    }
    return await keep(context, 'inference', { results, settings, timed: all });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
