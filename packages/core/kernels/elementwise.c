// Whole expressions, element by element, in one pass over memory. A tile of each value stays in the nearest cache while the program's
// instructions go over it, so that an intermediate result never gets to memory. (The way of numexpr and of vectorised databases.)
#include "program.h"

enum { MostAxes = 8 };

typedef struct Operand {
  float *data;   // of the whole tensor; null for a tile
  int whole;     // as many elements as the result, in the same order
  int64_t steps[MostAxes]; // per axis of the result; 0 where it is repeated
} Operand;

typedef struct Expression {
  Program program;
  int64_t size, piece; // elements of the result, and of one task
  int axes;
  int64_t dims[MostAxes];
  Operand operands[MostOperands];
} Expression;

/** Elements `from .. from + count` of an input that is repeated. */
static void repeatInto(const Expression *e, const Operand *o, int64_t from, int64_t count, float *to) {
  int64_t index[MostAxes], rest = from, at = 0;
  for (int a = e->axes - 1; a >= 0; a--) {
    index[a] = rest % e->dims[a];
    rest /= e->dims[a];
    at += index[a] * o->steps[a];
  }
  const int last = e->axes - 1;
  const int64_t step = o->steps[last];
  while (count > 0) {
    const int64_t run = least(count, e->dims[last] - index[last]);
    const float *data = o->data + at;
    if (step == 0)
      for (int64_t i = 0; i < run; i++) to[i] = *data;
    else
      for (int64_t i = 0; i < run; i++) to[i] = data[i];
    to += run, count -= run, at += run * step, index[last] += run;
    for (int a = last; a >= 0 && index[a] == e->dims[a]; a--) {
      at -= e->dims[a] * o->steps[a];
      index[a] = 0;
      if (a > 0) index[a - 1]++, at += o->steps[a - 1];
    }
  }
}

static void expressionPiece(void *data, size_t index) {
  const Expression *e = data;
  const int64_t from = (int64_t)index * e->piece, until = least(e->size, from + e->piece);
  const Program *p = &e->program;
  const int64_t own = p->inputs + p->outputs, operands = own + p->tiles;
  float memory[MostOperands][Tile] __attribute__((aligned(64)));
  float *at[MostOperands];
  for (int64_t i = own; i < operands; i++) at[i] = memory[i];
  for (int64_t start = from; start < until; start += Tile) {
    const int64_t count = least(Tile, until - start);
    const int64_t n = (count + Lanes - 1) / Lanes * Lanes;
    const int direct = n == count; // otherwise the last vector would reach beyond the tensor
    for (int64_t i = 0; i < p->inputs; i++) {
      const Operand *o = &e->operands[i];
      at[i] = memory[i];
      if (o->whole && direct) at[i] = o->data + start;
      else if (o->whole) for (int64_t k = 0; k < count; k++) memory[i][k] = o->data[start + k];
      else repeatInto(e, o, start, count, memory[i]);
      if (!direct) for (int64_t k = count; k < n; k++) memory[i][k] = 1;
    }
    for (int64_t i = p->inputs; i < own; i++) at[i] = direct ? e->operands[i].data + start : memory[i];
    runProgram(p, at, n);
    if (!direct)
      for (int64_t i = p->inputs; i < own; i++)
        for (int64_t k = 0; k < count; k++) e->operands[i].data[start + k] = memory[i][k];
  }
}

/** Tasks of fewer elements take longer to hand out than they save. */
enum { LeastPiece = 16 * Tile };

static const char *elementwise(const Kernel *k, Context *context) {
  Expression e = {.program = {.text = k->text}};
  size_t count = 0;
  CALL(k->api, ContextInputCount, Status * (*)(Context *, size_t *))(context, &count);
  e.program.inputs = (int64_t)count;
  CALL(k->api, ContextOutputCount, Status * (*)(Context *, size_t *))(context, &count);
  e.program.outputs = (int64_t)count;
  const char *wrong = readProgram(&e.program);
  if (wrong) return wrong;
  View views[MostOperands];
  int64_t dims[MostAxes], rank = 0;
  for (int64_t i = 0; i < e.program.inputs; i++) {
    if (!input(k, context, (size_t)i, &views[i])) return "tensors of at most eight axes are wanted";
    rank = most(rank, views[i].rank);
  }
  e.size = 1;
  for (int64_t a = 0; a < rank; a++) {
    dims[a] = 1;
    for (int64_t i = 0; i < e.program.inputs; i++) {
      const int64_t own = a - (rank - views[i].rank), size = own < 0 ? 1 : views[i].dims[own];
      if (size == 1) continue;
      if (dims[a] != 1 && dims[a] != size) return "the shapes do not broadcast";
      dims[a] = size;
    }
    e.size *= dims[a];
  }
  for (int64_t i = 0; i < e.program.outputs; i++) {
    e.operands[e.program.inputs + i].data = output(k, context, (size_t)i, dims, (size_t)rank);
    if (!e.operands[e.program.inputs + i].data && e.size > 0) return "every output of the program is wanted";
  }
  if (e.size == 0) return 0;
  for (int64_t i = 0; i < e.program.inputs; i++) e.operands[i].data = views[i].data, e.operands[i].whole = views[i].size == e.size;
  // Axes that lie in memory as one, for all that are repeated, become one.
  e.axes = 0;
  for (int64_t a = 0; a < rank; a++) {
    int joins = e.axes > 0;
    if (dims[a] == 1) continue;
    for (int64_t i = 0; i < e.program.inputs && joins; i++) {
      const View *v = &views[i];
      if (e.operands[i].whole) continue;
      int64_t own = a - (rank - v->rank), before = a - 1;
      while (before > 0 && dims[before] == 1) before--;
      before -= rank - v->rank;
      const int here = own >= 0 && v->dims[own] != 1, there = before >= 0 && v->dims[before] != 1;
      joins = here == there;
    }
    if (joins) e.dims[e.axes - 1] *= dims[a];
    else {
      e.dims[e.axes] = dims[a];
      for (int64_t i = 0; i < e.program.inputs; i++) {
        const int64_t own = a - (rank - views[i].rank);
        e.operands[i].steps[e.axes] = own >= 0 && views[i].dims[own] != 1;
      }
      e.axes++;
    }
  }
  if (e.axes == 0) e.dims[e.axes++] = 1;
  for (int64_t i = 0; i < e.program.inputs; i++) {
    int64_t step = 1;
    for (int a = e.axes - 1; a >= 0; a--) {
      const int moves = e.operands[i].steps[a] != 0;
      e.operands[i].steps[a] = moves ? step : 0;
      if (moves) step *= e.dims[a];
    }
  }
  e.piece = most(LeastPiece, parts(parts(e.size, 64), Tile) * Tile);
  const int64_t pieces = parts(e.size, e.piece);
  if (pieces == 1) expressionPiece(&e, 0);
  else parallel(k, context, expressionPiece, (size_t)pieces, &e);
  return 0;
}

/** A program of its own, for the op that does nothing else. */
static const char *normalCumulative(const Kernel *k, Context *context) {
  Kernel own = *k;
  own.text = "N1000";
  return elementwise(&own, context);
}
