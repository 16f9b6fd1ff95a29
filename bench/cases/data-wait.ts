// How much of an epoch waits for data. Arrays: an epoch as people write it beside one whose batches were all made before. Pictures: what making the batches takes by
// itself beside the whole epoch, which is more than is waited for, as they are made while the engine works; two epochs differ by more than that on a shared machine.
import {
  adam,
  cifar10,
  dense,
  dropout,
  flatten,
  input,
  type Model,
  mnist,
  rescaling,
  type Stream,
  type StreamBatch,
  sequential,
  sgd,
} from 'stratus';
import { buildCifarBest, shaken } from '../../examples/zoo/cifar-best.ts';
import type { Run } from '../result.ts';
import { median } from '../shared/statistics.ts';

const quick = process.env['STRATUS_BENCH_QUICK'] === '1';
const rounds = quick ? 1 : 7;
const options = { epochs: 1, verbose: 0 } as const;
/** A short epoch is run so often at a time: what the machine does meanwhile would else be larger than what is measured. */
const together = quick ? 1 : 8;

/** One way to train for a while, in two forms. */
interface Case {
  readonly name: string;
  readonly model: Model;
  /** An epoch, data preparation included. */
  usual(): Promise<unknown>;
  /** As many batches, all made before: with them an epoch takes what is not the data's. Else: making them, by itself. */
  readonly ready?: Stream;
  alone?(): Promise<unknown>;
}

const again = (batches: readonly StreamBatch[]): Stream => ({ [Symbol.iterator]: () => batches[Symbol.iterator]() });

async function digits(): Promise<Case> {
  const { train } = await mnist();
  const model = sequential([
    input({ shape: [28, 28], dtype: 'uint8' }),
    rescaling({ scale: 1 / 255 }),
    flatten(),
    dense({ units: 128, activation: 'relu' }),
    dropout({ rate: 0.2 }),
    dense({ units: 10, activation: 'softmax' }),
  ]).compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy' });
  const rows = train.take(128 * (quick ? 50 : 460));
  const batches = Array.from({ length: rows.length / 128 }, (_, i) => {
    const { image, label } = rows.slice(i * 128, (i + 1) * 128);
    return { x: image, y: label };
  });
  const usual = () => model.fit(rows.image, rows.label, { ...options, batchSize: 128, epochs: together });
  return { name: 'MNIST, arrays that are shuffled', model, usual, ready: again(batches) };
}

async function pictures(): Promise<Case> {
  const all = await cifar10();
  const model = buildCifarBest().compile({ optimizer: sgd({ momentum: 0.9 }), loss: 'sparseCategoricalCrossentropy' });
  const data = shaken({ train: all.train.take(128 * (quick ? 4 : 24)) }, { batchSize: 128, seed: 1 });
  return {
    name: 'CIFAR-10, pictures changed at random',
    model,
    usual: () => model.fit(data, options),
    alone: () => data.toArray(),
  };
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

export const run: Run = async ({ log, signal }) => {
  const results = [];
  for (const make of [digits, pictures]) {
    const { name, model, usual, ready, alone } = await make();
    const other = alone ?? (() => model.fit(ready!, { ...options, epochs: together }));
    await usual();
    await other();
    const shares: number[] = [];
    const times: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      signal.throwIfAborted();
      // Both orders, so that a machine that becomes slower favours nobody.
      const usualFirst = round % 2 === 0;
      const first = await timed(usualFirst ? usual : other);
      const second = await timed(usualFirst ? other : usual);
      const [whole, rest] = usualFirst ? [first, second] : [second, first];
      shares.push(alone ? rest / whole : 1 - rest / whole);
      times.push(whole);
      log(
        `${name}, round ${round}: ${whole.toFixed(0)} ms, ${rest.toFixed(0)} ms ${alone ? 'for the batches by themselves' : 'with batches that are there'}`,
      );
    }
    await model.release();
    results.push({
      name: `${name}: share of an epoch that data take`,
      reached: median(shares),
      target: 0.03,
      better: 'lower' as const,
      unit: 'share',
      detail: `median of ${rounds}; ${median(times).toFixed(0)} ms a round`,
    });
  }
  return results;
};
