// A model of bench/shared/step-models.ts in a process of its own, like its peer. Arguments: threads, folder with the data, name.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Callback, createExecutor, type Tensor, version } from '@stratus/core';
import { readArrays } from '../shared/arrays.ts';
import { type Recorded, recorder } from '../shared/recorder.ts';
import { type StepModelName, stepModels } from '../shared/step-models.ts';

const [threads = '1', folder = '.', name = ''] = process.argv.slice(2);
const answer = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const executor = await createExecutor({ threads: Number(threads) });
const { stepModel } = await stepModels[name as StepModelName]();
const { batchSize } = stepModel;
const data = readArrays(folder);
const { x, y } = stepModel.feeds(data);
const batches = Math.floor(y.shape[0]! / batchSize);

const rowsOf = (set: typeof x, count: number): typeof x =>
  'rows' in set && typeof set.rows === 'function'
    ? (set as Tensor).rows(0, count)
    : Object.fromEntries(Object.entries(set as Record<string, Tensor>).map(([key, t]) => [key, t.rows(0, count)]));

/** Model.fit over arrays in memory. */
class Fit {
  readonly #recorder = recorder(executor);
  readonly #model = stepModel.build(this.#recorder.executor, data);

  async run(count: number) {
    const rows = Math.min(count, batches) * batchSize;
    const epochs = Math.max(1, Math.floor(count / batches));
    let [start, end] = [0, 0];
    // The loop alone: what fit does before and after it does not depend on the number of steps.
    const clock: Callback = {
      onTrainBegin: () => void (start = performance.now()),
      onTrainEnd: () => void (end = performance.now()),
    };
    const { history } = await this.#model.fit(rowsOf(x, rows), y.rows(0, rows), {
      batchSize,
      epochs,
      shuffle: false,
      callbacks: [clock],
      verbose: 0,
    });
    return { ms: end - start, steps: (epochs * rows) / batchSize, loss: history['loss']![0] as number };
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
const steps = ({ variant, count }: { readonly variant: Variant; readonly count: number }) =>
  (running[variant] ??= new variants[variant]()).run(count);

/** What the kernel has counted: resident memory at its highest. */
function memory(): { peakMb: number | null } {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))!;
    return { peakMb: Number(kilobytes) / 1024 };
  } catch {
    return { peakMb: null };
  }
}

answer({ library: 'Stratus', version, threads: Number(threads), variants: Object.keys(variants), about: executor.description });
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as { do: 'steps'; variant: Variant; count: number } | { do: 'memory' };
  try {
    answer(question.do === 'memory' ? memory() : await steps(question));
  } catch (e) {
    answer({ error: e instanceof Error ? (e.stack ?? e.message) : String(e) });
  }
}
process.exit(0);
