// Convolution whose lanes are channels of the result: sums of so many windows beside each other, for as many channels as fit in some vectors,
// stay in registers while it goes through the channels of the image and the window. Weights come as whole vectors, places one by one to all lanes.
// Nothing is calculated between rows, and no vector is read from an odd place, so it is the faster way as soon as lanes are filled.
#pragma once
#include "conv-pooled.h"

#if defined(__AVX512F__)
enum { PanelMost = 4 };
#else
enum { PanelMost = 2 };
#endif
/** Windows beside each other whose sums fit in the registers, with a panel of one vector, of two, ... */
static const int64_t mostAcross[4] = {12, PanelMost == 4 ? 12 : 6, 8, 6};

/** A tile. `sums [P][V * Lanes]` begin with what is there: at `from`, from window to window `fromApart`. */
typedef struct ConvTile {
  const float *x, *w, *from;
  float *sums;
  const int64_t *places;
  int64_t channel, channels, taps, fromApart;
} ConvTile;

#define WINDOWS(P, V)                                                                               \
  __attribute__((noinline)) static void windows_##P##_##V(const ConvTile *tile) {                   \
    Vector s[P][V];                                                                                 \
    const float *x = tile->x, *w = tile->w, *from = tile->from;                                     \
    const int64_t *places = tile->places, channel = tile->channel, taps = tile->taps; \
    EACH(p, P) EACH(v, V) s[p][v] = load(from + p * tile->fromApart + v * Lanes);                   \
    for (int64_t c = tile->channels; c > 0; c--, x += channel)                                      \
      for (int64_t t = 0; t < taps; t++, w += V * Lanes) {                                          \
        const float *at = x + places[t];                                                            \
        Vector b[V];                                                                                \
        EACH(v, V) b[v] = load(w + v * Lanes);                                                      \
        EACH(p, P) {                                                                                \
          const Vector seen = all(at[p]);                                                  \
          EACH(v, V) s[p][v] += seen * b[v];                                                        \
        }                                                                                           \
      }                                                                                             \
    float *sums = tile->sums;                                                                       \
    EACH(p, P) EACH(v, V) store(sums + (p * V + v) * Lanes, s[p][v]);                               \
  }
#define WINDOWS6(V) WINDOWS(1, V) WINDOWS(2, V) WINDOWS(3, V) WINDOWS(4, V) WINDOWS(5, V) WINDOWS(6, V)
#define WINDOWS8(V) WINDOWS6(V) WINDOWS(7, V) WINDOWS(8, V)
#define WINDOWS12(V) WINDOWS8(V) WINDOWS(9, V) WINDOWS(10, V) WINDOWS(11, V) WINDOWS(12, V)
#define NAMES6(V) windows_1_##V, windows_2_##V, windows_3_##V, windows_4_##V, windows_5_##V, windows_6_##V
#define NAMES8(V) NAMES6(V), windows_7_##V, windows_8_##V
#define NAMES12(V) NAMES8(V), windows_9_##V, windows_10_##V, windows_11_##V, windows_12_##V

WINDOWS12(1)
#if defined(__AVX512F__)
WINDOWS12(2)
WINDOWS8(3)
WINDOWS6(4)
static void (*const windowTiles[PanelMost][12])(const ConvTile *) = {{NAMES12(1)}, {NAMES12(2)}, {NAMES8(3)}, {NAMES6(4)}};
#else
WINDOWS6(2)
static void (*const windowTiles[PanelMost][12])(const ConvTile *) = {{NAMES12(1)}, {NAMES6(2)}};
#endif

/** Windows of a task: what stays near, with their sums. */
enum { TaskWindows = 128 };
/** Elements of a line of the cache. */
enum { Line = 16 };
/** Rows of weights that are gone through at a time, so that they stay in the first cache. */
enum { NearRows = 160 };

/** Weights of one panel, `[in][taps][width]`, and behind them the bias `[width]`. */
static void channelsPack(void *data, size_t index) {
  const Conv *j = data;
  const int64_t taps = j->g.tall * j->g.wide, inner = j->in * taps, width = j->vectors * Lanes, o0 = (int64_t)index * width;
  const int64_t outs = least(width, j->out - o0);
  float *to = j->packed + (int64_t)index * (inner + 1) * width;
  if (!j->turned) intoPanel(j->w + o0 * inner, inner, outs, inner, width, to);
  else
    for (int64_t c = 0; c < j->in; c++)
      for (int64_t t = 0; t < taps; t++) {
        float *row = to + (c * taps + t) * width;
        for (int64_t o = 0; o < width; o++) row[o] = o < outs ? weightOf(j, o0 + o, c, t) : 0;
      }
  for (int64_t o = 0; o < width; o++) to[inner * width + o] = j->bias && o < outs ? j->bias[o0 + o] : 0;
}

static void channelsTask(void *data, size_t index) {
  const Conv *j = data;
  const Geometry *g = &j->g;
  const int64_t vectors = j->vectors, width = vectors * Lanes, panels = parts(j->out, width), taps = g->tall * g->wide, inner = j->in * taps;
  const int64_t highs = parts(g->rows, j->high), fars = parts(g->columns, j->far);
  // Neighbours share what is larger: an image, or the weights of a panel.
  const int64_t pair = (int64_t)index / (highs * fars), panelsFirst = inner * width > j->in * phases(g) * g->planeSize;
  const int64_t image = panelsFirst ? pair % j->group : pair / panels, panel = panelsFirst ? pair / j->group : pair % panels;
  const int64_t r0 = (int64_t)index / fars % highs * j->high, c0 = (int64_t)index % fars * j->far;
  const int64_t rows = least(j->high, g->rows - r0), columns = least(j->far, g->columns - c0);
  const int64_t channel = phases(g) * g->planeSize, near = most(1, NearRows / taps), most1 = mostAcross[vectors - 1];
  const float *x = j->planes + image * j->in * channel + r0 * g->pitch + c0, *w = j->packed + panel * (inner + 1) * width;
  const int64_t o0 = panel * width, windows = g->rows * g->columns, outs = least(width, j->out - o0);
  // A pool leaves one of two rows, and one of two columns.
  const int64_t side = j->pooled ? 2 : 1, results = windows / (side * side), rowsLeft = rows / side, columnsLeft = columns / side;
  const int64_t first = ((j->first + image) * j->out + o0) * results + r0 / side * (g->columns / side) + c0 / side;
  float *y = j->y + first;
  const int64_t run = columns == g->columns ? rowsLeft * columnsLeft : columnsLeft; // results that lie beside each other
  const int64_t every = parts(parts(run, Line) * outs, rows * parts(columns, most1));
  int64_t ahead = columns == g->columns ? 0 : run, aheadOf = 0; // of which channel, and where, the next line is
  Vector sums[(TaskWindows + 16) * PanelMost];
  for (int64_t c = 0; c < j->in; c += near) {
    ConvTile tile = {.w = w + c * taps * width, .places = j->places, .channel = channel, .channels = least(near, j->in - c), .taps = taps,
                     .fromApart = c == 0 ? 0 : width};
    float *to = (float *)sums;
    for (int64_t r = 0; r < rows; r++)
      for (int64_t at = 0; at < columns;) {
        const int64_t some = parts(columns - at, parts(columns - at, most1));
        tile.x = x + c * channel + r * g->pitch + at;
        tile.sums = to, tile.from = c == 0 ? w + inner * width : to;
        // Meanwhile the memory of the results comes nearer: it is written in short runs far apart, which no processor foresees.
        for (int64_t more = c + near < j->in ? 0 : every; more > 0 && ahead < run; more--) {
          __builtin_prefetch(y + aheadOf * results + ahead, 1, 2);
          if (++aheadOf == outs) aheadOf = 0, ahead += Line;
        }
        windowTiles[vectors - 1][some - 1](&tile);
        at += some, to += some * width;
      }
  }
  Integers which[(TaskWindows + 16) / 4 * PanelMost];
  if (j->pooled) poolPanel(sums, rows, columns, vectors, j->rectified, which);
  for (int64_t at = 0, place = 0; at < rowsLeft * columnsLeft; at += run, place += g->columns / side) {
    outOfPanel((float *)sums + at * width, width, run, y + place, results, outs);
    if (j->which) bytesOutOfPanel(which + at * vectors, vectors, run, j->which + first + place, results, outs);
  }
}
