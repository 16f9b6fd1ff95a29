import { fail, StratusError } from '@stratus/core';
import type { LogPiece, Point, RunInfo, Store } from '../store/index.ts';

/** How far something has read: the number of the last piece of the log, and how many points of each metric. */
export interface Position {
  readonly log: number;
  readonly counts: ReadonlyMap<string, number>;
}

/** What a run was at one moment; `run` is undefined when it was removed. */
export interface Moment extends Position {
  readonly run: RunInfo | undefined;
  /** False where there was more than is read at once: the rest comes next. */
  readonly isWhole: boolean;
}

/** What came between two moments. */
export interface Batch {
  readonly before: Moment;
  readonly after: Moment;
  readonly points: ReadonlyMap<string, readonly Point[]>;
  readonly pieces: readonly LogPiece[];
}

const [fastMs, slowMs] = [200, 1000];
/** So many points of a metric, and so many pieces of a log, are read at once; more come at the next look. */
const mostPoints = 10_000;
const mostPieces = 500;
/** A listener who is so far behind reads from the store again, at its own speed. */
const mostWaiting = 20_000;
/** So many listeners a process has. */
const mostSeats = 2000;

/** Somebody who listens. It never holds more than a little: who is slow is told so, and what it was to get is forgotten. */
export class Seat {
  readonly #leave: () => void;
  #batches: Batch[] = [];
  #waiting = 0;
  #isBehind = false;
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;
  /** Where its batches begin. */
  start: Moment;

  constructor(start: Moment, leave: () => void) {
    this.start = start;
    this.#leave = leave;
  }

  give(batch: Batch): void {
    const size = batch.pieces.length * 20 + [...batch.points.values()].reduce((sum, points) => sum + points.length, 1);
    if (this.#waiting + size > mostWaiting) {
      this.#isBehind = true;
      this.#batches = [];
    }
    if (this.#isBehind) this.start = batch.after;
    else {
      this.#batches.push(batch);
      this.#waiting += size;
    }
    this.#wake?.();
  }

  end(error?: unknown): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wake?.();
  }

  /** The next batch; 'behind' where some were forgotten: then all up to `start` is to be read from the store; undefined at the end. */
  async next(): Promise<Batch | 'behind' | undefined> {
    for (;;) {
      if (this.#end !== undefined && 'error' in this.#end) throw this.#end.error;
      if (this.#end !== undefined) return undefined;
      if (this.#isBehind) {
        this.#isBehind = false;
        this.#waiting = 0;
        return 'behind';
      }
      const batch = this.#batches.shift();
      if (batch !== undefined) {
        if (this.#batches.length === 0) this.#waiting = 0;
        return batch;
      }
      await new Promise<void>((resolve) => void (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  leave(): void {
    this.end();
    this.#leave();
  }
}

/** Looks at one run as long as somebody listens, once for all of them. It reads the store, so it does not matter which process writes. */
class RunWatch {
  readonly #store: Store;
  readonly #key: string;
  readonly #onEmpty: () => void;
  readonly #seats = new Set<Seat>();
  #first: Promise<Moment>;
  #now: Moment | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store, key: string, onEmpty: () => void) {
    this.#store = store;
    this.#key = key;
    this.#onEmpty = onEmpty;
    this.#first = this.#begin();
  }

  async #begin(): Promise<Moment> {
    const run = await this.#store.runs.get(this.#key);
    const log = await this.#store.logs.last(this.#key); // after the run: of one that has ended it is all
    this.#now = { run, log, counts: countsOf(run), isWhole: true };
    this.#plan(fastMs);
    return this.#now;
  }

  /** Errors: those of the store. */
  async join(): Promise<Seat> {
    let seat: Seat | undefined;
    try {
      await this.#first;
      seat = new Seat(this.#now!, () => {
        this.#seats.delete(seat!);
        this.#stopIfEmpty();
      });
      this.#seats.add(seat);
      return seat;
    } catch (e) {
      this.#stopIfEmpty();
      throw e;
    }
  }

  #stopIfEmpty(): void {
    if (this.#seats.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#onEmpty();
  }

  #plan(afterMs: number): void {
    this.#timer = setTimeout(() => void this.#look(afterMs), afterMs);
    this.#timer.unref();
  }

  async #look(pauseMs: number): Promise<void> {
    const timer = this.#timer;
    try {
      const batch = await this.#batch(this.#now!);
      if (this.#timer !== timer || timer === undefined) return; // everybody has left meanwhile
      if (batch !== undefined) {
        this.#now = batch.after;
        for (const seat of [...this.#seats]) seat.give(batch);
      }
      this.#plan(batch === undefined ? Math.min(slowMs, pauseMs * 1.25) : fastMs);
    } catch (e) {
      for (const seat of [...this.#seats]) seat.end(e);
    }
  }

  async #batch(before: Moment): Promise<Batch | undefined> {
    const run = await this.#run();
    if (run === undefined) return { before, after: { ...before, run, isWhole: true }, points: new Map(), pieces: [] };
    const points = new Map<string, readonly Point[]>();
    const counts = new Map(before.counts);
    for (const { name, points: count } of Object.values(run.metrics)) {
      const known = counts.get(name) ?? 0;
      if (count === known) continue;
      const skip = count < known ? 0 : known; // fewer than before: another run has the key now
      const more = await this.#store.metrics.history(this.#key, name, { skip, limit: Math.min(mostPoints, count - skip) });
      points.set(name, more);
      counts.set(name, skip + more.length);
    }
    const pieces = await this.#store.logs.read(this.#key, { after: before.log, limit: mostPieces });
    const isWhole =
      pieces.length < mostPieces && Object.values(run.metrics).every(({ name, points }) => counts.get(name) === points);
    const after = { run, counts, log: pieces.at(-1)?.number ?? before.log, isWhole };
    if (points.size === 0 && pieces.length === 0 && before.isWhole && isSame(before.run, run)) return undefined;
    return { before, after, points, pieces };
  }

  async #run(): Promise<RunInfo | undefined> {
    try {
      return await this.#store.runs.get(this.#key);
    } catch (e) {
      if (StratusError.is(e) && e.code === 'unknown-name') return undefined;
      throw e;
    }
  }

  end(): void {
    for (const seat of [...this.#seats]) seat.leave();
  }
}

export const countsOf = (run: RunInfo): Map<string, number> =>
  new Map(Object.values(run.metrics).map(({ name, points }) => [name, points]));

/** Whether a run is the same but for what it measured and when it was seen. */
export function isSame(a: RunInfo | undefined, b: RunInfo | undefined): boolean {
  const said = (run: RunInfo | undefined) =>
    JSON.stringify({ ...run, metrics: undefined, seenAt: undefined, isSilent: undefined });
  return said(a) === said(b);
}

/** The watches of a server: one for a run that somebody listens to. */
export class Watches {
  readonly #all = new Map<string, RunWatch>();
  #seats = 0;
  #isClosed = false;

  /** How many runs are looked at. */
  get size(): number {
    return this.#all.size;
  }

  /** A seat at a run; who takes it leaves it. Errors: `busy`, `unknown-name`, `database-failed`. */
  async join(store: Store, key: string): Promise<Seat> {
    if (this.#isClosed || this.#seats >= mostSeats) throw fail('busy', { waiting: this.#seats });
    const name = `${store.project}/${key}`;
    let watch = this.#all.get(name);
    if (watch === undefined) {
      watch = new RunWatch(store, key, () => {
        if (this.#all.get(name) === watch) this.#all.delete(name);
      });
      this.#all.set(name, watch);
    }
    this.#seats++;
    let isLeft = false;
    try {
      const seat = await watch.join();
      const { leave } = seat;
      seat.leave = () => {
        if (!isLeft) this.#seats--;
        isLeft = true;
        leave.call(seat);
      };
      return seat;
    } catch (e) {
      this.#seats--;
      throw e;
    }
  }

  /** Ends what listeners hear; they may come back to another server. */
  close(): void {
    this.#isClosed = true;
    for (const watch of [...this.#all.values()]) watch.end();
  }
}
