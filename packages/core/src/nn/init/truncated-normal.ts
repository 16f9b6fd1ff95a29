import { type RandomKey, uniformAt } from '../../tensor/index.ts';
import { defineInitializer, type Initializer } from './initializer.ts';
import type { NormalOptions } from './random-normal.ts';

/** Where the tails are cut, in standard deviations. */
const cut = 2;
/** Probability that a standard normal number is below -2. */
const below = 0.022750131948179195;

/** Standard normal numbers, given that they lie within two standard deviations: the quantile function of a uniform number. */
export const truncatedNormals =
  (key: RandomKey): ((i: number) => number) =>
  (i) => {
    const u = uniformAt(key, i) + 2 ** -25; // the middle of its step of 2^-24, so that the mean is 0
    return Math.min(cut, Math.max(-cut, normalQuantile(below + u * (1 - 2 * below))));
  };

const polynomial = (x: number, c: readonly number[]): number => {
  let sum = 0;
  for (let i = c.length - 1; i >= 0; i--) sum = sum * x + c[i]!;
  return sum;
};

// Wichura 1988, algorithm AS 241 (PPND16): relative error about 1e-16. Its last branch, beyond exp(-25), is never needed here.
const a = [
  3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457,
  67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
];
const b = [
  1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867, 39307.89580009271061,
  28729.085735721942674, 5226.495278852545925,
];
const c = [
  1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504, 1.27045825245236838258,
  0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4,
];
const d = [
  1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459, 0.0151986665636164571966,
  5.475938084995344946e-4, 1.05075007164441684324e-9,
];

/** The number below which a standard normal one lies with probability `p` (above 1e-11 and below 1 - 1e-11). */
function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(r, a)) / polynomial(r, b);
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p)) - 1.6;
  return (Math.sign(q) * polynomial(r, c)) / polynomial(r, d);
}

/**
 * Normal numbers of which those more than two standard deviations off are drawn again: `stddev` is that before the cut, after
 * it is 0.8796 times as much. Mean 0 and `stddev` 0.05 unless told.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.initializers.TruncatedNormal, torch.nn.init.trunc_normal_ (which cuts at
 * -2 and 2 whatever the standard deviation).
 *
 * @example
 * import { initializers, randomKey } from '@stratus/core';
 * const w = initializers.truncatedNormal({ stddev: 0.02 }).make([1000], randomKey(7));
 * console.log(Math.max(...(w.toArray() as number[])) <= 0.04); // true
 */
export const truncatedNormal = ({ mean = 0, stddev = 0.05, ...unknown }: NormalOptions = {}): Initializer =>
  defineInitializer({
    type: 'truncatedNormal',
    options: { mean, stddev },
    rules: { mean: 'number', stddev: 'nonNegative' },
    unknown,
    numbers(_shape, key) {
      const normal = truncatedNormals(key);
      return (i) => mean + stddev * normal(i);
    },
  });
