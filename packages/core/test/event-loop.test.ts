// Whoever trains in the process that talks to users: a large model must not make them wait.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dense, input, load, sequential, tensor } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-event-loop-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const schedule = `/proc/self/task/${process.pid}/schedstat`;
/** Time in ms that this thread has worked; where the system does not tell, time that has passed. */
function now(): number {
  if (!existsSync(schedule)) return performance.now();
  return Number(readFileSync(schedule, 'utf8').split(' ')[0]) / 1e6 - stolen();
}

/** Time in ms that a virtual machine's host gave to others (`man 5 proc`, "steal"), which counts as work of the thread that had to wait. */
function stolen(): number {
  const [cpu = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  return Number(cpu.trim().split(/ +/)[8] ?? 0) * 10;
}

setFlagsFromString('--expose-gc');
/** Collects what was there before, so that nobody is told to have taken the time. */
const collect = runInNewContext('gc') as () => void;

/** The longest time in ms that this thread worked without a timer's turn, and how long all of it took. */
async function longestPause(work: () => Promise<unknown>): Promise<{ pause: number; took: number }> {
  let pause = 0;
  collect();
  await new Promise((resolve) => setTimeout(resolve, 20));
  let last = now();
  const look = () => {
    pause = Math.max(pause, now() - last);
    last = now();
  };
  const timer = setInterval(look, 1);
  const start = performance.now();
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  const took = performance.now() - start;
  look();
  return { pause, took };
}

describe('a model of 50 MB, with steps of hundreds of milliseconds, never keeps the event loop for 50 ms', () => {
  const width = 2500;
  const samples = 512;
  const net = sequential([
    input({ shape: [width] }),
    dense({ units: width, activation: 'relu' }),
    dense({ units: width, activation: 'relu' }),
    dense({ units: 10, activation: 'softmax' }),
  ]).compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  const x = tensor(
    Float32Array.from({ length: samples * width }, (_, i) => ((i * 7919) % 1000) / 1000),
    { shape: [samples, width] },
  );
  const y = tensor(Int32Array.from({ length: samples }, (_, i) => i % 10));
  const options = { batchSize: samples, epochs: 2, verbose: 0 } as const;
  const path = join(folder, 'model.onnx');

  // Loading the engine and the code of a training takes a moment once a process, whatever the model.
  beforeAll(async () => {
    const small = sequential([input({ shape: [1] }), dense({ units: 2, activation: 'softmax' })]);
    small.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    await small.fit([[1]], [0], { verbose: 0, checkpoint: join(folder, 'small') });
    await small.release();
  });

  // What we do wrong we do each time; a pause of the machine that `now` does not see passes: hence three attempts.
  it.each<[string, () => Promise<unknown>, number]>([
    ['the first epochs', () => net.fit(x, y, options), 200],
    ['epochs with checkpoints', () => net.fit(x, y, { ...options, checkpoint: join(folder, 'checkpoints') }), 400],
    ['resuming', () => net.fit(x, y, { ...options, epochs: 4, resume: join(folder, 'checkpoints') }), 200],
    ['evaluating', () => net.evaluate(x, y, { batchSize: samples }), 0],
    ['predicting', () => net.predict(x, { batchSize: samples }), 0],
    ['saving', () => net.save(path), 0],
    ['loading', () => load(path), 0],
  ])('%s', { retry: 2 }, async (_, work, least) => {
    const { pause, took } = await longestPause(work);
    expect(took).toBeGreaterThan(least);
    expect(pause).toBeLessThan(50);
  });
});
