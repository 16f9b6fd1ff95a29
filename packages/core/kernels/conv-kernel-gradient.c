// The gradient of a convolution's kernels: for each pair of channels and each element of the window, the product of the image there
// with `dy`, summed over all windows and images. Sums stay in registers: as many vectors as a tile has pairs of channels.
#include "kernel.h"
#include "planes.h"

#if defined(__AVX512F__)
enum { TileOut = 4, TileIn = 6 };
#else
enum { TileOut = 3, TileIn = 3 };
#endif

typedef struct KernelGradient {
  Geometry g;
  int64_t batch, in, out, group; // group: images that lie in planes at a time
  int64_t first;                 // of these images
  const float *x, *dy;
  float *planes, *windows, *dw;
} KernelGradient;

static void spreadImage(void *data, size_t index) {
  const KernelGradient *j = data;
  const Geometry *g = &j->g;
  const int64_t per = j->in + j->out, image = (int64_t)index / per, channel = (int64_t)index % per, n = j->first + image;
  if (channel < j->in)
    spread(g, j->x + (n * j->in + channel) * g->height * g->width, j->planes + (image * j->in + channel) * phases(g) * g->planeSize);
  else {
    const int64_t o = channel - j->in;
    widen(g, j->dy + (n * j->out + o) * g->rows * g->columns, j->windows + (image * j->out + o) * g->length);
  }
}

#define DOTS(OUTS, INS)                                                                                              \
  __attribute__((noinline)) static void dots_##OUTS##_##INS(const float *const *dy, const float *const *x, int64_t length, Vector (*sums)[TileIn]) { \
    Vector s[OUTS][INS];                                                                                                 \
    EACH(o, OUTS) EACH(c, INS) s[o][c] = sums[o][c];                                                                     \
    for (int64_t i = 0; i < length; i += Lanes) {                                                                        \
      Vector d[OUTS];                                                                                                    \
      EACH(o, OUTS) d[o] = load(dy[o] + i);                                                                              \
      EACH(c, INS) {                                                                                                     \
        const Vector v = load(x[c] + i);                                                                                 \
        EACH(o, OUTS) s[o][c] += d[o] * v;                                                                               \
      }                                                                                                                  \
    }                                                                                                                    \
    EACH(o, OUTS) EACH(c, INS) sums[o][c] = s[o][c];                                                                     \
  }
DOTS(TileOut, TileIn)
DOTS(TileOut, 3)
DOTS(TileOut, 1)

static void kernelGradientTile(void *data, size_t index) {
  const KernelGradient *j = data;
  const Geometry *g = &j->g;
  const int64_t tilesIn = parts(j->in, TileIn);
  const int64_t o0 = (int64_t)index / tilesIn * TileOut, c0 = (int64_t)index % tilesIn * TileIn;
  const int64_t outs = least(TileOut, j->out - o0), ins = least(TileIn, j->in - c0);
  const int64_t channel = phases(g) * g->planeSize;
  // As many elements at a time as stay in the nearest cache, for all elements of the window.
  const int64_t piece = 1024, images = most(1, piece / g->length);
  for (int64_t n0 = 0; n0 < j->group; n0 += images) {
    const int64_t until = least(j->group, n0 + images);
    for (int64_t at = 0; at < g->length; at += piece) {
      const int64_t length = least(piece, g->length - at);
      for (int64_t y = 0; y < g->tall; y++)
        for (int64_t x = 0; x < g->wide; x++) {
          const int64_t place = placeOf(g, y, x) + at;
          Vector sums[TileOut * TileIn / Lanes * 2 > 0 ? (TileOut * TileIn + Lanes - 1) / Lanes * Lanes / TileIn + 1 : 1][TileIn] = {0};
          for (int64_t n = n0; n < until; n++) {
            const float *dys[TileOut], *xs[TileIn];
            for (int64_t o = 0; o < TileOut; o++) dys[o] = j->windows + (n * j->out + o0 + least(o, outs - 1)) * g->length + at;
            for (int64_t c = 0; c < TileIn; c++) xs[c] = j->planes + (n * j->in + c0 + least(c, ins - 1)) * channel + place;
            if (ins == 1) dots_TileOut_1(dys, xs, length, sums);
            else if (ins <= 3) dots_TileOut_3(dys, xs, length, sums);
            else dots_TileOut_TileIn(dys, xs, length, sums);
          }
          float totals[(TileOut * TileIn + Lanes - 1) / Lanes * Lanes];
          for (int i = 0; i < TileOut * TileIn; i += Lanes) store(totals + i, sumEach((Vector *)sums + i));
          for (int64_t o = 0; o < outs; o++)
            for (int64_t c = 0; c < ins; c++)
              j->dw[(((o0 + o) * j->in + c0 + c) * g->tall + y) * g->wide + x] += totals[o * TileIn + c];
        }
    }
  }
}

/** Memory for images in planes: what stays in the second cache. */
enum { PlanesBytes = 1 << 20 };

static const char *kernelGradient(const Kernel *k, Context *context) {
  View x, dy;
  if (!input(k, context, 0, &x) || !input(k, context, 1, &dy)) return "two tensors are wanted";
  const int64_t *a = k->ints;
  KernelGradient j = {.g = {.tall = a[0], .wide = a[1], .down = a[2], .across = a[3], .apartDown = a[4], .apartAcross = a[5], .top = a[6], .left = a[7]}};
  Geometry *g = &j.g;
  if (!readImages(g, &x, &dy)) return "x [batch, in, height, width] and dy [batch, out, rows, columns] are wanted, with windows that fit";
  j.batch = x.dims[0], j.in = x.dims[1], j.out = dy.dims[1], j.x = x.data, j.dy = dy.data;
  const int64_t shape[] = {j.out, j.in, g->tall, g->wide};
  j.dw = output(k, context, 0, shape, 4);
  if (!j.dw) return 0;
  for (int64_t i = 0; i < j.out * j.in * g->tall * g->wide; i++) j.dw[i] = 0;
  if (x.size == 0 || dy.size == 0) return 0;
  arrange(g, Lanes);
  const int64_t planes = j.in * phases(g) * g->planeSize, windows = j.out * g->length;
  const int64_t group = least(j.batch, most(1, PlanesBytes / ((planes + windows) * 4)));
  j.planes = take(k, (size_t)(group * (planes + windows)) * 4);
  if (!j.planes) return "there is not enough memory";
  j.windows = j.planes + group * planes;
  for (j.first = 0; j.first < j.batch; j.first += group) {
    j.group = least(group, j.batch - j.first);
    parallel(k, context, spreadImage, (size_t)(j.group * (j.in + j.out)), &j);
    parallel(k, context, kernelGradientTile, (size_t)(parts(j.out, TileOut) * parts(j.in, TileIn)), &j);
  }
  give(k, j.planes);
  return 0;
}
