/** The largest difference of two lists of the same length; infinite when something is not a number. */
export function farthest(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((most, v, i) => (Number.isNaN(v - b[i]!) ? Number.POSITIVE_INFINITY : Math.max(most, Math.abs(v - b[i]!))), 0);
}
