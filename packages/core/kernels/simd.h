// Vectors of float32 as wide as the instruction set has them.
#pragma once
#include <stdint.h>

#if defined(__AVX512F__)
enum { Lanes = 16 };
#elif defined(__AVX2__)
enum { Lanes = 8 };
#else
enum { Lanes = 4 };
#endif

typedef float Vector __attribute__((vector_size(Lanes * 4)));
typedef float Loose __attribute__((vector_size(Lanes * 4), aligned(4), may_alias));
typedef int32_t Integers __attribute__((vector_size(Lanes * 4)));

/** A loop over a handful that is written out, so that what it counts stays in registers. */
#define EACH(i, count) _Pragma("GCC unroll 32") for (int i = 0; i < (count); i++)

static inline Vector load(const float *at) { return *(const Loose *)at; }
static inline void store(float *at, Vector v) { *(Loose *)at = v; }
typedef float Eight __attribute__((vector_size(32), aligned(4), may_alias));
typedef float Four __attribute__((vector_size(16), aligned(4), may_alias));

/** So many floats to another place, most of them in pieces as large as there are; the last piece may overlap the one before. */
static inline void copy(float *to, const float *from, int64_t n) {
#define PIECES(Piece, size)                                                     \
  if (n >= size) {                                                              \
    for (int64_t i = 0; i < n - size; i += size) *(Piece *)(to + i) = *(const Piece *)(from + i); \
    *(Piece *)(to + n - size) = *(const Piece *)(from + n - size);              \
    return;                                                                     \
  }
  PIECES(Loose, Lanes)
  PIECES(Eight, 8)
  PIECES(Four, 4)
#undef PIECES
  for (int64_t i = 0; i < n; i++) to[i] = from[i];
}

/** x in all lanes: what is taken from it is nothing, also from -0, and compilers know. */
static inline Vector all(float x) { return x - (Vector){0}; }

#if defined(__AVX512F__)
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#elif defined(__AVX2__)
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define ODD 1, 3, 5, 7, 9, 11, 13, 15
#else
#define EVEN 0, 2, 4, 6
#define ODD 1, 3, 5, 7
#endif

/** Every second of the elements from there on: as many as a vector has. */
static inline Vector everySecond(const float *at) { return __builtin_shufflevector(load(at), load(at + Lanes), EVEN); }

/** The sums of neighbours: those of `a`, then those of `b`. */
static inline Vector pairs(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, EVEN) + __builtin_shufflevector(a, b, ODD);
}

/** The sum of each of so many vectors as there are lanes; they are overwritten. */
static inline Vector sumEach(Vector *v) {
#pragma GCC unroll 4
  for (int left = Lanes / 2; left > 0; left /= 2)
#pragma GCC unroll 8
    for (int i = 0; i < left; i++) v[i] = pairs(v[2 * i], v[2 * i + 1]);
  return v[0];
}

static inline float sum(Vector v) {
#pragma GCC unroll 4
  for (int left = Lanes / 2; left > 0; left /= 2) v = pairs(v, v);
  return v[0];
}
