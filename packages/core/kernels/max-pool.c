// Max pools of images, and what is below 0 made 0 where that follows: one pass over memory. Rows of an image that belong to the same windows become one,
// element by element; then what lies beside each other.
#include "functions.h"
#include "pairs.h"

typedef struct Pool {
  Geometry g;
  int64_t rectified;
  const float *x;
  float *y;
} Pool;

/** Of so many places of a row at most, with margins, windows are searched at a time; and of as many rows as fit into so many numbers. */
enum { PoolPlaces = 1024, PoolFloats = 4096 };
/** What stands in margins, as in the engine's own pool. */
#define LOWEST -3.402823466e38f

/** The larger one; what is no number stays so. */
static inline Vector largerOr(Vector a, Vector b) { return select((b > a) | (b != b), b, a); }
static inline float largerOf(float a, float b) { return b > a || b != b ? b : a; }
static inline Vector rectify(Vector x, int64_t rectified) { return rectified ? select((x > 0.0f) | (x != x), x, (Vector){0}) : x; }
static inline float rectifyOne(float x, int64_t rectified) { return rectified && x <= 0 ? 0 : x; }

/** Windows of two by two, so many beside each other. */
#define FOUR(COUNT, EVENS, ODDS)                                                                                        \
  static inline void four_##COUNT(const float *upper, const float *lower, int32_t always, float *y) {                   \
    const Windows##COUNT u0 = *(const Windows##COUNT *)upper, u1 = *(const Windows##COUNT *)(upper + COUNT);            \
    const Windows##COUNT l0 = *(const Windows##COUNT *)lower, l1 = *(const Windows##COUNT *)(lower + COUNT);            \
    const Windows##COUNT a = EITHER(COUNT, (l0 > u0) | (l0 != l0), l0, u0), b = EITHER(COUNT, (l1 > u1) | (l1 != l1), l1, u1); \
    const Windows##COUNT even = __builtin_shufflevector(a, b, EVENS), odd = __builtin_shufflevector(a, b, ODDS);        \
    const Windows##COUNT seen = EITHER(COUNT, (odd > even) | (odd != odd), odd, even);                                  \
    *(Windows##COUNT *)y = (Windows##COUNT)((Truths##COUNT)seen & ((seen > 0.0f) | (seen != seen) | always));           \
  }
FOUR(4, E4, O4)
FOUR(8, E8, O8)
FOUR(16, E16, O16)

static void poolPairs(const Pool *j, const float *x, float *y) {
  const Geometry *g = &j->g;
  const int64_t columns = g->columns, width = g->width;
  const int32_t always = j->rectified ? 0 : -1;
  for (int64_t r = 0; r < g->rows; r++, y += columns, x += 2 * width) {
    const float *lower = x + width;
    // The last ones beside each other may overlap those before: they write the same.
#define BESIDE(COUNT)                                                     \
  if (columns >= COUNT && (COUNT <= Lanes || COUNT == 4)) {               \
    for (int64_t i = 0; i < columns; i += COUNT) {                        \
      const int64_t c = least(i, columns - COUNT);                        \
      four_##COUNT(x + 2 * c, lower + 2 * c, always, y + c);              \
    }                                                                     \
    continue;                                                             \
  }
    BESIDE(16)
    BESIDE(8)
    BESIDE(4)
#undef BESIDE
    for (int64_t c = 0; c < columns; c++) {
      const float *at = x + 2 * c, *under = lower + 2 * c;
      y[c] = rectifyOne(largerOf(largerOf(at[0], at[1]), largerOf(under[0], under[1])), j->rectified);
    }
  }
}

/** One row of windows, some columns: what they see of `row`, whose first element is at `from`, is that of `columns` windows. */
static void poolAcross(const Pool *j, const float *row, int64_t columns, float *y) {
  const Geometry *g = &j->g;
  const int64_t across = g->across, apart = g->apartAcross, wide = g->wide;
  if (across <= 2 && columns >= Lanes) {
    // The last ones beside each other may overlap those before: they write the same.
    for (int64_t i = 0; i < columns; i += Lanes) {
      const int64_t c = least(i, columns - Lanes);
      Vector seen = all(LOWEST);
      for (int64_t w = 0; w < wide; w++) seen = largerOr(seen, across == 1 ? load(row + c + w * apart) : everySecond(row + 2 * c + w * apart));
      store(y + c, rectify(seen, j->rectified));
    }
    return;
  }
  for (int64_t c = 0; c < columns; c++) {
    float seen = LOWEST;
    for (int64_t w = 0; w < wide; w++) seen = largerOf(seen, row[c * across + w * apart]);
    y[c] = rectifyOne(seen, j->rectified);
  }
}

/** The largest of each column of `count` rows that lie `apart`, `length` columns. */
static void poolDown(const float *x, int64_t apart, int64_t count, int64_t length, float *row) {
  if (length < Lanes)
    for (int64_t i = 0; i < length; i++) {
      float seen = LOWEST;
      for (int64_t t = 0; t < count; t++) seen = largerOf(seen, x[t * apart + i]);
      row[i] = seen;
    }
  else
    for (int64_t at = 0; at < length; at += Lanes) {
      const int64_t i = least(at, length - Lanes);
      Vector seen = all(LOWEST);
      for (int64_t t = 0; t < count; t++) seen = largerOr(seen, load(x + t * apart + i));
      store(row + i, seen);
    }
}

static void poolPlane(void *data, size_t index) {
  const Pool *j = data;
  const Geometry *g = &j->g;
  const float *x = j->x + (int64_t)index * g->height * g->width;
  float *y = j->y + (int64_t)index * g->rows * g->columns;
  if (inPairs(g)) return poolPairs(j, x, y);
  float rows[PoolFloats];
  const int64_t span = (g->wide - 1) * g->apartAcross + 1, some = least(g->columns, (PoolPlaces - span) / g->across + 1);
  // Rows down first, several of them: what is read right after it was written, but from elsewhere on, would have to be waited for.
  const int64_t apart = (some - 1) * g->across + span + 2 * Lanes, high = PoolFloats / apart;
  for (int64_t c = 0; c < g->columns; c += some) {
    const int64_t columns = least(some, g->columns - c), left = c * g->across - g->left, length = (columns - 1) * g->across + span;
    // The part of it that is in the image.
    const int64_t from = least(length, most(0, -left)), until = most(from, least(length, g->width - left));
    for (int64_t r0 = 0; r0 < g->rows; r0 += high) {
      const int64_t many = least(high, g->rows - r0);
      float *row = rows;
      for (int64_t r = r0; r < r0 + many; r++, row += apart) {
        const int64_t top = r * g->down - g->top;
        const int64_t first = insideFrom(top, g->apartDown), end = insideUntil(top, g->apartDown, g->tall, g->height);
        for (int64_t i = 0; i < from; i++) row[i] = LOWEST;
        poolDown(x + (top + first * g->apartDown) * g->width + left + from, g->apartDown * g->width, end - first, until - from, row + from);
        for (int64_t i = until; i < length; i++) row[i] = LOWEST;
      }
      for (int64_t r = 0; r < many; r++) poolAcross(j, rows + r * apart, columns, y + (r0 + r) * g->columns + c);
    }
  }
}

/** How many windows there are along an axis: the last one may hang over the end where `hangs`, but begins before it. */
static int64_t windowsAlong(int64_t size, int64_t before, int64_t after, int64_t span, int64_t stride, int64_t hangs) {
  const int64_t places = hangs ? before + least(0, after - span + stride) + size : before + after - span + 1 + size;
  return places <= 0 ? 0 : parts(places, stride);
}

static const char *maxPool(const Kernel *k, Context *context) {
  View x;
  if (!input(k, context, 0, &x) || x.rank != 4) return "images [batch, channels, height, width] are wanted";
  Pool j = {.g = windowsOf(k->ints), .rectified = k->ints[10], .x = x.data};
  Geometry *g = &j.g;
  const int64_t spans[] = {(g->tall - 1) * g->apartDown + 1, (g->wide - 1) * g->apartAcross + 1};
  if (!counts(g->tall) || !counts(g->wide) || !counts(g->down) || !counts(g->across) || !counts(g->apartDown) || !counts(g->apartAcross) ||
      !margin(g->top) || !margin(g->left) || !margin(g->bottom) || !margin(g->right) || spans[1] > PoolPlaces)
    return "the windows cannot be";
  const int64_t rows = windowsAlong(x.dims[2], g->top, g->bottom, spans[0], g->down, k->ints[11]);
  const int64_t columns = windowsAlong(x.dims[3], g->left, g->right, spans[1], g->across, k->ints[11]);
  const View windows = {.dims = {x.dims[0], x.dims[1], rows, columns}, .rank = 4};
  if (rows < 1 || columns < 1 || !readImages(g, &x, &windows)) return "the window is larger than the image";
  j.y = output(k, context, 0, windows.dims, 4);
  if (j.y && x.dims[0] * x.dims[1] > 0) parallel(k, context, poolPlane, (size_t)(x.dims[0] * x.dims[1]), &j);
  return 0;
}
