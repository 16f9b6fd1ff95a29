// What convolutions with windows of three by three and without strides have in common where results are made in tiles of two by two, after Winograd: of the four by four
// places that a tile sees, sixteen sums and differences are multiplied by sixteen of the window's, where 36 products were needed (Lavin and Gray 2015, "Fast Algorithms for
// Convolutional Neural Networks", F(2x2, 3x3)). All constants are 1 and 1/2. For each of the sixteen there is a product of matrices.
#pragma once
#include "planes.h"

enum { Points = 16, TileSide = 2, NineTaps = 9 };

/** Tiles that a task works on at a time: what becomes of them stays in the second cache. */
enum { TaskTiles = 64 };

/** Images in tiles: windows of four by four, two places apart. */
static Geometry tilesOf(const Geometry *g) {
  Geometry t = *g;
  t.tall = t.wide = TileSide + 2, t.down = t.across = TileSide;
  t.rows = parts(g->rows, TileSide), t.columns = parts(g->columns, TileSide);
  arrange(&t, Lanes);
  return t;
}

/** Whether it takes fewer products by far, and there are tiles enough for the work on the kernels to pay. */
static int suitsTiles(const Geometry *g, int64_t batch, int64_t in, int64_t out) {
  const int64_t tiles = parts(g->rows, TileSide) * parts(g->columns, TileSide), channels = 48;
  return g->tall == 3 && g->wide == 3 && g->down == 1 && g->across == 1 && g->apartDown == 1 && g->apartAcross == 1 && in >= channels && out >= channels &&
         batch * tiles >= TaskTiles && g->rows * g->columns * NineTaps * 2 >= tiles * Points * 3;
}

/** Of four by four: the first less the third, the second and third, their difference, the second less the fourth, down and across. */
static inline void turnPlaces(const Vector d[Points], Vector v[Points]) {
  Vector t[Points];
  EACH(j, 4) t[j] = d[j] - d[8 + j], t[4 + j] = d[4 + j] + d[8 + j], t[8 + j] = d[8 + j] - d[4 + j], t[12 + j] = d[4 + j] - d[12 + j];
  EACH(i, 4) {
    const Vector *r = t + 4 * i;
    v[4 * i] = r[0] - r[2], v[4 * i + 1] = r[1] + r[2], v[4 * i + 2] = r[2] - r[1], v[4 * i + 3] = r[1] - r[3];
  }
}

/** The planes of one channel, from the first place of a row of tiles on, as the points of as many tiles as there are lanes. */
static inline void loadPlaces(const float *at, const int64_t *places, Vector v[Points]) {
  Vector d[Points];
  EACH(i, Points) d[i] = load(at + places[i]);
  turnPlaces(d, v);
}

/** Rows of tiles of so many images, one below the other: where a task's begin, and how far those of one channel reach that are written as whole vectors. */
typedef struct Band {
  int64_t row, rows, column, columns;
} Band;

typedef struct Bands {
  int64_t high, far, across, count; // rows and columns of tiles of a task; tasks beside each other; all tasks
  int64_t reach;
} Bands;

static Bands bandsOf(const Geometry *t, int64_t images) {
  const int64_t all = images * t->rows, across = parts(t->columns, TaskTiles), far = parts(t->columns, across);
  const int64_t down = parts(all, most(1, TaskTiles / far)), high = parts(all, down);
  return (Bands){.high = high, .far = far, .across = across, .count = across * parts(all, high), .reach = (high - 1) * far + parts(far, Lanes) * Lanes};
}

static Band bandAt(const Geometry *t, int64_t images, const Bands *b, int64_t index) {
  const int64_t row = index / b->across * b->high, column = index % b->across * b->far;
  return (Band){.row = row, .rows = least(b->high, images * t->rows - row), .column = column, .columns = least(b->far, t->columns - column)};
}

/** The points of one channel's tiles of a band, `[Points]`, `apart` from each other, each with the tiles side by side. Rows follow each other, and the next covers what the one before wrote too much. */
static void pointsOfBand(const Geometry *t, const Band *band, const float *planes, int64_t image, const int64_t *places, float *to, int64_t apart) {
  for (int64_t r = 0; r < band->rows; r++, to += band->columns) {
    const int64_t row = band->row + r;
    const float *at = planes + row / t->rows * image + row % t->rows * t->pitch + band->column;
    for (int64_t c = 0; c < band->columns; c += Lanes) {
      Vector v[Points];
      loadPlaces(at + c, places, v);
      EACH(i, Points) store(to + i * apart + c, v[i]);
    }
  }
}
