// The page of the browser tests: what it can do hangs on `globalThis.page`.
import { createExecutor, executor, lookUp, parseIdx, StratusError, type Tensor, tensor, version } from '@stratus/core';
import { askWith, makeModel, numbers, predictWith, randomStreams, trainOnce } from './work.ts';

declare const requestAnimationFrame: (then: (time: number) => void) => void;

async function mnist(name: string, rows: number): Promise<Tensor> {
  const { body } = await fetch(`/mnist/${name}.gz`);
  const bytes = await new Response(body!.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
  return parseIdx(new Uint8Array(bytes)).rows(0, rows);
}

const digits = async (rows: number) =>
  [await mnist('train-images-idx3-ubyte', rows), await mnist('train-labels-idx1-ubyte', rows)] as const;

/** Watches how long the page's timers and pictures wait while it works. */
async function watch<T>(
  work: () => Promise<T>,
): Promise<{ result: T; ms: number; ticks: number; longestTickMs: number; frames: number; longestFrameMs: number }> {
  const start = performance.now();
  const [tick, frame] = [
    { last: start, count: 0, longest: 0 },
    { last: start, count: 0, longest: 0 },
  ];
  const note = (gap: typeof tick): void => {
    const now = performance.now();
    gap.longest = Math.max(gap.longest, now - gap.last);
    gap.last = now;
    gap.count++;
  };
  const timer = setInterval(() => note(tick), 5);
  let working = true;
  const draw = (): void => {
    note(frame);
    if (working) requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);
  const result = await work();
  working = false;
  clearInterval(timer);
  const ms = performance.now() - start;
  return { result, ms, ticks: tick.count, longestTickMs: tick.longest, frames: frame.count, longestFrameMs: frame.longest };
}

/** Code and sentence of what goes wrong. */
const errorOf = (work: Promise<unknown>): Promise<{ code: string; message: string }> =>
  work.then(
    () => ({ code: 'none', message: '' }),
    (e: unknown) => (StratusError.is(e) ? { code: e.code, message: e.message } : { code: 'not ours', message: String(e) }),
  );

export const tasks = {
  version: async () => version,
  start: async (options?: Parameters<typeof executor>[0]) => {
    const { device, description } = await executor(options);
    return { device, description, isolated: globalThis.crossOriginIsolated };
  },
  train: async (kind: Parameters<typeof makeModel>[0], rows: number) => trainOnce(makeModel(kind), ...(await digits(rows))),
  watchTraining: async (rows: number) => {
    const [image, label] = await digits(rows);
    const model = makeModel('plain');
    await model.trainOnBatch(image.rows(0, 128), label.rows(0, 128)); // what is compiled once is not training
    return watch(() => trainOnce(model, image, label));
  },
  streams: async () => randomStreams(await executor()),
  trainAndSave: async (rows: number) => {
    const [image, label] = await digits(rows);
    const model = makeModel('plain');
    await trainOnce(model, image, label);
    return { bytes: [...(await model.toBytes())], scores: numbers(await model.predict(image.rows(0, 64))) };
  },
  failure: async (bytes: number[], records: object[]) => errorOf(askWith(Uint8Array.from(bytes), records)),
  ask: async (bytes: number[], records: object[]) => askWith(Uint8Array.from(bytes), records),
  predict: async (bytes: number[], rows: number) => predictWith(Uint8Array.from(bytes), (await digits(rows))[0]),
  save: () => errorOf(makeModel('plain').save('model.onnx')),
  misspelt: () => errorOf(Promise.resolve().then(() => lookUp('loss', { mse: 1, mae: 2 }, 'mes'))),
  failToStart: (options?: Parameters<typeof executor>[0]) => errorOf(createExecutor(options)),
  failTwice: async (options?: Parameters<typeof executor>[0]) => {
    await errorOf(executor(options));
    return errorOf(makeModel('plain').predict(tensor(new Uint8Array(784), { shape: [1, 28, 28] })));
  },
};

export type Tasks = typeof tasks;
Object.assign(globalThis, { page: tasks });
