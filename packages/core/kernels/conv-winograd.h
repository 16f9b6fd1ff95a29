// Convolution by Winograd's tiles: a task turns the places that some rows of tiles see into points, multiplies them, point by point, by the kernels' points, and makes windows of the sums.
// Everything between places and windows stays in the second cache.
#pragma once
#include "conv-channels.h"
#include "winograd.h"

typedef struct TiledConv {
  const Kernel *kernel;
  const Conv *conv;
  Geometry tiles;
  Bands bands;
  int64_t vectors, panels, together; // of a panel; panels; panels of a task
  int64_t first, images;             // that lie in planes
  int64_t failed;
  float *planes, *kernels, *bias;    // kernels: [panels][Points][in][width]
  int64_t places[Points];
} TiledConv;

/** Channels whose kernels are turned at a time. */
enum { PackChannels = 16 };

/** Kernels `[in][out][9]` of one channel of the image as a panel `[9][width]`, from the last tap to the first. */
static void tapsTurned(const Conv *j, int64_t c, int64_t o0, int64_t outs, int64_t width, float *to) {
  const int64_t size = j->in * j->out * NineTaps, piece = least(Lanes, NineTaps);
  for (int64_t r0 = 0; r0 < width; r0 += Lanes) {
    const int64_t from = (c * j->out + o0 + r0) * NineTaps, some = least(Lanes, outs - r0);
    // Vectors longer than a window read on into the next one.
    if (some == Lanes && from + (Lanes - 1) * NineTaps + most(Lanes, NineTaps) <= size)
      for (int64_t t0 = 0; t0 < NineTaps; t0 += piece) {
        const int64_t at = least(t0, NineTaps - piece);
        Vector v[Lanes];
        EACH(l, Lanes) v[l] = load(j->w + from + l * NineTaps + at);
        turn(v);
        EACH(l, Lanes) if (l < piece) store(to + (NineTaps - 1 - at - l) * width + r0, v[l]);
      }
    else
      for (int64_t t = 0; t < NineTaps; t++)
        for (int64_t l = 0; l < Lanes; l++) to[t * width + r0 + l] = l < some ? weightOf(j, o0 + r0 + l, c, t) : 0;
  }
}

/** The points of a window: the first, half of all three, half of the first less the second and the third, the third, down and across. */
static inline void turnTaps(const Vector *g, int64_t apart, float *to, int64_t pointsApart) {
  Vector t[12];
  EACH(j, 3) {
    const Vector a = g[j * apart], b = g[(3 + j) * apart], c = g[(6 + j) * apart], ends = 0.5f * (a + c);
    t[j] = a, t[3 + j] = ends + 0.5f * b, t[6 + j] = ends - 0.5f * b, t[9 + j] = c;
  }
  EACH(i, 4) {
    const Vector *r = t + 3 * i, ends = 0.5f * (r[0] + r[2]);
    store(to + 4 * i * pointsApart, r[0]), store(to + (4 * i + 1) * pointsApart, ends + 0.5f * r[1]);
    store(to + (4 * i + 2) * pointsApart, ends - 0.5f * r[1]), store(to + (4 * i + 3) * pointsApart, r[2]);
  }
}

static void tiledPack(void *data, size_t index) {
  const TiledConv *m = data;
  const Conv *j = m->conv;
  const int64_t width = m->vectors * Lanes, chunks = parts(j->in, PackChannels), panel = (int64_t)index / chunks, c0 = (int64_t)index % chunks * PackChannels;
  const int64_t o0 = panel * width, outs = least(width, j->out - o0), some = least(PackChannels, j->in - c0);
  Vector taps[PackChannels * NineTaps * PanelMost];
  if (!j->turned) intoPanel(j->w + (o0 * j->in + c0) * NineTaps, j->in * NineTaps, outs, some * NineTaps, width, (float *)taps);
  else
    for (int64_t c = 0; c < some; c++) tapsTurned(j, c0 + c, o0, outs, width, (float *)taps + c * NineTaps * width);
  for (int64_t c = 0; c < some; c++)
    for (int64_t v = 0; v < m->vectors; v++)
      turnTaps(taps + c * NineTaps * m->vectors + v, m->vectors, m->kernels + (panel * Points * j->in + c0 + c) * width + v * Lanes, j->in * width);
  if (c0 == 0)
    for (int64_t o = 0; o < width; o++) m->bias[o0 + o] = j->bias && o < outs ? j->bias[o0 + o] : 0;
}

static void tiledSpread(void *data, size_t index) {
  const TiledConv *m = data;
  const Geometry *t = &m->tiles;
  spread(t, m->conv->x + (m->first * m->conv->in + (int64_t)index) * t->height * t->width, m->planes + (int64_t)index * phases(t) * t->planeSize);
}

/** Sums of the points, `[Points][tiles][width]`, of one panel. */
static void tiledSums(const TiledConv *m, int64_t panel, const float *points, int64_t tiles, float *sums) {
  static const int64_t here[1] = {0};
  static const float none[PanelMost * Lanes] = {0};
  const int64_t width = m->vectors * Lanes, in = m->conv->in, reach = m->bands.reach, most1 = mostAcross[m->vectors - 1];
  for (int64_t i = 0; i < Points; i++)
    for (int64_t c = 0; c < in; c += NearRows) {
      ConvTile tile = {.w = m->kernels + ((panel * Points + i) * in + c) * width, .places = here, .channel = reach, .channels = least(NearRows, in - c),
                       .taps = 1, .fromApart = c == 0 ? 0 : width};
      for (int64_t at = 0, some; at < tiles; at += some) {
        some = parts(tiles - at, parts(tiles - at, most1));
        tile.x = points + (i * in + c) * reach + at, tile.sums = sums + (i * tiles + at) * width, tile.from = c == 0 ? none : tile.sums;
        windowTiles[m->vectors - 1][some - 1](&tile);
      }
    }
}

/** Of each tile's sums its two by two windows: the first three of four, and the second less the third and the fourth, down and across. `columns` of a row of windows, `to [rows][columns][vectors]`. */
static void tiledWindows(const Band *band, const Vector *sums, int64_t tiles, int64_t vectors, const float *bias, int64_t columns, Vector *to) {
  for (int64_t r = 0; r < band->rows; r++, to += TileSide * columns * vectors)
    for (int64_t c = 0; c < band->columns; c++)
      for (int64_t v = 0; v < vectors; v++) {
        const Vector *s = sums + (r * band->columns + c) * vectors + v, b = load(bias + v * Lanes);
        const int64_t apart = tiles * vectors;
        Vector t[8];
        EACH(k, 4) {
          const Vector middle = s[(4 + k) * apart], later = s[(8 + k) * apart];
          t[k] = s[k * apart] + middle + later, t[4 + k] = middle - later - s[(12 + k) * apart];
        }
        Vector *at = to + TileSide * c * vectors + v;
        EACH(k, 2) {
          const Vector *u = t + 4 * k;
          at[k * columns * vectors] = b + u[0] + u[1] + u[2];
          if (TileSide * c + 1 < columns) at[(k * columns + 1) * vectors] = b + u[1] - u[2] - u[3];
        }
      }
}

static void tiledTask(void *data, size_t index) {
  TiledConv *m = data;
  const Conv *j = m->conv;
  const Geometry *t = &m->tiles, *g = &j->g;
  const int64_t shares = parts(m->panels, m->together), width = m->vectors * Lanes, reach = m->bands.reach, channel = phases(t) * t->planeSize;
  const Band band = bandAt(t, m->images, &m->bands, (int64_t)index / shares);
  const int64_t tiles = band.rows * band.columns, columns = least(band.columns * TileSide, g->columns - band.column * TileSide);
  // Points, sums, and windows; the last row of a tile may be one too many, for each image.
  const int64_t points = Points * j->in * reach, sums = Points * tiles * width, windows = (band.rows * TileSide) * columns * width;
  float *memory = take(m->kernel, (size_t)(points + sums + windows) * 4);
  if (!memory) {
    m->failed = 1;
    return;
  }
  float *to = memory + sums, *from = to + windows;
  for (int64_t c = 0; c < j->in; c++) pointsOfBand(t, &band, m->planes + c * channel, j->in * channel, m->places, from + c * reach, j->in * reach);
  const int64_t until = least(m->panels, ((int64_t)index % shares + 1) * m->together);
  for (int64_t panel = (int64_t)index % shares * m->together; panel < until; panel++) {
    const int64_t o0 = panel * width, outs = least(width, j->out - o0), all = g->rows * g->columns;
    tiledSums(m, panel, from, tiles, memory);
    tiledWindows(&band, (Vector *)memory, tiles, m->vectors, m->bias + o0, columns, (Vector *)to);
    // Image by image, as they lie apart.
    for (int64_t r = 0, some; r < band.rows; r += some) {
      const int64_t row = band.row + r, image = m->first + row / t->rows, top = row % t->rows * TileSide;
      some = least(band.rows - r, t->rows - row % t->rows);
      const int64_t rows = least(some * TileSide, g->rows - top), run = columns == g->columns ? rows * columns : columns;
      float *y = j->y + (image * j->out + o0) * all + top * g->columns + band.column * TileSide;
      for (int64_t at = 0; at < rows * columns; at += run, y += g->columns) outOfPanel(to + (r * TileSide * columns + at) * width, width, run, y, all, outs);
    }
  }
  give(m->kernel, memory);
}

/** Bytes of the planes of images that are worked on at a time, and tasks that there should be at least. */
enum { TiledBytes = 8 << 20, TiledTasks = 8 };

static const char *byTiles(const Kernel *k, Context *context, const Conv *j) {
  TiledConv m = {.kernel = k, .conv = j, .tiles = tilesOf(&j->g)};
  Geometry *t = &m.tiles;
  const int64_t vectors = parts(j->out, Lanes), planes = j->in * phases(t) * t->planeSize;
  m.vectors = parts(vectors, parts(vectors, PanelMost));
  const int64_t width = m.vectors * Lanes;
  m.panels = parts(j->out, width);
  for (int64_t i = 0; i < Points; i++) m.places[i] = placeOf(t, i / 4, i % 4);
  const int64_t group = least(j->batch, most(1, TiledBytes / (planes * 4))), kernels = m.panels * Points * j->in * width;
  // Kernels first: their vectors lie where vectors should. And what is read on after the last plane.
  float *memory = take(k, (size_t)(kernels + m.panels * width + group * planes + 2 * Lanes) * 4);
  if (!memory) return "there is not enough memory";
  m.kernels = memory, m.bias = memory + kernels, m.planes = m.bias + m.panels * width;
  parallel(k, context, tiledPack, (size_t)(m.panels * parts(j->in, PackChannels)), &m);
  for (m.first = 0; m.first < j->batch && !m.failed; m.first += group) {
    m.images = least(group, j->batch - m.first), m.bands = bandsOf(t, m.images);
    m.together = parts(m.panels, least(m.panels, parts(TiledTasks, m.bands.count)));
    parallel(k, context, tiledSpread, (size_t)(m.images * j->in), &m);
    parallel(k, context, tiledTask, (size_t)(m.bands.count * parts(m.panels, m.together)), &m);
  }
  give(k, memory);
  return m.failed ? "there is not enough memory" : 0;
}
