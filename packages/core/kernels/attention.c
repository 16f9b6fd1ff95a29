// Attention of several heads, softmax(scale q kᵀ + bias) v, and its gradient. A task has some rows of one head: their scores stay in the nearest
// caches from the first product to the last. Heads are read and written where they lie, [batch, steps, heads, width], so that nothing is transposed.
#include "functions.h"
#include "matrix-product.c"

typedef struct Attention {
  const float *q, *k, *v, *bias, *p, *dy;
  float *y, *weights, *dq, *dk, *dv;
  int64_t batch, heads, groups, queries, keys, width, wide; // `wide`: of values
  int64_t biasOfBatch, biasOfRow;                           // from one to the next in the bias
  int64_t apart;                                            // rows of scores
  int64_t chunks;                                           // of the rows of a head
  float scale;
  const Kernel *kernel;
  int failed; // a task found no memory
} Attention;

/** Rows of scores at a time. */
enum { AttentionRows = 64 };

/** What is added to a score that is not to be seen (nn/attention): nothing of it is left, unless all of its row are hidden. */
static const float hiddenScore = -1e9f;
static const float noSums[PanelMost * Lanes] = {0};

/** `count` of the columns of `length` rows that lie `apart`, as a panel; zeros behind the last column. */
static void rowsIntoPanel(const float *rows, int64_t apart, int64_t count, int64_t length, int64_t width, float *panel) {
  for (int64_t i = 0; i < length; i++, rows += apart, panel += width) {
    copy(panel, rows, count);
    for (int64_t c = count; c < width; c++) panel[c] = 0;
  }
}

/** A left side, as it lies or turned over, times a panel: `to` becomes it, or is added to. */
typedef struct LeftSide {
  const float *data;
  int64_t apart, rows, inner;
  int turned;
} LeftSide;

static void timesPanel(const LeftSide *a, const float *panel, int64_t vectors, float *to, int64_t toApart, int adds) {
  const int64_t width = vectors * Lanes, tallest = productRows[vectors - 1];
  for (int64_t k0 = 0; k0 == 0 || k0 < a->inner; k0 += ProductInner) {
    ProductTile tile = {.right = panel + k0 * width, .apart = a->apart, .inner = least(ProductInner, a->inner - k0), .toApart = toApart};
    for (int64_t r = 0; r < a->rows;) {
      const int64_t some = parts(a->rows - r, parts(a->rows - r, tallest));
      tile.left = a->turned ? a->data + k0 * a->apart + r : a->data + r * a->apart + k0;
      tile.to = to + r * toApart;
      const int begins = k0 == 0 && !adds;
      tile.from = begins ? noSums : tile.to, tile.fromApart = begins ? 0 : toApart;
      productWays[a->turned][vectors - 1][some - 1](&tile);
      r += some;
    }
  }
}

/** Vectors of the panel from column `c0` of `columns` on. */
static int64_t vectorsAt(int64_t c0, int64_t columns) { return least(PanelMost, parts(columns - c0, Lanes)); }

/** A left side times `columns` columns of rows that lie `apart`. `memory`: for a panel, and for as many sums. */
static void timesRows(const LeftSide *a, const float *right, int64_t apart, int64_t columns, float *to, int64_t toApart, int adds, float *memory) {
  for (int64_t c0 = 0; c0 < columns; c0 += PanelMost * Lanes) {
    const int64_t vectors = vectorsAt(c0, columns), width = vectors * Lanes, count = least(width, columns - c0);
    rowsIntoPanel(right + c0, apart, count, a->inner, width, memory);
    if (count == width) {
      timesPanel(a, memory, vectors, to + c0, toApart, adds);
      continue;
    }
    float *sums = memory + a->inner * width; // no vector may reach beyond the last column
    timesPanel(a, memory, vectors, sums, width, 0);
    for (int64_t r = 0; r < a->rows; r++)
      for (int64_t c = 0; c < count; c++) {
        float *one = to + r * toApart + c0 + c;
        *one = (adds ? *one : 0) + sums[r * width + c];
      }
  }
}

/** A left side times the first `columns` of rows that lie `apart`, turned over. Sums lie in whole vectors. */
static void timesTurned(const LeftSide *a, const float *right, int64_t apart, int64_t columns, float *to, int64_t toApart, float *memory) {
  for (int64_t c0 = 0; c0 < columns; c0 += PanelMost * Lanes) {
    const int64_t vectors = vectorsAt(c0, columns), width = vectors * Lanes;
    intoPanel(right + c0 * apart, apart, least(width, columns - c0), a->inner, width, memory);
    timesPanel(a, memory, vectors, to + c0, toApart, 0);
  }
}

/** A vector of a row of `length`; `otherwise` behind its end. */
static inline Vector within(const float *row, int64_t i, int64_t length, float otherwise) {
  if (i + Lanes <= length) return load(row + i);
  float some[Lanes];
  for (int64_t l = 0; l < Lanes; l++) some[l] = i + l < length ? row[i + l] : otherwise;
  return load(some);
}

static inline int any(Integers yes) { return __builtin_reduce_or(yes) != 0; }

/** How many vectors of a row of keys count: behind them all is hidden. All of them, where all of the row is: it weighs all alike. */
static int64_t vectorsSeen(const float *bias, int64_t keys) {
  const int64_t whole = parts(keys, Lanes);
  int64_t seen = whole;
  while (seen > 0 && !any((within(bias, (seen - 1) * Lanes, keys, hiddenScore) <= hiddenScore) == 0)) seen--;
  return seen > 0 ? seen : whole;
}

/** The largest of the lanes. */
static inline float highestOf(Vector v) {
#pragma GCC unroll 4
  for (int left = Lanes / 2; left > 0; left /= 2) v = larger(__builtin_shufflevector(v, v, EVEN), __builtin_shufflevector(v, v, ODD));
  return v[0];
}

/** Of a row of scores `vectors` into weights, in place; zeros behind them, up to `apart`. */
static void softmaxRow(float *row, const float *bias, int64_t vectors, int64_t keys, int64_t apart, float scale) {
  Vector highest = all(-__builtin_inff()), sums = all(0);
  const int64_t end = vectors * Lanes;
  for (int64_t i = 0; i < end; i += Lanes) {
    Vector x = load(row + i) * scale;
    if (bias) x += within(bias, i, keys, -__builtin_inff());
    else if (i + Lanes > keys) for (int64_t l = keys - i; l < Lanes; l++) x[l] = -__builtin_inff();
    store(row + i, x);
    highest = larger(x, highest);
  }
  const float top = highestOf(highest);
  for (int64_t i = 0; i < end; i += Lanes) {
    const Vector e = exponential(load(row + i) - top);
    store(row + i, e);
    sums += e;
  }
  const float share = 1.0f / sum(sums);
  for (int64_t i = 0; i < end; i += Lanes) store(row + i, load(row + i) * share);
  for (int64_t i = end; i < apart; i += Lanes) store(row + i, all(0));
}

/** Floats for a panel of a product whose inner size is at most `inner`, and for sums of so many rows beside it. */
static size_t panelRoom(int64_t inner, int64_t rows) { return (size_t)((inner + rows) * PanelMost * Lanes); }

static void attentionTask(void *data, size_t index) {
  Attention *j = data;
  const int64_t chunk = (int64_t)index % j->chunks, head = (int64_t)index / j->chunks % j->heads, b = (int64_t)index / j->chunks / j->heads;
  const int64_t group = head / (j->heads / j->groups), r0 = chunk * AttentionRows, rows = least(AttentionRows, j->queries - r0);
  const int inPlace = j->weights && j->apart == j->keys;
  const size_t room = panelRoom(most(j->width, j->keys), rows);
  float *memory = take(j->kernel, (room + (size_t)(inPlace ? 0 : rows * j->apart)) * 4);
  if (!memory) {
    j->failed = 1;
    return;
  }
  float *out = j->weights ? j->weights + ((b * j->heads + head) * j->queries + r0) * j->keys : 0;
  float *scores = inPlace ? out : memory + room;
  const float *bias = j->bias ? j->bias + b * j->biasOfBatch + r0 * j->biasOfRow : 0;
  const int64_t first = b * j->keys;
  int64_t ends[AttentionRows], seen = 0; // vectors of each row, and keys of the longest
  for (int64_t r = 0; r < rows; r++) {
    ends[r] = !bias ? parts(j->keys, Lanes) : r > 0 && !j->biasOfRow ? ends[0] : vectorsSeen(bias + r * j->biasOfRow, j->keys);
    seen = most(seen, least(j->keys, ends[r] * Lanes));
  }
  const LeftSide q = {j->q + ((b * j->queries + r0) * j->heads + head) * j->width, j->heads * j->width, rows, j->width, 0};
  timesTurned(&q, j->k + (first * j->groups + group) * j->width, j->groups * j->width, seen, scores, j->apart, memory);
  for (int64_t r = 0; r < rows; r++) softmaxRow(scores + r * j->apart, bias ? bias + r * j->biasOfRow : 0, ends[r], j->keys, j->apart, j->scale);
  if (out && !inPlace)
    for (int64_t r = 0; r < rows; r++) copy(out + r * j->keys, scores + r * j->apart, j->keys);
  const LeftSide p = {scores, j->apart, rows, seen, 0};
  timesRows(&p, j->v + (first * j->groups + group) * j->wide, j->groups * j->wide, j->wide,
            j->y + ((b * j->queries + r0) * j->heads + head) * j->wide, j->heads * j->wide, 0, memory);
  give(j->kernel, memory);
}

/** How many vectors of a row of weights come before those that are all 0. */
static int64_t weightsSeen(const float *p, int64_t keys) {
  int64_t seen = parts(keys, Lanes);
  while (seen > 0 && !any(within(p, (seen - 1) * Lanes, keys, 0) != 0)) seen--;
  return seen;
}

/** The gradient of a row of scores, before they were scaled, from that of the weights, in place; zeros behind the vectors that count, up to `end`. */
static void softmaxGradientRow(float *row, const float *p, int64_t vectors, int64_t keys, int64_t end, float scale) {
  Vector sums = all(0);
  int64_t i = 0;
  for (; i < vectors * Lanes; i += Lanes) sums += load(row + i) * within(p, i, keys, 0);
  const float inner = sum(sums);
  for (i = 0; i < vectors * Lanes; i += Lanes) store(row + i, within(p, i, keys, 0) * (load(row + i) - inner) * scale);
  for (; i < end; i += Lanes) store(row + i, all(0));
}

static void attentionGradientTask(void *data, size_t index) {
  Attention *j = data;
  const int64_t b = (int64_t)index / j->groups, group = (int64_t)index % j->groups, shared = j->heads / j->groups;
  const size_t room = panelRoom(most(most(j->width, j->wide), most(j->keys, AttentionRows)), most(AttentionRows, j->keys));
  float *memory = take(j->kernel, (room + (size_t)(AttentionRows * j->apart)) * 4);
  if (!memory) {
    j->failed = 1;
    return;
  }
  float *scores = memory + room;
  const int64_t first = b * j->keys * j->groups + group, along = j->groups * j->width, across = j->groups * j->wide;
  const float *k = j->k + first * j->width, *v = j->v + first * j->wide;
  float *dk = j->dk + first * j->width, *dv = j->dv + first * j->wide;
  for (int64_t i = 0; i < j->keys; i++) {
    for (int64_t c = 0; c < j->width; c++) dk[i * along + c] = 0;
    for (int64_t c = 0; c < j->wide; c++) dv[i * across + c] = 0;
  }
  for (int64_t head = group * shared; head < (group + 1) * shared; head++)
    for (int64_t r0 = 0; r0 < j->queries; r0 += AttentionRows) {
      const int64_t rows = least(AttentionRows, j->queries - r0), at = (b * j->queries + r0) * j->heads + head;
      const float *p = j->p + ((b * j->heads + head) * j->queries + r0) * j->keys;
      const float *q = j->q + at * j->width, *dy = j->dy + at * j->wide;
      int64_t ends[AttentionRows], seen = 0;
      for (int64_t r = 0; r < rows; r++) ends[r] = weightsSeen(p + r * j->keys, j->keys), seen = most(seen, least(j->keys, ends[r] * Lanes));
      const LeftSide dyRows = {dy, j->heads * j->wide, rows, j->wide, 0};
      timesTurned(&dyRows, v, across, seen, scores, j->apart, memory);
      for (int64_t r = 0; r < rows; r++) softmaxGradientRow(scores + r * j->apart, p + r * j->keys, ends[r], j->keys, seen, j->scale);
      const LeftSide ds = {scores, j->apart, rows, seen, 0};
      timesRows(&ds, k, along, j->width, j->dq + at * j->width, j->heads * j->width, 0, memory);
      const LeftSide dsTurned = {scores, j->apart, seen, rows, 1}, pTurned = {p, j->keys, seen, rows, 1};
      timesRows(&dsTurned, q, j->heads * j->width, j->width, dk, along, 1, memory);
      timesRows(&pTurned, dy, j->heads * j->wide, j->wide, dv, across, 1, memory);
    }
  give(j->kernel, memory);
}

static int isLike(const View *v, int64_t a, int64_t b, int64_t c, int64_t d) {
  return v->rank == 4 && v->dims[0] == a && v->dims[1] == b && v->dims[2] == c && v->dims[3] == d;
}

/** Sizes of what both directions read; null, or what is wrong. */
static const char *attentionOf(const Kernel *k, const View *q, const View *keys, const View *v, Attention *j) {
  if (q->rank != 4 || keys->rank != 4 || v->rank != 4) return "q, k, v [batch, steps, heads, width] are wanted";
  *j = (Attention){.q = q->data, .k = keys->data, .v = v->data, .batch = q->dims[0], .queries = q->dims[1], .heads = q->dims[2],
                   .width = q->dims[3], .keys = keys->dims[1], .groups = keys->dims[2], .wide = v->dims[3], .scale = k->number, .kernel = k};
  if (!isLike(keys, j->batch, j->keys, j->groups, j->width) || !isLike(v, j->batch, j->keys, j->groups, j->wide))
    return "k and v need the batch of q, k its width, and both the same steps and heads";
  if (j->groups == 0 ? j->heads != 0 : j->heads % j->groups != 0) return "the heads of q have to be a multiple of those of k";
  j->apart = parts(j->keys, Lanes) * Lanes;
  j->chunks = parts(j->queries, AttentionRows);
  return 0;
}

static const char *noMemory = "there is not enough memory";

static const char *attention(const Kernel *k, Context *context) {
  View q = {0}, keys = {0}, v = {0}, bias = {0};
  Attention j;
  if (!input(k, context, 0, &q) || !input(k, context, 1, &keys) || !input(k, context, 2, &v)) return "q, k and v are wanted";
  const char *wrong = attentionOf(k, &q, &keys, &v, &j);
  if (wrong) return wrong;
  if (input(k, context, 3, &bias)) {
    const int64_t from = bias.rank - 2;
    const int fits = (bias.rank == 2 || (bias.rank == 4 && bias.dims[1] == 1 && (bias.dims[0] == 1 || bias.dims[0] == j.batch))) &&
                     (bias.dims[from] == 1 || bias.dims[from] == j.queries) && bias.dims[from + 1] == j.keys;
    if (!fits) return "a bias [queries, keys] or [batch, 1, queries, keys] is wanted";
    j.bias = bias.data;
    j.biasOfRow = bias.dims[from] == 1 ? 0 : j.keys;
    j.biasOfBatch = bias.rank == 2 || bias.dims[0] == 1 ? 0 : bias.dims[2] * j.keys;
  }
  j.y = output(k, context, 0, (int64_t[]){j.batch, j.queries, j.heads, j.wide}, 4);
  j.weights = output(k, context, 1, (int64_t[]){j.batch, j.heads, j.queries, j.keys}, 4);
  const int64_t tasks = j.batch * j.heads * j.chunks;
  if (tasks == 0 || (!j.y && j.wide > 0)) return 0;
  parallel(k, context, attentionTask, (size_t)tasks, &j);
  return j.failed ? noMemory : 0;
}

static const char *attentionGradient(const Kernel *k, Context *context) {
  View q = {0}, keys = {0}, v = {0}, p = {0}, dy = {0};
  Attention j;
  if (!input(k, context, 0, &q) || !input(k, context, 1, &keys) || !input(k, context, 2, &v)) return "q, k and v are wanted";
  const char *wrong = attentionOf(k, &q, &keys, &v, &j);
  if (wrong) return wrong;
  if (!input(k, context, 3, &p) || !isLike(&p, j.batch, j.heads, j.queries, j.keys)) return "weights [batch, heads, queries, keys] are wanted";
  if (!input(k, context, 5, &dy) || !isLike(&dy, j.batch, j.queries, j.heads, j.wide)) return "a gradient like the result is wanted";
  j.p = p.data, j.dy = dy.data;
  const size_t room[3] = {(size_t)q.size, (size_t)keys.size, (size_t)v.size};
  const View *like[3] = {&q, &keys, &v};
  float **to[3] = {&j.dq, &j.dk, &j.dv}, *own[3] = {0};
  const char *failure = 0;
  for (int i = 0; i < 3; i++) {
    *to[i] = output(k, context, (size_t)i, like[i]->dims, 4);
    if (!*to[i] && room[i] > 0) *to[i] = own[i] = take(k, room[i] * 4); // one that nobody reads
    if (!*to[i] && room[i] > 0) failure = noMemory;
  }
  if (!failure && j.batch * j.groups > 0) parallel(k, context, attentionGradientTask, (size_t)(j.batch * j.groups), &j);
  for (int i = 0; i < 3; i++)
    if (own[i]) give(k, own[i]);
  return failure ? failure : j.failed ? noMemory : 0;
}
