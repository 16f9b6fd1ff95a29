// How often each value occurs: exact while there are few different ones, then what is frequent (Misra & Gries 1982; Agarwal et al. 2012).

/** What is counted: the same by `Map`'s rule. */
export type Key = number | string;

/** A counter as plain data; see {@link Counter}. */
export interface CounterState<K extends Key> {
  readonly counts: readonly (readonly [K, number])[];
  readonly distinct: number;
  /** Whether `distinct` is exact, and not only the least that it can be. */
  readonly exact: boolean;
  /** By how much a count may be too small. */
  readonly error: number;
}

/** What is subtracted from each of these counts so that at most `limit` are left above 0. */
function excess(counts: Float64Array, limit: number): number {
  if (counts.length <= limit) return 0;
  const small = new Uint32Array(64); // mostly it is one of these
  for (const count of counts) if (count < 64) small[count]!++;
  let above = counts.length;
  for (let count = 0; count < 64; count++) if ((above -= small[count]!) <= limit) return count;
  return counts.slice().sort()[counts.length - limit - 1]!;
}

/** The smallest count of a list: what is not in it has been seen no more often. */
const least = (counts: readonly (readonly [Key, number])[]): number =>
  counts.reduce((smallest, [, count]) => Math.min(smallest, count), Number.MAX_SAFE_INTEGER);

/** Counts values with at most twice `limit` entries. */
export class Counter<K extends Key> {
  readonly limit: number;
  readonly #entries = new Map<K, { count: number }>();
  /** Whether every value that was seen has an entry with its exact count. */
  #complete = true;
  #distinct = 0;
  #exact = true;
  #error = 0;

  constructor(
    limit: number,
    { counts, distinct, exact, error }: CounterState<K> = { counts: [], distinct: 0, exact: true, error: 0 },
  ) {
    this.limit = limit;
    for (const [key, count] of counts) this.#entries.set(key, { count });
    this.#complete = exact && error === 0 && distinct === counts.length;
    [this.#distinct, this.#exact, this.#error] = [distinct, exact, error];
  }

  get distinct(): number {
    return this.#complete ? this.#entries.size : Math.max(this.#distinct, this.#entries.size);
  }

  get distinctIsExact(): boolean {
    return this.#complete || this.#exact;
  }

  get error(): number {
    return this.#error;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** Counts a value; `copy` is what is kept of one that is new. */
  add(key: K, count = 1, copy?: (key: K) => K): void {
    const entry = this.#entries.get(key);
    if (entry) entry.count += count;
    else this.#begin(copy ? copy(key) : key, count);
  }

  #begin(key: K, count: number): void {
    if (!this.#complete) this.#forgetRest();
    this.#entries.set(key, { count });
    if (this.#complete ? this.#entries.size > this.limit : this.#entries.size >= 2 * this.limit) this.#reduce();
  }

  /** A new value when not all have an entry: it may be one of those. */
  #forgetRest(): void {
    if (!this.#exact) return;
    this.#exact = false;
    this.#error = Math.max(this.#error, least(this.counts()));
  }

  /** So few are left that there is room again. */
  #reduce(): void {
    this.#distinct = this.distinct;
    this.#complete = false;
    this.#exact = false;
    this.#subtract(
      excess(
        Float64Array.from(this.#entries.values(), ({ count }) => count),
        this.limit,
      ),
    );
  }

  #subtract(excess: number): void {
    this.#error += excess;
    for (const [key, entry] of this.#entries) if ((entry.count -= excess) <= 0) this.#entries.delete(key);
  }

  /** Counts many values at once, of which no two are equal. Where they are too many, only the frequent ones. */
  addAll(keys: ArrayLike<K>, counts: Float64Array): void {
    const tooMuch = this.#complete ? 0 : excess(counts, this.limit);
    this.#error += tooMuch;
    for (let i = 0; i < counts.length; i++) if (counts[i]! > tooMuch) this.add(keys[i]!, counts[i]! - tooMuch);
  }

  merge(other: CounterState<K>): void {
    const known = this.#complete && other.error === 0 && other.exact && other.counts.length === other.distinct;
    this.addAll(
      other.counts.map(([key]) => key),
      Float64Array.from(other.counts, ([, count]) => count),
    );
    if (known) return;
    this.#distinct = Math.max(this.distinct, other.distinct);
    this.#complete = false;
    this.#exact = false;
    this.#error += Math.max(other.error, other.exact ? least(other.counts) : 0);
  }

  /** In the order in which they were first seen. */
  counts(): (readonly [K, number])[] {
    return [...this.#entries].map(([key, { count }]) => [key, count] as const);
  }

  state(): CounterState<K> {
    return { counts: this.counts(), distinct: this.distinct, exact: this.distinctIsExact, error: this.#error };
  }
}
