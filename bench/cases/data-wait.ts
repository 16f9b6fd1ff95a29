// How much of an epoch waits for data: an epoch as people write it beside one whose batches were all made before.
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

/** One way to train for a while, in two forms. */
interface Case {
  readonly name: string;
  readonly model: Model;
  /** An epoch, data preparation included. */
  usual(): Promise<unknown>;
  /** As many batches, all made before. */
  readonly ready: Stream;
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
  const usual = () => model.fit(rows.image, rows.label, { ...options, batchSize: 128 });
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
    ready: again(await data.toArray()),
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
    const { name, model, usual, ready } = await make();
    await usual();
    await model.fit(ready, options);
    const shares: number[] = [];
    const times: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      signal.throwIfAborted();
      // Both orders, so that a machine that becomes slower favours nobody.
      const order = round % 2 === 0;
      const first = await timed(order ? usual : () => model.fit(ready, options));
      const second = await timed(order ? () => model.fit(ready, options) : usual);
      const [whole, bare] = order ? [first, second] : [second, first];
      shares.push(1 - bare / whole);
      times.push(whole);
      log(`${name}, round ${round}: ${whole.toFixed(0)} ms, ${bare.toFixed(0)} ms with batches that are there`);
    }
    await model.release();
    results.push({
      name: `${name}: share of an epoch that data take`,
      reached: median(shares),
      target: 0.03,
      better: 'lower' as const,
      unit: 'share',
      detail: `median of ${rounds}; an epoch of ${median(times).toFixed(0)} ms`,
    });
  }
  return results;
};
