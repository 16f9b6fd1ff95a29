// The gradient of a max pool: of each window the first of its largest elements gets what comes in. The window is searched again, which takes
// less time than to keep the positions: they are four times as many bytes, and the engine's pool that gives them is eight times as slow.
#include "planes.h"

typedef struct PoolGradient {
  Geometry g;
  const float *x, *dy;
  float *dx;
} PoolGradient;

/** Windows of two by two that neither overlap nor hang over: four compares, no branch. */
static void fourEach(const Geometry *g, const float *x, const float *dy, float *dx) {
  for (int64_t r = 0; r < g->rows; r++, dy += g->columns) {
    const float *upper = x + 2 * r * g->width, *lower = upper + g->width;
    float *toUpper = dx + 2 * r * g->width, *toLower = toUpper + g->width;
    for (int64_t c = 0; c < g->columns; c++) {
      const float a = upper[2 * c], b = upper[2 * c + 1], d = lower[2 * c], e = lower[2 * c + 1];
      const float ab = b > a ? b : a, de = e > d ? e : d, v = dy[c];
      const int down = de > ab, right = b > a, rightBelow = e > d, up = !down;
      toUpper[2 * c] = (up & !right) ? v : 0;
      toUpper[2 * c + 1] = (up & right) ? v : 0;
      toLower[2 * c] = (down & !rightBelow) ? v : 0;
      toLower[2 * c + 1] = (down & rightBelow) ? v : 0;
    }
  }
}

static void poolGradientPlane(void *data, size_t index) {
  const PoolGradient *j = data;
  const Geometry *g = &j->g;
  const int64_t size = g->height * g->width;
  const float *x = j->x + (int64_t)index * size, *dy = j->dy + (int64_t)index * g->rows * g->columns;
  float *dx = j->dx + (int64_t)index * size;
  const int whole = g->tall == 2 && g->wide == 2 && g->down == 2 && g->across == 2 && g->apartDown == 1 && g->apartAcross == 1 &&
                    !g->top && !g->left && g->rows * 2 <= g->height && g->columns * 2 <= g->width;
  if (!whole || g->rows * 2 < g->height || g->columns * 2 < g->width)
    for (int64_t i = 0; i < size; i++) dx[i] = 0;
  if (whole) return fourEach(g, x, dy, dx);
  for (int64_t r = 0; r < g->rows; r++)
    for (int64_t c = 0; c < g->columns; c++, dy++) {
      int64_t place = -1;
      for (int64_t y = 0; y < g->tall; y++)
        for (int64_t w = 0; w < g->wide; w++) {
          const int64_t atY = r * g->down + y * g->apartDown - g->top, atX = c * g->across + w * g->apartAcross - g->left;
          if (atY < 0 || atX < 0 || atY >= g->height || atX >= g->width) continue;
          const int64_t at = atY * g->width + atX;
          if (place < 0 || x[at] > x[place]) place = at;
        }
      if (place >= 0) dx[place] += *dy;
    }
}

static const char *poolGradient(const Kernel *k, Context *context) {
  View x, dy;
  if (!input(k, context, 0, &x) || !input(k, context, 1, &dy)) return "two tensors are wanted";
  PoolGradient j = {.g = windowsOf(k->ints)};
  if (!readImages(&j.g, &x, &dy) || x.dims[1] != dy.dims[1]) return "x [batch, channels, height, width] and dy [batch, channels, rows, columns] are wanted";
  j.x = x.data, j.dy = dy.data, j.dx = output(k, context, 0, x.dims, 4);
  if (j.dx) parallel(k, context, poolGradientPlane, (size_t)(x.dims[0] * x.dims[1]), &j);
  return 0;
}
