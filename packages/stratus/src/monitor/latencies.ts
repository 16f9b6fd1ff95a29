// Times in buckets whose widths grow with them, so that few buckets hold microseconds and minutes with the same relative error.

const [first, factor, buckets] = [0.01, 1.08, 220] as const; // milliseconds; the last one holds what took over three minutes
const perLog = 1 / Math.log(factor);

/** How often each span of time was measured; bounded, and sums add up. */
export class Latencies {
  readonly counts = new Uint32Array(buckets);

  add(ms: number): void {
    const at = ms <= first ? 0 : Math.min(buckets - 1, Math.ceil(Math.log(ms / first) * perLog));
    this.counts[at]!++;
  }

  clear(): void {
    this.counts.fill(0);
  }
}

/** The time below which this share of all lies, to within 4 %; undefined where nothing was measured. */
export function quantileOf(all: readonly Latencies[], q: number): number | undefined {
  let total = 0;
  for (const { counts } of all) for (const n of counts) total += n;
  if (total === 0) return undefined;
  let left = Math.max(1, Math.ceil(q * total));
  for (let at = 0; at < buckets; at++) {
    for (const { counts } of all) left -= counts[at]!;
    if (left <= 0) return at === 0 ? first : first * factor ** (at - 0.5);
  }
  return undefined;
}
