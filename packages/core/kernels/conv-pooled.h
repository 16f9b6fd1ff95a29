// What a convolution's results, channels in the lanes, become before they are written where a pool of two by two follows: a quarter of them.
#pragma once
#include "conv.h"
#include "functions.h"
#include "turn.h"

/** Sums `[rows][columns][vectors]` of an even number of rows and columns become the largest of each two by two, and `which` of the four they were. */
static void poolPanel(Vector *sums, int64_t rows, int64_t columns, int64_t vectors, int64_t rectified, Integers *which) {
  Vector *to = sums; // never before what is still to be read
  for (int64_t r = 0; r < rows; r += 2)
    for (int64_t c = 0; c < columns; c += 2) {
      const Vector *upper = sums + (r * columns + c) * vectors, *lower = upper + columns * vectors;
      for (int64_t v = 0; v < vectors; v++) {
        const Vector a = upper[v], b = upper[vectors + v], d = lower[v], e = lower[vectors + v];
        // What is no number stays so.
        const Integers right = (b > a) | (b != b), rightBelow = (e > d) | (e != e);
        const Vector above = select(right, b, a), below = select(rightBelow, e, d);
        const Integers down = (below > above) | (below != below);
        const Vector seen = select(down, below, above);
        const Integers one = (right & ~down & 1) | (down & (2 | (rightBelow & 1)));
        const Integers passes = rectified ? seen > 0.0f : one == one;
        *which++ = (one & passes) | (NoneOf & ~passes);
        *to++ = select(passes | (seen != seen), seen, (Vector){0});
      }
    }
}

typedef uint8_t Bytes __attribute__((vector_size(Lanes), aligned(1), may_alias));

/** Numbers below 256 `[length][vectors]` as bytes into `count` rows that lie `apart`. */
static void bytesOutOfPanel(const Integers *panel, int64_t vectors, int64_t length, uint8_t *rows, int64_t apart, int64_t count) {
  for (int64_t r0 = 0; r0 < count; r0 += Lanes, panel++) {
    const int64_t some = least(Lanes, count - r0);
    uint8_t *to = rows + r0 * apart;
    if (length >= Lanes) {
      for (int64_t i = 0; i < length; i += Lanes) {
        const int64_t at = squareAt(i, length);
        Vector v[Lanes];
        EACH(l, Lanes) v[l] = (Vector)panel[(at + l) * vectors];
        turn(v);
        if (some == Lanes) EACH(l, Lanes) *(Bytes *)(to + l * apart + at) = __builtin_convertvector((Integers)v[l], Bytes);
        else for (int64_t l = 0; l < some; l++) *(Bytes *)(to + l * apart + at) = __builtin_convertvector((Integers)v[l], Bytes);
      }
      continue;
    }
    for (int64_t i = 0; i < length; i++)
      for (int64_t l = 0; l < some; l++) to[l * apart + i] = (uint8_t)panel[i * vectors][l];
  }
}
