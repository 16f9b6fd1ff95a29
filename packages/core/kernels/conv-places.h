// Convolution whose lanes are places of the image, for few channels: sums of as many channels as a tile has, at so many places beside each other, stay in registers while
// it goes through the channels and the window. Weights come one by one to all lanes, places as whole vectors.
#pragma once
#include "conv.h"

#if defined(__AVX512F__)
enum { ConvOut = 8, ConvVectors = 3 };
#else
enum { ConvOut = 4, ConvVectors = 3 };
#endif

/** Weights of one tile of channels, `[in][taps][ConvOut]`; zeros for channels that there are not. */
static void placesPack(void *data, size_t index) {
  const Conv *j = data;
  const int64_t taps = j->g.tall * j->g.wide, inner = j->in * taps, o0 = (int64_t)index * ConvOut;
  float *to = j->packed + (int64_t)index * inner * ConvOut;
  for (int64_t k = 0; k < inner; k++)
    for (int64_t o = 0; o < ConvOut; o++) *to++ = o0 + o < j->out ? weightOf(j, o0 + o, k / taps, k % taps) : 0;
}

#define CONVOLVE(VECTORS)                                                                                                 \
  __attribute__((noinline)) static void convolve_##VECTORS(const float *x, int64_t channel, int64_t in, const int64_t *places, \
                                                           int64_t taps, const float *w, float *to, int64_t length) {     \
    Vector s[ConvOut][VECTORS];                                                                                           \
    EACH(o, ConvOut) EACH(v, VECTORS) s[o][v] = all(0);                                                                   \
    for (int64_t c = 0; c < in; c++, x += channel)                                                                        \
      for (int64_t t = 0; t < taps; t++, w += ConvOut) {                                                                  \
        const float *at = x + places[t];                                                                                  \
        Vector seen[VECTORS];                                                                                             \
        EACH(v, VECTORS) seen[v] = load(at + v * Lanes);                                                                  \
        EACH(o, ConvOut) {                                                                                                \
          const Vector by = all(w[o]);                                                                                    \
          EACH(v, VECTORS) s[o][v] += by * seen[v];                                                                       \
        }                                                                                                                 \
      }                                                                                                                   \
    EACH(o, ConvOut) EACH(v, VECTORS) store(to + o * length + v * Lanes, s[o][v]);                                        \
  }
CONVOLVE(1)
CONVOLVE(2)
CONVOLVE(3)

static void placesTile(void *data, size_t index) {
  const Conv *j = data;
  const Geometry *g = &j->g;
  const int64_t tiles = parts(j->out, ConvOut), image = (int64_t)index / tiles, tile = (int64_t)index % tiles, o0 = tile * ConvOut;
  const int64_t channel = phases(g) * g->planeSize, taps = g->tall * g->wide, outs = least(ConvOut, j->out - o0);
  const float *x = j->planes + image * j->in * channel, *w = j->packed + tile * j->in * taps * ConvOut;
  float *rows = j->rows + (int64_t)index * ConvOut * g->length;
  for (int64_t at = 0; at < g->length;) {
    const int64_t left = (g->length - at) / Lanes, some = least(ConvVectors, left == 4 ? 2 : left);
    if (some == 3) convolve_3(x + at, channel, j->in, j->places, taps, w, rows + at, g->length);
    else if (some == 2) convolve_2(x + at, channel, j->in, j->places, taps, w, rows + at, g->length);
    else convolve_1(x + at, channel, j->in, j->places, taps, w, rows + at, g->length);
    at += some * Lanes;
  }
  for (int64_t o = 0; o < outs; o++) {
    const float bias = j->bias ? j->bias[o0 + o] : 0;
    const float *from = rows + o * g->length;
    float *to = j->y + (((j->first + image) * j->out + o0 + o) * g->rows) * g->columns;
    for (int64_t r = 0; r < g->rows; r++, from += g->pitch, to += g->columns)
      for (int64_t c = 0; c < g->columns; c++) to[c] = from[c] + bias;
  }
}
