// The MLP in Stratus, in a process of its own like its peers. Arguments: threads (or 'default'), folder with the data.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Callback, createExecutor, type Model, type Tensor, tensor, version } from '@stratus/core';
import { batchSize, mlp, sizes } from '../shared/mlp.ts';
import { type Recorded, recorder } from '../shared/recorder.ts';

const [threads = 'default', folder = '.'] = process.argv.slice(2);
const answer = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const executor = await createExecutor(threads === 'default' ? {} : { threads: Number(threads) });

const bytesOf = (name: string): ArrayBuffer => {
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, name));
  return (buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength);
};
const [features] = sizes;
let data: { readonly x: Tensor; readonly y: Tensor; readonly batches: number } | undefined;
function batches() {
  if (data) return data;
  const labels = new Int32Array(bytesOf('y.i32'));
  const x = tensor(new Float32Array(bytesOf('x.f32')), { shape: [labels.length, features] });
  return (data = { x, y: tensor(labels), batches: labels.length / batchSize });
}

/** Model.fit over arrays in memory, from the agreed weights on. */
class Fit {
  readonly #recorder = recorder(executor);
  readonly #model: Model = mlp({ executor: this.#recorder.executor });
  #ready: Promise<void> | undefined;

  async run(count: number) {
    await (this.#ready ??= this.#begin());
    const { x, y, batches: whole } = batches();
    const rows = Math.min(count, whole) * batchSize;
    const epochs = Math.max(1, Math.floor(count / whole));
    const part = [x.rows(0, rows), y.rows(0, rows)] as const;
    let [start, end] = [0, 0];
    // The loop alone, as with Keras: what fit does before and after it does not depend on the number of steps.
    const clock: Callback = {
      onTrainBegin: () => void (start = performance.now()),
      onTrainEnd: () => void (end = performance.now()),
    };
    const { history } = await this.#model.fit(...part, { batchSize, epochs, shuffle: false, callbacks: [clock], verbose: 0 });
    return { ms: end - start, steps: (epochs * rows) / batchSize, loss: history['loss']![0] };
  }

  async #begin(): Promise<void> {
    const names = ['dense', 'dense_1', 'dense_2'];
    await this.#model.setWeights(
      Object.fromEntries(
        names.map((name, i) => [
          `${name}/kernel`,
          tensor(new Float32Array(bytesOf(`kernel${i}.f32`)), { shape: [sizes[i]!, sizes[i + 1]!] }),
        ]),
      ),
    );
  }

  /** The step that fit made last. */
  last(): Recorded {
    return this.#recorder.last();
  }
}

/** The step alone: the program that fit runs, called with the same batch again and again. */
class Step {
  readonly #fit = new Fit();
  #step: Recorded | undefined;

  async run(count: number) {
    if (!this.#step) {
      const first = await this.#fit.run(count);
      this.#step = this.#fit.last();
      return first;
    }
    const { program, feeds, options } = this.#step;
    let loss: Tensor | undefined;
    const start = performance.now();
    for (let i = 0; i < count; i++) loss = (await program.run(feeds, options))['@loss'];
    return { ms: performance.now() - start, steps: count, loss: loss!.item() };
  }
}

const variants = { fit: Fit, 'step alone': Step };
type Variant = keyof typeof variants;
const running: Partial<Record<Variant, Fit | Step>> = {};

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

interface Steps {
  readonly variant: Variant;
  readonly count: number;
}
const steps = ({ variant, count }: Steps) => (running[variant] ??= new variants[variant]()).run(count);

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
  variants: Object.keys(variants),
  about: executor.description,
});
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as ({ do: 'steps' } & Steps) | ({ do: 'train' } & Training);
  try {
    answer(await (question.do === 'steps' ? steps(question) : train(question)));
  } catch (e) {
    answer({ error: e instanceof Error ? (e.stack ?? e.message) : String(e) });
  }
}
process.exit(0);
