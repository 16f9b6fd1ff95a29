import type { Value } from '../../graph/index.ts';
import { add, center, div, expandLike, max, meanSquare, mul, reciprocal, reduceSum, sqrt, sub } from '../../ops/index.ts';

/** Statistics over some axes, which stay with size 1. */
export interface Moments {
  readonly mean: Value;
  /** The mean of squared distances from the mean (dividing by n, not by n - 1). */
  readonly variance: Value;
  /** The value less its mean. */
  readonly centered: Value;
}

/** Mean and variance over axes. The variance is that of the centered value: the mean of squares would lose digits. */
export function moments(x: Value, axes: readonly number[]): Moments {
  const { centered, mean } = center(x, axes);
  return { mean, centered, variance: meanSquare(centered, axes) };
}

/** As {@link moments}, each element with its weight: `weights` broadcasts to `x`. Without any weight, both are 0. */
export function weightedMoments(x: Value, axes: readonly number[], weights: Value): Moments {
  const sum = (v: Value): Value => reduceSum(v, { axes, keepDims: true });
  const total = max(sum(expandLike(weights, x)), 1);
  const mean = div(sum(mul(x, weights)), total);
  const centered = sub(x, mean);
  return { mean, centered, variance: div(sum(mul(mul(centered, centered), weights)), total) };
}

/** `1 / sqrt(variance + epsilon)`. */
export const inverseDeviation = (variance: Value, epsilon: number): Value => reciprocal(sqrt(add(variance, epsilon)));
