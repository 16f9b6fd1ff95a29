// The gradient of a convolution's kernels whose lanes are windows, for few channels: the sums of pairs of channels stay in registers, as many vectors as a tile has
// pairs, for one element of the window after the other.
#pragma once
#include "conv-kernel-gradient.h"

#if defined(__AVX512F__)
enum { TileOut = 8, TileIn = 3 };
#else
enum { TileOut = 4, TileIn = 3 };
#endif
/** Elements of the window whose sums are kept beside each other. */
enum { MostTaps = 25 };

static void dotsSpread(void *data, size_t index) {
  const KernelGradient *j = data;
  const Geometry *g = &j->g;
  const int64_t per = j->in + j->out, image = (int64_t)index / per, channel = (int64_t)index % per, n = j->first + image;
  if (channel < j->in)
    spread(g, j->x + (n * j->in + channel) * g->height * g->width, j->planes + (image * j->in + channel) * phases(g) * g->planeSize);
  else {
    const int64_t o = channel - j->in;
    widen(g, j->dy + (n * j->out + o) * g->rows * g->columns, j->windows + (image * j->out + o) * g->length);
  }
}

/** One pass over rows of several images, whose rows lie `apart`. */
typedef struct Rows {
  const float *dy, *x;
  int64_t dyApart, xApart, dyImage, xImage; // from channel to channel, from image to image
  int64_t length, images;
} Rows;

#define DOTS(OUTS, INS)                                                                          \
  __attribute__((noinline)) static void dots_##OUTS##_##INS(const Rows *rows, Vector *sums) {    \
    Vector s[OUTS][INS];                                                                         \
    EACH(o, OUTS) EACH(c, INS) s[o][c] = sums[o * TileIn + c];                                   \
    const float *dy = rows->dy, *x = rows->x;                                                    \
    const int64_t dyApart = rows->dyApart, xApart = rows->xApart, length = rows->length;         \
    for (int64_t n = 0; n < rows->images; n++, dy += rows->dyImage, x += rows->xImage)           \
      for (int64_t i = 0; i < length; i += Lanes) {                                              \
        Vector v[INS];                                                                           \
        EACH(c, INS) v[c] = load(x + c * xApart + i);                                            \
        EACH(o, OUTS) {                                                                          \
          const Vector d = load(dy + o * dyApart + i);                                           \
          EACH(c, INS) s[o][c] += d * v[c];                                                      \
        }                                                                                        \
      }                                                                                          \
    EACH(o, OUTS) EACH(c, INS) sums[o * TileIn + c] = s[o][c];                                   \
  }
DOTS(TileOut, TileIn)
DOTS(TileOut, 1)
DOTS(1, TileIn)
DOTS(1, 1)

static void dotsTile(void *data, size_t index) {
  const KernelGradient *j = data;
  const Geometry *g = &j->g;
  const int64_t tilesIn = parts(j->in, TileIn);
  const int64_t o0 = (int64_t)index / tilesIn * TileOut, c0 = (int64_t)index % tilesIn * TileIn;
  const int64_t outs = least(TileOut, j->out - o0), ins = least(TileIn, j->in - c0), taps = g->tall * g->wide;
  const int64_t channel = phases(g) * g->planeSize;
  // As many elements at a time as stay in the nearest cache, for all elements of the window.
  const int64_t piece = 640, images = most(1, piece / g->length);
  Rows rows = {.dyApart = g->length, .xApart = channel, .dyImage = j->out * g->length, .xImage = j->in * channel};
  for (int64_t t0 = 0; t0 < taps; t0 += MostTaps) {
    const int64_t some = least(MostTaps, taps - t0);
    Vector sums[MostTaps][(TileOut * TileIn + Lanes - 1) / Lanes * Lanes];
    for (int64_t t = 0; t < some; t++) EACH(i, (int)(sizeof sums[0] / sizeof(Vector))) sums[t][i] = all(0);
    for (int64_t n = 0; n < j->group; n += images)
      for (int64_t at = 0; at < g->length; at += piece) {
        rows.images = least(images, j->group - n), rows.length = least(piece, g->length - at);
        rows.dy = j->windows + n * rows.dyImage + o0 * g->length + at;
        const float *x = j->planes + n * rows.xImage + c0 * channel + at;
        for (int64_t t = 0; t < some; t++) {
          rows.x = x + placeOf(g, (t0 + t) / g->wide, (t0 + t) % g->wide);
          if (outs == TileOut && ins == TileIn) dots_TileOut_TileIn(&rows, sums[t]);
          else if (outs == TileOut) {
            Rows one = rows;
            for (int64_t c = 0; c < ins; c++, one.x += channel) dots_TileOut_1(&one, sums[t] + c);
          } else {
            Rows one = rows;
            for (int64_t o = 0; o < outs; o++, one.dy += g->length) {
              if (ins == TileIn) dots_1_TileIn(&one, sums[t] + o * TileIn);
              else {
                Rows pair = one;
                for (int64_t c = 0; c < ins; c++, pair.x += channel) dots_1_1(&pair, sums[t] + o * TileIn + c);
              }
            }
          }
        }
      }
    for (int64_t t = 0; t < some; t++) {
      float totals[sizeof sums[0] / sizeof(Vector)];
      for (int i = 0; i < TileOut * TileIn; i += Lanes) store(totals + i, sumEach(sums[t] + i));
      for (int64_t o = 0; o < outs; o++)
        for (int64_t c = 0; c < ins; c++) j->dw[((o0 + o) * j->in + c0 + c) * taps + t0 + t] += totals[o * TileIn + c];
    }
  }
}
