// Convolution on images as they lie.
#include "conv-channels.h"
#include "conv-places.h"
#include "conv-winograd.h"

static void convSpread(void *data, size_t index) {
  const Conv *j = data;
  const Geometry *g = &j->g;
  spread(g, j->x + (j->first * j->in + (int64_t)index) * g->height * g->width, j->planes + (int64_t)index * phases(g) * g->planeSize);
}

static void placeTaps(Conv *j) {
  for (int64_t t = 0; t < j->g.tall * j->g.wide; t++) j->places[t] = placeOf(&j->g, t / j->g.wide, t % j->g.wide);
}

enum { ConvBytes = 1 << 20 };

/** As many images at a time as stay near. */
static int64_t convGroup(const Conv *j, int64_t each) { return least(j->batch, most(1, ConvBytes / (each * 4))); }

static const char *byPlaces(const Kernel *k, Context *context, Conv *j) {
  const Geometry *g = &j->g;
  placeTaps(j);
  const int64_t tiles = parts(j->out, ConvOut), planes = j->in * phases(g) * g->planeSize, buffers = tiles * ConvOut * g->length;
  const int64_t group = convGroup(j, planes), packed = tiles * ConvOut * j->in * g->tall * g->wide;
  j->planes = take(k, (size_t)(group * (planes + buffers) + packed) * 4);
  if (!j->planes) return "there is not enough memory";
  j->rows = j->planes + group * planes, j->packed = j->rows + group * buffers;
  parallel(k, context, placesPack, (size_t)tiles, j);
  for (j->first = 0; j->first < j->batch; j->first += group) {
    const int64_t some = least(group, j->batch - j->first);
    parallel(k, context, convSpread, (size_t)(some * j->in), j);
    parallel(k, context, placesTile, (size_t)(some * tiles), j);
  }
  give(k, j->planes);
  return 0;
}

static const char *byChannels(const Kernel *k, Context *context, Conv *j) {
  Geometry *g = &j->g;
  // An image without a margin and strides is its own plane.
  const int asItLies = g->down == 1 && g->across == 1 && g->top == 0 && g->left == 0 && g->bottom == 0 && g->right == 0;
  if (asItLies) g->planeSize = g->height * g->width, g->pitch = g->width;
  placeTaps(j);
  const int64_t vectors = parts(j->out, Lanes), planes = j->in * phases(g) * g->planeSize;
  j->vectors = parts(vectors, parts(vectors, PanelMost));
  j->far = least(g->columns, j->pooled ? TaskWindows / 2 : TaskWindows);
  j->high = least(g->rows, most(1, TaskWindows / j->far));
  // Rows of pooled results in tasks that are about as large.
  if (j->pooled) j->high = 2 * parts(g->rows / 2, parts(g->rows, most(2, j->high / 2 * 2)));
  const int64_t width = j->vectors * Lanes, panels = parts(j->out, width), tasks = panels * parts(g->rows, j->high) * parts(g->columns, j->far);
  const int64_t group = asItLies ? j->batch : convGroup(j, planes), packed = panels * width * (j->in * g->tall * g->wide + 1);
  float *memory = take(k, (size_t)((asItLies ? 0 : group * planes) + packed) * 4);
  if (!memory) return "there is not enough memory";
  j->packed = memory, j->planes = asItLies ? (float *)j->x : memory + packed;
  parallel(k, context, channelsPack, (size_t)panels, j);
  for (j->first = 0; j->first < j->batch; j->first += group) {
    j->group = least(group, j->batch - j->first);
    if (!asItLies) parallel(k, context, convSpread, (size_t)(j->group * j->in), j);
    parallel(k, context, channelsTask, (size_t)(j->group * tasks), j);
  }
  give(k, memory);
  return 0;
}

static const char *convolve(const Kernel *k, Context *context, Conv j) {
  View x = {0}, w = {0}, bias = {0};
  if (!input(k, context, 0, &x) || !input(k, context, 1, &w)) return "images and kernels are wanted";
  const int hasBias = input(k, context, 2, &bias);
  Geometry *g = &j.g;
  const int64_t in = w.dims[j.turned ? 0 : 1], out = w.dims[j.turned ? 1 : 0];
  if (x.rank != 4 || w.rank != 4 || in != x.dims[1] || w.dims[2] != g->tall || w.dims[3] != g->wide || g->tall > MostWindow || g->wide > MostWindow || g->tall * g->wide > MostWindow || g->tall < 1 || g->wide < 1 ||
      (hasBias && (bias.rank != 1 || bias.dims[0] != out)))
    return "x [batch, in, height, width], w [out, in, tall, wide] and bias [out] are wanted";
  if (!counts(g->down) || !counts(g->across) || !counts(g->apartDown) || !counts(g->apartAcross) || !margin(g->top) || !margin(g->left) ||
      !margin(g->bottom) || !margin(g->right))
    return "the windows cannot be";
  const int64_t high = x.dims[2] + g->top + g->bottom - (g->tall - 1) * g->apartDown - 1;
  const int64_t far = x.dims[3] + g->left + g->right - (g->wide - 1) * g->apartAcross - 1;
  if (high < 0 || far < 0) return "the window is larger than the image";
  int64_t rows = high / g->down + 1, columns = far / g->across + 1;
  const int64_t pooled[] = {x.dims[0], out, rows / 2, columns / 2};
  // What no pool sees need not be calculated.
  if (j.pooled) rows -= rows % 2, columns -= columns % 2;
  const View windows = {.dims = {x.dims[0], out, rows, columns}, .rank = 4};
  if (!readImages(g, &x, &windows)) return "the windows cannot be";
  j.batch = x.dims[0], j.in = x.dims[1], j.out = out, j.x = x.data, j.w = w.data, j.bias = hasBias ? bias.data : 0;
  j.y = output(k, context, 0, j.pooled ? pooled : windows.dims, 4);
  if (j.pooled) j.which = output(k, context, 1, pooled, 4);
  if (!j.y || j.batch * j.out * rows * columns == 0) return 0;
  arrange(g, Lanes);
  // Few channels would leave most lanes of a panel empty.
  if (!j.pooled && suitsTiles(g, j.batch, j.in, j.out)) return byTiles(k, context, &j);
  return j.out * 8 < Lanes * 5 && !j.pooled ? byPlaces(k, context, &j) : byChannels(k, context, &j);
}

static const char *convolution(const Kernel *k, Context *context) {
  return convolve(k, context, (Conv){.g = windowsOf(k->ints), .turned = k->ints[10]});
}

/** A convolution, and of each two by two of its results the largest. */
static const char *pooledConvolution(const Kernel *k, Context *context) {
  return convolve(k, context, (Conv){.g = windowsOf(k->ints), .pooled = 1, .rectified = k->ints[10]});
}
