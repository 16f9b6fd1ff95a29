import type { RollbackLimits } from './traffic-rule.ts';

/** The last so many requests are looked at. */
const kept = 1000;
/** And so many come between two looks at the times, which have to be sorted. */
const between = 20;

/** How the last requests to one version went. */
export class VersionHealth {
  requests = 0;
  errors = 0;
  readonly #times: number[] = [];
  readonly #failed: boolean[] = [];
  #failures = 0;

  note(failed: boolean, totalMs: number): void {
    const at = this.requests % kept;
    if (this.#failed[at]) this.#failures--;
    this.#times[at] = totalMs;
    this.#failed[at] = failed;
    this.requests++;
    if (!failed) return;
    this.#failures++;
    this.errors++;
  }

  /** The time within which this share of the last requests was over, in milliseconds; undefined where there was none. */
  quantileMs(share: number): number | undefined {
    const sorted = [...this.#times].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  }

  /** What is wrong with it, in words; undefined where nothing is. */
  complaint({ errorRate, p99Ms, minRequests = 100 }: RollbackLimits): string | undefined {
    const seen = this.#failed.length;
    if (seen < Math.min(minRequests, kept)) return undefined;
    const rate = this.#failures / seen;
    if (errorRate !== undefined && rate > errorRate)
      return `${this.#failures} of its last ${seen} requests failed, and at most ${(100 * errorRate).toFixed(1)} % may`;
    if (p99Ms === undefined || this.requests % between !== 0) return undefined;
    const p99 = this.quantileMs(0.99)!;
    return p99 > p99Ms
      ? `of its last ${seen} requests 1 % took ${p99.toFixed(1)} ms or more, and ${p99Ms} ms are allowed`
      : undefined;
  }
}
