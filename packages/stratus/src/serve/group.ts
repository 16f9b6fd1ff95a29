import type { Entry } from './entry.ts';
import type { BatchRecord } from './observer.ts';
import type { Pace } from './pace.ts';

/** Requests that are answered by one run. */
export interface Group {
  readonly entries: readonly Entry[];
  readonly elements: number;
  readonly beganAt: number;
  readonly closedBy: BatchRecord['closedBy'];
}

/** What decides who goes together. */
interface Rules {
  readonly maxBatch: number;
  readonly maxDelayMs: number;
  readonly batched: boolean;
  readonly pace: Pace;
  readonly now: number;
}

/** Requests are put one below the other up to so many bytes: copying more would keep the event loop waiting. */
const mostBytes = 2 ** 24;
/** For the sake of a deadline a run begins earlier than it would have to: by so many milliseconds, and by a part of the time there was. */
const margin = { ms: 5, part: 0.1 };

/** Those of one shape, as far as they go into one run. */
class Bucket {
  readonly entries: Entry[] = [];
  readonly #maxBatch: number;
  #rows = 0;
  #bytes = 0;
  readonly #isAlone: boolean;
  #isFull = false;

  constructor(maxBatch: number, isAlone: boolean) {
    this.#maxBatch = maxBatch;
    this.#isAlone = isAlone;
  }

  get isFull(): boolean {
    return this.#isFull || this.#rows >= this.#maxBatch;
  }

  get elements(): number {
    return this.entries.reduce((n, entry) => n + entry.elements, 0);
  }

  offer(entry: Entry): void {
    const rows = entry.rows ?? 0;
    if (this.entries.length > 0 && (this.#rows + rows > this.#maxBatch || this.#bytes + entry.bytes > mostBytes)) {
      this.#isFull = true; // a smaller one may still come along
      return;
    }
    this.entries.push(entry);
    this.#rows += rows;
    this.#bytes += entry.bytes;
  }

  /** Why it goes now, or the moment until which it may wait for company. */
  closedBy(maxDelayMs: number, pace: Pace, now: number): Group['closedBy'] | number {
    if (this.#isAlone) return 'alone';
    if (this.isFull) return 'full';
    if (maxDelayMs === 0) return 'idle';
    const delay = Math.min(...this.entries.map(({ arrivedAt }) => arrivedAt)) + maxDelayMs;
    const latest = ({ arrivedAt, deadlineAt }: Entry): number =>
      deadlineAt === Number.POSITIVE_INFINITY ? deadlineAt : deadlineAt - margin.ms - margin.part * (deadlineAt - arrivedAt);
    const deadline = Math.min(...this.entries.map(latest)) - pace.estimateMs(1, this.elements);
    if (Math.min(delay, deadline) > now) return Math.min(delay, deadline);
    return deadline < delay ? 'deadline' : 'delay';
  }
}

/**
 * Who goes next: the first that waits, and all that may go with it; where runs may wait for company, the first shape that need not wait. Where
 * nobody goes yet, the moment to look again; Infinity where nobody waits.
 */
export function groupOf(waiting: readonly Entry[], { maxBatch, maxDelayMs, batched, pace, now }: Rules): Group | number {
  const [head] = waiting;
  if (!head) return Number.POSITIVE_INFINITY;
  const buckets = new Map<string | Entry, Bucket>();
  for (const entry of waiting) {
    const isAlone = !batched || entry.rows === undefined;
    const key = isAlone || entry.rows! >= maxBatch ? entry : entry.key;
    // Without a delay the first that waits goes, whatever the others are.
    if (maxDelayMs === 0 && entry !== head && key !== head.key) continue;
    let bucket = buckets.get(key);
    if (!bucket) buckets.set(key, (bucket = new Bucket(maxBatch, isAlone)));
    bucket.offer(entry);
    if (maxDelayMs === 0 && key === entry) break;
  }
  let next = Number.POSITIVE_INFINITY;
  for (const bucket of buckets.values()) {
    const closedBy = bucket.closedBy(maxDelayMs, pace, now);
    if (typeof closedBy !== 'number') return { entries: bucket.entries, elements: bucket.elements, beganAt: now, closedBy };
    next = Math.min(next, closedBy);
  }
  return next;
}
