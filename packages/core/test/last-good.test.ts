// A loss that is not finite: what is kept, what is said, and where resuming begins.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Callback, dense, full, input, type Model, StratusError, sequential, tensor } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-last-good-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const x = tensor(
  Array.from({ length: 40 }, (_, i) => [Math.sin(i), Math.cos(i)]),
  { dtype: 'float32' },
);
const y = tensor(Float32Array.from({ length: 40 }, (_, i) => Math.sin(i) / 2));
const net = (): Model =>
  sequential([input({ shape: [2] }), dense({ units: 8, activation: 'tanh' }), dense({ units: 1 })], { seed: 3 }).compile({
    optimizer: 'sgd',
    loss: 'mse',
  });
/** Ruins the weights after one batch, as a step that is far too large does: they stay finite, and the next loss does not. */
const explode = (epoch: number, batch: number): Callback => ({
  async onBatchEnd(run) {
    if (run.epoch !== epoch || run.batch !== batch) return;
    const weights = Object.entries(await run.weights());
    await run.setWeights(Object.fromEntries(weights.map(([name, { shape }]) => [name, full(shape, 1e30)])));
  },
});
const base = { batchSize: 10, epochs: 4, verbose: 0 } as const;
const failure = async (work: Promise<unknown>): Promise<StratusError> => {
  const error: unknown = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!StratusError.is(error)) throw error ?? new Error('nothing failed');
  return error;
};
const latest = (directory: string): string => readFileSync(join(directory, 'LATEST'), 'utf8').trim();

describe('weights that a step has ruined without making them infinite', () => {
  it.each([
    ['in the middle of an epoch', 1, 2, 6],
    ['at the end of an epoch', 0, 4, 4],
  ])('are not the last good state: %s', async (_, epoch, batch, ruined) => {
    const directory = join(folder, `ruined-${ruined}`);
    const checkpoint = { directory, everyBatches: 1 };
    const error = await failure(net().fit(x, y, { ...base, checkpoint, callbacks: [explode(epoch, batch)] }));
    expect(error.code).toBe('not-finite');
    const [good, bad] = [ruined - 1, ruined].map((step) => join(directory, `step-${String(step).padStart(8, '0')}`));
    // A checkpoint between epochs is a second one of its step.
    expect(error.message).toMatch(/The last good state is the checkpoint /);
    expect(String(error.details['checkpoint']).replace(/-2$/, '')).toBe(good);
    expect(String(error.details['doubtful']).replace(/-2$/, '')).toBe(bad);
    expect(join(directory, latest(directory))).toBe(error.details['checkpoint']);
    // Going on from there, without what went wrong, is as if it had never happened.
    const again = await net().fit(x, y, { ...base, checkpoint, resume: true });
    expect(again.history).toEqual((await net().fit(x, y, base)).history);
  });

  it('are named as what they are where nothing older was kept', async () => {
    const directory = join(folder, 'one');
    const checkpoint = { directory, everyBatches: 1, keep: 1 };
    const error = await failure(net().fit(x, y, { ...base, checkpoint, callbacks: [explode(1, 2)] }));
    expect(error.details['checkpoint']).toBeUndefined();
    expect(error.details['doubtful']).toBe(join(directory, 'step-00000006'));
    expect(error.message).not.toMatch(/last good/);
  });
});

it('a checkpoint with batches behind it stays the last one', async () => {
  const directory = join(folder, 'epochs');
  const error = await failure(net().fit(x, y, { ...base, checkpoint: directory, callbacks: [explode(2, 2)] }));
  expect(error.details['checkpoint']).toBe(join(directory, 'step-00000008'));
  expect(error.details['doubtful']).toBeUndefined();
  expect(latest(directory)).toBe('step-00000008');
});
