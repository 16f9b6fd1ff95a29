import { type NumberStatistics, statisticsProbabilities } from '@stratus/core';

/** What numbers are compared with: which share of them lay at or below some points. */
export interface NumberReference {
  readonly count: number;
  /** Rising, the smallest and the largest number among them. */
  readonly points: readonly number[];
  readonly atMost: readonly number[];
  readonly mean: number;
  readonly standardDeviation: number;
  /** The share of missing values. */
  readonly missing: number;
}

/** Out of what a file says about the training; undefined for files of earlier versions, which lack quantiles. */
export function trainingReference(statistics: NumberStatistics): NumberReference | undefined {
  const { count, missing = 0, mean, standardDeviation, quantiles, atMost = statisticsProbabilities } = statistics;
  if (quantiles === undefined || quantiles.length !== statisticsProbabilities.length || count === 0) return undefined;
  const points: number[] = [];
  const shares: number[] = [];
  for (const [i, point] of quantiles.entries()) {
    if (point === points.at(-1)) shares.pop();
    else points.push(point);
    shares.push(atMost[i] ?? 1);
  }
  return { count, points, atMost: shares, mean, standardDeviation, missing: missing / (count + missing) };
}

/** Out of numbers that were seen first, where the file says nothing. */
export function referenceOf(values: Float64Array, missing: number): NumberReference {
  const sorted = values.slice().sort();
  const mean = sorted.reduce((n, x) => n + x, 0) / sorted.length;
  const squares = sorted.reduce((n, x) => n + (x - mean) ** 2, 0);
  const points: number[] = [];
  const atMost: number[] = [];
  for (const q of statisticsProbabilities) {
    const point = sorted[Math.round(q * (sorted.length - 1))]!;
    if (point === points.at(-1)) continue;
    let end = Math.round(q * (sorted.length - 1)) + 1;
    while (end < sorted.length && sorted[end] === point) end++;
    points.push(point);
    atMost.push(end / sorted.length);
  }
  return {
    count: sorted.length,
    points,
    atMost,
    mean,
    standardDeviation: Math.sqrt(squares / sorted.length),
    missing: missing / (missing + sorted.length),
  };
}

/** A bin of the index has at least so much of the reference: in smaller ones chance would count too much. */
const leastShare = 0.05;

/** The last point of each bin of the population stability index, by its place; what lies above belongs to the last one. */
export function binEnds({ atMost }: NumberReference): number[] {
  const ends: number[] = [];
  let before = 0;
  for (const [i, share] of atMost.entries()) {
    if (share - before < leastShare) continue;
    ends.push(i);
    before = share;
  }
  ends[ends.length - 1] = atMost.length - 1; // what is left over is too little for a bin of its own
  return ends;
}
