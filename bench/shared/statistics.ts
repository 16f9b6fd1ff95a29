/** The value at a share of the sorted samples, between two of them if need be. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (high - low) * (at - Math.floor(at));
}

/** The middle one. */
export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** The ratio of two series that were measured side by side: the median of the rounds' ratios, and the range of their middle half. */
export function pairedRatio(
  a: readonly number[],
  b: readonly number[],
): { readonly ratio: number; readonly low: number; readonly high: number } {
  const ratios = a.map((x, i) => x / b[i]!);
  return { ratio: median(ratios), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) };
}
