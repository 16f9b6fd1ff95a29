// A sweep on a real problem: a small network on 2,000 digits of MNIST, 24 trials with TPE and early stopping, finds better parameters than those that one begins with.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  adam,
  asha,
  choice,
  dense,
  dropout,
  flatten,
  input,
  int,
  logUniform,
  type Model,
  mnist,
  openWorkspace,
  rescaling,
  sequential,
  sgd,
  sweep,
  type Tensor,
  tpe,
  uniform,
} from 'stratus';
import type { Run } from '../result.ts';

const epochs = 9;
const trials = 24;

interface Parameters {
  readonly learningRate: number;
  readonly units: number;
  readonly rate: number;
  readonly optimizer: 'adam' | 'sgd';
}

/** What Keras' examples begin with: SGD with its default rate. */
const defaults: Parameters = { learningRate: 0.01, units: 64, rate: 0.2, optimizer: 'sgd' };

function build({ learningRate, units, rate, optimizer }: Parameters): Model {
  const model = sequential(
    [
      input({ shape: [28, 28], dtype: 'uint8' }),
      rescaling({ scale: 1 / 255 }),
      flatten(),
      dense({ units, activation: 'relu' }),
      dropout({ rate }),
      dense({ units: 10, activation: 'softmax' }),
    ],
    { seed: 1 },
  );
  const made = optimizer === 'adam' ? adam({ learningRate }) : sgd({ learningRate });
  model.compile({ optimizer: made, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

export const run: Run = async ({ log, signal }) => {
  const { train, test } = await mnist();
  const part = (all: Tensor<'uint8'>, from: number, to: number): Tensor => all.rows(from, to);
  const [x, y] = [part(train.image, 0, 2000), part(train.label, 0, 2000)];
  const validationData = [part(train.image, 2000, 4000), part(train.label, 2000, 4000)] as const;
  const measured = async (parameters: Parameters): Promise<number> => {
    const model = build(parameters);
    await model.fit(x, y, { epochs, batchSize: 64, verbose: 0 });
    return ((await model.evaluate(test.image, test.label)) as { readonly accuracy: number }).accuracy;
  };
  const folder = await mkdtemp(join(tmpdir(), 'stratus-sweep-'));
  const workspace = await openWorkspace({ folder });
  try {
    let spent = 0;
    const { best, trials: tried } = await sweep({
      name: 'mnist',
      space: {
        learningRate: logUniform(1e-4, 1),
        units: int(16, 256, { log: true }),
        rate: uniform(0, 0.6),
        optimizer: choice('adam', 'sgd'),
      },
      search: tpe(),
      scheduler: asha(),
      goal: 'maximize',
      metric: 'valAccuracy',
      of: 'best',
      trials,
      seed: 1,
      signal,
      workspace,
      async objective(parameters, trial) {
        await build(parameters).fit(x, y, {
          epochs,
          batchSize: 64,
          validationData,
          verbose: 0,
          signal: trial.signal,
          callbacks: [trial.callback('valAccuracy'), { onEpochEnd: () => void spent++ }],
        });
        return undefined;
      },
    });
    const [found, before] = [await measured(best!.parameters), await measured(defaults)];
    const pruned = tried.filter(({ status }) => status === 'pruned').length;
    log(`best: ${JSON.stringify(best!.parameters)}; ${spent} of ${trials * epochs} epochs, ${pruned} trials stopped early`);
    const detail = `test digits: ${found.toFixed(4)} with what the sweep found, ${before.toFixed(4)} with the parameters to begin with`;
    return [
      {
        name: 'sweep on 2,000 digits: accuracy gained',
        reached: found - before,
        target: 0.01,
        better: 'higher',
        unit: 'accuracy',
        detail,
      },
      {
        name: 'sweep on 2,000 digits: share of the epochs spent',
        reached: spent / (trials * epochs),
        target: 0.7,
        better: 'lower',
        unit: 'share',
      },
    ];
  } finally {
    await workspace.close();
    await rm(folder, { recursive: true, force: true });
  }
};
