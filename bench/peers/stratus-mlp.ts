// The MLP in Stratus, in a process of its own like its peers. Arguments: threads (or 'default'), folder with the data, device (or nothing).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Executor, type Tensor, tensor, version } from '@stratus/core';
import { executorOrEnd } from '../shared/executor-on.ts';
import { batchSize, mlp, sizes } from '../shared/mlp.ts';
import { type Steps, stepsTogether, timedSteps } from '../shared/timed-steps.ts';

const [threads = 'default', folder = '.', device] = process.argv.slice(2);
const answer = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const executor = await executorOrEnd(device, threads === 'default' ? undefined : Number(threads));

const bytesOf = (name: string): ArrayBuffer => {
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, name));
  return (buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength);
};
const [features] = sizes;
const subject = (stepsPerExecution: number) => async (recorded: Executor) => {
  const model = mlp({ executor: recorded, stepsPerExecution });
  const kernels = ['dense', 'dense_1', 'dense_2'].map((name, i) => [
    `${name}/kernel`,
    tensor(new Float32Array(bytesOf(`kernel${i}.f32`)), { shape: [sizes[i]!, sizes[i + 1]!] }),
  ]);
  await model.setWeights(Object.fromEntries(kernels));
  const y = tensor(new Int32Array(bytesOf('y.i32')));
  const x = tensor(new Float32Array(bytesOf('x.f32')), { shape: [y.shape[0]!, features] });
  return { model, x, y, batchSize };
};
const steps = timedSteps(executor, subject(1), subject(stepsTogether));

let digits: Record<'train' | 'test', { readonly x: Tensor; readonly y: Tensor }> | undefined;
function mnist() {
  if (digits) return digits;
  const part = (name: 'train' | 'test') => {
    const pixels = Float32Array.from(new Uint8Array(bytesOf(`${name}-images.u8`)), (pixel) => pixel / 255);
    return {
      x: tensor(pixels, { shape: [pixels.length / features, features] }),
      y: tensor(Int32Array.from(new Uint8Array(bytesOf(`${name}-labels.u8`)))),
    };
  };
  return (digits = { train: part('train'), test: part('test') });
}

interface Training {
  readonly seed: number;
  readonly epochs: number;
}
async function train({ seed, epochs }: Training) {
  const { train: learn, test } = mnist();
  const model = mlp({ seed, executor, metrics: ['accuracy'] });
  const start = performance.now();
  const { history } = await model.fit(learn.x, learn.y, { batchSize, epochs, validationData: [test.x, test.y], verbose: 0 });
  const seconds = (performance.now() - start) / 1e3;
  await model.release();
  return { seconds, accuracy: history['valAccuracy']!.at(-1) };
}

answer({
  library: 'Stratus',
  version,
  threads: threads === 'default' ? threads : Number(threads),
  variants: steps.variants,
  about: executor.description,
});
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as ({ do: 'steps' } & Steps) | ({ do: 'train' } & Training);
  try {
    answer(await (question.do === 'steps' ? steps.run(question) : train(question)));
  } catch (e) {
    answer({ error: e instanceof Error ? (e.stack ?? e.message) : String(e) });
  }
}
process.exit(0);
