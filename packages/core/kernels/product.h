// Products of matrices whose right side lies in panels: as many columns as fit in four vectors, one row after the other.
#pragma once
#include "kernel.h"
#include "simd.h"

#if defined(__AVX512F__)
enum { MostRows = 6, PanelVectors = 4 };
#else
enum { MostRows = 3, PanelVectors = 4 };
#endif
enum { PanelColumns = PanelVectors * Lanes };

#define PRODUCT(ROWS, VECTORS)                                                                                              \
  __attribute__((noinline)) static void product_##ROWS##_##VECTORS(const float *a, int64_t apart, int64_t inner,            \
                                                                   const float *panel, Vector (*sums)[PanelVectors]) {       \
    Vector s[ROWS][VECTORS];                                                                                                 \
    EACH(r, ROWS) EACH(v, VECTORS) s[r][v] = sums[r][v];                                                                     \
    for (int64_t k = 0; k < inner; k++, panel += PanelColumns, a++) {                                                        \
      Vector b[VECTORS];                                                                                                     \
      EACH(v, VECTORS) b[v] = load(panel + v * Lanes);                                                                       \
      EACH(r, ROWS) {                                                                                                        \
        const Vector x = all(a[r * apart]);                                                                                  \
        EACH(v, VECTORS) s[r][v] += x * b[v];                                                                                \
      }                                                                                                                      \
    }                                                                                                                        \
    EACH(r, ROWS) EACH(v, VECTORS) sums[r][v] = s[r][v];                                                                     \
  }
#define PRODUCTS(VECTORS) PRODUCT(1, VECTORS) PRODUCT(2, VECTORS) PRODUCT(3, VECTORS) PRODUCT(4, VECTORS) PRODUCT(5, VECTORS) PRODUCT(6, VECTORS)
PRODUCTS(1)
PRODUCTS(2)
PRODUCTS(3)
PRODUCTS(4)
#define ROWS_OF(VECTORS) {product_1_##VECTORS, product_2_##VECTORS, product_3_##VECTORS, product_4_##VECTORS, product_5_##VECTORS, product_6_##VECTORS}

typedef void (*Product)(const float *, int64_t, int64_t, const float *, Vector (*)[PanelVectors]);
static const Product products[PanelVectors][6] = {ROWS_OF(1), ROWS_OF(2), ROWS_OF(3), ROWS_OF(4)};

/** `sums += a panel` for `rows` rows of `a`, `apart` from each other, and the first `vectors` vectors of the panel's rows. */
static inline void productOf(int64_t rows, int64_t vectors, const float *a, int64_t apart, int64_t inner, const float *panel,
                             Vector (*sums)[PanelVectors]) {
  products[vectors - 1][rows - 1](a, apart, inner, panel, sums);
}

/** How many rows of `left` the next tile takes, so that all are about as large. */
static int64_t nextRows(int64_t left) { return parts(left, parts(left, MostRows)); }
