// What is needed of the normal distribution, also far out, where masses are smaller than any number: as logarithms.

const rootPi = Math.sqrt(Math.PI);

/** erf by its series (Abramowitz and Stegun 7.1.6): terms of one sign, so nothing is lost. For 0 to 3. */
function erfSeries(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / rootPi) * Math.exp(-x * x) * sum;
}

/** log erfc by its continued fraction (7.1.14), from the end. For 2 and more. */
function logErfcFraction(x: number): number {
  let f = x;
  for (let n = 60; n > 0; n--) f = x + n / 2 / f;
  return -x * x - Math.log(rootPi * f);
}

/** erf from 0 on. */
const erf = (x: number): number => (x < 3 ? erfSeries(x) : 1 - Math.exp(logErfcFraction(x)));

/** log erfc from 0 on. */
const logErfc = (x: number): number => (x < 2 ? Math.log1p(-erfSeries(x)) : logErfcFraction(x));

/** The logarithm of what the standard normal distribution has between two numbers, the first of them the lower one. */
export function logMass(from: number, to: number): number {
  if (from > to || from === to) return Number.NEGATIVE_INFINITY;
  const [a, b] = [from / Math.SQRT2, to / Math.SQRT2];
  if (a < 0 && b > 0) return Math.log((erf(-a) + erf(b)) / 2);
  const [near, far] = a >= 0 ? [a, b] : [-b, -a];
  const nearest = logErfc(near);
  return nearest + Math.log(-Math.expm1(logErfc(far) - nearest)) - Math.LN2;
}

const halfLogTau = 0.5 * Math.log(2 * Math.PI);

/** The logarithm of the density of the standard normal distribution. */
export const logDensity = (z: number): number => -0.5 * z * z - halfLogTau;

/** log Σ exp. */
export function logSumExp(terms: ArrayLike<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < terms.length; i++) if (terms[i]! > most) most = terms[i]!;
  if (most === Number.NEGATIVE_INFINITY) return most;
  let sum = 0;
  for (let i = 0; i < terms.length; i++) sum += Math.exp(terms[i]! - most);
  return most + Math.log(sum);
}
