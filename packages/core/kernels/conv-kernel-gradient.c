// The gradient of a convolution's kernels: for each pair of channels and each element of the window, the product of the image there
// with `dy`, summed over all windows and images. And that of its bias, as `dy` is read anyway.
#include "conv-kernel-gradient-channels.h"
#include "conv-kernel-gradient-places.h"
#include "conv-kernel-gradient-winograd.h"

/** Memory for images in planes: what stays in the second cache. */
enum { PlanesBytes = 1 << 20 };

/** As many images at a time as stay near. */
static int64_t gradientGroup(const KernelGradient *j, int64_t each) { return least(j->batch, most(1, PlanesBytes / (each * 4))); }

/** The gradient of the bias of one channel. */
static void biasSum(void *data, size_t index) {
  const KernelGradient *j = data;
  const int64_t windows = j->g.rows * j->g.columns;
  float total = 0;
  for (int64_t n = 0; n < j->batch; n++) {
    const float *dy = j->dy + (n * j->out + (int64_t)index) * windows;
    Vector many = {0};
    float rest = 0;
    int64_t i = 0;
    for (; i + Lanes <= windows; i += Lanes) many += load(dy + i);
    for (; i < windows; i++) rest += dy[i];
    total += sum(many) + rest;
  }
  j->db[index] = total;
}

static const char *gradientByPlaces(const Kernel *k, Context *context, KernelGradient *j) {
  const Geometry *g = &j->g;
  for (int64_t i = 0; i < j->out * j->in * g->tall * g->wide; i++) j->dw[i] = 0;
  const int64_t planes = j->in * phases(g) * g->planeSize, windows = j->out * g->length, group = gradientGroup(j, planes + windows);
  j->planes = take(k, (size_t)(group * (planes + windows)) * 4);
  if (!j->planes) return "there is not enough memory";
  j->windows = j->planes + group * planes;
  for (j->first = 0; j->first < j->batch; j->first += group) {
    j->group = least(group, j->batch - j->first);
    parallel(k, context, dotsSpread, (size_t)(j->group * (j->in + j->out)), j);
    parallel(k, context, dotsTile, (size_t)(parts(j->out, TileOut) * parts(j->in, TileIn)), j);
  }
  give(k, j->planes);
  if (j->db) parallel(k, context, biasSum, (size_t)j->out, j);
  return 0;
}

static const char *gradientByChannels(const Kernel *k, Context *context, KernelGradient *j) {
  const Geometry *g = &j->g;
  const int64_t vectors = parts(j->out, Lanes), all = j->in * g->tall * g->wide;
  j->vectors = parts(vectors, parts(vectors, PanelMost));
  const int64_t width = j->vectors * Lanes;
  j->panels = parts(j->out, width);
  const int64_t tiles = parts(all, rowsOfTile(j, all));
  j->tiles = most(1, least(MostTiles, tiles * j->panels / LeastTasks));
  const int64_t tasks = j->panels * parts(tiles, j->tiles);
  j->shares = least(j->batch, parts(LeastTasks, tasks));
  const int64_t planes = j->in * phases(g) * g->planeSize, windows = j->panels * width * g->rows * g->columns, sums = j->shares * j->panels * all * width;
  const int64_t group = gradientGroup(j, planes + windows), each = j->db ? j->batch * j->panels * width : 0;
  // Windows and sums first: their vectors are whole, and lie where vectors should.
  j->windows = take(k, (size_t)(sums + each + group * (planes + windows)) * 4);
  if (!j->windows) return "there is not enough memory";
  j->sums = j->windows + group * windows, j->each = j->sums + sums, j->planes = j->each + each;
  for (int64_t i = 0; i < sums; i += Lanes) store(j->sums + i, (Vector){0});
  for (j->first = 0; j->first < j->batch; j->first += group) {
    j->group = least(group, j->batch - j->first);
    parallel(k, context, elementsSpread, (size_t)(j->group * (j->in + j->panels)), j);
    parallel(k, context, elementsTask, (size_t)(j->shares * tasks), j);
  }
  parallel(k, context, elementsSum, (size_t)j->panels, j);
  give(k, j->windows);
  return 0;
}

static const char *kernelGradient(const Kernel *k, Context *context) {
  View x, dy;
  if (!input(k, context, 0, &x) || !input(k, context, 1, &dy)) return "two tensors are wanted";
  KernelGradient j = {.g = windowsOf(k->ints)};
  Geometry *g = &j.g;
  if (!readImages(g, &x, &dy)) return "x [batch, in, height, width] and dy [batch, out, rows, columns] are wanted, with windows that fit";
  j.batch = x.dims[0], j.in = x.dims[1], j.out = dy.dims[1], j.x = x.data, j.dy = dy.data;
  const int64_t shape[] = {j.out, j.in, g->tall, g->wide};
  j.dw = output(k, context, 0, shape, 4), j.db = output(k, context, 1, shape, 1);
  if (!j.dw) return 0;
  if (x.size == 0 || dy.size == 0) {
    for (int64_t i = 0; i < j.out * j.in * g->tall * g->wide; i++) j.dw[i] = 0;
    for (int64_t i = 0; j.db && i < j.out; i++) j.db[i] = 0;
    return 0;
  }
  arrange(g, Lanes);
  if (suitsTiles(g, j.batch, j.in, j.out)) return gradientByTiles(k, context, &j);
  // Few channels would leave most lanes of a panel empty.
  return j.out * 8 < Lanes * 5 ? gradientByPlaces(k, context, &j) : gradientByChannels(k, context, &j);
}
