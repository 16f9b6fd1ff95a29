// Whole trainings against PyTorch: same weights, same batches, twenty steps.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  add,
  concatenate,
  dense,
  input,
  type Model,
  model,
  optimizerFromConfig,
  sequential,
  type Tensor,
  tensor,
} from '../src/index.ts';

interface Saved {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Run {
  readonly kind: string;
  readonly optimizer: { type: string; config: Record<string, unknown> };
  readonly weights: Record<string, Saved>;
  readonly losses: readonly number[];
  readonly [field: string]: unknown;
}
const { runs } = JSON.parse(readFileSync(new URL('../../../golden/parity.json', import.meta.url), 'utf8')) as {
  runs: Record<string, Run>;
};

const load = ({ shape, data }: Saved): Tensor => tensor(Float32Array.from(data), { shape });
const step = (saved: unknown, i: number): Tensor => {
  const all = load(saved as Saved);
  return all.rows(i, i + 1).reshape(all.shape.slice(1));
};
const setWeights = (net: Model, run: Run): Promise<void> =>
  net.setWeights(Object.fromEntries(Object.entries(run.weights).map(([name, saved]) => [name, load(saved)])));
// Float32 sums in another order: the difference may grow along the run, but stays far below what a wrong rule would do.
const close = (got: readonly number[], want: readonly number[]): void =>
  got.forEach((loss, i) => expect(Math.abs(loss - want[i]!) / want[i]!, `step ${i}: ${loss} and ${want[i]}`).toBeLessThan(2e-5));

describe('a training follows PyTorch', () => {
  for (const [name, run] of Object.entries(runs).filter(([, { kind }]) => kind === 'classifier')) {
    it(name, async () => {
      const net = sequential([
        input({ shape: [12] }),
        dense({ units: 16, activation: 'relu' }),
        dense({ units: 16, activation: 'relu' }),
        dense({ units: 5, activation: 'softmax' }),
      ]);
      net.compile({ optimizer: optimizerFromConfig(run.optimizer), loss: 'sparseCategoricalCrossentropy' });
      await setWeights(net, run);
      const losses: number[] = [];
      for (let i = 0; i < run.losses.length; i++)
        losses.push((await net.trainOnBatch(step(run['x'], i), step(run['y'], i)))['loss'] as number);
      close(losses, run.losses);
      const kernel = (await net.getWeights())['dense_2/kernel']!;
      const want = load(run['final'] as Saved).data as Float32Array;
      (kernel.data as Float32Array).forEach((w, i) => expect(Math.abs(w - want[i]!)).toBeLessThan(2e-5));
      await net.release();
    });
  }

  it('two inputs, a shared layer, two weighted outputs, a penalty and sample weights', async () => {
    const run = runs['functional']!;
    const [left, right] = [input({ shape: [6], name: 'left' }), input({ shape: [6], name: 'right' })];
    const shared = dense({
      units: 8,
      activation: 'tanh',
      name: 'shared',
      kernelRegularizer: { type: 'l2', config: { l2: 0.05 } },
    });
    const [h, k] = [shared(left), shared(right)];
    const net = model({
      inputs: [left, right],
      outputs: {
        first: dense({ units: 3, name: 'a' })(add()([h, k])),
        second: dense({ units: 1, activation: 'sigmoid', name: 'b' })(concatenate()([h, k])),
      },
    });
    net.compile({
      optimizer: optimizerFromConfig({ type: 'adam', config: { learningRate: 0.01 } }),
      loss: { first: 'meanSquaredError', second: 'binaryCrossentropy' },
      lossWeights: { second: 0.3 },
    });
    await setWeights(net, run);
    const losses: number[] = [];
    for (let i = 0; i < run.losses.length; i++) {
      const logs = await net.trainOnBatch(
        { left: step(run['left'], i), right: step(run['right'], i) },
        { first: step(run['a'], i), second: step(run['b'], i) },
        { sampleWeight: step(run['sample_weight'], i) },
      );
      losses.push(logs['loss'] as number);
    }
    close(losses, run.losses);
    await net.release();
  });
});
