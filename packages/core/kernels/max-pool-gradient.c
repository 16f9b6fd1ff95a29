// The gradient of a max pool: of each window the first of its largest elements gets what comes in; none does where the result was rectified
// to 0. The window is searched again, which takes less time than to keep the positions: they are four times as many bytes, and the engine's pool
// that gives them is eight times as slow.
#include "pairs.h"
#include "planes.h"

typedef struct PoolGradient {
  Geometry g;
  const float *x, *dy;
  float *dx;
  int32_t always; // all bits: also where nothing is above 0
} PoolGradient;

/** Windows of two by two that neither overlap nor hang over, so many beside each other: four compares, no branch. */
#define FOUR_EACH(COUNT, EVENS, ODDS, FIRSTS, LASTS)                                                                            \
  static inline void fourEach_##COUNT(const float *upper, const float *lower, const float *dy, int32_t always, float *toUpper, float *toLower) { \
    const Windows##COUNT u0 = *(const Windows##COUNT *)upper, u1 = *(const Windows##COUNT *)(upper + COUNT);                    \
    const Windows##COUNT l0 = *(const Windows##COUNT *)lower, l1 = *(const Windows##COUNT *)(lower + COUNT);                    \
    const Windows##COUNT a = __builtin_shufflevector(u0, u1, EVENS), b = __builtin_shufflevector(u0, u1, ODDS);                 \
    const Windows##COUNT d = __builtin_shufflevector(l0, l1, EVENS), e = __builtin_shufflevector(l0, l1, ODDS);                 \
    const Truths##COUNT right = b > a, rightBelow = e > d;                                                                      \
    const Windows##COUNT ab = EITHER(COUNT, right, b, a), de = EITHER(COUNT, rightBelow, e, d);                                 \
    const Truths##COUNT down = de > ab, passes = (EITHER(COUNT, down, de, ab) > 0.0f) | always;                                  \
    const Truths##COUNT v = (Truths##COUNT)*(const Windows##COUNT *)dy & passes, up = v & ~down, below = v & down;              \
    const Windows##COUNT toA = (Windows##COUNT)(up & ~right), toB = (Windows##COUNT)(up & right);                               \
    const Windows##COUNT toD = (Windows##COUNT)(below & ~rightBelow), toE = (Windows##COUNT)(below & rightBelow);               \
    *(Windows##COUNT *)toUpper = __builtin_shufflevector(toA, toB, FIRSTS);                                                     \
    *(Windows##COUNT *)(toUpper + COUNT) = __builtin_shufflevector(toA, toB, LASTS);                                            \
    *(Windows##COUNT *)toLower = __builtin_shufflevector(toD, toE, FIRSTS);                                                     \
    *(Windows##COUNT *)(toLower + COUNT) = __builtin_shufflevector(toD, toE, LASTS);                                            \
  }
FOUR_EACH(4, E4, O4, F4, L4)
FOUR_EACH(8, E8, O8, F8, L8)
FOUR_EACH(16, E16, O16, F16, L16)

static void fourEach(const Geometry *g, const float *x, const float *dy, int32_t always, float *dx) {
  const int64_t columns = g->columns, width = g->width;
  for (int64_t r = 0; r < g->rows; r++, dy += columns, x += 2 * width, dx += 2 * width) {
    // The last ones beside each other may overlap those before: they write the same.
#define BESIDE(COUNT)                                                                               \
  if (columns >= COUNT && (COUNT <= Lanes || COUNT == 4)) {                                         \
    for (int64_t i = 0; i < columns; i += COUNT) {                                                  \
      const int64_t c = least(i, columns - COUNT);                                                  \
      fourEach_##COUNT(x + 2 * c, x + width + 2 * c, dy + c, always, dx + 2 * c, dx + width + 2 * c); \
    }                                                                                               \
    continue;                                                                                       \
  }
    BESIDE(16)
    BESIDE(8)
    BESIDE(4)
#undef BESIDE
    for (int64_t c = 0; c < columns; c++) {
      const float *upper = x + 2 * c, *lower = upper + width;
      const int right = upper[1] > upper[0], rightBelow = lower[1] > lower[0], down = lower[rightBelow] > upper[right];
      float *to = dx + 2 * c;
      to[0] = to[1] = to[width] = to[width + 1] = 0;
      to[down ? width + rightBelow : right] = (down ? lower[rightBelow] : upper[right]) > 0 || always ? dy[c] : 0;
    }
  }
}

/** One window, in the part of the image where it is. */
static void searchOne(const PoolGradient *j, const float *x, float dy, int64_t r, int64_t c, float *dx) {
  const Geometry *g = &j->g;
  const int64_t top = r * g->down - g->top, left = c * g->across - g->left;
  const int64_t y0 = insideFrom(top, g->apartDown), y1 = insideUntil(top, g->apartDown, g->tall, g->height);
  const int64_t w0 = insideFrom(left, g->apartAcross), w1 = insideUntil(left, g->apartAcross, g->wide, g->width);
  if (y0 >= y1 || w0 >= w1) return;
  int64_t row = (top + y0 * g->apartDown) * g->width + left + w0 * g->apartAcross, place = row;
  float most = x[place];
  for (int64_t y = y0; y < y1; y++, row += g->apartDown * g->width)
    for (int64_t w = w0, at = row; w < w1; w++, at += g->apartAcross) {
      // No branch: which element is the largest cannot be foreseen.
      const float seen = x[at];
      place = seen > most ? at : place;
      most = seen > most ? seen : most;
    }
  if (most > 0 || j->always) dx[place] += dy;
}

/** Places that fit into the lanes. */
enum { MostPlace = 1 << 30 };

/** Windows of a row from `c` on, as many as a vector has lanes, or those of them that are left: how many; none where they lie near a margin. */
static int64_t searchBeside(const PoolGradient *j, const float *x, const float *dy, int64_t r, int64_t c, float *dx) {
  const Geometry *g = &j->g;
  const int64_t across = g->across, reach = (g->wide - 1) * g->apartAcross + (Lanes - 1) * across + across, top = r * g->down - g->top;
  // The last ones beside each other begin earlier: what was done already is searched again, but not added.
  const int64_t begin = least(c, least(g->columns - Lanes, (g->width - reach + g->left) / across)), left = begin * across - g->left;
  if (begin < 0 || left < 0 || left + reach > g->width || begin + Lanes <= c || g->height * g->width > MostPlace) return 0;
  const int64_t y0 = insideFrom(top, g->apartDown), y1 = insideUntil(top, g->apartDown, g->tall, g->height);
  if (y0 >= y1) return Lanes - (c - begin);
  const int64_t first = (top + y0 * g->apartDown) * g->width + left;
  Vector most = across == 1 ? load(x + first) : everySecond(x + first);
  Integers place = {0};
  for (int64_t y = 0; y < y1 - y0; y++)
    for (int64_t w = 0; w < g->wide; w++) {
      const int32_t at = (int32_t)(y * g->apartDown * g->width + w * g->apartAcross);
      const Vector seen = across == 1 ? load(x + first + at) : everySecond(x + first + at);
      const Integers larger = seen > most;
      place = (larger & (Integers)(place - place + at)) | (~larger & place);
      most = select(larger, seen, most);
    }
  const Integers passes = (most > 0.0f) | j->always;
  const Vector v = (Vector)((Integers)load(dy + begin) & passes);
  float *to = dx + first;
  for (int64_t l = c - begin; l < Lanes; l++) to[place[l] + l * across] += v[l];
  return Lanes - (c - begin);
}

static void poolGradientPlane(void *data, size_t index) {
  const PoolGradient *j = data;
  const Geometry *g = &j->g;
  const int64_t size = g->height * g->width;
  const float *x = j->x + (int64_t)index * size, *dy = j->dy + (int64_t)index * g->rows * g->columns;
  float *dx = j->dx + (int64_t)index * size;
  const int whole = inPairs(g);
  if (!whole || g->rows * 2 < g->height || g->columns * 2 < g->width)
    for (int64_t i = 0; i < size; i++) dx[i] = 0;
  if (whole) return fourEach(g, x, dy, j->always, dx);
  for (int64_t r = 0; r < g->rows; r++, dy += g->columns)
    for (int64_t c = 0; c < g->columns;) {
      const int64_t beside = g->across <= 2 ? searchBeside(j, x, dy, r, c, dx) : 0;
      if (!beside) searchOne(j, x, dy[c], r, c, dx);
      c += most(1, beside);
    }
}

static const char *poolGradient(const Kernel *k, Context *context) {
  View x, dy;
  if (!input(k, context, 0, &x) || !input(k, context, 1, &dy)) return "two tensors are wanted";
  PoolGradient j = {.g = windowsOf(k->ints), .always = k->ints[10] ? 0 : -1};
  if (!readImages(&j.g, &x, &dy) || x.dims[1] != dy.dims[1]) return "x [batch, channels, height, width] and dy [batch, channels, rows, columns] are wanted";
  j.x = x.data, j.dy = dy.data, j.dx = output(k, context, 0, x.dims, 4);
  if (j.dx) parallel(k, context, poolGradientPlane, (size_t)(x.dims[0] * x.dims[1]), &j);
  return 0;
}
