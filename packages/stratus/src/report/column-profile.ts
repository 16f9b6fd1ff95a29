import type { ColumnKind, ColumnSummary, TopValue } from '@stratus/core';
import type { ColumnReading } from './columns.ts';

/** How many numbers lie between one edge and the next. */
export interface Histogram {
  /** One more than counts. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** Numbers far from the others, by the rule of 1.5 interquartile ranges (Tukey 1977). */
export interface Outliers {
  /** What lies below `low` or above `high` is one. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** False: read from the sketch of the quantiles, off by up to 1 % of all numbers. */
  readonly exact: boolean;
}

/** What is known of one column. Dates are milliseconds since 1970 here, and true is 1. */
export interface ColumnProfile {
  readonly name: string;
  readonly kind: ColumnKind;
  /** The shape of an element, where it is more than one number. */
  readonly shape?: readonly number[] | undefined;
  /** Values that are there. */
  readonly count: number;
  readonly missing: number;
  readonly infinite: number;
  readonly distinct: number;
  /** False: at least so many differ. */
  readonly distinctIsExact: boolean;
  readonly mean?: number | undefined;
  readonly standardDeviation?: number | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  /** By their shares: `{ '0.25': …, '0.5': …, '0.75': … }`. */
  readonly quantiles?: Readonly<Record<string, number>> | undefined;
  readonly quantilesAreExact?: boolean | undefined;
  readonly integers?: boolean | undefined;
  readonly histogram?: Histogram | undefined;
  readonly outliers?: Outliers | undefined;
  /** The most frequent values. */
  readonly top: readonly TopValue[];
}

const shares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const;
/** As many bars fit beside each other. */
const mostBins = 24;

/** How many numbers lie below one: the quantiles are asked at which share it lies. */
function below(summary: ColumnSummary, limit: number): number {
  const total = summary.count - summary.infinite;
  if (!(summary.minimum < limit)) return 0;
  if (summary.maximum < limit) return total;
  let [low, high] = [0, 1];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (summary.quantile(middle) < limit) low = middle;
    else high = middle;
  }
  return Math.floor(low * (total - 1) + 1e-6) + 1;
}

/** Bars of equal width over the numbers; few whole numbers have a bar each. */
function histogramOf(summary: ColumnSummary): Histogram | undefined {
  const { minimum, maximum, integers } = summary;
  const span = maximum - minimum;
  const total = summary.count - summary.infinite;
  if (!(span > 0) || !Number.isFinite(span)) return undefined;
  const wanted = Math.max(5, Math.min(mostBins, Math.ceil(Math.sqrt(total))));
  // Of whole numbers every bar is as many wide.
  const width = integers ? (span < mostBins ? 1 : Math.ceil((span + 1) / wanted)) : span / wanted;
  const bins = integers ? Math.ceil((span + 1) / width) : wanted;
  const start = integers ? minimum - 0.5 : minimum;
  const edges = Array.from({ length: bins + 1 }, (_, i) => start + i * width);
  const up = edges.map((edge, i) => (i === 0 ? 0 : i === bins ? total : below(summary, edge)));
  return { edges, counts: up.slice(1).map((n, i) => Math.max(0, n - up[i]!)) };
}

function outliersOf(summary: ColumnSummary): Outliers | undefined {
  const [lower, upper] = [summary.quantile(0.25), summary.quantile(0.75)];
  const range = upper - lower;
  if (!(range > 0)) return undefined; // half of the numbers are the same: all others would be outliers
  const [low, high] = [lower - 1.5 * range, upper + 1.5 * range];
  const total = summary.count - summary.infinite;
  // The next number after a fence is beyond it.
  const count = below(summary, low) + total - below(summary, high + Math.max(Number.MIN_VALUE, Math.abs(high) * Number.EPSILON));
  return { low, high, count, exact: summary.quantilesAreExact };
}

/** What is known of a column, from what was gathered of it. */
export function columnProfile(name: string, { summary, shape }: ColumnReading): ColumnProfile {
  const { kind, count, missing, infinite, distinct, distinctIsExact } = summary;
  const base = { name, kind, shape, count, missing, infinite, distinct, distinctIsExact, top: summary.top(10) };
  if (kind === 'text' || kind === 'empty' || Number.isNaN(summary.mean)) return base;
  const { mean, standardDeviation, minimum, maximum, integers, quantilesAreExact } = summary;
  const numbers = { ...base, mean, standardDeviation, minimum, maximum, integers };
  if (kind === 'boolean') return numbers;
  return {
    ...numbers,
    quantiles: Object.fromEntries(shares.map((q) => [String(q), summary.quantile(q)])),
    quantilesAreExact,
    histogram: histogramOf(summary),
    ...(kind !== 'date' && { outliers: outliersOf(summary) }),
  };
}
