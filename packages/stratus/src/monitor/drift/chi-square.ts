import type { TestResult } from './kolmogorov-smirnov.ts';

/** ln Γ(x) for x > 0, to 15 digits. Source: Lanczos' series, g = 7, n = 9. */
function logGamma(x: number): number {
  const coefficients = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const y = x - 1;
  const t = y + 7.5;
  const sum = coefficients.slice(1).reduce((s, c, i) => s + c / (y + i + 1), coefficients[0]!);
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** The upper incomplete gamma function over the whole: Q(a, x). Source: series below a + 1, Lentz' continued fraction above. */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(-x + a * Math.log(x) - logGamma(a));
  if (x < a + 1) {
    let [term, sum] = [1 / a, 1 / a];
    for (let n = 1; n < 10_000 && term > sum * 1e-17; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - sum * scale;
  }
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 10_000; i++) {
    const an = -i * (i - a);
    b += 2;
    d = an * d + b;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = b + an / c;
    if (Math.abs(c) < tiny) c = tiny;
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return scale * h;
}

/**
 * Pearson's chi-square test that two samples of categories come from one distribution. Categories that neither has are left out.
 *
 * Shapes: as many categories on both sides. Source: scipy.stats.chi2_contingency without correction.
 *
 * @example
 * import { chiSquare } from 'stratus';
 * console.log(chiSquare([60, 40], [30, 70]).statistic); // 18.1818
 */
export function chiSquare(reference: readonly number[], seen: readonly number[]): TestResult {
  const kept = reference.map((n, i) => [n, seen[i]!] as const).filter(([a, b]) => a + b > 0);
  const [all, own] = [0, 1].map((side) => kept.reduce((n, pair) => n + pair[side as 0 | 1], 0)) as [number, number];
  const total = all + own;
  if (kept.length < 2 || all === 0 || own === 0) return { statistic: 0, pValue: 1 };
  let statistic = 0;
  for (const [a, b] of kept) {
    const [wantA, wantB] = [((a + b) * all) / total, ((a + b) * own) / total];
    statistic += (a - wantA) ** 2 / wantA + (b - wantB) ** 2 / wantB;
  }
  return { statistic, pValue: upperGamma((kept.length - 1) / 2, statistic / 2) };
}
