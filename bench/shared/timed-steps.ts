import type { Callback, Executor, Model, Tensor } from '@stratus/core';
import { type Recorded, recorder } from './recorder.ts';

/** What is trained, and with what. */
export interface Subject {
  readonly model: Model;
  readonly x: Tensor | Readonly<Record<string, Tensor>>;
  readonly y: Tensor;
  readonly batchSize: number;
}

const isTensor = (x: Subject['x']): x is Tensor => 'rows' in x && typeof x.rows === 'function';
/** The first rows of all inputs. */
export const rowsOf = (x: Subject['x'], count: number): Subject['x'] =>
  isTensor(x) ? x.rows(0, count) : Object.fromEntries(Object.entries(x).map(([key, t]) => [key, t.rows(0, count)]));

/** Model.fit over arrays in memory. */
class Fit {
  readonly #recorder: ReturnType<typeof recorder>;
  readonly #make: (executor: Executor) => Promise<Subject>;
  #subject: Promise<Subject> | undefined;

  constructor(executor: Executor, make: (executor: Executor) => Promise<Subject>) {
    this.#recorder = recorder(executor);
    this.#make = make;
  }

  async run(count: number) {
    const { model, x, y, batchSize } = await (this.#subject ??= this.#make(this.#recorder.executor));
    const batches = Math.floor(y.shape[0]! / batchSize);
    const rows = Math.min(count, batches) * batchSize;
    const epochs = Math.max(1, Math.floor(count / batches));
    let [start, end] = [0, 0];
    // The loop alone: what fit does before and after it does not depend on the number of steps.
    const clock: Callback = {
      onTrainBegin: () => void (start = performance.now()),
      onTrainEnd: () => void (end = performance.now()),
    };
    const options = { batchSize, epochs, shuffle: false, callbacks: [clock], verbose: 0 } as const;
    const { history } = await model.fit(rowsOf(x, rows), y.rows(0, rows), options);
    return { ms: end - start, steps: (epochs * rows) / batchSize, loss: history['loss']![0] as number };
  }

  /** The step that fit made last. */
  last(): Recorded {
    return this.#recorder.last();
  }
}

/** The step alone: the program that fit runs, called with the same batch again and again. */
class Step {
  readonly #fit: Fit;
  #step: Recorded | undefined;

  constructor(...args: ConstructorParameters<typeof Fit>) {
    this.#fit = new Fit(...args);
  }

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

const variants = { fit: Fit, 'step alone': Step, 'fit, 32 steps an execution': Fit };
type Variant = keyof typeof variants;
/** How many steps are one run of the engine where the variant says so. */
export const stepsTogether = 32;

/** What a competitor is asked: so many steps, in one of the ways that it has named. */
export interface Steps {
  readonly variant: Variant;
  readonly count: number;
}

/**
 * The ways in which steps of one training can be timed, and their timing. Each way trains a model of its own. `several`: the same with
 * `stepsPerExecution`, for models that are timed so as well.
 */
export function timedSteps(
  executor: Executor,
  make: (executor: Executor) => Promise<Subject>,
  several?: (executor: Executor) => Promise<Subject>,
) {
  const running: Partial<Record<Variant, Fit | Step>> = {};
  const names = Object.keys(variants) as Variant[];
  const subject = (variant: Variant) => (variant === 'fit, 32 steps an execution' && several ? several : make);
  return {
    variants: names.filter((name) => several || name !== 'fit, 32 steps an execution'),
    run: ({ variant, count }: Steps) => (running[variant] ??= new variants[variant](executor, subject(variant))).run(count),
  };
}
