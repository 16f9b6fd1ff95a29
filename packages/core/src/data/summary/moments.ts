/** Number, mean and sum of squared deviations of some numbers, with their extremes: what can be put together again. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Sum of (x - mean)². */
  readonly squares: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Whether all are whole. */
  readonly integers: boolean;
}

/** Of no numbers. */
export const noMoments: Moments = {
  count: 0,
  mean: 0,
  squares: 0,
  minimum: Number.POSITIVE_INFINITY,
  maximum: Number.NEGATIVE_INFINITY,
  integers: true,
};

/** Of these finite numbers, in two passes: nothing is lost where they are large and differ little. */
export function momentsOf(values: Float64Array): Moments {
  const count = values.length;
  if (count === 0) return noMoments;
  let { minimum, maximum, integers } = noMoments;
  let mean = 0;
  const share = 1 / count; // a sum could exceed what float64 holds
  for (let i = 0; i < count; i++) {
    const x = values[i]!;
    mean += x * share;
    if (x < minimum) minimum = x;
    if (x > maximum) maximum = x;
    if (integers && x !== Math.floor(x)) integers = false;
  }
  let [squares, rest] = [0, 0];
  for (let i = 0; i < count; i++) {
    const delta = values[i]! - mean;
    squares += delta * delta;
    rest += delta;
  }
  if (!Number.isFinite(squares)) return { count, mean, squares, minimum, maximum, integers };
  // What rounding left in the mean, mended in both (Chan, Golub, LeVeque 1983).
  return { count, mean: mean + rest / count, squares: Math.max(0, squares - (rest * rest) / count), minimum, maximum, integers };
}

/** Of the numbers of both (Chan et al. 1979). */
export function joinMoments(a: Moments, b: Moments): Moments {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  const delta = b.mean - a.mean;
  return {
    count,
    mean: a.mean + delta * (b.count / count),
    squares: a.squares + b.squares + delta * delta * a.count * (b.count / count),
    minimum: Math.min(a.minimum, b.minimum),
    maximum: Math.max(a.maximum, b.maximum),
    integers: a.integers && b.integers,
  };
}
