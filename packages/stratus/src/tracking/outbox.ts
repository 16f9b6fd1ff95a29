import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MetricPoint } from '../store/index.ts';
import type { Workspace } from '../workspace/index.ts';
import { deliver, type Entry, isOwnFault, pointsIn } from './entry.ts';
import type { Journal } from './journal.ts';

/** What an outbox is made with. */
export interface OutboxOptions {
  readonly open: () => Promise<Workspace>;
  /** Is asked when there is something to be delivered: what an earlier process left in it goes first. */
  readonly journal: () => Journal;
  /** Says something to people: that the store is away, and that it is back. */
  readonly warn: (text: string) => void;
  /** Is asked before each delivery for what came together since: what a script printed. */
  readonly collect?: () => readonly Entry[];
}

/** What was not stored, after everything was tried. */
export interface Undelivered {
  readonly points: number;
  readonly others: number;
  /** The file in which it waits; undefined where it is lost. */
  readonly file: string | undefined;
  readonly reason: string;
}

const second = 1000;
/** What is delivered takes at most this share of the time of a training. */
const share = 1 / 250;
const pauses = { least: second, most: 15 * second } as const;
const retries = { least: second, most: 30 * second } as const;
/** As many points wait in memory. */
const mostPoints = 100_000;

const reasonOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));

/**
 * Brings what runs have to say into the store, in order, a training meanwhile going on. A store that fails is tried again; until it answers, entries wait
 * in memory, and in a file where they are many or a checkpoint relies on them. An entry of points has a number, and counts once however often it is sent.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #writer = randomUUID();
  #sequence = 0;
  #workspace: Promise<Workspace> | undefined;
  #journal: Journal | undefined;
  #entries: Entry[] = [];
  #fresh = new Map<string, MetricPoint[]>();
  #freshPoints = 0;
  #waiting = 0;
  #delivering: Promise<boolean> | undefined;
  #spilling: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #pause: number = pauses.least;
  #failure: { readonly reason: string; readonly pause: number } | undefined;
  #lost = { points: 0, others: 0 };
  #isClosed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** The store and the blobs, opened once. Errors: those of `openWorkspace`. */
  workspace(): Promise<Workspace> {
    this.#workspace ??= this.#options.open().catch((e: unknown) => {
      this.#workspace = undefined; // the next one tries again
      throw e;
    });
    return this.#workspace;
  }

  add(entry: Entry): void {
    if (this.#isClosed) return;
    this.#seal(); // what was logged before comes before
    this.#entries.push(entry);
    this.#waiting += pointsIn(entry);
    this.#wait();
  }

  /** A point, which goes with others. */
  point(run: string, point: MetricPoint): void {
    if (this.#isClosed) return;
    const list = this.#fresh.get(run);
    if (list) list.push(point);
    else this.#fresh.set(run, [point]);
    this.#freshPoints++;
    if (this.#timer === undefined) this.#wait();
    if (this.#freshPoints + this.#waiting > mostPoints) void this.#spill();
  }

  /** Tries to deliver everything now. Resolves to whether nothing is left. */
  deliver(): Promise<boolean> {
    this.#delivering ??= this.#deliverAll().finally(() => {
      this.#delivering = undefined;
    });
    return this.#delivering;
  }

  /** What is known until now will outlive the process: it is in the store, or in the file. For so long a store may take to answer. */
  async secure(patienceMs = 2 * second): Promise<void> {
    // A store that is known to be away is not waited for.
    if (this.#failure === undefined && (await within(patienceMs, this.deliver()))) return;
    await this.#spill();
  }

  /**
   * Delivers everything, for so long, and closes the store. A store that fails now is tried again for ten seconds, in which a database that is started anew is back; one that has
   * been away is tried once. Returns what is left.
   */
  async close(patienceMs = 30 * second): Promise<Undelivered | undefined> {
    clearTimeout(this.#timer);
    const began = performance.now();
    const wasAway = this.#failure !== undefined;
    const leftMs = (): number => {
      const most = wasAway ? 5 * second : this.#failure === undefined ? patienceMs : 10 * second;
      return began + Math.min(most, patienceMs) - performance.now();
    };
    // The first may be one that has been under way, without what came last.
    for (let done = false; !done && leftMs() > 0; ) {
      done = (await within(leftMs(), this.deliver())) && !this.#isPending;
      if (this.#failure === undefined) continue;
      if (wasAway) break;
      await sleep(Math.max(0, Math.min(retries.least / 4, leftMs())));
    }
    clearTimeout(this.#timer);
    await this.#spilling;
    const isPending = this.#isPending;
    if (isPending) await this.#spill();
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const left = isPending || this.#lost.points + this.#lost.others > 0 ? await this.#left() : undefined;
    const workspace = this.#workspace;
    if (workspace) await within(5 * second, closed(workspace));
    return left;
  }

  /** What a process that is about to end leaves in the file. */
  abandon(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#take();
    if (this.#entries.length > 0) this.#journal?.addAtOnce(this.#entries);
  }

  get #isPending(): boolean {
    return this.#entries.length > 0 || this.#freshPoints > 0 || this.#journal?.isEmpty === false;
  }

  async #left(): Promise<Undelivered> {
    const journal = this.#journal;
    let { points, others } = this.#lost;
    const isKept = journal?.isEmpty === false;
    if (isKept)
      for await (const { entry } of journal.waiting()) {
        if (!entry) continue;
        points += pointsIn(entry);
        if (entry.op !== 'points') others++;
      }
    return { points, others, file: isKept ? journal.file : undefined, reason: this.#failure?.reason ?? 'it took too long' };
  }

  #wait(): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.deliver();
    }, this.#failure?.pause ?? this.#pause);
    this.#timer.unref();
  }

  /** Points that came together become entries, with a number each. */
  #seal(): void {
    this.#journal ??= this.#options.journal();
    for (const [run, points] of this.#fresh) {
      this.#entries.push({ op: 'points', run, writer: this.#writer, sequence: ++this.#sequence, points });
      this.#waiting += points.length;
    }
    this.#fresh = new Map();
    this.#freshPoints = 0;
  }

  #take(): void {
    if (this.#freshPoints > 0) this.#seal();
    this.#entries.push(...(this.#options.collect?.() ?? []));
  }

  async #deliverAll(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#take();
    await this.#spilling;
    const began = performance.now();
    try {
      if (this.#isPending) {
        const workspace = await this.workspace();
        await this.#journal?.drain((entry) => this.#deliverOne(workspace, entry));
        for (let entry = this.#entries[0]; entry; entry = this.#entries[0]) {
          await this.#deliverOne(workspace, entry);
          if (this.#entries[0] !== entry) continue; // it went into the file meanwhile
          this.#entries.shift();
          this.#waiting -= pointsIn(entry);
        }
      }
      if (this.#failure) this.#options.warn('The store answers again: the run is stored.');
      this.#failure = undefined;
      const pause = (performance.now() - began) / share;
      this.#pause = Math.min(pauses.most, Math.max(pauses.least, pause));
    } catch (e) {
      this.#failed(e);
    }
    await this.#spilling;
    if (this.#isPending) this.#wait();
    return this.#failure === undefined && this.#journal?.isEmpty !== false && this.#entries.length === 0;
  }

  #failed(e: unknown): void {
    if (this.#failure === undefined) this.#options.warn(`The run cannot be stored for now, and training goes on: ${reasonOf(e)}`);
    const pause = Math.min(retries.most, 2 * (this.#failure?.pause ?? retries.least / 2));
    this.#failure = { reason: reasonOf(e), pause };
  }

  async #deliverOne(workspace: Workspace, entry: Entry): Promise<void> {
    try {
      await deliver(workspace, entry);
    } catch (e) {
      if (!isOwnFault(e)) throw e;
      this.#lost.points += pointsIn(entry);
      if (entry.op !== 'points') this.#lost.others++;
      this.#options.warn(`A part of the run ${entry.run} is not stored: ${reasonOf(e)}`);
    }
  }

  /** Everything goes into the file. Where that fails, it stays, and the oldest points beyond what memory may hold are lost. */
  #spill(): Promise<void> {
    this.#spilling = this.#spilling.then(() => this.#spillNow());
    return this.#spilling;
  }

  async #spillNow(): Promise<void> {
    this.#take();
    const entries = this.#entries;
    if (entries.length === 0) return;
    this.#entries = [];
    this.#waiting = 0;
    const isKept = await this.#journal?.add(entries).catch(() => false);
    if (isKept) return;
    this.#entries = [...entries, ...this.#entries];
    this.#waiting = this.#entries.reduce((sum, entry) => sum + pointsIn(entry), 0);
    while (this.#waiting > mostPoints) {
      const at = this.#entries.findIndex((entry) => entry.op === 'points');
      const [gone] = this.#entries.splice(at, 1);
      this.#waiting -= pointsIn(gone!);
      this.#lost.points += pointsIn(gone!);
    }
  }
}

async function closed(workspace: Promise<Workspace>): Promise<boolean> {
  try {
    await (await workspace).close();
  } catch {
    // What it had to do is done.
  }
  return true;
}

/** Whether it came true in time. */
async function within(ms: number, work: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, ms));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
