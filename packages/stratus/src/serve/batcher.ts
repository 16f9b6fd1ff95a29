import { fail, type StratusError, type Tensor } from '@stratus/core';
import type { Ask } from './ask.ts';
import { BatchSize } from './batch-size.ts';
import { type BatcherOptions, limitsOf } from './batcher-limits.ts';
import { checkFeeds } from './check-feeds.ts';
import { type Answered, Entry } from './entry.ts';
import { type Group, groupOf } from './group.ts';
import type { ServingObserver } from './observer.ts';
import { Pace } from './pace.ts';
import { runGroup } from './run-group.ts';
import type { Servable, Tensors } from './servable.ts';
import type { ServingTraces } from './traces.ts';
import { type Load, Waiting } from './waiting.ts';

/** So many requests at once are always taken, whatever they have of rows. */
const alwaysTaken = 64;

/** The longest time of a timer, some 24 days: whoever gives more does not mean any. */
const longestMs = 2 ** 31 - 1;

/**
 * A request is let in when it would wait for no more than this part of the time that it can spare. Were it all of it, every request would be answered in the last
 * moment or just after, and a server that is asked too much would do most of its work for nobody.
 */
const slack = 0.5;

const rowsOf = (entries: readonly Entry[]): number => entries.reduce((n, { rows }) => n + (rows ?? 1), 0);

/** Limits, and who is told. */
type ObservedOptions = BatcherOptions & {
  readonly observer?: ServingObserver | undefined;
  readonly traces?: ServingTraces | undefined;
};

/** A run that is over, and whose cost is not noted yet. */
interface Ended {
  readonly elements: number;
  readonly beganAt: number;
  readonly runMs: number;
}

/**
 * Asks one model for many clients. Requests that come while it is busy are merged along the batch axis into the next run; nobody waits for
 * company unless `maxDelayMs` says so. Clients take turns, so that many requests of one do not keep the others waiting. A request whose time is over is not run, and one
 * that could not be answered in time is refused at once. A request that the model cannot compute fails alone.
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
  readonly #limits: ReturnType<typeof limitsOf>;
  readonly #observer: ServingObserver | undefined;
  readonly #traces: ServingTraces | undefined;
  readonly #waiting = new Waiting();
  readonly #running = new Set<Group>();
  readonly #pace = new Pace();
  readonly #size: BatchSize;
  #ended: Ended[] = [];
  #batched: boolean;
  #isComing = false;
  #timer: NodeJS.Timeout | undefined;

  /** Errors: `bad-value` for limits that make no sense. */
  constructor(servable: Servable, options: ObservedOptions = {}) {
    this.#servable = servable;
    this.#limits = limitsOf(options);
    this.#size = new BatchSize(this.#limits.maxBatch);
    this.#observer = options.observer;
    this.#traces = options.traces;
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
   * Errors: `bad-request`, `busy`, `deadline`, `aborted`, `engine` when the model cannot compute it, `released`.
   */
  async infer(tensors: Tensors, ask: Ask = {}): Promise<Record<string, Tensor>> {
    return (await this.ask(tensors, ask)).outputs;
  }

  /** As `infer`, and tells how long it took. */
  async ask(tensors: Tensors, ask: Ask = {}): Promise<Answered> {
    checkFeeds(this.#servable.feeds, tensors);
    const { signal, deadlineMs } = ask;
    if (signal?.aborted) throw fail('aborted', { what: 'The request' }, signal.reason);
    if (deadlineMs !== undefined && !(deadlineMs > 0)) throw fail('deadline', { deadlineMs });
    const entry = new Entry(tensors, this.#batched, ask);
    this.#admit(entry);
    ask.trace?.waits();
    const leave = (error: StratusError): void => {
      this.#waiting.delete(entry);
      entry.reject(error);
      entry.leave();
    };
    const abort = (): void => leave(fail('aborted', { what: 'The request' }, signal!.reason));
    signal?.addEventListener('abort', abort, { once: true });
    const timer =
      deadlineMs === undefined || deadlineMs > longestMs
        ? undefined
        : setTimeout(() => leave(fail('deadline', { deadlineMs })), deadlineMs);
    try {
      return await entry.answer;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Lets a request in, or says that there is no room, or no time. */
  #admit(entry: Entry): void {
    const before = this.#waiting.stand(entry);
    const { maxQueue, maxQueueBytes } = this.#limits;
    const fits = ({ size, rows, bytes }: Load & { readonly size: number }): boolean =>
      size === 0 ||
      ((size + this.#inRuns() < alwaysTaken || rows + (entry.rows ?? 1) <= maxQueue) && bytes + entry.bytes <= maxQueueBytes);
    const victims = this.#waiting.victims(entry, fits);
    if (!victims) throw this.#busy();
    const isBusy = this.#running.size + this.#waiting.size > 0; // else it is tried, so that it is seen how long it takes
    if (isBusy && this.#waitMs(before) > slack * this.#spareMs(entry)) throw this.#busy();
    for (const victim of victims) {
      this.#waiting.delete(victim);
      victim.reject(this.#busy());
    }
    this.#waiting.add(entry);
    this.#come();
  }

  #inRuns(): number {
    let requests = 0;
    for (const { entries } of this.#running) requests += entries.length;
    return requests;
  }

  #busy(): StratusError {
    return fail('busy', { waiting: this.#waiting.size, retryAfterMs: Math.max(1, this.#drainMs(this.#waiting.load)) });
  }

  /** How long a request may wait at most, for its answer to be there in time. */
  #spareMs({ deadlineAt, elements }: Entry): number {
    return deadlineAt - performance.now() - this.#pace.estimateMs(1, elements);
  }

  /** How long a request would wait that so much goes before. */
  #waitMs(before: Load): number {
    const now = performance.now();
    let left = 0;
    for (const { beganAt, elements } of this.#running) left += Math.max(0, beganAt + this.#pace.estimateMs(1, elements) - now);
    return left / this.#servable.instances + this.#drainMs(before);
  }

  #drainMs({ rows, elements }: Load): number {
    const runs = this.#batched ? Math.ceil(rows / this.#size.rows) : rows;
    return this.#pace.estimateMs(runs, elements) / this.#servable.instances;
  }

  /** Once around the event loop, then as many runs as there may be: answers go out, and what has arrived by then comes along. */
  #come(): void {
    if (this.#isComing || this.#waiting.size === 0 || this.#running.size >= this.#servable.instances) return;
    this.#isComing = true;
    setImmediate(() => {
      this.#isComing = false;
      this.#begin();
    });
  }

  #begin(): void {
    const now = performance.now();
    // Where the next request waited already, what a run costs is the time from its begin to the next one's.
    for (const { elements, beganAt, runMs } of this.#ended)
      this.#pace.note(elements, this.#waiting.size > 0 ? now - beganAt : runMs);
    this.#ended = [];
    this.#dropLate(now);
    clearTimeout(this.#timer);
    while (this.#running.size < this.#servable.instances) {
      const maxBatch = Math.min(this.#size.rows, this.#share());
      const { maxDelayMs } = this.#limits;
      const group = groupOf(this.#waiting.entries, { maxBatch, maxDelayMs, now, batched: this.#batched, pace: this.#pace });
      if (typeof group === 'number') {
        if (Number.isFinite(group)) this.#timer = setTimeout(() => this.#begin(), Math.max(0, group - now));
        return;
      }
      this.#waiting.take(group.entries);
      void this.#run(group);
    }
  }

  /**
   * Rows of a run, where several sessions share what is here: half of that runs and the other half waits, so that a session that is done finds its next run
   * there, instead of waiting for clients to come back.
   */
  #share(): number {
    const { instances } = this.#servable;
    if (instances === 1) return Number.POSITIVE_INFINITY;
    let { rows } = this.#waiting.load;
    for (const { entries } of this.#running) rows += rowsOf(entries);
    return Math.ceil(rows / (2 * instances));
  }

  /** Those that cannot be answered in time any more. One of them stays, so that it is seen how long a run really takes. */
  #dropLate(now: number): void {
    for (const entry of [...this.#waiting.entries]) {
      const late = this.#spareMs(entry) < 0;
      if (!late || (now < entry.deadlineAt && this.#waiting.size === 1)) continue;
      this.#waiting.delete(entry);
      entry.reject(fail('deadline', { deadlineMs: Math.round(entry.deadlineAt - entry.arrivedAt) }));
    }
  }

  async #run(group: Group): Promise<void> {
    this.#running.add(group);
    const { elements, beganAt, closedBy, entries } = group;
    const isFull = this.#waiting.size > 0;
    const observe = (requests: number, rows: number, runMs: number): void => {
      const { name: model, version } = this.#servable;
      this.#observer?.batch?.({ model, version, requests, rows, runMs, closedBy });
    };
    const splits = await runGroup(this.#servable, group, { observe, traces: this.#traces });
    if (!splits) this.#batched = false; // the sizes of what comes out depend on values
    this.#running.delete(group);
    const now = performance.now();
    this.#ended.push({ elements, beganAt, runMs: now - beganAt });
    this.#size.note(rowsOf(entries), isFull, now);
    if (this.#running.size === 0 && this.#waiting.size === 0) this.#size.idle();
    this.#come();
  }
}
