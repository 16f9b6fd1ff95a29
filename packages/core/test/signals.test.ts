// Everything that takes time can be called off, and has then changed nothing.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { dense, input, load, type Model, sequential, tensor } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-signals-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const x = tensor(
  Array.from({ length: 512 }, (_, i) => [Math.sin(i), Math.cos(i), i % 5]),
  { dtype: 'float32' },
);
const y = tensor(Float32Array.from({ length: 512 }, (_, i) => Math.sin(i)));
const net = (): Model =>
  sequential([input({ shape: [3] }), dense({ units: 16, activation: 'tanh' }), dense({ units: 1 })]).compile({
    optimizer: 'adam',
    loss: 'mse',
  });
const path = join(folder, 'model.onnx');
const file = join(folder, 'whole.onnx');
await net().save(file);

type Call = (model: Model, signal: AbortSignal) => Promise<unknown>;
const calls: [string, Call][] = [
  ['fit', (model, signal) => model.fit(x, y, { signal, epochs: 1000, verbose: 0 })],
  ['trainOnBatch', (model, signal) => model.trainOnBatch(x, y, { signal })],
  ['evaluate', (model, signal) => model.evaluate(x, y, { signal, batchSize: 1 })],
  ['predict', (model, signal) => model.predict(x, { signal, batchSize: 1 })],
  ['toBytes', (model, signal) => model.toBytes({ signal })],
  ['save', (model, signal) => model.save(path, { signal })],
  ['load', (_, signal) => load(file, { signal })],
];

describe.each(calls)('%s', (name, call) => {
  it('does not begin when it was called off before', async () => {
    const model = net();
    const before = await model.getWeights();
    await expect(call(model, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
    expect(await model.getWeights()).toEqual(before);
    expect(existsSync(path)).toBe(false);
  });

  it('stops in the middle, and the model goes on', async () => {
    const model = net();
    const controller = new AbortController();
    const work = call(model, controller.signal);
    queueMicrotask(() => controller.abort()); // a later turn of the event loop may come when a busy machine has done all of it
    await expect(work).rejects.toMatchObject({ code: 'aborted' });
    if (name !== 'fit') expect(await model.getWeights()).toEqual(await net().getWeights());
    expect(existsSync(path)).toBe(false);
    await model.fit(x, y, { epochs: 1, verbose: 0 });
  });
});
