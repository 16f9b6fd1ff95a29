import { setImmediate as nextTurn } from 'node:timers/promises';
import { fail, joinRows, type Tensor } from '@stratus/core';
import { checkFeeds } from './check-feeds.ts';
import type { Servable, Tensors } from './servable.ts';

/** Limits of a {@link Batcher}. */
export interface BatcherOptions {
  /** Requests are merged up to so many rows in one run; 64 unless told. A larger request runs by itself. */
  readonly maxBatch?: number | undefined;
  /** When 64 requests are there, further ones are taken only while no more rows than this wait; 1024 unless told. */
  readonly maxQueue?: number | undefined;
}

/** So many requests at once are always taken, however large. */
const alwaysTaken = 64;

/** One request in the house. */
class Entry {
  readonly tensors: Tensors;
  /** Rows that may be merged with others; undefined when it has to run alone. */
  readonly rows: number | undefined;
  /** Requests with the same one may be merged. */
  readonly key: string;
  readonly answer: Promise<Record<string, Tensor>>;
  readonly leave = new AbortController();
  resolve!: (outputs: Record<string, Tensor>) => void;
  reject!: (error: unknown) => void;

  constructor(tensors: Tensors, batched: boolean) {
    const shapes = Object.entries(tensors).map(([name, { shape }]) => ({ name, shape }));
    const rows = shapes[0]?.shape[0];
    this.tensors = tensors;
    this.rows = batched && shapes.every(({ shape }) => shape[0] === rows) ? rows : undefined;
    this.key = shapes
      .map(({ name, shape }) => `${name}:${shape.slice(1).join(',')}`)
      .sort()
      .join(';');
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get gone(): boolean {
    return this.leave.signal.aborted;
  }
}

/** The requests of a group one below the other. */
const stackedByName = ([first, ...rest]: readonly [Entry, ...Entry[]]): Tensors =>
  Object.fromEntries(
    Object.keys(first.tensors).map((name) => [
      name,
      joinRows([first.tensors[name]!, ...rest.map(({ tensors }) => tensors[name]!)]),
    ]),
  );

/**
 * Asks one model for many clients. One run is in flight at a time; requests that come meanwhile are merged along the batch axis
 * into the next one, first come, first served, and nobody waits for company. A request that the model cannot compute fails alone.
 *
 * @example
 * import { Batcher, dense, input, openServable, sequential, tensor } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * const batcher = new Batcher(await openServable(await net.toBytes(), { name: 'net' }));
 * const answers = await Promise.all([1, 2, 3].map((i) => batcher.infer({ x: tensor([[i, i]]) })));
 * console.log(answers.length, answers[0].y.shape); // 3 [1, 1]
 */
export class Batcher {
  readonly #servable: Servable;
  readonly #maxBatch: number;
  readonly #maxQueue: number;
  readonly #waiting = new Set<Entry>();
  #running = 0;
  #batched: boolean;
  #working = false;

  /** Errors: `bad-value` for limits that are no whole numbers from 1. */
  constructor(servable: Servable, { maxBatch = 64, maxQueue = 1024 }: BatcherOptions = {}) {
    for (const [option, limit] of Object.entries({ maxBatch, maxQueue }))
      if (!Number.isSafeInteger(limit) || limit < 1)
        throw fail('bad-value', { what: option, got: String(limit), want: 'a whole number from 1' });
    this.#servable = servable;
    this.#maxBatch = maxBatch;
    this.#maxQueue = maxQueue;
    this.#batched = servable.batched;
  }

  /** Requests that wait for their run. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * The outputs for one request. When `signal` says that nobody wants them any more, it is taken out of the queue, and a run that
   * is for nobody else is ended.
   *
   * Errors: `bad-request`, `busy`, `aborted`, `engine` when the model cannot compute it, `released`.
   */
  async infer(tensors: Tensors, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<Record<string, Tensor>> {
    checkFeeds(this.#servable.feeds, tensors);
    const aborted = () => fail('aborted', { what: 'The request' }, signal!.reason);
    if (signal?.aborted) throw aborted();
    const entry = new Entry(tensors, this.#batched);
    this.#admit(entry);
    const abort = () => {
      this.#waiting.delete(entry);
      entry.reject(aborted());
      entry.leave.abort();
    };
    signal?.addEventListener('abort', abort, { once: true });
    this.#waiting.add(entry);
    if (!this.#working) void this.#work();
    try {
      return await entry.answer;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  #admit(entry: Entry): void {
    if (this.#waiting.size + this.#running < alwaysTaken) return;
    let rows = entry.rows ?? 1;
    for (const other of this.#waiting) rows += other.rows ?? 1;
    if (rows > this.#maxQueue) throw fail('busy', { waiting: this.#waiting.size });
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (;;) {
      // Once around the event loop: answers go out, and what has arrived by now comes along.
      await nextTurn();
      const [first, ...rest] = this.#nextGroup();
      if (!first) break;
      this.#running = 1 + rest.length;
      if (rest.length === 0) await this.#runAlone(first);
      else await this.#runTogether([first, ...rest]);
      this.#running = 0;
    }
    this.#working = false;
  }

  /** The one that has waited longest, and all that may go with it. */
  #nextGroup(): Entry[] {
    const group: Entry[] = [];
    let rows = 0;
    for (const entry of this.#waiting) {
      const [head] = group;
      if (head) {
        const { rows: more } = entry;
        if (!this.#batched || head.rows === undefined || more === undefined) continue;
        if (entry.key !== head.key || rows + more > this.#maxBatch) continue;
      }
      group.push(entry);
      this.#waiting.delete(entry);
      rows += entry.rows ?? 0;
      if (head === undefined && (entry.rows === undefined || rows >= this.#maxBatch)) break;
    }
    return group;
  }

  async #runAlone(entry: Entry): Promise<void> {
    if (entry.gone) return;
    try {
      entry.resolve(await this.#servable.infer(entry.tensors, { signal: entry.leave.signal }));
    } catch (e) {
      entry.reject(e);
    }
  }

  async #runTogether(group: readonly [Entry, ...Entry[]]): Promise<void> {
    const nobody = new AbortController();
    const check = () => {
      if (group.every((entry) => entry.gone)) nobody.abort();
    };
    for (const { leave } of group) leave.signal.addEventListener('abort', check, { once: true });
    const rows = group.reduce((n, entry) => n + entry.rows!, 0);
    let outputs: Record<string, Tensor> | undefined;
    try {
      outputs = await this.#servable.infer(stackedByName(group), { signal: nobody.signal });
    } catch {
      // One of them may be to blame, an index out of range for instance: each gets its own answer.
    }
    if (outputs && Object.values(outputs).some((tensor) => tensor.shape[0] !== rows)) {
      this.#batched = false; // the sizes of what comes out depend on values
      outputs = undefined;
    }
    if (!outputs) {
      for (const entry of group) await this.#runAlone(entry);
      return;
    }
    let start = 0;
    for (const entry of group) {
      const end = start + entry.rows!;
      entry.resolve(Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.rows(start, end)])));
      start = end;
    }
  }
}
