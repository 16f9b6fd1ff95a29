import { type Executor, fail, type Program, type Tensor } from '@stratus/core';
import type { Tensors } from './servable.ts';
import { servingExecutor, servingInstances } from './serving-executors.ts';

/** Shorter runs happen in the calling thread, one after another, whatever there is of sessions. */
const longMs = 3;
/** So many more long runs than short ones make another session worth its memory: a busy machine makes any run long now and then. */
const manyLong = 8;
/** A run many times as long counts for so many: that is no accident, and clients wait. */
const mostOfOne = 4;

interface Options {
  readonly executor: Executor | undefined;
  readonly most: number | undefined;
  readonly reread: () => Promise<Uint8Array>;
}

interface Instance {
  readonly program: Program;
  runs: number;
}

/**
 * Sessions of one model, so that several runs are in flight. The first is there from the start; the others are made when runs were seen to be
 * long: a small model needs but one.
 */
export class Instances {
  readonly #all: Instance[];
  readonly #most: number;
  readonly #reread: () => Promise<Uint8Array>;
  #growing: Promise<void> | undefined;
  #long = 0;
  #isReleased = false;

  private constructor(first: Program, most: number, reread: () => Promise<Uint8Array>) {
    this.#all = [{ program: first, runs: 0 }];
    this.#most = most;
    this.#reread = reread;
  }

  /** Errors: `bad-value` for a number that makes no sense; those of `Executor.compile`. */
  static async open(bytes: Uint8Array, { executor, most = servingInstances, reread }: Options): Promise<Instances> {
    if (!Number.isSafeInteger(most) || most < 1 || most > 64)
      throw fail('bad-value', { what: 'instances', got: String(most), want: 'a whole number from 1 to 64' });
    const first = await (executor ?? (await servingExecutor(0))).compile(bytes);
    return new Instances(first, executor ? 1 : most, reread);
  }

  get first(): Program {
    return this.#all[0]!.program;
  }

  get count(): number {
    return this.#all.length;
  }

  async run(tensors: Tensors, signal: AbortSignal | undefined): Promise<Record<string, Tensor>> {
    const instance = this.#all.reduce((least, one) => (one.runs < least.runs ? one : least));
    instance.runs++;
    const start = performance.now();
    try {
      return await instance.program.run(tensors, { signal });
    } finally {
      instance.runs--;
      const times = Math.floor((performance.now() - start) / longMs);
      this.#long = Math.max(0, this.#long + (times < 1 ? -1 : Math.min(mostOfOne, times)));
      if (this.#long >= manyLong) this.#grow();
    }
  }

  #grow(): void {
    if (this.#growing || this.#isReleased || this.count >= this.#most) return;
    this.#growing = this.#addOne().then(
      () => {
        this.#growing = undefined;
      },
      () => {}, // one that cannot be made is not needed: it is not tried again
    );
  }

  async #addOne(): Promise<void> {
    const executor = await servingExecutor(this.count % servingInstances);
    const program = await executor.compile(await this.#reread());
    if (this.#isReleased) await program.release();
    else this.#all.push({ program, runs: 0 });
  }

  /** Frees all of them, after the runs that were called before. */
  async release(): Promise<void> {
    this.#isReleased = true;
    await this.#growing;
    await Promise.all(this.#all.map(({ program }) => program.release()));
  }
}
