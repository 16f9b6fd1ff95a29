// The gradient of a convolution's kernels by Winograd's tiles: what the gradient of the kernels' points is, is a product of the points of places and of those of `dy`, point by point; the
// kernels' own is made of these at the end. Points of some images lie in memory, and tasks share out channels, and rows of tiles where there are few channels.
#pragma once
#include "conv-kernel-gradient-channels.h"
#include "winograd.h"

typedef struct TiledGradient {
  const KernelGradient *gradient;
  Geometry tiles;
  Bands bands;
  int64_t panels, chunks; // of channels of the result, and of the image
  int64_t shares, images; // of the rows of tiles; that lie in planes
  int64_t placed, turned; // floats of the points of a task's tiles: of places [Points][in][reach], of `dy` [panels][Points][tiles][width]
  float *pointsOfPlaces, *pointsOfGradients;
  int64_t places[Points];
} TiledGradient;

/** Channels of the image of a task, and that are made kernels of at a time. */
enum { ChunkChannels = 64, UnpackChannels = 16 };

static void tiledGradientSpread(void *data, size_t index) {
  const TiledGradient *m = data;
  const KernelGradient *j = m->gradient;
  const Geometry *t = &m->tiles;
  const int64_t per = j->in + m->panels, image = (int64_t)index / per, part = (int64_t)index % per;
  if (part < j->in) spread(t, j->x + ((j->first + image) * j->in + part) * t->height * t->width, j->planes + (image * j->in + part) * phases(t) * t->planeSize);
  else gradientPanel(j, image, part - j->in);
}

/** Of two by two gradients their points: the first, their sum, their difference, less the second, down and across. */
static void pointsOfWindows(const TiledGradient *m, const Band *band, int64_t panel, float *to, int64_t apart) {
  const KernelGradient *j = m->gradient;
  const Geometry *g = &j->g, *t = &m->tiles;
  const int64_t vectors = j->vectors, all = g->rows * g->columns;
  for (int64_t r = 0; r < band->rows; r++) {
    const int64_t image = (band->row + r) / t->rows, row = (band->row + r) % t->rows * TileSide;
    for (int64_t c = 0; c < band->columns; c++) {
      const int64_t column = (band->column + c) * TileSide;
      const Vector *from = (const Vector *)j->windows + ((image * m->panels + panel) * all + row * g->columns + column) * vectors;
      const int right = column + 1 < g->columns, below = row + 1 < g->rows;
      for (int64_t v = 0; v < vectors; v++, to += Lanes) {
        const Vector none = {0}, a = from[v], b = right ? from[vectors + v] : none;
        const Vector d = below ? from[g->columns * vectors + v] : none, e = right && below ? from[(g->columns + 1) * vectors + v] : none;
        const Vector down[8] = {a, b, a + d, b + e, a - d, b - e, -d, -e};
        EACH(i, 4) {
          const Vector first = down[2 * i], second = down[2 * i + 1];
          store(to + 4 * i * apart, first), store(to + (4 * i + 1) * apart, first + second);
          store(to + (4 * i + 2) * apart, first - second), store(to + (4 * i + 3) * apart, -second);
        }
      }
    }
  }
}

/** The points of a band: of some channels' places, or of one panel of gradients. */
static void tiledGradientPoints(void *data, size_t index) {
  const TiledGradient *m = data;
  const KernelGradient *j = m->gradient;
  const Geometry *t = &m->tiles;
  const int64_t per = m->chunks + m->panels, at = (int64_t)index / per, part = (int64_t)index % per, channel = phases(t) * t->planeSize, reach = m->bands.reach;
  const Band band = bandAt(t, m->images, &m->bands, at);
  if (part < m->chunks)
    for (int64_t c = part * ChunkChannels; c < least(j->in, (part + 1) * ChunkChannels); c++)
      pointsOfBand(t, &band, j->planes + c * channel, j->in * channel, m->places, m->pointsOfPlaces + at * m->placed + c * reach, j->in * reach);
  else {
    const int64_t panel = part - m->chunks, apart = band.rows * band.columns * j->vectors * Lanes;
    pointsOfWindows(m, &band, panel, m->pointsOfGradients + at * m->turned + panel * (m->turned / m->panels), apart);
  }
}

/** Products of some channels of the image with a panel, over one share of the bands. */
static void tiledGradientTask(void *data, size_t index) {
  const TiledGradient *m = data;
  const KernelGradient *j = m->gradient;
  const int64_t share = (int64_t)index / (m->chunks * m->panels), panel = (int64_t)index / m->chunks % m->panels, c0 = (int64_t)index % m->chunks * ChunkChannels;
  const int64_t width = j->vectors * Lanes, until = least(j->in, c0 + ChunkChannels), reach = m->bands.reach, most = mostRows[j->vectors - 1];
  float *sums = j->sums + (share * m->panels + panel) * Points * j->in * width;
  int64_t rows[9];
  for (int64_t r = 0; r < 9; r++) rows[r] = r * reach;
  for (int64_t at = share; at < m->bands.count; at += m->shares) {
    const Band band = bandAt(&m->tiles, m->images, &m->bands, at);
    const int64_t tiles = band.rows * band.columns;
    for (int64_t i = 0; i < Points; i++)
      for (int64_t c = c0, some; c < until; c += some) {
        some = parts(until - c, parts(until - c, most));
        const GradientTile tile = {.x = m->pointsOfPlaces + at * m->placed + (i * j->in + c) * reach,
                                   .dy = m->pointsOfGradients + at * m->turned + panel * (m->turned / m->panels) + i * tiles * width,
                                   .places = rows, .rows = 1, .columns = tiles, .pitch = tiles, .sums = sums + (i * j->in + c) * width};
        elementTiles[j->vectors - 1][some - 1](&tile);
      }
  }
}

/** The shares' sums of some channels of one panel, one after the other, as gradients: the first and half the second and third, half their difference, and that half with the fourth. */
static void tiledGradientUnpack(void *data, size_t index) {
  const TiledGradient *m = data;
  const KernelGradient *j = m->gradient;
  const int64_t chunks = parts(j->in, UnpackChannels), panel = (int64_t)index / chunks, c0 = (int64_t)index % chunks * UnpackChannels;
  const int64_t vectors = j->vectors, width = vectors * Lanes, o0 = panel * width, outs = least(width, j->out - o0), some = least(UnpackChannels, j->in - c0);
  Vector taps[UnpackChannels * NineTaps * PanelMost];
  for (int64_t c = 0; c < some; c++)
    for (int64_t v = 0; v < vectors; v++) {
      Vector s[Points], t[12], *to = taps + c * NineTaps * vectors + v;
      EACH(i, Points) s[i] = (Vector){0};
      for (int64_t share = 0; share < m->shares; share++) {
        const float *from = j->sums + (((share * m->panels + panel) * Points) * j->in + c0 + c) * width + v * Lanes;
        EACH(i, Points) s[i] += load(from + i * j->in * width);
      }
      EACH(k, 4) {
        const Vector both = 0.5f * (s[4 + k] + s[8 + k]);
        t[k] = s[k] + both, t[4 + k] = 0.5f * (s[4 + k] - s[8 + k]), t[8 + k] = both + s[12 + k];
      }
      EACH(i, 3) {
        const Vector *u = t + 4 * i, both = 0.5f * (u[1] + u[2]);
        to[3 * i * vectors] = u[0] + both, to[(3 * i + 1) * vectors] = 0.5f * (u[1] - u[2]), to[(3 * i + 2) * vectors] = both + u[3];
      }
    }
  outOfPanel((float *)taps, width, some * NineTaps, j->dw + (o0 * j->in + c0) * NineTaps, j->in * NineTaps, outs);
  if (c0 == 0) biasGradients(j, panel);
}

/** Memory for points of images that are worked on at a time: what stays in the third cache. */
enum { PointsBytes = 8 << 20 };

static const char *gradientByTiles(const Kernel *k, Context *context, KernelGradient *j) {
  TiledGradient m = {.gradient = j, .tiles = tilesOf(&j->g)};
  const Geometry *t = &m.tiles, *g = &j->g;
  const int64_t vectors = parts(j->out, Lanes);
  j->vectors = parts(vectors, parts(vectors, PanelMost));
  const int64_t width = j->vectors * Lanes;
  m.panels = j->panels = parts(j->out, width), m.chunks = parts(j->in, ChunkChannels);
  for (int64_t i = 0; i < Points; i++) m.places[i] = placeOf(t, i / 4, i % 4);
  const int64_t each = Points * t->rows * t->columns * (j->in + m.panels * width) * 4;
  const int64_t group = parts(j->batch, parts(j->batch, most(1, PointsBytes / each)));
  const Bands all = bandsOf(t, group);
  m.shares = least(all.count, parts(LeastTasks, m.chunks * m.panels));
  m.placed = parts(Points * j->in * all.reach, Line) * Line, m.turned = m.panels * Points * all.high * all.far * width;
  const int64_t sums = m.shares * m.panels * Points * j->in * width, planes = group * j->in * phases(t) * t->planeSize;
  const int64_t windows = group * m.panels * g->rows * g->columns * width, biases = j->db ? j->batch * m.panels * width : 0;
  j->sums = take(k, (size_t)(sums + windows + all.count * (m.turned + m.placed) + biases + planes + 2 * Lanes) * 4);
  if (!j->sums) return "there is not enough memory";
  j->windows = j->sums + sums, m.pointsOfGradients = j->windows + windows, m.pointsOfPlaces = m.pointsOfGradients + all.count * m.turned;
  j->each = m.pointsOfPlaces + all.count * m.placed, j->planes = j->each + biases;
  for (int64_t i = 0; i < sums; i += Lanes) store(j->sums + i, (Vector){0});
  for (j->first = 0; j->first < j->batch; j->first += group) {
    m.images = j->group = least(group, j->batch - j->first);
    // As high as those of a whole group.
    m.bands = all, m.bands.count = all.across * parts(m.images * t->rows, all.high);
    parallel(k, context, tiledGradientSpread, (size_t)(m.images * (j->in + m.panels)), &m);
    parallel(k, context, tiledGradientPoints, (size_t)(m.bands.count * (m.chunks + m.panels)), &m);
    parallel(k, context, tiledGradientTask, (size_t)(m.shares * m.panels * m.chunks), &m);
  }
  parallel(k, context, tiledGradientUnpack, (size_t)(m.panels * parts(j->in, UnpackChannels)), &m);
  give(k, j->sums);
  return 0;
}
