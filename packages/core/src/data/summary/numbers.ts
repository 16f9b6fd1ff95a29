import { Counter, type CounterState } from './counter.ts';
import { compress, type Groups, inOrder, noGroups, runsOf, valueAt } from './digest.ts';
import { joinMoments, type Moments, momentsOf, noMoments } from './moments.ts';

/** So many numbers are kept as they are: quantiles of so many are exact. */
export const keptNumbers = 4096;

/** What is known about finite numbers, as plain data. */
export interface NumbersState {
  readonly moments: Moments;
  readonly centroids: Groups;
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
  #centroids: Groups;
  /** What is in the buffer, in groups of equal numbers, until more comes. */
  #runs: Groups | undefined;
  /** All that is known of moments and quantiles, until more comes. */
  #whole: { readonly moments: Moments; readonly groups: Groups } | undefined;
  readonly #counter: Counter<number>;

  constructor({ tracked, compression, state }: { tracked: number; compression: number; state?: NumbersState | undefined }) {
    this.#compression = compression;
    this.#moments = state?.moments ?? noMoments;
    this.#centroids = state?.centroids ?? noGroups;
    this.#counter = new Counter(tracked, state?.counts);
  }

  add(x: number): void {
    if (this.#length === this.#buffer.length) this.#makeRoom();
    this.#buffer[this.#length++] = x;
    this.#changed();
  }

  /** As many as are finite at the beginning of these, from `start` on; where it stopped. */
  addFinite(values: ArrayLike<number>, start: number): number {
    let i = start;
    this.#changed();
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

  #pendingRuns(): Groups {
    this.#runs ??= runsOf(this.#pending().slice().sort());
    return this.#runs;
  }

  #changed(): void {
    this.#runs = undefined;
    this.#whole = undefined;
  }

  #known(): { readonly moments: Moments; readonly groups: Groups } {
    this.#whole ??= {
      moments: joinMoments(this.#moments, momentsOf(this.#pending())),
      groups: inOrder(this.#centroids, this.#pendingRuns()),
    };
    return this.#whole;
  }

  #flush(): void {
    const runs = this.#pendingRuns();
    this.#count(this.#counter);
    this.#moments = joinMoments(this.#moments, momentsOf(this.#pending()));
    this.#length = 0;
    this.#changed();
    this.#absorb(runs);
  }

  #absorb(centroids: Groups): void {
    this.#centroids = compress(inOrder(this.#centroids, centroids), this.#compression);
  }

  /** What is in the buffer; numbers that the counter has not come in the order in which they were seen, as long as it can know all. */
  #count(counter: Counter<number>): void {
    const { length, means, weights } = this.#pendingRuns();
    const [known, counts] = [means.subarray(0, length), weights.subarray(0, length)];
    if (!counter.distinctIsExact) {
      counter.addAll(known, counts);
      return;
    }
    const fresh = new Map<number, number>();
    for (let i = 0; i < length; i++)
      if (counter.has(known[i]!)) counter.add(known[i]!, counts[i]);
      else fresh.set(known[i]!, counts[i]!);
    if (fresh.size === 0) return;
    const seen = new Set(this.#pending()); // in order
    const order = Float64Array.from(fresh.size === seen.size ? seen : [...seen].filter((x) => fresh.has(x)));
    counter.addAll(
      order,
      order.map((x) => fresh.get(x)!),
    );
  }

  get moments(): Moments {
    return this.#known().moments;
  }

  /** Whether quantiles are exact: nothing but equal numbers was put together. */
  get exact(): boolean {
    return !this.#centroids.differ.includes(1);
  }

  quantile(q: number): number {
    const { moments, groups } = this.#known();
    const { count, minimum, maximum } = moments;
    if (count === 0) return Number.NaN;
    if (q === 0) return minimum;
    if (q === 1) return maximum;
    return valueAt(groups, q * (count - 1), { minimum, maximum });
  }

  /** How often each number came, in the order in which they were first seen. */
  get counter(): Counter<number> {
    const all = new Counter(this.#counter.limit, this.#counter.state());
    this.#count(all);
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
    this.#changed();
    this.#moments = joinMoments(this.#moments, moments);
    this.#counter.merge(counts);
    this.#absorb(centroids);
  }

  /** With at most so many centroids. */
  state(centroids = this.#compression): NumbersState {
    const { moments, groups } = this.#known();
    return { moments, centroids: compress(groups, centroids), counts: this.counter.state() };
  }
}
