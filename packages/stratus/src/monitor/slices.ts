/**
 * Figures of the last while in a fixed number of slices of time: the oldest is emptied and used again. What is read covers the running slice and
 * the whole ones before it.
 */
export class Slices<T> {
  readonly sliceMs: number;
  readonly #slices: T[];
  readonly #clear: (slice: T) => void;
  readonly #now: () => number;
  /** The number of the running slice since the beginning of time. */
  #current: number;
  #since: number;

  constructor(options: { windowMs: number; count: number; make: () => T; clear: (slice: T) => void; now: () => number }) {
    const { windowMs, count, make, clear, now } = options;
    this.sliceMs = windowMs / count;
    this.#slices = Array.from({ length: count }, make);
    this.#clear = clear;
    this.#now = now;
    this.#since = now();
    this.#current = Math.floor(this.#since / this.sliceMs);
  }

  #advance(): void {
    const number = Math.floor(this.#now() / this.sliceMs);
    if (number === this.#current) return;
    const { length } = this.#slices;
    for (let i = Math.max(this.#current + 1, number - length + 1); i <= number; i++) this.#clear(this.#slices[i % length]!);
    this.#current = number;
  }

  /** The running slice. */
  get current(): T {
    this.#advance();
    return this.#slices[this.#current % this.#slices.length]!;
  }

  /** All of them, in no order. */
  get all(): readonly T[] {
    this.#advance();
    return this.#slices;
  }

  /** How much time they cover by now. */
  get coveredMs(): number {
    const now = this.#now();
    const whole = (this.#slices.length - 1) * this.sliceMs + (now % this.sliceMs);
    return Math.max(1, Math.min(whole, now - this.#since));
  }
}
