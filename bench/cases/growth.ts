// How a step's time grows with the batch, the sequence and the parameters: the exponent of a power that is fitted to a sweep.
import {
  adam,
  dense,
  type Executor,
  embedding,
  globalAveragePooling1d,
  input,
  lstm,
  type Model,
  sequential,
  sgd,
  type Tensor,
  tensor,
  transformerEncoder,
} from 'stratus';
import { buildCifarCnn } from '../../examples/zoo/cifar-cnn.ts';
import { onAnyDevice, type Result } from '../result.ts';
import type { Arrays } from '../shared/arrays.ts';
import { executorOn } from '../shared/executor-on.ts';
import { type Grown, grow, type Sweep } from '../shared/growth.ts';
import { keep } from '../shared/keep.ts';
import { trainableCount } from '../shared/parameters.ts';
import { quick } from '../shared/quick.ts';
import { pictures, reviews } from '../shared/random-arrays.ts';

const short = <T>(sizes: readonly T[]): readonly T[] => (quick ? sizes.slice(0, 3) : sizes);
const subject = (model: Model, { x, y }: Arrays): { model: Model; x: Tensor; y: Tensor } => ({ model, x: x!, y: y! });
const words = (count: number, length: number): Arrays => reviews(count, { length, vocabulary: 1000, lengths: 'full' });
const praise = { optimizer: adam(), loss: 'binaryCrossentropy' } as const;

const reader = (length: number, executor: Executor): Model =>
  sequential(
    [
      input({ shape: [length], dtype: 'int32' }),
      embedding({ inputDim: 1000, outputDim: 64 }),
      lstm({ units: 64 }),
      dense({ units: 1, activation: 'sigmoid' }),
    ],
    { executor },
  ).compile(praise);

const encoder = (length: number, executor: Executor): Model =>
  sequential(
    [
      input({ shape: [length], dtype: 'int32' }),
      embedding({ inputDim: 1000, outputDim: 64 }),
      transformerEncoder({ numHeads: 4, intermediateDim: 128 }),
      globalAveragePooling1d(),
      dense({ units: 1, activation: 'sigmoid' }),
    ],
    { executor },
  ).compile(praise);

const wide = (units: number, executor: Executor): Model =>
  sequential(
    [
      input({ shape: [units] }),
      dense({ units, activation: 'relu' }),
      dense({ units, activation: 'relu' }),
      dense({ units: 10, activation: 'softmax' }),
    ],
    { executor },
  ).compile({ optimizer: sgd({ momentum: 0.9 }), loss: 'sparseCategoricalCrossentropy' });

const sweeps: readonly Sweep[] = [
  {
    name: 'CNN on CIFAR-10 over the batch',
    sizes: short([16, 32, 64, 128, 256]),
    target: 1.1,
    make: (batch, executor) =>
      subject(buildCifarCnn({ executor }).compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy' }), pictures(batch)),
  },
  {
    name: 'LSTM over the batch',
    sizes: short([16, 32, 64, 128, 256]),
    target: 1.1,
    make: (batch, executor) => subject(reader(100, executor), words(batch, 100)),
  },
  {
    name: 'LSTM over the sequence',
    sizes: short([50, 100, 200, 400, 800]),
    target: 1.1,
    make: (length, executor) => subject(reader(length, executor), words(32, length)),
  },
  {
    name: 'Transformer encoder over the sequence',
    sizes: short([64, 128, 256, 512, 1024]),
    target: 2.1,
    make: (length, executor) => subject(encoder(length, executor), words(4, length)),
  },
  {
    name: 'dense layers over the parameters',
    sizes: short([256, 512, 1024, 2048]),
    target: 1.1,
    measure: trainableCount,
    make: (units, executor) => {
      const { y } = pictures(64, { size: 1 });
      const rows = Float32Array.from({ length: 64 * units }, (_, i) => Math.abs(Math.sin(i)));
      return { model: wide(units, executor), x: tensor(rows, { shape: [64, units] }), y: y! };
    },
  },
];

const row = ({ name, target, x, ms, exponent }: Grown): Result => ({
  name: `growth: ${name}`,
  reached: exponent,
  target,
  better: 'lower',
  unit: 'exponent',
  detail: x.map((size, i) => `${size}: ${ms[i]!.toFixed(1)} ms`).join(', '),
});

export const run = onAnyDevice(async (context) => {
  const executor = await executorOn(context.device);
  const grown: Grown[] = [];
  for (const sweep of sweeps) {
    grown.push(await grow(sweep, executor, { rounds: quick ? 3 : 11, signal: context.signal }));
    context.log(`${sweep.name}: ${grown.at(-1)!.exponent.toFixed(3)}`);
  }
  await executor.release();
  return keep(context, 'growth', { results: grown.map(row), grown, description: executor.description });
});
