// The gradient of pools of two by two that wrote down which of the four they took: that one gets what comes in, the others 0.
#include "conv.h"
#include "pairs.h"

typedef struct PooledGradient {
  int64_t rows, columns, height, width;
  const float *dy;
  const uint8_t *which;
  float *dx;
} PooledGradient;

/** So many windows beside each other. */
#define TO_EACH(COUNT, FIRSTS, LASTS)                                                                                          \
  typedef uint8_t Which##COUNT __attribute__((vector_size(COUNT), aligned(1), may_alias));                                     \
  static inline void toEach_##COUNT(const float *dy, const uint8_t *which, float *upper, float *lower) {                       \
    const Truths##COUNT v = (Truths##COUNT)*(const Windows##COUNT *)dy;                                                        \
    const Truths##COUNT one = __builtin_convertvector(*(const Which##COUNT *)which, Truths##COUNT);                            \
    const Windows##COUNT a = (Windows##COUNT)(v & (one == 0)), b = (Windows##COUNT)(v & (one == 1));                           \
    const Windows##COUNT d = (Windows##COUNT)(v & (one == 2)), e = (Windows##COUNT)(v & (one == 3));                           \
    *(Windows##COUNT *)upper = __builtin_shufflevector(a, b, FIRSTS);                                                          \
    *(Windows##COUNT *)(upper + COUNT) = __builtin_shufflevector(a, b, LASTS);                                                 \
    *(Windows##COUNT *)lower = __builtin_shufflevector(d, e, FIRSTS);                                                          \
    *(Windows##COUNT *)(lower + COUNT) = __builtin_shufflevector(d, e, LASTS);                                                 \
  }
TO_EACH(4, F4, L4)
TO_EACH(8, F8, L8)
TO_EACH(16, F16, L16)

/** A row of windows to two rows of the image, of which they may leave one column. */
static inline void pooledRow(int64_t columns, int64_t width, const float *dy, const uint8_t *which, float *upper) {
  float *lower = upper + width;
  if (width > 2 * columns) upper[width - 1] = lower[width - 1] = 0;
  // The last ones beside each other may overlap those before: they write the same.
#define BESIDE(COUNT)                                                                       \
  if (columns >= COUNT && (COUNT <= Lanes || COUNT == 4)) {                                 \
    for (int64_t i = 0; i < columns; i += COUNT) {                                          \
      const int64_t c = least(i, columns - COUNT);                                          \
      toEach_##COUNT(dy + c, which + c, upper + 2 * c, lower + 2 * c);                      \
    }                                                                                       \
    return;                                                                                 \
  }
  BESIDE(16)
  BESIDE(8)
  BESIDE(4)
#undef BESIDE
  for (int64_t c = 0; c < columns; c++) {
    float *to = upper + 2 * c, *under = lower + 2 * c;
    to[0] = which[c] == 0 ? dy[c] : 0, to[1] = which[c] == 1 ? dy[c] : 0;
    under[0] = which[c] == 2 ? dy[c] : 0, under[1] = which[c] == 3 ? dy[c] : 0;
  }
}

static void pooledPlane(void *data, size_t index) {
  const PooledGradient *j = data;
  const int64_t windows = j->rows * j->columns;
  const float *dy = j->dy + (int64_t)index * windows;
  const uint8_t *which = j->which + (int64_t)index * windows;
  float *dx = j->dx + (int64_t)index * j->height * j->width;
  for (int64_t r = 0; r < j->rows; r++) pooledRow(j->columns, j->width, dy + r * j->columns, which + r * j->columns, dx + 2 * r * j->width);
  for (int64_t i = 2 * j->rows * j->width; i < j->height * j->width; i++) dx[i] = 0;
}

static const char *pooledGradient(const Kernel *k, Context *context) {
  View dy, which;
  if (!input(k, context, 0, &dy) || !input(k, context, 1, &which)) return "two tensors are wanted";
  PooledGradient j = {.height = k->ints[0], .width = k->ints[1], .dy = dy.data, .which = which.data};
  if (dy.rank != 4 || which.rank != 4) return "dy and which [batch, channels, rows, columns] are wanted";
  for (int a = 0; a < 4; a++)
    if (dy.dims[a] != which.dims[a]) return "dy and which of one shape are wanted";
  j.rows = dy.dims[2], j.columns = dy.dims[3];
  if (!counts(j.height) || !counts(j.width) || j.height / 2 != j.rows || j.width / 2 != j.columns) return "images twice as high and wide are wanted";
  const int64_t shape[] = {dy.dims[0], dy.dims[1], j.height, j.width};
  j.dx = output(k, context, 0, shape, 4);
  if (j.dx && dy.dims[0] * dy.dims[1] > 0) parallel(k, context, pooledPlane, (size_t)(dy.dims[0] * dy.dims[1]), &j);
  return 0;
}
