// Several steps in one run of the engine: to the bits of steps that are run one by one, and one by one where somebody looks in between.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import {
  adam,
  batchNormalization,
  type Callback,
  createExecutor,
  dataset,
  dense,
  dropout,
  type Executor,
  type FitOptions,
  input,
  type Model,
  schedules,
  sequential,
  tensor,
} from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-several-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const samples = 77;
const x = tensor(
  Float32Array.from({ length: samples * 6 }, (_, i) => Math.sin(i * 1.7)),
  { shape: [samples, 6] },
);
const y = tensor(Int32Array.from({ length: samples }, (_, i) => (i * 5) % 3));

/** An executor that notes how many steps each run of a training has. */
async function counting(): Promise<{ readonly executor: Executor; readonly runs: number[] }> {
  const real = await createExecutor({ threads: 1 });
  const runs: number[] = [];
  const executor: Executor = {
    device: real.device,
    description: real.description,
    ...(real.runs && { runs: real.runs }),
    hold: (tensors) => real.hold(tensors),
    release: () => real.release(),
    async compile(model, options) {
      const program = await real.compile(model, options);
      return {
        ...(program.endProfiling && { endProfiling: program.endProfiling }),
        inputs: program.inputs,
        outputs: program.outputs,
        release: () => program.release(),
        async run(feeds, runOptions) {
          const outputs = await program.run(feeds, runOptions);
          if (runOptions?.updates) runs.push(Object.keys(outputs).filter((name) => name.endsWith('@loss')).length);
          return outputs;
        },
      };
    },
  };
  return { executor, runs };
}

interface Settings {
  readonly together?: number;
  readonly accumulation?: number;
}

const net = (executor: Executor, { together = 1, accumulation = 1 }: Settings): Model =>
  sequential(
    [
      input({ shape: [6] }),
      dense({ units: 20, activation: 'relu' }),
      batchNormalization(),
      dropout({ rate: 0.3 }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    { seed: 5, executor },
  ).compile({
    optimizer: adam({ learningRate: schedules.cosineDecay({ initialLearningRate: 0.01, decaySteps: 30 }) }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    ...(accumulation > 1 ? { gradientAccumulationSteps: accumulation } : { emaMomentum: 0.9 }),
    stepsPerExecution: together,
  });

/** What a training comes to, all of it, and its runs. */
async function trained(
  settings: Settings,
  options: Partial<FitOptions> = {},
  data: 'arrays' | 'dataset' | 'iterable' = 'arrays',
) {
  const { executor, runs } = await counting();
  const model = net(executor, settings);
  const common = { epochs: 2, verbose: 0, ...options } as const;
  const batches = dataset({ x, y }).batch(8);
  const history =
    data === 'arrays'
      ? await model.fit(x, y, { batchSize: 8, ...common })
      : await model.fit(data === 'dataset' ? batches : { [Symbol.asyncIterator]: () => batches[Symbol.asyncIterator]() }, common);
  const weights = Object.values(await model.getWeights()).map(({ data }) => [...(data as Float32Array)]);
  const averages = settings.accumulation ? undefined : (await model.predict(x, { weights: 'ema' })).data;
  await model.release();
  await executor.release();
  return { history: history.history, weights: { weights, averages }, runs };
}

it.each(['arrays', 'dataset'] as const)(
  'gives the bits of single steps: schedule, dropout, averages, statistics; %s',
  async (data) => {
    const [alone, together] = [await trained({}, {}, data), await trained({ together: 4 }, {}, data)];
    expect(alone.runs).toEqual(Array(20).fill(1));
    expect(together.runs).toEqual([4, 4, 1, 1, 4, 4, 1, 1]); // 9 batches of 8 and one of 5: what is left over is run alone
    expect(together.history).toEqual(alone.history);
    expect(together.weights).toEqual(alone.weights);
  },
);

it('runs steps one by one where somebody looks in between', async () => {
  const alone = await trained({});
  const seen: number[] = [];
  const looks: Callback = { onBatchEnd: (run) => void seen.push(run.batchLoss) };
  const cases: [string, Awaited<ReturnType<typeof trained>>][] = [
    ['a callback', await trained({ together: 4 }, { callbacks: [looks] })],
    ['checkpoints within an epoch', await trained({ together: 4 }, { checkpoint: { directory: folder, everyBatches: 3 } })],
    ['an iterable', await trained({ together: 4 }, {}, 'iterable')],
  ];
  for (const [name, { runs, weights }] of cases) {
    expect([name, Math.max(...runs)]).toEqual([name, 1]);
    if (name !== 'an iterable') expect(weights).toEqual(alone.weights);
  }
  const losses = [...seen];
  seen.length = 0;
  const figures = await trained({ together: 4 }, { callbacks: [{ ...looks, figuresOnly: true }] });
  expect(figures.runs[0]).toBe(4);
  expect(seen).toEqual(losses);
  expect(Math.max(...(await trained({ together: 4, accumulation: 2 })).runs)).toBe(1);
});

it('goes on from a checkpoint to the same bits, in other groups', async () => {
  const whole = await trained({ together: 3 }, { epochs: 3 });
  const directory = join(folder, 'resume');
  await trained({ together: 4 }, { epochs: 1, checkpoint: directory });
  const rest = await trained({ together: 3 }, { epochs: 3, resume: directory });
  expect(rest.weights).toEqual(whole.weights);
});

it('names the step that was not finite, and refuses what is no count', async () => {
  const { executor } = await counting();
  const model = sequential([input({ shape: [1] }), dense({ units: 1 })], { executor });
  model.compile({ optimizer: 'sgd', loss: 'mse', stepsPerExecution: 4 });
  const features = tensor(
    Float32Array.from({ length: 8 }, (_, i) => (i === 5 ? Number.NaN : i)),
    { shape: [8, 1] },
  );
  const fit = model.fit(features, tensor(new Float32Array(8), { shape: [8, 1] }), { batchSize: 1, shuffle: false, verbose: 0 });
  await expect(fit).rejects.toMatchObject({ code: 'not-finite', details: { step: 6 } });
  for (const stepsPerExecution of [0, 1.5, Number.NaN])
    expect(() => model.compile({ optimizer: 'sgd', loss: 'mse', stepsPerExecution })).toThrow(
      /stepsPerExecution.*positive whole/,
    );
  await model.release();
  await executor.release();
});
