// Matrices turned over: rows that lie apart, and panels, in which as many rows as fit in some vectors lie beside each other.
#pragma once
#include "kernel.h"
#include "simd.h"

// Of two vectors the halves, quarters, ... that change places: in blocks of so many lanes, every second block of the first with the one before of the second.
#if defined(__AVX512F__)
#define LOW8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define HIGH8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define LOW4 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define HIGH4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define LOW2 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define HIGH2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define LOW1 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define HIGH1 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#elif defined(__AVX2__)
#define LOW4 0, 1, 2, 3, 8, 9, 10, 11
#define HIGH4 4, 5, 6, 7, 12, 13, 14, 15
#define LOW2 0, 1, 8, 9, 4, 5, 12, 13
#define HIGH2 2, 3, 10, 11, 6, 7, 14, 15
#define LOW1 0, 8, 2, 10, 4, 12, 6, 14
#define HIGH1 1, 9, 3, 11, 5, 13, 7, 15
#else
#define LOW2 0, 1, 4, 5
#define HIGH2 2, 3, 6, 7
#define LOW1 0, 4, 2, 6
#define HIGH1 1, 5, 3, 7
#endif

#define EXCHANGE(APART)                                              \
  EACH(i, Lanes) if ((i & APART) == 0) {                             \
    const Vector a = v[i], b = v[i + APART];                         \
    v[i] = __builtin_shufflevector(a, b, LOW##APART);                \
    v[i + APART] = __builtin_shufflevector(a, b, HIGH##APART);       \
  }

/** A square of as many vectors as a vector has lanes, turned over. */
static inline void turn(Vector *v) {
#if defined(__AVX512F__)
  EXCHANGE(8)
#endif
#if defined(__AVX2__)
  EXCHANGE(4)
#endif
  EXCHANGE(2)
  EXCHANGE(1)
}

/** The first places of the squares that cover `length`: the last one may overlap the one before. */
static inline int64_t squareAt(int64_t i, int64_t length) { return least(i, length - Lanes); }

/**
 * `count` rows of `length`, `apart` from each other, into a panel `[length][width]`; zeros where there are no rows. `width`: whole vectors.
 * `sums [width]`, where they are wanted, become those of each row.
 */
static inline void summedPanel(const float *rows, int64_t apart, int64_t count, int64_t length, int64_t width, float *panel, float *sums) {
  for (int64_t r0 = 0; r0 < width; r0 += Lanes) {
    const int64_t some = least(Lanes, most(0, count - r0));
    const float *from = rows + r0 * apart;
    Vector total[4] = {0};
    if (some == Lanes && length >= Lanes) {
      for (int64_t i = 0; i < length; i += Lanes) {
        const int64_t at = squareAt(i, length);
        Vector v[Lanes];
        EACH(l, Lanes) v[l] = load(from + l * apart + at);
        turn(v);
        EACH(l, Lanes) store(panel + (at + l) * width + r0, v[l]);
        if (sums && at == i) EACH(l, Lanes) total[l % 4] += v[l];
        else if (sums) EACH(l, Lanes) if (at + l >= i) total[l % 4] += v[l];
      }
    } else
      for (int64_t i = 0; i < length; i++)
        for (int64_t l = 0; l < Lanes; l++) {
          const float seen = l < some ? from[l * apart + i] : 0;
          panel[i * width + r0 + l] = seen, total[i % 4][l] += seen;
        }
    if (sums) store(sums + r0, (total[0] + total[1]) + (total[2] + total[3]));
  }
}

/** As `summedPanel`, without sums. */
static void intoPanel(const float *rows, int64_t apart, int64_t count, int64_t length, int64_t width, float *panel) {
  summedPanel(rows, apart, count, length, width, panel, 0);
}

/** A panel `[length][width]` into `count` rows that lie `apart`. */
static void outOfPanel(const float *panel, int64_t width, int64_t length, float *rows, int64_t apart, int64_t count) {
  for (int64_t r0 = 0; r0 < count; r0 += Lanes) {
    const int64_t some = least(Lanes, count - r0);
    float *to = rows + r0 * apart;
    if (length >= Lanes) {
      for (int64_t i = 0; i < length; i += Lanes) {
        const int64_t at = squareAt(i, length);
        Vector v[Lanes];
        EACH(l, Lanes) v[l] = load(panel + (at + l) * width + r0);
        turn(v);
        if (some == Lanes) EACH(l, Lanes) store(to + l * apart + at, v[l]);
        else for (int64_t l = 0; l < some; l++) store(to + l * apart + at, v[l]);
      }
      continue;
    }
    for (int64_t i = 0; i < length; i++)
      for (int64_t l = 0; l < some; l++) to[l * apart + i] = panel[i * width + r0 + l];
  }
}
