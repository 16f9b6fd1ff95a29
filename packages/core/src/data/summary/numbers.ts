import { Counter, type CounterState } from './counter.ts';
import { type Centroid, compress, inOrder, runsOf, valueAt } from './digest.ts';
import { joinMoments, type Moments, momentsOf, noMoments } from './moments.ts';

/** So many numbers are kept as they are: quantiles of so many are exact. */
export const keptNumbers = 4096;

/** What is known about finite numbers, as plain data. */
export interface NumbersState {
  readonly moments: Moments;
  readonly centroids: readonly Centroid[];
  readonly counts: CounterState<number>;
}

/**
 * Finite numbers in bounded memory. They gather in a buffer; when it is full it is sorted once, and its runs of equal numbers go to the
 * digest and to the counter.
 */
export class Numbers {
  readonly #compression: number;
  #buffer = new Float64Array(64);
  #length = 0;
  #moments: Moments;
  #centroids: readonly Centroid[];
  readonly #counter: Counter<number>;

  constructor({ tracked, compression, state }: { tracked: number; compression: number; state?: NumbersState | undefined }) {
    this.#compression = compression;
    this.#moments = state?.moments ?? noMoments;
    this.#centroids = state?.centroids ?? [];
    this.#counter = new Counter(tracked, state?.counts);
  }

  add(x: number): void {
    if (this.#length === this.#buffer.length) this.#makeRoom();
    this.#buffer[this.#length++] = x;
  }

  /** As many as are finite at the beginning of these, from `start` on; where it stopped. */
  addFinite(values: ArrayLike<number>, start: number): number {
    let i = start;
    while (i < values.length) {
      if (this.#length === this.#buffer.length) this.#makeRoom();
      const buffer = this.#buffer;
      const end = Math.min(values.length, i + buffer.length - this.#length);
      let length = this.#length;
      for (; i < end; i++) {
        const x = values[i]!;
        if (x - x !== 0) break; // infinite, or no number
        buffer[length++] = x;
      }
      this.#length = length;
      if (i < end) return i;
    }
    return i;
  }

  #makeRoom(): void {
    if (this.#buffer.length < keptNumbers) {
      const larger = new Float64Array(this.#buffer.length * 4);
      larger.set(this.#buffer);
      this.#buffer = larger;
    } else {
      this.#flush();
    }
  }

  #pending(): Float64Array {
    return this.#buffer.subarray(0, this.#length);
  }

  #flush(): void {
    const pending = this.#pending();
    const sorted = pending.slice().sort();
    this.#counter.addAll(countsOf(pending, sorted, this.#counter));
    this.#moments = joinMoments(this.#moments, momentsOf(pending));
    this.#length = 0;
    this.#absorb(runsOf(sorted));
  }

  /** `centroids` of numbers that are in the moments already. */
  #absorb(centroids: Iterable<Centroid>): void {
    this.#centroids = compress(inOrder(this.#centroids, centroids), this.#compression);
  }

  get moments(): Moments {
    return joinMoments(this.#moments, momentsOf(this.#pending()));
  }

  /** Whether quantiles are exact: nothing but equal numbers was put together. */
  get exact(): boolean {
    return this.#centroids.every(({ equal }) => equal);
  }

  quantile(q: number): number {
    const { count, minimum, maximum } = this.moments;
    if (count === 0) return Number.NaN;
    if (q === 0) return minimum;
    if (q === 1) return maximum;
    const all = inOrder(this.#centroids, runsOf(this.#pending().slice().sort()));
    return valueAt(all, q * (count - 1), { minimum, maximum });
  }

  /** How often each number came, in the order in which they were first seen. */
  get counter(): Counter<number> {
    const pending = this.#pending();
    const all = new Counter(this.#counter.limit, this.#counter.state());
    all.addAll(countsOf(pending, pending.slice().sort(), all));
    return all;
  }

  merge(other: Numbers): void {
    const rest = other.#pending().slice(); // now: it may be this one
    this.mergeState({ moments: other.#moments, centroids: other.#centroids, counts: other.#counter.state() });
    this.addFinite(rest, 0);
  }

  mergeState({ moments, centroids, counts }: NumbersState): void {
    if (moments.count === 0) return;
    if (this.#length > 0) this.#flush();
    this.#moments = joinMoments(this.#moments, moments);
    this.#counter.merge(counts);
    this.#absorb(centroids);
  }

  /** With at most so many centroids. */
  state(centroids = this.#compression): NumbersState {
    const { moments } = this;
    const all = inOrder(this.#centroids, runsOf(this.#pending().slice().sort()));
    return { moments, centroids: compress(all, centroids), counts: this.counter.state() };
  }
}

/** How often each number occurs; those that the counter has not, in the order in which they came, if it can know all. */
function countsOf(values: Float64Array, sorted: Float64Array, counter: Counter<number>): (readonly [number, number])[] {
  const counts: (readonly [number, number])[] = [];
  const fresh = new Map<number, number>();
  for (const { mean, weight } of runsOf(sorted)) {
    if (!counter.distinctIsExact || counter.has(mean)) counts.push([mean, weight]);
    else fresh.set(mean, weight);
  }
  if (fresh.size === 0) return counts;
  for (const x of values) {
    const count = fresh.get(x);
    if (count === undefined) continue;
    counts.push([x, count]);
    fresh.delete(x);
  }
  return counts;
}
