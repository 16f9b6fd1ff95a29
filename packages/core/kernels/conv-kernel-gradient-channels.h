// The gradient of a convolution's kernels whose lanes are channels of the result: sums of some elements of the window, of some channels of the image, for as many channels
// of the result as fit in some vectors, stay in registers while it goes through the windows. Gradients come as whole vectors, places one by one to all lanes.
#pragma once
#include "conv-channels.h"
#include "conv-kernel-gradient.h"

/** Rows of sums that fit in the registers, and whose places do, with a panel of one vector, of two, ... */
static const int64_t mostRows[4] = {9, PanelMost == 4 ? 9 : 6, 8, 6};

/** A tile: `rows` of windows, as many as `columns` each. */
typedef struct GradientTile {
  const float *x, *dy;
  const int64_t *places;
  int64_t rows, columns, pitch;
  float *sums;
} GradientTile;

#define ELEMENTS(R, V)                                                                              \
  __attribute__((noinline)) static void elements_##R##_##V(const GradientTile *tile) {              \
    Vector s[R][V];                                                                                 \
    const float *at[R], *dy = tile->dy;                                                             \
    const int64_t columns = tile->columns, pitch = tile->pitch;                                     \
    float *sums = tile->sums;                                                                       \
    EACH(r, R) at[r] = tile->x + tile->places[r];                                                   \
    EACH(r, R) EACH(v, V) s[r][v] = load(sums + (r * V + v) * Lanes);                               \
    for (int64_t i = 0, end = tile->rows * pitch; i < end; i += pitch)                              \
      for (int64_t c = i; c < i + columns; c++, dy += V * Lanes) {                                  \
        Vector b[V];                                                                                \
        EACH(v, V) b[v] = load(dy + v * Lanes);                                                     \
        EACH(r, R) {                                                                                \
          const Vector seen = all(at[r][c]);                                                        \
          EACH(v, V) s[r][v] += seen * b[v];                                                        \
        }                                                                                           \
      }                                                                                             \
    EACH(r, R) EACH(v, V) store(sums + (r * V + v) * Lanes, s[r][v]);                               \
  }
#define ELEMENTS6(V) ELEMENTS(1, V) ELEMENTS(2, V) ELEMENTS(3, V) ELEMENTS(4, V) ELEMENTS(5, V) ELEMENTS(6, V)
#define ELEMENTS9(V) ELEMENTS6(V) ELEMENTS(7, V) ELEMENTS(8, V) ELEMENTS(9, V)
#define ELEMENTS_NAMES6(V) elements_1_##V, elements_2_##V, elements_3_##V, elements_4_##V, elements_5_##V, elements_6_##V
#define ELEMENTS_NAMES9(V) ELEMENTS_NAMES6(V), elements_7_##V, elements_8_##V, elements_9_##V

ELEMENTS9(1)
#if defined(__AVX512F__)
ELEMENTS9(2)
ELEMENTS9(3)
ELEMENTS6(4)
static void (*const elementTiles[PanelMost][9])(const GradientTile *) = {{ELEMENTS_NAMES9(1)}, {ELEMENTS_NAMES9(2)}, {ELEMENTS_NAMES9(3)}, {ELEMENTS_NAMES6(4)}};
#else
ELEMENTS6(2)
static void (*const elementTiles[PanelMost][9])(const GradientTile *) = {{ELEMENTS_NAMES9(1)}, {ELEMENTS_NAMES6(2)}};
#endif

/** Rows of sums of a tile, so that all are about as large. */
static int64_t rowsOfTile(const KernelGradient *j, int64_t rows) { return parts(rows, parts(rows, mostRows[j->vectors - 1])); }

/** Windows that are gone through at a time, so that their gradients stay in the first cache. */
enum { NearWindows = 96 };

/** Tiles of a task. */
enum { MostTiles = 8 };

/** One panel of an image's gradients turned over, and its part of the bias's. */
static void gradientPanel(const KernelGradient *j, int64_t image, int64_t panel) {
  const int64_t windows = j->g.rows * j->g.columns, width = j->vectors * Lanes, o0 = panel * width, n = j->first + image;
  const float *dy = j->dy + (n * j->out + o0) * windows;
  summedPanel(dy, windows, least(width, j->out - o0), windows, width, j->windows + (image * j->panels + panel) * windows * width,
              j->db ? j->each + (n * j->panels + panel) * width : 0);
}

/** The images' sums of one panel, one after the other, as the gradient of the bias. */
static void biasGradients(const KernelGradient *j, int64_t panel) {
  const int64_t width = j->vectors * Lanes, o0 = panel * width;
  for (int64_t o = 0; j->db && o < least(width, j->out - o0); o++) {
    float total = 0;
    for (int64_t n = 0; n < j->batch; n++) total += j->each[(n * j->panels + panel) * width + o];
    j->db[o0 + o] = total;
  }
}

static void elementsSpread(void *data, size_t index) {
  const KernelGradient *j = data;
  const Geometry *g = &j->g;
  const int64_t per = j->in + j->panels, image = (int64_t)index / per, part = (int64_t)index % per, n = j->first + image;
  if (part < j->in)
    spread(g, j->x + (n * j->in + part) * g->height * g->width, j->planes + (image * j->in + part) * phases(g) * g->planeSize);
  else gradientPanel(j, image, part - j->in);
}

/** Some tiles of one panel, over one share of the images. */
static void elementsTask(void *data, size_t index) {
  const KernelGradient *j = data;
  const Geometry *g = &j->g;
  const int64_t width = j->vectors * Lanes, taps = g->tall * g->wide, all = j->in * taps, windows = g->rows * g->columns;
  const int64_t most = rowsOfTile(j, all), per = j->tiles * most, tasks = parts(all, per);
  const int64_t share = (int64_t)index / (tasks * j->panels), panel = (int64_t)index / tasks % j->panels, from = (int64_t)index % tasks * per;
  const int64_t until = least(all, from + per), channel = phases(g) * g->planeSize;
  const int64_t near = least(g->rows, NearWindows / g->columns > 1 ? NearWindows / g->columns : 1);
  float *sums = j->sums + (share * j->panels + panel) * all * width;
  int64_t places[MostTiles * 9];
  for (int64_t row = from; row < until; row++) places[row - from] = row / taps * channel + placeOf(g, row % taps / g->wide, row % taps % g->wide);
  // Of the images of this group those whose number, of all, is the share's: what is added to what depends on no thread.
  for (int64_t n = (share - j->first % j->shares + j->shares) % j->shares; n < j->group; n += j->shares)
    for (int64_t r = 0; r < g->rows; r += near) {
      GradientTile tile = {.rows = least(near, g->rows - r), .columns = g->columns, .pitch = g->pitch};
      tile.dy = j->windows + ((n * j->panels + panel) * windows + r * g->columns) * width;
      tile.x = j->planes + n * j->in * channel + r * g->pitch;
      for (int64_t row = from; row < until; row += most) {
        const int64_t some = least(most, until - row);
        tile.places = places + row - from, tile.sums = sums + row * width;
        elementTiles[j->vectors - 1][some - 1](&tile);
      }
    }
}

/** The shares' sums of one panel, one after the other, into the gradient, and the images' sums into the bias's. */
static void elementsSum(void *data, size_t index) {
  const KernelGradient *j = data;
  const int64_t width = j->vectors * Lanes, all = j->in * j->g.tall * j->g.wide, o0 = (int64_t)index * width;
  float *sums = j->sums + (int64_t)index * all * width;
  for (int64_t s = 1; s < j->shares; s++) {
    const float *more = sums + s * j->panels * all * width;
    for (int64_t i = 0; i < all * width; i += Lanes) store(sums + i, load(sums + i) + load(more + i));
  }
  const int64_t outs = least(width, j->out - o0);
  outOfPanel(sums, width, all, j->dw + o0 * all, all, outs);
  biasGradients(j, (int64_t)index);
}
