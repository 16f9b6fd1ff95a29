/** A test: how far apart, and how probable such a distance is where nothing has changed. */
export interface TestResult {
  readonly statistic: number;
  readonly pValue: number;
}

/** The probability that the distance of two samples from one distribution, times the root of their size, exceeds x. */
function kolmogorov(x: number): number {
  if (x <= 0) return 1;
  if (x < 1.18) {
    // Jacobi's other form of the sum: this one ends soon where x is small.
    const y = -(Math.PI ** 2) / (8 * x * x);
    let sum = 0;
    for (let k = 1; k <= 15; k += 2) sum += Math.exp(y * k * k);
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum;
  }
  let sum = 0;
  for (let k = 1; k <= 20; k++) {
    const term = Math.exp(-2 * k * k * x * x);
    sum += k % 2 === 1 ? term : -term;
    if (term < 1e-17) break;
  }
  return 2 * sum;
}

/**
 * The Kolmogorov-Smirnov test of two samples, of which the distributions are known at some points: the largest difference of the shares at or below a point. With all
 * values as points it is the usual statistic; with few points the difference in between is not seen, so that it says no drift rather too often than too seldom.
 *
 * Shapes: the share of each sample at or below every point. Source: Kolmogorov's asymptotic distribution, scipy.stats.kstwobign.
 *
 * @example
 * import { kolmogorovSmirnov } from 'stratus';
 * const { statistic } = kolmogorovSmirnov({ atMost: [0.5, 1], count: 100 }, { atMost: [0.2, 1], count: 50 });
 * console.log(statistic); // 0.3
 */
export function kolmogorovSmirnov(
  reference: { readonly atMost: readonly number[]; readonly count: number },
  seen: { readonly atMost: readonly number[]; readonly count: number },
): TestResult {
  const statistic = reference.atMost.reduce((most, share, i) => Math.max(most, Math.abs(share - seen.atMost[i]!)), 0);
  const size = (reference.count * seen.count) / (reference.count + seen.count);
  return { statistic, pValue: size > 0 ? kolmogorov(Math.sqrt(size) * statistic) : 1 };
}
