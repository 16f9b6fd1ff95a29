// Functions of float32 vectors, to within two units of the last place of the true values where nothing else is said.
#pragma once
#include "simd.h"

static inline Vector select(Integers yes, Vector a, Vector b) {
  return (Vector)(((Integers)a & yes) | ((Integers)b & ~yes));
}
static inline Vector larger(Vector a, Vector b) { return select(a > b, a, b); }
static inline Vector smaller(Vector a, Vector b) { return select(a < b, a, b); }
static inline Vector magnitude(Vector x) { return (Vector)((Integers)x & 0x7fffffff); }

static inline Vector root(Vector x) { return __builtin_elementwise_sqrt(x); }

/** e to the power of x; 0 below -87.3, infinite above 88.7. Cephes' expf. */
static inline Vector exponential(Vector x) {
  const Vector low = all(-87.3365448f), high = all(88.7228394f);
  const Vector c = smaller(larger(x, low), high);
  const Vector scaled = c * 1.44269504088896341f;
  const Vector shift = all(12582912.0f); // 1.5 * 2^23: rounds to the nearest whole number
  const Vector whole = (scaled + shift) - shift;
  Vector r = c - whole * 0.693359375f;
  r = r - whole * -2.12194440e-4f;
  Vector p = all(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  const Integers n = __builtin_convertvector(whole, Integers);
  const Integers half = n >> 1; // in two steps, so that 2^128 is reached
  const Vector y = p * (Vector)((half + 127) << 23) * (Vector)((n - half + 127) << 23);
  const Vector up = select(x > high, all(__builtin_inff()), y);
  return select(x < low, all(0.0f), select(x == x, up, x));
}

/** Eigen's rational approximation: within three units of the last place. */
static inline Vector tangent(Vector x) {
  const Vector edge = all(7.90531110763549805f);
  const Vector c = smaller(larger(x, -edge), edge), s = c * c;
  Vector p = all(-2.76076847742355e-16f);
  p = p * s + 2.00018790482477e-13f;
  p = p * s + -8.60467152213735e-11f;
  p = p * s + 5.12229709037114e-08f;
  p = p * s + 1.48572235717979e-05f;
  p = p * s + 6.37261928875436e-04f;
  p = p * s + 4.89352455891786e-03f;
  Vector q = all(1.19825839466702e-06f);
  q = q * s + 1.18534705686654e-04f;
  q = q * s + 2.26843463243900e-03f;
  q = q * s + 4.89352518554385e-03f;
  const Vector y = select(magnitude(x) < 0.0004f, x, c * p / q);
  return select(x == x, y, x);
}

static inline Vector logistic(Vector x) { return 1.0f / (1.0f + exponential(-x)); }

/** Eigen's rational approximation of the error function: to 4e-7. */
static inline Vector errorFunction(Vector x) {
  const Vector edge = all(4.0f);
  const Vector c = smaller(larger(x, -edge), edge), s = c * c;
  Vector p = all(-2.72614225801306e-10f);
  p = p * s + 2.77068142495902e-08f;
  p = p * s + -2.10102402082508e-06f;
  p = p * s + -5.69250639462346e-05f;
  p = p * s + -7.34990630326855e-04f;
  p = p * s + -2.95459980854025e-03f;
  p = p * s + -1.60960333262415e-02f;
  Vector q = all(-1.45660718464996e-05f);
  q = q * s + -2.13374055278905e-04f;
  q = q * s + -1.68282697438203e-03f;
  q = q * s + -7.37332916720468e-03f;
  q = q * s + -1.42647390514189e-02f;
  return select(x == x, c * p / q, x);
}
