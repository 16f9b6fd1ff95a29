// Distances between two distributions over the same bins. Each takes counts, or anything in proportion to them.

const sumOf = (counts: readonly number[]): number => counts.reduce((n, x) => n + x, 0);

/** An empty bin counts as so much: the logarithm of nothing is infinite. */
const least = 1e-4;

/**
 * Population stability index: `Σ (p - q) ln(p / q)`, with an empty bin taken as 0.0001. By custom, below 0.1 nothing has happened and from 0.25 on much has.
 *
 * Shapes: as many bins on both sides. Source: Siddiqi, Credit Risk Scorecards, 2006; Jeffreys' divergence.
 *
 * @example
 * import { populationStability } from 'stratus';
 * console.log(populationStability([50, 50], [80, 20])); // 0.4159
 */
export function populationStability(reference: readonly number[], seen: readonly number[]): number {
  const [all, own] = [sumOf(reference), sumOf(seen)];
  let index = 0;
  for (const [i, count] of reference.entries()) {
    const p = Math.max(least, count / all);
    const q = Math.max(least, seen[i]! / own);
    index += (q - p) * Math.log(q / p);
  }
  return index;
}

/**
 * Jensen-Shannon distance, from 0 to 1: the square root of the divergence in bits of both from their mean.
 *
 * Source: scipy.spatial.distance.jensenshannon with base 2.
 *
 * @example
 * import { jensenShannon } from 'stratus';
 * console.log(jensenShannon([1, 0], [0, 1])); // 1
 */
export function jensenShannon(reference: readonly number[], seen: readonly number[]): number {
  const [all, own] = [sumOf(reference), sumOf(seen)];
  let divergence = 0;
  for (const [i, count] of reference.entries()) {
    const [p, q] = [count / all, seen[i]! / own];
    const middle = (p + q) / 2;
    if (p > 0) divergence += (p * Math.log2(p / middle)) / 2;
    if (q > 0) divergence += (q * Math.log2(q / middle)) / 2;
  }
  return Math.sqrt(Math.max(0, divergence));
}
