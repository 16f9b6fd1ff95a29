// Convolution on images as they lie: sums of as many channels as a tile has, at so many places beside each other, stay in registers while
// it goes through the channels and the window. Weights come one by one to all lanes, places as whole vectors.
#include "kernel.h"
#include "planes.h"

#if defined(__AVX512F__)
enum { ConvOut = 8, ConvVectors = 3 };
#else
enum { ConvOut = 4, ConvVectors = 3 };
#endif
enum { MostWindow = 128 };

typedef struct Conv {
  Geometry g;
  int64_t batch, in, out, group, first;
  const float *x, *w, *bias;
  float *planes, *packed, *y;
  float *rows; // [tasks][ConvOut][length]
  int64_t places[MostWindow];
} Conv;

static void convSpread(void *data, size_t index) {
  const Conv *j = data;
  const Geometry *g = &j->g;
  spread(g, j->x + (j->first * j->in + (int64_t)index) * g->height * g->width, j->planes + (int64_t)index * phases(g) * g->planeSize);
}

/** Weights of one tile of channels, `[in][taps][ConvOut]`; zeros for channels that there are not. */
static void convPack(void *data, size_t index) {
  const Conv *j = data;
  const int64_t taps = j->g.tall * j->g.wide, inner = j->in * taps, o0 = (int64_t)index * ConvOut;
  float *to = j->packed + (int64_t)index * inner * ConvOut;
  for (int64_t k = 0; k < inner; k++)
    for (int64_t o = 0; o < ConvOut; o++) *to++ = o0 + o < j->out ? j->w[(o0 + o) * inner + k] : 0;
}

#define CONVOLVE(VECTORS)                                                                                                 \
  __attribute__((noinline)) static void convolve_##VECTORS(const float *x, int64_t channel, int64_t in, const int64_t *places, \
                                                           int64_t taps, const float *w, float *to, int64_t length) {     \
    Vector s[ConvOut][VECTORS];                                                                                           \
    EACH(o, ConvOut) EACH(v, VECTORS) s[o][v] = all(0);                                                                   \
    for (int64_t c = 0; c < in; c++, x += channel)                                                                        \
      for (int64_t t = 0; t < taps; t++, w += ConvOut) {                                                                  \
        const float *at = x + places[t];                                                                                  \
        Vector seen[VECTORS];                                                                                             \
        EACH(v, VECTORS) seen[v] = load(at + v * Lanes);                                                                  \
        EACH(o, ConvOut) {                                                                                                \
          const Vector by = all(w[o]);                                                                                    \
          EACH(v, VECTORS) s[o][v] += by * seen[v];                                                                       \
        }                                                                                                                 \
      }                                                                                                                   \
    EACH(o, ConvOut) EACH(v, VECTORS) store(to + o * length + v * Lanes, s[o][v]);                                        \
  }
CONVOLVE(1)
CONVOLVE(2)
CONVOLVE(3)

static void convTile(void *data, size_t index) {
  const Conv *j = data;
  const Geometry *g = &j->g;
  const int64_t tiles = parts(j->out, ConvOut), image = (int64_t)index / tiles, tile = (int64_t)index % tiles, o0 = tile * ConvOut;
  const int64_t channel = phases(g) * g->planeSize, taps = g->tall * g->wide, outs = least(ConvOut, j->out - o0);
  const float *x = j->planes + image * j->in * channel, *w = j->packed + tile * j->in * taps * ConvOut;
  float *rows = j->rows + (int64_t)index * ConvOut * g->length;
  for (int64_t at = 0; at < g->length;) {
    const int64_t left = (g->length - at) / Lanes, some = least(ConvVectors, left == 4 ? 2 : left);
    if (some == 3) convolve_3(x + at, channel, j->in, j->places, taps, w, rows + at, g->length);
    else if (some == 2) convolve_2(x + at, channel, j->in, j->places, taps, w, rows + at, g->length);
    else convolve_1(x + at, channel, j->in, j->places, taps, w, rows + at, g->length);
    at += some * Lanes;
  }
  for (int64_t o = 0; o < outs; o++) {
    const float bias = j->bias ? j->bias[o0 + o] : 0;
    const float *from = rows + o * g->length;
    float *to = j->y + (((j->first + image) * j->out + o0 + o) * g->rows) * g->columns;
    for (int64_t r = 0; r < g->rows; r++, from += g->pitch, to += g->columns)
      for (int64_t c = 0; c < g->columns; c++) to[c] = from[c] + bias;
  }
}

enum { ConvBytes = 1 << 20 };

static const char *convolution(const Kernel *k, Context *context) {
  View x, w, bias = {0};
  if (!input(k, context, 0, &x) || !input(k, context, 1, &w)) return "images and kernels are wanted";
  const int hasBias = input(k, context, 2, &bias);
  Conv j = {.g = windowsOf(k->ints)};
  Geometry *g = &j.g;
  if (x.rank != 4 || w.rank != 4 || w.dims[1] != x.dims[1] || w.dims[2] != g->tall || w.dims[3] != g->wide || g->tall > MostWindow || g->wide > MostWindow || g->tall * g->wide > MostWindow || g->tall < 1 || g->wide < 1 ||
      (hasBias && (bias.rank != 1 || bias.dims[0] != w.dims[0])))
    return "x [batch, in, height, width], w [out, in, tall, wide] and bias [out] are wanted";
  if (!counts(g->down) || !counts(g->across) || !counts(g->apartDown) || !counts(g->apartAcross) || !margin(g->top) || !margin(g->left) ||
      !margin(g->bottom) || !margin(g->right))
    return "the windows cannot be";
  const int64_t high = x.dims[2] + g->top + g->bottom - (g->tall - 1) * g->apartDown - 1;
  const int64_t far = x.dims[3] + g->left + g->right - (g->wide - 1) * g->apartAcross - 1;
  if (high < 0 || far < 0) return "the window is larger than the image";
  const int64_t rows = high / g->down + 1, columns = far / g->across + 1;
  const View windows = {.dims = {x.dims[0], w.dims[0], rows, columns}, .rank = 4};
  if (!readImages(g, &x, &windows)) return "the windows cannot be";
  j.batch = x.dims[0], j.in = x.dims[1], j.out = w.dims[0], j.x = x.data, j.w = w.data, j.bias = hasBias ? bias.data : 0;
  j.y = output(k, context, 0, windows.dims, 4);
  if (!j.y || j.batch * j.out * rows * columns == 0) return 0;
  arrange(g, Lanes);
  for (int64_t t = 0; t < g->tall * g->wide; t++) j.places[t] = placeOf(g, t / g->wide, t % g->wide);
  const int64_t tiles = parts(j.out, ConvOut), planes = j.in * phases(g) * g->planeSize, buffers = tiles * ConvOut * g->length;
  const int64_t group = least(j.batch, most(1, ConvBytes / (planes * 4))), packed = tiles * ConvOut * j.in * g->tall * g->wide;
  j.planes = take(k, (size_t)(group * (planes + buffers) + packed) * 4);
  if (!j.planes) return "there is not enough memory";
  j.rows = j.planes + group * planes, j.packed = j.rows + group * buffers;
  parallel(k, context, convPack, (size_t)tiles, &j);
  for (j.first = 0; j.first < j.batch; j.first += group) {
    j.group = least(group, j.batch - j.first);
    parallel(k, context, convSpread, (size_t)(j.group * j.in), &j);
    parallel(k, context, convTile, (size_t)(j.group * tiles), &j);
  }
  give(k, j.planes);
  return 0;
}
