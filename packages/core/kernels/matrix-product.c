// A product of matrices, each of them as it lies or turned over. Ways of a matrix that fit in the registers, rows of the left by some vectors of the right, are summed over as
// many inner places as stay near; the right side is copied next to each other just before.
#pragma once
#include "conv-channels.h"
#include "program.h"

/** What else a program takes, and what it makes: `whole` like the result, or a row or a column or one number that is repeated. */
typedef struct ProductOperand {
  float *data;
  int64_t down, across; // from row to row, from column to column: 0 where it is repeated
} ProductOperand;

typedef struct MatrixProduct {
  int64_t rows, inner, columns;
  int64_t turnedLeft, turnedRight;
  const float *left, *right, *bias, *added; // added: like the result
  float *result, *sums; // sums: of the columns of the right, or null
  const Program *program; // or null: operand 0 is the product, and there is no result but the program's
  ProductOperand operands[MostOperands];
  int64_t vectors, panels, wide, chunk; // of a panel; panels; how many of them have all of these vectors, the others have one less; rows of a task
} MatrixProduct;

typedef struct ProductTile {
  const float *left, *right, *from;
  float *to;
  int64_t apart, inner, fromApart, toApart; // from row to row of the left, or from inner place to inner place; of the sums
} ProductTile;

// The left side read along its rows: a pointer for each.
#define ALONG(R, V)                                                                                 \
  __attribute__((noinline)) static void along_##R##_##V(const ProductTile *tile) {                  \
    Vector s[R][V];                                                                                 \
    const float *at[R], *right = tile->right;                                                       \
    EACH(r, R) at[r] = tile->left + r * tile->apart;                                                \
    EACH(r, R) EACH(v, V) s[r][v] = load(tile->from + r * tile->fromApart + v * Lanes);             \
    for (int64_t k = 0, inner = tile->inner; k < inner; k++, right += V * Lanes) {                  \
      Vector b[V];                                                                                  \
      EACH(v, V) b[v] = load(right + v * Lanes);                                                    \
      EACH(r, R) {                                                                                  \
        const Vector a = all(at[r][k]);                                                             \
        EACH(v, V) s[r][v] += a * b[v];                                                             \
      }                                                                                             \
    }                                                                                               \
    EACH(r, R) EACH(v, V) store(tile->to + r * tile->toApart + v * Lanes, s[r][v]);                 \
  }
// The left side turned over: rows lie beside each other.
#define ACROSS(R, V)                                                                                \
  __attribute__((noinline)) static void across_##R##_##V(const ProductTile *tile) {                 \
    Vector s[R][V];                                                                                 \
    const float *left = tile->left, *right = tile->right;                                           \
    const int64_t apart = tile->apart;                                                              \
    EACH(r, R) EACH(v, V) s[r][v] = load(tile->from + r * tile->fromApart + v * Lanes);             \
    for (int64_t k = tile->inner; k > 0; k--, left += apart, right += V * Lanes) {                  \
      Vector b[V];                                                                                  \
      EACH(v, V) b[v] = load(right + v * Lanes);                                                    \
      EACH(r, R) {                                                                                  \
        const Vector a = all(left[r]);                                                              \
        EACH(v, V) s[r][v] += a * b[v];                                                             \
      }                                                                                             \
    }                                                                                               \
    EACH(r, R) EACH(v, V) store(tile->to + r * tile->toApart + v * Lanes, s[r][v]);                 \
  }
#define BOTH(R, V) ALONG(R, V) ACROSS(R, V)
#define BOTH6(V) BOTH(1, V) BOTH(2, V) BOTH(3, V) BOTH(4, V) BOTH(5, V) BOTH(6, V)
#define BOTH9(V) BOTH6(V) BOTH(7, V) BOTH(8, V) BOTH(9, V)
#define WAY6(way, V) way##_1_##V, way##_2_##V, way##_3_##V, way##_4_##V, way##_5_##V, way##_6_##V
#define WAY9(way, V) WAY6(way, V), way##_7_##V, way##_8_##V, way##_9_##V
typedef void (*ProductWay)(const ProductTile *);

BOTH9(1)
#if defined(__AVX512F__)
BOTH9(2)
BOTH9(3)
BOTH6(4)
static const ProductWay productWays[2][PanelMost][9] = {{{WAY9(along, 1)}, {WAY9(along, 2)}, {WAY9(along, 3)}, {WAY6(along, 4)}},
                                                        {{WAY9(across, 1)}, {WAY9(across, 2)}, {WAY9(across, 3)}, {WAY6(across, 4)}}};
#else
BOTH6(2)
static const ProductWay productWays[2][PanelMost][9] = {{{WAY9(along, 1)}, {WAY6(along, 2)}}, {{WAY9(across, 1)}, {WAY6(across, 2)}}};
#endif
static const int64_t productRows[4] = {9, PanelMost == 4 ? 9 : 6, 8, 6};

/** Inner places that are gone through at a time, and rows of a task: a panel of the right stays in the first cache, what it is multiplied by in the second. */
enum { ProductInner = 128, ProductChunk = 192 };

/** Columns in panels of nearly the same width, so that few lanes hang over the last column. */
static void dividePanels(MatrixProduct *j) {
  const int64_t vectors = parts(j->columns, Lanes);
  j->panels = parts(vectors, PanelMost);
  j->vectors = parts(vectors, j->panels);
  j->wide = vectors - j->panels * (j->vectors - 1);
}

static inline int64_t vectorsOf(const MatrixProduct *j, int64_t panel) { return j->vectors - (panel >= j->wide); }
static inline int64_t firstColumn(const MatrixProduct *j, int64_t panel) { return (panel * j->vectors - most(0, panel - j->wide)) * Lanes; }

/** `count` columns of the right side from `c0` on, inner places from `k0` on, as a panel of so many vectors; zeros behind the last column. */
static void packRight(const MatrixProduct *j, int64_t k0, int64_t inner, int64_t c0, int64_t count, int64_t vectors, float *panel) {
  const int64_t width = vectors * Lanes;
  if (j->turnedRight) return intoPanel(j->right + c0 * j->inner + k0, j->inner, count, inner, width, panel);
  const float *from = j->right + k0 * j->columns + c0;
  for (int64_t k = 0; k < inner; k++, from += j->columns, panel += width) {
    if (count == width) EACH(v, PanelMost) { if (v < vectors) store(panel + v * Lanes, load(from + v * Lanes)); }
    else for (int64_t c = 0; c < width; c++) panel[c] = c < count ? from[c] : 0;
  }
}

/** Rows `r0 ..` of a left side that is turned over, inner places from `k0` on, next to each other: they lie far apart, which no processor foresees. */
static void packLeft(const MatrixProduct *j, int64_t k0, int64_t inner, int64_t r0, int64_t rows, float *packed) {
  const float *from = j->left + k0 * j->rows + r0;
  for (int64_t k = 0; k < inner; k++, from += j->rows, packed += rows) copy(packed, from, rows);
}

/** Adds up the columns of a panel. */
static void addColumnsOf(const float *panel, int64_t inner, int64_t vectors, Vector *sums) {
  for (int64_t k = 0; k < inner; k++, panel += vectors * Lanes)
    EACH(v, PanelMost) { if (v < vectors) sums[v] += load(panel + v * Lanes); }
}

/** The program over rows `r0 ..` and `count` columns from `c0` on, of which the products lie next to each other. */
static void runAfter(const MatrixProduct *j, const float *products, int64_t r0, int64_t rows, int64_t c0, int64_t count, int64_t vectors) {
  const Program *p = j->program;
  const int64_t width = vectors * Lanes, high = Tile / width, own = p->inputs + p->outputs;
  float memory[MostOperands][Tile] __attribute__((aligned(64)));
  float *at[MostOperands];
  for (int64_t i = 1; i < own + p->tiles; i++) at[i] = memory[i];
  if (count < width)
    for (int64_t i = 1; i < p->inputs; i++)
      for (int64_t e = 0; e < least(high, rows) * width; e++) memory[i][e] = 1; // something, behind the last column
  for (int64_t r = 0; r < rows; r += high) {
    const int64_t some = least(high, rows - r);
    at[0] = (float *)products + r * width;
    for (int64_t i = 1; i < p->inputs; i++) {
      const ProductOperand *o = &j->operands[i];
      if (r > 0 && o->down == 0) continue; // is there from the rows before
      const float *from = o->data + (r0 + r) * o->down + c0 * o->across;
      float *to = memory[i];
      for (int64_t q = 0; q < some; q++, from += o->down, to += width)
        if (o->across) copy(to, from, count);
        else for (int64_t c = 0; c < count; c++) to[c] = *from;
    }
    runProgram(p, at, some * width);
    for (int64_t i = p->inputs; i < own; i++) {
      float *to = j->operands[i].data + (r0 + r) * j->columns + c0;
      for (int64_t q = 0; q < some; q++, to += j->columns) copy(to, memory[i] + q * width, count);
    }
  }
}

static void productTask(void *data, size_t index) {
  const MatrixProduct *j = data;
  const int64_t chunks = parts(j->rows, j->chunk);
  // Either side is read once for each part of the other: neighbours share what would be read again more often.
  const int chunksFirst = chunks * j->columns <= j->panels * j->rows;
  const int64_t panel = chunksFirst ? (int64_t)index % j->panels : (int64_t)index / chunks;
  const int64_t r0 = (chunksFirst ? (int64_t)index / j->panels : (int64_t)index % chunks) * j->chunk;
  const int64_t vectors = vectorsOf(j, panel), width = vectors * Lanes, c0 = firstColumn(j, panel), count = least(width, j->columns - c0);
  const int64_t rows = least(j->chunk, j->rows - r0), most = productRows[vectors - 1];
  Vector packed[ProductInner * PanelMost], sums[ProductChunk * PanelMost], bias[PanelMost], columnSums[PanelMost] = {0};
  float left[ProductInner * ProductChunk];
  float *start = (float *)bias;
  for (int64_t c = 0; c < width; c++) start[c] = j->bias && c < count ? j->bias[c0 + c] : 0;
  // A panel that hangs over the last column, or that goes into a program, is summed beside the result.
  const int whole = count == width && !j->program;
  float *to = whole ? j->result + r0 * j->columns + c0 : (float *)sums;
  const int64_t apart = whole ? j->columns : width;
  const float *begin = start; // where sums begin, and how far apart
  int64_t beginApart = 0;
  if (j->added && whole) begin = j->added + r0 * j->columns + c0, beginApart = j->columns;
  else if (j->added) {
    for (int64_t r = 0; r < rows; r++)
      for (int64_t c = 0; c < width; c++) to[r * width + c] = c < count ? j->added[(r0 + r) * j->columns + c0 + c] : 0;
    begin = to, beginApart = width;
  }
  for (int64_t k0 = 0; k0 < j->inner; k0 += ProductInner) {
    const int64_t inner = least(ProductInner, j->inner - k0);
    packRight(j, k0, inner, c0, count, vectors, (float *)packed);
    if (j->sums && r0 == 0) addColumnsOf((float *)packed, inner, vectors, columnSums);
    if (j->turnedLeft) packLeft(j, k0, inner, r0, rows, left);
    ProductTile tile = {.right = (float *)packed, .apart = j->turnedLeft ? rows : j->inner, .inner = inner, .toApart = apart,
                        .fromApart = k0 == 0 ? beginApart : apart};
    for (int64_t r = 0; r < rows;) {
      const int64_t some = parts(rows - r, parts(rows - r, most));
      tile.left = j->turnedLeft ? left + r : j->left + (r0 + r) * j->inner + k0;
      tile.to = to + r * apart;
      tile.from = k0 == 0 ? begin + r * beginApart : tile.to;
      productWays[j->turnedLeft][vectors - 1][some - 1](&tile);
      r += some;
    }
  }
  if (j->inner == 0)
    for (int64_t r = 0; r < rows; r++) for (int64_t c = 0; c < width; c++) if (c < count) to[r * apart + c] = begin[r * beginApart + c];
  if (j->sums && r0 == 0) copy(j->sums + c0, (float *)columnSums, count);
  if (j->program) runAfter(j, to, r0, rows, c0, count, vectors);
  else if (!whole)
    for (int64_t r = 0; r < rows; r++) copy(j->result + (r0 + r) * j->columns + c0, to + r * width, count);
}

#include "long-product.h"

/** So many tasks at least, where there are as many rows: threads can share them. */
enum { ProductTasks = 8, ProductLeastChunk = 48 };

/** Reads the sizes of the two sides. Null, or what is wrong; the result is to have `dims`, as many as the left. */
static const char *measureSides(MatrixProduct *j, const View *a, const View *b, int64_t *dims) {
  if (a->rank < 2 || b->rank != 2 || (j->turnedLeft && a->rank != 2)) return "a [..., rows, inner] and b [inner, columns] are wanted";
  int64_t before = 1;
  for (int64_t i = 0; i < a->rank; i++) dims[i] = a->dims[i];
  for (int64_t i = 0; i < a->rank - 1; i++) before *= a->dims[i];
  j->rows = j->turnedLeft ? a->dims[1] : before, j->inner = j->turnedLeft ? a->dims[0] : a->dims[a->rank - 1];
  j->columns = b->dims[j->turnedRight ? 0 : 1];
  if (b->dims[j->turnedRight ? 1 : 0] != j->inner) return "the inner sizes of the two sides differ";
  if (j->turnedLeft) dims[0] = j->rows;
  dims[a->rank - 1] = j->columns;
  j->left = a->data, j->right = b->data;
  return 0;
}

/** Everything, shared by the threads. Null, or what is wrong. */
static const char *multiply(const Kernel *k, Context *context, MatrixProduct *j) {
  if (j->columns == 0) return 0;
  if (j->rows == 0) {
    for (int64_t c = 0; j->sums && c < j->columns; c++) {
      j->sums[c] = 0;
      for (int64_t i = 0; i < j->inner; i++) j->sums[c] += j->turnedRight ? j->right[c * j->inner + i] : j->right[i * j->columns + c];
    }
    return 0;
  }
  dividePanels(j);
  if (isLong(j)) return longProduct(k, context, j);
  const int64_t wanted = most(parts(j->rows, ProductChunk), least(parts(ProductTasks, j->panels), parts(j->rows, ProductLeastChunk)));
  j->chunk = parts(j->rows, wanted);
  parallel(k, context, productTask, (size_t)(j->panels * parts(j->rows, j->chunk)), j);
  return 0;
}

static const char *matrixProduct(const Kernel *k, Context *context) {
  View a = {0}, b = {0}, bias = {0};
  if (!input(k, context, 0, &a) || !input(k, context, 1, &b)) return "two tensors are wanted";
  const int hasBias = input(k, context, 2, &bias);
  MatrixProduct j = {.turnedLeft = k->ints[0] != 0, .turnedRight = k->ints[1] != 0};
  int64_t dims[MaxRank];
  const char *wrong = measureSides(&j, &a, &b, dims);
  if (wrong) return wrong;
  const int isLike = hasBias && bias.rank == 2 && bias.dims[0] == j.rows && bias.dims[1] == j.columns;
  if (hasBias && !isLike && (bias.rank != 1 || bias.dims[0] != j.columns)) return "a bias [columns], or [rows, columns], is wanted";
  j.bias = hasBias && !isLike ? bias.data : 0, j.added = isLike ? bias.data : 0;
  j.result = output(k, context, 0, dims, (size_t)a.rank);
  j.sums = output(k, context, 1, &j.columns, 1);
  return j.result ? multiply(k, context, &j) : 0;
}

/** True for what is repeated to `dims` without making them more: one number, a row, a column, or all. */
static int spreads(const View *v, const int64_t *dims, int64_t rank, int64_t columns, ProductOperand *o) {
  if (v->rank > rank) return 0;
  int64_t before = 1, last = v->rank > 0 ? v->dims[v->rank - 1] : 1;
  int alike = v->rank == rank; // in all axes but the last
  for (int64_t i = 0; i < v->rank - 1; i++) before *= v->dims[i], alike = alike && v->dims[i] == dims[i];
  if ((!alike && before != 1) || (last != 1 && last != columns)) return 0;
  *o = (ProductOperand){.data = v->data, .down = alike && rank > 1 ? last : 0, .across = last == columns && last != 1};
  return 1;
}

/** A product that goes into a program of elementwise ops at once. */
static const char *productProgram(const Kernel *k, Context *context) {
  Program p = {.text = k->text};
  size_t count = 0;
  CALL(k->api, ContextInputCount, Status * (*)(Context *, size_t *))(context, &count);
  p.inputs = (int64_t)count - 1; // the two sides are one operand
  CALL(k->api, ContextOutputCount, Status * (*)(Context *, size_t *))(context, &count);
  const int sums = k->ints[2] != 0;
  p.outputs = (int64_t)count - sums;
  if (p.inputs < 1 || p.outputs < 1) return "two sides of a product and an output are wanted";
  const char *wrong = readProgram(&p);
  if (wrong) return wrong;
  View a = {0}, b = {0};
  if (!input(k, context, 0, &a) || !input(k, context, 1, &b)) return "two tensors are wanted";
  MatrixProduct j = {.turnedLeft = k->ints[0] != 0, .turnedRight = k->ints[1] != 0, .program = &p};
  int64_t dims[MaxRank];
  wrong = measureSides(&j, &a, &b, dims);
  if (wrong) return wrong;
  for (int64_t i = 1; i < p.inputs; i++) {
    View v = {0};
    if (!input(k, context, (size_t)i + 1, &v)) return "tensors of at most eight axes are wanted";
    if (!spreads(&v, dims, a.rank, j.columns, &j.operands[i])) return "what the program takes is not like the product, a row, a column or a number";
  }
  for (int64_t i = 0; i < p.outputs; i++) {
    j.operands[p.inputs + i].data = output(k, context, (size_t)i, dims, (size_t)a.rank);
    if (!j.operands[p.inputs + i].data && j.rows * j.columns > 0) return "every output of the program is wanted";
  }
  if (sums) j.sums = output(k, context, (size_t)p.outputs, &j.columns, 1);
  return multiply(k, context, &j);
}
