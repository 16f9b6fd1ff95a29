// All steps of a long short-term memory. The weights lie in panels that hold the four gates of as many units as a vector has lanes.
#include "functions.h"
#include "steps.h"

enum { Gates = 4 };

typedef struct Lstm {
  int64_t steps, batch, features, units, blocks, reverse;
  const float *x, *w, *r, *bias, *h0, *c0;
  float *h, *c, *gates, *lastH, *lastC;
  float *panels; // [blocks][features + units][gates][lanes]
  float *states; // [batch][units], where nobody reads c
} Lstm;

static void lstmPanel(void *data, size_t index) {
  const Lstm *j = data;
  const int64_t unit = (int64_t)index * Lanes, inner = j->features + j->units;
  float *to = j->panels + (int64_t)index * inner * PanelColumns;
  gatePanel(j->w, j->features, Gates, j->units, unit, to);
  gatePanel(j->r, j->units, Gates, j->units, unit, to + j->features * PanelColumns);
}

static void lstmRows(void *data, size_t index) {
  const Lstm *j = data;
  const int64_t row0 = (int64_t)index * RowsOfTask, rows = least(RowsOfTask, j->batch - row0);
  const int64_t units = j->units, features = j->features, inner = features + units;
  for (int64_t step = 0; step < j->steps; step++) {
    const int64_t t = j->reverse ? j->steps - 1 - step : step, before = j->reverse ? t + 1 : t - 1;
    const float *x = j->x + (t * j->batch + row0) * features;
    const float *h = step == 0 ? j->h0 + row0 * units : j->h + (before * j->batch + row0) * units;
    const float *c = step == 0 ? j->c0 + row0 * units : j->c ? j->c + (before * j->batch + row0) * units : j->states + row0 * units;
    float *nextC = j->c ? j->c + (t * j->batch + row0) * units : j->states + row0 * units;
    float *nextH = j->h + (t * j->batch + row0) * units;
    for (int64_t b = 0; b < j->blocks; b++) {
      const int64_t unit = b * Lanes, count = least(Lanes, units - unit);
      const float *panel = j->panels + b * inner * PanelColumns;
      Vector bias[Gates];
      for (int64_t g = 0; g < Gates; g++) bias[g] = j->bias ? loadSome(j->bias + g * units + unit, count) : all(0);
      for (int64_t r0 = 0, some; r0 < rows; r0 += some) {
        some = nextRows(rows - r0);
        Vector sums[6][PanelVectors];
        for (int64_t r = 0; r < some; r++) EACH(g, Gates) sums[r][g] = bias[g];
        productOf(some, Gates, x + r0 * features, features, features, panel, sums);
        productOf(some, Gates, h + r0 * units, units, units, panel + features * PanelColumns, sums);
        for (int64_t r = 0; r < some; r++) {
          const int64_t at = (r0 + r) * units + unit;
          const Vector i = logistic(sums[r][0]), f = logistic(sums[r][1]), fresh = tangent(sums[r][2]), o = logistic(sums[r][3]);
          const Vector state = f * loadSome(c + at, count) + i * fresh;
          storeSome(nextC + at, state, count);
          storeSome(nextH + at, o * tangent(state), count);
          if (!j->gates) continue;
          float *gates = j->gates + ((t * j->batch + row0 + r0 + r) * Gates) * units + unit;
          storeSome(gates, i, count);
          storeSome(gates + units, f, count);
          storeSome(gates + 2 * units, fresh, count);
          storeSome(gates + 3 * units, o, count);
        }
      }
    }
    if (step < j->steps - 1) continue;
    for (int64_t i = 0; i < rows * units; i++) {
      if (j->lastH) j->lastH[row0 * units + i] = nextH[i];
      if (j->lastC) j->lastC[row0 * units + i] = nextC[i];
    }
  }
}

static const char *lstm(const Kernel *k, Context *context) {
  View x, w, r, h0, c0, bias = {0};
  if (!input(k, context, 0, &x) || !input(k, context, 1, &w) || !input(k, context, 2, &r) || !input(k, context, 3, &h0) ||
      !input(k, context, 4, &c0))
    return "x, w, r, h and c are wanted";
  const int hasBias = input(k, context, 5, &bias);
  if (x.rank != 3 || r.rank != 2) return "x [steps, batch, features] and r [units, 4 * units] are wanted";
  Lstm j = {.steps = x.dims[0], .batch = x.dims[1], .features = x.dims[2], .units = r.dims[0], .reverse = k->ints[0],
            .x = x.data, .w = w.data, .r = r.data, .h0 = h0.data, .c0 = c0.data, .bias = hasBias ? bias.data : 0};
  if (!isMatrix(&w, j.features, Gates * j.units) || !isMatrix(&r, j.units, Gates * j.units) || !isMatrix(&h0, j.batch, j.units) ||
      !isMatrix(&c0, j.batch, j.units) || (hasBias && (bias.rank != 1 || bias.size != Gates * j.units)))
    return "w [features, 4 * units], r [units, 4 * units], bias [4 * units], h and c [batch, units] are wanted";
  const int64_t state[] = {j.steps, j.batch, j.units}, gates[] = {j.steps, j.batch, Gates * j.units};
  j.h = output(k, context, 0, state, 3), j.c = output(k, context, 1, state, 3), j.gates = output(k, context, 2, gates, 3);
  j.lastH = output(k, context, 3, state + 1, 2), j.lastC = output(k, context, 4, state + 1, 2);
  if (j.steps < 1) return "at least one step is wanted";
  if (j.batch * j.units == 0) return 0;
  if (!j.h) return "h is wanted";
  j.blocks = parts(j.units, Lanes);
  const int64_t panels = j.blocks * (j.features + j.units) * PanelColumns;
  j.panels = take(k, (size_t)(panels + (j.c ? 0 : j.batch * j.units)) * 4);
  if (!j.panels) return "there is not enough memory";
  j.states = j.panels + panels;
  parallel(k, context, lstmPanel, (size_t)j.blocks, &j);
  parallel(k, context, lstmRows, (size_t)parts(j.batch, RowsOfTask), &j);
  give(k, j.panels);
  return 0;
}

typedef struct LstmGradient {
  int64_t steps, batch, units, panels, reverse;
  const float *r, *gates, *c, *c0, *dh, *dhLast, *dcLast;
  float *dz, *dh0, *dc0;
  float *packed; // [panels][4 * units][columns]: r the other way round
} LstmGradient;

static void lstmGradientPanel(void *data, size_t index) {
  const LstmGradient *j = data;
  const int64_t inner = Gates * j->units;
  turnedPanel(j->r, inner, j->units, (int64_t)index * PanelColumns, j->packed + (int64_t)index * inner * PanelColumns);
}

static void lstmGradientRows(void *data, size_t index) {
  const LstmGradient *j = data;
  const int64_t row0 = (int64_t)index * RowsOfTask, rows = least(RowsOfTask, j->batch - row0);
  const int64_t units = j->units, inner = Gates * units;
  // What comes back of the states lies in the outputs, which are written last anyhow.
  float *dh = j->dh0 + row0 * units, *dc = j->dc0 + row0 * units;
  for (int64_t i = 0; i < rows * units; i++) {
    dh[i] = j->dhLast ? j->dhLast[row0 * units + i] : 0;
    dc[i] = j->dcLast ? j->dcLast[row0 * units + i] : 0;
  }
  for (int64_t step = j->steps - 1; step >= 0; step--) {
    const int64_t t = j->reverse ? j->steps - 1 - step : step, before = j->reverse ? t + 1 : t - 1;
    const float *c = j->c + (t * j->batch + row0) * units;
    const float *cBefore = step == 0 ? j->c0 + row0 * units : j->c + (before * j->batch + row0) * units;
    float *dz = j->dz + (t * j->batch + row0) * inner;
    for (int64_t row = 0; row < rows; row++)
      for (int64_t unit = 0; unit < units; unit += Lanes) {
        const int64_t count = least(Lanes, units - unit), at = row * units + unit;
        const float *gates = j->gates + (t * j->batch + row0 + row) * inner + unit;
        const Vector i = loadSome(gates, count), f = loadSome(gates + units, count);
        const Vector fresh = loadSome(gates + 2 * units, count), o = loadSome(gates + 3 * units, count);
        const Vector now = tangent(loadSome(c + at, count));
        Vector back = loadSome(dh + at, count);
        if (j->dh) back += loadSome(j->dh + (t * j->batch + row0) * units + at, count);
        const Vector state = loadSome(dc + at, count) + back * o * (1.0f - now * now);
        float *to = dz + row * inner + unit;
        storeSome(to, state * fresh * i * (1.0f - i), count);
        storeSome(to + units, state * loadSome(cBefore + at, count) * f * (1.0f - f), count);
        storeSome(to + 2 * units, state * i * (1.0f - fresh * fresh), count);
        storeSome(to + 3 * units, back * now * o * (1.0f - o), count);
        storeSome(dc + at, state * f, count);
      }
    for (int64_t p = 0; p < j->panels; p++) {
      const int64_t first = p * PanelColumns, columns = least(PanelColumns, units - first), vectors = parts(columns, Lanes);
      for (int64_t r0 = 0, some; r0 < rows; r0 += some) {
        some = nextRows(rows - r0);
        Vector sums[6][PanelVectors];
        for (int64_t r = 0; r < some; r++) EACH(v, PanelVectors) sums[r][v] = all(0);
        productOf(some, vectors, dz + r0 * inner, inner, inner, j->packed + p * inner * PanelColumns, sums);
        for (int64_t r = 0; r < some; r++)
          for (int64_t v = 0; v < vectors; v++)
            storeSome(dh + (r0 + r) * units + first + v * Lanes, sums[r][v], least(Lanes, columns - v * Lanes));
      }
    }
  }
}

static const char *lstmGradient(const Kernel *k, Context *context) {
  View r, gates, c, c0, dh, dhLast, dcLast;
  if (!input(k, context, 0, &r) || !input(k, context, 1, &gates) || !input(k, context, 2, &c) || !input(k, context, 3, &c0))
    return "r, gates, c and c0 are wanted";
  const int hasDh = input(k, context, 4, &dh), hasDhLast = input(k, context, 5, &dhLast), hasDcLast = input(k, context, 6, &dcLast);
  if (c.rank != 3) return "c [steps, batch, units] is wanted";
  LstmGradient j = {.steps = c.dims[0], .batch = c.dims[1], .units = c.dims[2], .reverse = k->ints[0], .r = r.data, .gates = gates.data,
                    .c = c.data, .c0 = c0.data, .dh = hasDh ? dh.data : 0, .dhLast = hasDhLast ? dhLast.data : 0,
                    .dcLast = hasDcLast ? dcLast.data : 0};
  if (!isMatrix(&r, j.units, Gates * j.units) || !isSequence(&gates, j.steps, j.batch, Gates * j.units) || !isMatrix(&c0, j.batch, j.units) ||
      (hasDh && !isSequence(&dh, j.steps, j.batch, j.units)) || (hasDhLast && !isMatrix(&dhLast, j.batch, j.units)) ||
      (hasDcLast && !isMatrix(&dcLast, j.batch, j.units)))
    return "r [units, 4 * units], gates [steps, batch, 4 * units], states [batch, units] are wanted";
  const int64_t all3[] = {j.steps, j.batch, Gates * j.units}, state[] = {j.batch, j.units};
  j.dz = output(k, context, 0, all3, 3), j.dh0 = output(k, context, 1, state, 2), j.dc0 = output(k, context, 2, state, 2);
  const int64_t states = j.batch * j.units;
  if (states == 0) return 0;
  if (j.steps < 1) return "at least one step is wanted";
  j.panels = parts(j.units, PanelColumns);
  // Where nobody reads an output, its place is wanted all the same.
  const int64_t packed = j.panels * Gates * j.units * PanelColumns, ownZ = j.dz ? 0 : Gates * j.steps * states;
  j.packed = take(k, (size_t)(packed + (j.dh0 ? 0 : states) + (j.dc0 ? 0 : states) + ownZ) * 4);
  if (!j.packed) return "there is not enough memory";
  float *own = j.packed + packed;
  if (!j.dh0) j.dh0 = own, own += states;
  if (!j.dc0) j.dc0 = own, own += states;
  if (ownZ) j.dz = own;
  parallel(k, context, lstmGradientPanel, (size_t)j.panels, &j);
  parallel(k, context, lstmGradientRows, (size_t)parts(j.batch, RowsOfTask), &j);
  give(k, j.packed);
  return 0;
}
