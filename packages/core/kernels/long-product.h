// Products over many inner places with a small result, as the gradients of weights are that all samples and steps share. The inner places are cut into slices, each with sums
// of its own, so that both sides are read once and in their order; sums of slices are added in their order, whoever made them.
#pragma once

/** From so many inner places on, and up to so large a result: a slice's sums and what it packs stay in the second cache. Slices do not depend on threads. */
enum { LongInner = 2048, LongResult = 65536, LongColumns = 1024, LongSlices = 16, LongSlice = 512 };

typedef struct LongProduct {
  const MatrixProduct *product;
  float *memory; // of all slices
  int64_t width, slices, slice, apart; // columns with those that fill the panels; slices, inner places of one, floats of one
} LongProduct;

static int isLong(const MatrixProduct *j) {
  return j->turnedLeft && !j->turnedRight && j->inner >= LongInner && j->columns <= LongColumns && j->rows * j->columns <= LongResult;
}

/** Inner places from `k0` on, row by row of the right side, into all panels: one behind the other. */
static void packPanels(const MatrixProduct *j, int64_t k0, int64_t inner, float *packed) {
  for (int64_t k = 0; k < inner; k++) {
    const float *from = j->right + (k0 + k) * j->columns;
    for (int64_t p = 0, c0 = 0; p < j->panels; p++) {
      const int64_t vectors = vectorsOf(j, p), width = vectors * Lanes, count = least(width, j->columns - c0);
      float *to = packed + c0 * inner + k * width;
      if (count == width) EACH(v, PanelMost) { if (v < vectors) store(to + v * Lanes, load(from + c0 + v * Lanes)); }
      else for (int64_t c = 0; c < width; c++) to[c] = c < count ? from[c0 + c] : 0;
      c0 += width;
    }
  }
}

static void sliceTask(void *data, size_t index) {
  const LongProduct *l = data;
  const MatrixProduct *j = l->product;
  float *sums = l->memory + (int64_t)index * l->apart, *ofColumns = sums + j->rows * l->width, *packed = ofColumns + l->width, *left = packed + ProductInner * l->width;
  const int64_t from = (int64_t)index * l->slice, end = least(j->inner, from + l->slice);
  const Vector none[PanelMost] = {0};
  for (int64_t c = 0; c < l->width; c++) ofColumns[c] = 0;
  for (int64_t k0 = from; k0 < end; k0 += ProductInner) {
    const int64_t inner = least(ProductInner, end - k0);
    packPanels(j, k0, inner, packed);
    copy(left, j->left + k0 * j->rows, inner * j->rows);
    for (int64_t p = 0; p < j->panels; p++) {
      const int64_t vectors = vectorsOf(j, p), c0 = firstColumn(j, p), most = productRows[vectors - 1];
      if (j->sums) addColumnsOf(packed + c0 * inner, inner, vectors, (Vector *)(ofColumns + c0));
      ProductTile tile = {.right = packed + c0 * inner, .apart = j->rows, .inner = inner, .toApart = l->width, .fromApart = k0 == from ? 0 : l->width};
      for (int64_t r = 0; r < j->rows;) {
        const int64_t some = parts(j->rows - r, parts(j->rows - r, most));
        tile.left = left + r;
        tile.to = sums + r * l->width + c0;
        tile.from = k0 == from ? (const float *)none : tile.to;
        productWays[1][vectors - 1][some - 1](&tile);
        r += some;
      }
    }
  }
}

/** One row of all slices' sums, and what it begins with. */
static void addRow(const LongProduct *l, int64_t row, const float *first, float *to) {
  const float *sums = l->memory + row * l->width;
  const int64_t columns = l->product->columns;
  int64_t c = 0;
  for (; c + Lanes <= columns; c += Lanes) {
    Vector s = first ? load(first + c) : (Vector){0};
    for (int64_t i = 0; i < l->slices; i++) s += load(sums + i * l->apart + c);
    store(to + c, s);
  }
  for (; c < columns; c++) {
    float s = first ? first[c] : 0;
    for (int64_t i = 0; i < l->slices; i++) s += sums[i * l->apart + c];
    to[c] = s;
  }
}

static void addSlices(void *data, size_t index) {
  const LongProduct *l = data;
  const MatrixProduct *j = l->product;
  const int64_t r = (int64_t)index;
  if (r == j->rows) return addRow(l, r, 0, j->sums);
  if (!j->program) return addRow(l, r, j->added ? j->added + r * j->columns : j->bias, j->result + r * j->columns);
  float products[LongColumns + PanelMost * Lanes] __attribute__((aligned(64)));
  addRow(l, r, 0, products);
  for (int64_t c = j->columns; c < l->width; c++) products[c] = 0;
  for (int64_t p = 0; p < j->panels; p++) {
    const int64_t vectors = vectorsOf(j, p), c0 = firstColumn(j, p);
    runAfter(j, products + c0, r, 1, c0, least(vectors * Lanes, j->columns - c0), vectors);
  }
}

static const char *longProduct(const Kernel *k, Context *context, const MatrixProduct *j) {
  LongProduct l = {.product = j, .width = parts(j->columns, Lanes) * Lanes};
  l.slices = least(LongSlices, j->inner / LongSlice);
  l.slice = parts(j->inner, l.slices);
  l.slices = parts(j->inner, l.slice);
  l.apart = parts((j->rows + 1) * l.width + ProductInner * (l.width + j->rows), 16) * 16;
  l.memory = take(k, (size_t)(l.slices * l.apart) * sizeof(float));
  if (!l.memory) return "there is not enough memory for the sums";
  parallel(k, context, sliceTask, (size_t)l.slices, &l);
  parallel(k, context, addSlices, (size_t)(j->rows + (j->sums != 0)), &l);
  give(k, l.memory);
  return 0;
}
