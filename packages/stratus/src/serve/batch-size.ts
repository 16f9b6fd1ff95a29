/** So long, and so many runs, one size is looked at before it is compared. */
const window = { ms: 200, runs: 8 };
/** A size has to be so much better than the one that holds: less than that is noise. */
const better = 1.05;
/** When a neighbour was no better, so many windows pass until one is tried again; twice as many each time, up to the last. */
const patience = { first: 2, most: 64 };

/** A stretch of time in which the model was never idle. */
interface Stretch {
  readonly since: number;
  runs: number;
  rows: number;
  /** The rows of the largest run. */
  most: number;
  /** Runs that left others waiting. */
  full: number;
}

/**
 * How many rows a run takes at most, found by trying while requests wait: whatever answers most rows a second. For a small model more rows are always better; one
 * whose rows are large gets slower when they no longer fit into the processor's caches, and several short runs share the processors better than one
 * long run. Half of what runs have is tried, and twice as much where runs are full.
 */
export class BatchSize {
  readonly #most: number;
  #held: number;
  /** What is being tried instead. */
  #trial: number | undefined;
  #stretch: Stretch | undefined;
  #rate = 0;
  #wait = 0;
  #patience = patience.first;
  #up = false;

  /** `most`: no run takes more. */
  constructor(most: number) {
    this.#most = most;
    this.#held = most;
  }

  /** So many rows the next run takes at most. */
  get rows(): number {
    return this.#trial ?? this.#held;
  }

  /** Nobody waits and nothing runs: how long things take from here on says nothing. */
  idle(): void {
    this.#stretch = undefined;
  }

  /** A run of so many rows is over; `isFull`: it left others waiting. */
  note(rows: number, isFull: boolean, now: number): void {
    const stretch = (this.#stretch ??= { since: now, runs: -1, rows: 0, most: 0, full: 0 });
    stretch.runs++;
    if (stretch.runs === 0) return; // when it began, the time had not
    stretch.rows += rows;
    stretch.most = Math.max(stretch.most, rows);
    if (isFull) stretch.full++;
    const ms = now - stretch.since;
    if (ms < window.ms || stretch.runs < window.runs) return;
    this.#stretch = undefined;
    this.#decide(stretch, stretch.rows / ms);
  }

  #decide({ most, full, runs }: Stretch, rate: number): void {
    if (this.#trial === undefined) {
      this.#rate = rate;
      if (this.#wait-- > 0) return;
      const isUp = this.#up && full * 2 > runs && this.#held < this.#most;
      const next = isUp ? this.#held * 2 : Math.floor(Math.min(this.#held, most) / 2);
      this.#up = !isUp;
      if (next >= 1) this.#trial = Math.min(this.#most, next);
      return;
    }
    const [tried, before] = [this.#trial, this.#held];
    this.#trial = undefined;
    if (rate > better * this.#rate) {
      this.#held = tried;
      this.#rate = rate;
      this.#wait = 0;
      this.#patience = patience.first;
      this.#up = tried > before; // on in the same direction
      return;
    }
    this.#wait = this.#patience;
    this.#patience = Math.min(patience.most, 2 * this.#patience);
  }
}
