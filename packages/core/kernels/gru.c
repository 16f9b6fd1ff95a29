// All steps of a gated recurrent unit. Of a candidate the input's part and the state's are wanted apart where the reset gate multiplies the
// latter (`after`); where it multiplies the state before the product, all gates of a step come before its candidates.
#include "functions.h"
#include "steps.h"

enum { GruGates = 3, GruSaved = 4 };

typedef struct Gru {
  int64_t steps, batch, features, units, blocks, wide, after, reverse;
  const float *x, *w, *r, *bias, *h0;
  float *h, *saved, *lastH;
  float *panels;     // [blocks][features + units][update, reset, candidate, nothing][lanes]
  float *candidates; // [wide][units][columns]: the candidates' part of r; of reset before only
  float *updates, *resets, *sums; // [batch][units], on the way to the candidates; of reset before only
} Gru;

static void gruPanel(void *data, size_t index) {
  const Gru *j = data;
  const int64_t unit = (int64_t)index * Lanes, inner = j->features + j->units;
  float *to = j->panels + (int64_t)index * inner * PanelColumns;
  gatePanel(j->w, j->features, GruGates, j->units, unit, to);
  gatePanel(j->r, j->units, GruGates, j->units, unit, to + j->features * PanelColumns);
}

static void gruCandidatePanel(void *data, size_t index) {
  const Gru *j = data;
  const int64_t first = (int64_t)index * PanelColumns, count = least(PanelColumns, j->units - first);
  float *to = j->candidates + (int64_t)index * j->units * PanelColumns;
  for (int64_t k = 0; k < j->units; k++, to += PanelColumns) {
    const float *at = j->r + (k * GruGates + 2) * j->units + first;
    for (int64_t l = 0; l < count; l++) to[l] = at[l];
    for (int64_t l = count; l < PanelColumns; l++) to[l] = 0;
  }
}

/** The candidates and states of rows of a step whose gates are known. */
static void gruCandidates(const Gru *j, int64_t row0, int64_t rows, const float *h, float *next, float *saved) {
  const int64_t units = j->units;
  const float *updates = j->updates + row0 * units, *resets = j->resets + row0 * units, *ofInput = j->sums + row0 * units;
  for (int64_t p = 0; p < j->wide; p++) {
    const int64_t first = p * PanelColumns, columns = least(PanelColumns, units - first), vectors = parts(columns, Lanes);
    for (int64_t r0 = 0, some; r0 < rows; r0 += some) {
      some = nextRows(rows - r0);
      Vector sums[6][PanelVectors];
      for (int64_t r = 0; r < some; r++)
        for (int64_t v = 0; v < vectors; v++)
          sums[r][v] = loadSome(ofInput + (r0 + r) * units + first + v * Lanes, least(Lanes, columns - v * Lanes));
      productOf(some, vectors, resets + r0 * units, units, units, j->candidates + p * units * PanelColumns, sums);
      for (int64_t r = 0; r < some; r++)
        for (int64_t v = 0; v < vectors; v++) {
          const int64_t unit = first + v * Lanes, at = (r0 + r) * units + unit, count = least(Lanes, units - unit);
          const Vector fresh = tangent(sums[r][v]);
          storeSome(next + at, fresh + loadSome(updates + at, count) * (loadSome(h + at, count) - fresh), count);
          if (saved) storeSome(saved + (r0 + r) * GruSaved * units + 2 * units + unit, fresh, count);
        }
    }
  }
}

static void gruRows(void *data, size_t index) {
  const Gru *j = data;
  const int64_t row0 = (int64_t)index * RowsOfTask, rows = least(RowsOfTask, j->batch - row0);
  const int64_t units = j->units, features = j->features, inner = features + units;
  for (int64_t step = 0; step < j->steps; step++) {
    const int64_t t = j->reverse ? j->steps - 1 - step : step, before = j->reverse ? t + 1 : t - 1;
    const float *x = j->x + (t * j->batch + row0) * features;
    const float *h = step == 0 ? j->h0 + row0 * units : j->h + (before * j->batch + row0) * units;
    float *next = j->h + (t * j->batch + row0) * units;
    float *saved = j->saved ? j->saved + (t * j->batch + row0) * GruSaved * units : 0;
    for (int64_t b = 0; b < j->blocks; b++) {
      const int64_t unit = b * Lanes, count = least(Lanes, units - unit);
      const float *panel = j->panels + b * inner * PanelColumns;
      Vector bias[GruGates], ofState = all(0);
      for (int64_t g = 0; g < GruGates; g++) bias[g] = j->bias ? loadSome(j->bias + g * units + unit, count) : all(0);
      if (j->bias && j->after) {
        for (int64_t g = 0; g < 2; g++) bias[g] += loadSome(j->bias + (GruGates + g) * units + unit, count);
        ofState = loadSome(j->bias + (GruGates + 2) * units + unit, count);
      }
      for (int64_t r0 = 0, some; r0 < rows; r0 += some) {
        some = nextRows(rows - r0);
        Vector sums[6][PanelVectors], ofInput[6];
        for (int64_t r = 0; r < some; r++) EACH(g, GruGates) sums[r][g] = bias[g];
        productOf(some, GruGates, x + r0 * features, features, features, panel, sums);
        for (int64_t r = 0; r < some; r++) ofInput[r] = sums[r][2], sums[r][2] = ofState;
        productOf(some, j->after ? GruGates : 2, h + r0 * units, units, units, panel + features * PanelColumns, sums);
        for (int64_t r = 0; r < some; r++) {
          const int64_t at = (r0 + r) * units + unit;
          float *keep = saved ? saved + (r0 + r) * GruSaved * units + unit : 0;
          const Vector update = logistic(sums[r][0]), reset = logistic(sums[r][1]), state = loadSome(h + at, count);
          const Vector shown = j->after ? sums[r][2] : reset * state;
          if (keep) {
            storeSome(keep, update, count);
            storeSome(keep + units, reset, count);
            storeSome(keep + 3 * units, shown, count);
          }
          if (j->after) {
            const Vector fresh = tangent(ofInput[r] + reset * shown);
            storeSome(next + at, fresh + update * (state - fresh), count);
            if (keep) storeSome(keep + 2 * units, fresh, count);
          } else {
            storeSome(j->updates + row0 * units + at, update, count);
            storeSome(j->resets + row0 * units + at, shown, count);
            storeSome(j->sums + row0 * units + at, ofInput[r], count);
          }
        }
      }
    }
    if (!j->after) gruCandidates(j, row0, rows, h, next, saved);
    if (step == j->steps - 1 && j->lastH)
      for (int64_t i = 0; i < rows * units; i++) j->lastH[row0 * units + i] = next[i];
  }
}

static const char *gru(const Kernel *k, Context *context) {
  View x, w, r, h0, bias = {0};
  if (!input(k, context, 0, &x) || !input(k, context, 1, &w) || !input(k, context, 2, &r) || !input(k, context, 3, &h0))
    return "x, w, r and h0 are wanted";
  const int hasBias = input(k, context, 4, &bias), after = k->ints[0] != 0;
  if (x.rank != 3 || r.rank != 2) return "x [steps, batch, features] and r [units, 3 * units] are wanted";
  Gru j = {.steps = x.dims[0], .batch = x.dims[1], .features = x.dims[2], .units = r.dims[0], .after = after, .reverse = k->ints[1],
           .x = x.data, .w = w.data, .r = r.data, .h0 = h0.data, .bias = hasBias ? bias.data : 0};
  const int64_t columns = GruGates * j.units;
  if (!isMatrix(&w, j.features, columns) || !isMatrix(&r, j.units, columns) || !isMatrix(&h0, j.batch, j.units))
    return "w [features, 3 * units], r [units, 3 * units] and h0 [batch, units] are wanted";
  if (hasBias && !(after ? isMatrix(&bias, 2, columns) : bias.rank == 1 && bias.size == columns))
    return after ? "bias [2, 3 * units] is wanted" : "bias [3 * units] is wanted";
  if (j.steps < 1) return "at least one step is wanted";
  const int64_t state[] = {j.steps, j.batch, j.units}, saved[] = {j.steps, j.batch, GruSaved * j.units};
  j.h = output(k, context, 0, state, 3), j.saved = output(k, context, 1, saved, 3), j.lastH = output(k, context, 2, state + 1, 2);
  const int64_t states = j.batch * j.units;
  if (states == 0) return 0;
  j.blocks = parts(j.units, Lanes), j.wide = after ? 0 : parts(j.units, PanelColumns);
  const int64_t panels = j.blocks * (j.features + j.units) * PanelColumns, candidates = j.wide * j.units * PanelColumns;
  float *own = j.h ? 0 : take(k, (size_t)(j.steps * states) * 4);
  j.panels = take(k, (size_t)(panels + candidates + (after ? 0 : 3 * states)) * 4);
  const char *wrong = j.panels && (j.h || own) ? 0 : "there is not enough memory";
  if (!wrong) {
    if (own) j.h = own;
    j.candidates = j.panels + panels, j.updates = j.candidates + candidates, j.resets = j.updates + states, j.sums = j.resets + states;
    parallel(k, context, gruPanel, (size_t)j.blocks, &j);
    if (!after) parallel(k, context, gruCandidatePanel, (size_t)j.wide, &j);
    parallel(k, context, gruRows, (size_t)parts(j.batch, RowsOfTask), &j);
  }
  if (j.panels) give(k, j.panels);
  if (own) give(k, own);
  return wrong;
}

typedef struct GruGradient {
  int64_t steps, batch, units, panels, after, reverse;
  const float *r, *saved, *h, *h0, *dh, *dhLast;
  float *dx, *ds, *dh0;
  float *packed; // [panels][3 * units][columns]: r the other way round
} GruGradient;

static void gruGradientPanel(void *data, size_t index) {
  const GruGradient *j = data;
  const int64_t inner = GruGates * j->units;
  turnedPanel(j->r, inner, j->units, (int64_t)index * PanelColumns, j->packed + (int64_t)index * inner * PanelColumns);
}

/** `to += of back`, with `inner` of the columns of `of`, those from `from` on, and as many rows of r the other way round. */
static void gruBack(const GruGradient *j, int64_t rows, const float *of, int64_t from, int64_t inner, float *to, int64_t apart) {
  const int64_t units = j->units, width = GruGates * units;
  for (int64_t p = 0; p < j->panels; p++) {
    const int64_t first = p * PanelColumns, columns = least(PanelColumns, units - first), vectors = parts(columns, Lanes);
    for (int64_t r0 = 0, some; r0 < rows; r0 += some) {
      some = nextRows(rows - r0);
      Vector sums[6][PanelVectors];
      for (int64_t r = 0; r < some; r++)
        for (int64_t v = 0; v < vectors; v++)
          sums[r][v] = loadSome(to + (r0 + r) * apart + first + v * Lanes, least(Lanes, columns - v * Lanes));
      productOf(some, vectors, of + r0 * width + from, width, inner, j->packed + (p * width + from) * PanelColumns, sums);
      for (int64_t r = 0; r < some; r++)
        for (int64_t v = 0; v < vectors; v++)
          storeSome(to + (r0 + r) * apart + first + v * Lanes, sums[r][v], least(Lanes, columns - v * Lanes));
    }
  }
}

static inline Vector slope(Vector gate) { return gate * (1.0f - gate); }

static void gruGradientRows(void *data, size_t index) {
  const GruGradient *j = data;
  const int64_t row0 = (int64_t)index * RowsOfTask, rows = least(RowsOfTask, j->batch - row0);
  const int64_t units = j->units, width = GruGates * units;
  // What comes back of the state lies in the output, which is written last anyhow.
  float *dh = j->dh0 + row0 * units;
  for (int64_t i = 0; i < rows * units; i++) dh[i] = j->dhLast ? j->dhLast[row0 * units + i] : 0;
  for (int64_t step = j->steps - 1; step >= 0; step--) {
    const int64_t t = j->reverse ? j->steps - 1 - step : step, before = j->reverse ? t + 1 : t - 1;
    const float *h = step == 0 ? j->h0 + row0 * units : j->h + (before * j->batch + row0) * units;
    const float *saved = j->saved + (t * j->batch + row0) * GruSaved * units;
    float *dx = j->dx + (t * j->batch + row0) * width, *ds = j->ds ? j->ds + (t * j->batch + row0) * width : 0;
    for (int64_t row = 0; row < rows; row++)
      for (int64_t unit = 0; unit < units; unit += Lanes) {
        const int64_t count = least(Lanes, units - unit), at = row * units + unit;
        const float *gates = saved + row * GruSaved * units + unit;
        const Vector update = loadSome(gates, count), reset = loadSome(gates + units, count), fresh = loadSome(gates + 2 * units, count);
        Vector back = loadSome(dh + at, count);
        if (j->dh) back += loadSome(j->dh + (t * j->batch + row0) * units + at, count);
        const Vector dFresh = back * (1.0f - update) * (1.0f - fresh * fresh);
        const Vector dUpdate = back * (loadSome(h + at, count) - fresh) * slope(update);
        // Of reset before, what comes back to the reset gate is not known yet: its product begins here.
        const Vector dReset = j->after ? dFresh * loadSome(gates + 3 * units, count) * slope(reset) : all(0);
        float *toInput = dx + row * width + unit;
        storeSome(toInput, dUpdate, count);
        storeSome(toInput + units, dReset, count);
        storeSome(toInput + 2 * units, dFresh, count);
        storeSome(dh + at, back * update, count);
        if (!j->after) continue;
        float *toState = ds + row * width + unit;
        storeSome(toState, dUpdate, count);
        storeSome(toState + units, dReset, count);
        storeSome(toState + 2 * units, dFresh * reset, count);
      }
    if (j->after) {
      gruBack(j, rows, ds, 0, width, dh, units);
      continue;
    }
    gruBack(j, rows, dx, 2 * units, units, dx + units, width);
    for (int64_t row = 0; row < rows; row++)
      for (int64_t unit = 0; unit < units; unit += Lanes) {
        const int64_t count = least(Lanes, units - unit), at = row * units + unit;
        const Vector reset = loadSome(saved + row * GruSaved * units + units + unit, count);
        float *slot = dx + row * width + units + unit;
        const Vector shown = loadSome(slot, count);
        storeSome(slot, shown * loadSome(h + at, count) * slope(reset), count);
        storeSome(dh + at, loadSome(dh + at, count) + shown * reset, count);
      }
    gruBack(j, rows, dx, 0, 2 * units, dh, units);
    if (ds)
      for (int64_t i = 0; i < rows * width; i++) ds[i] = dx[i];
  }
}

static const char *gruGradient(const Kernel *k, Context *context) {
  View r, saved, h, h0, dh, dhLast;
  if (!input(k, context, 0, &r) || !input(k, context, 1, &saved) || !input(k, context, 2, &h) || !input(k, context, 3, &h0))
    return "r, gates, h and h0 are wanted";
  const int hasDh = input(k, context, 4, &dh), hasDhLast = input(k, context, 5, &dhLast);
  if (h.rank != 3) return "h [steps, batch, units] is wanted";
  GruGradient j = {.steps = h.dims[0], .batch = h.dims[1], .units = h.dims[2], .after = k->ints[0] != 0, .reverse = k->ints[1],
                   .r = r.data, .saved = saved.data, .h = h.data, .h0 = h0.data, .dh = hasDh ? dh.data : 0,
                   .dhLast = hasDhLast ? dhLast.data : 0};
  if (!isMatrix(&r, j.units, GruGates * j.units) || !isSequence(&saved, j.steps, j.batch, GruSaved * j.units) ||
      !isMatrix(&h0, j.batch, j.units) || (hasDh && !isSequence(&dh, j.steps, j.batch, j.units)) ||
      (hasDhLast && !isMatrix(&dhLast, j.batch, j.units)))
    return "r [units, 3 * units], gates [steps, batch, 4 * units], states [batch, units] are wanted";
  if (j.steps < 1) return "at least one step is wanted";
  const int64_t sums[] = {j.steps, j.batch, GruGates * j.units}, state[] = {j.batch, j.units};
  j.dx = output(k, context, 0, sums, 3), j.ds = output(k, context, 1, sums, 3), j.dh0 = output(k, context, 2, state, 2);
  const int64_t states = j.batch * j.units;
  if (states == 0) return 0;
  j.panels = parts(j.units, PanelColumns);
  // Where nobody reads an output, its place is wanted all the same.
  const int64_t ownX = j.dx ? 0 : GruGates * j.steps * states, ownS = j.ds || !j.after ? 0 : GruGates * j.steps * states;
  const int64_t packed = j.panels * GruGates * j.units * PanelColumns;
  j.packed = take(k, (size_t)(packed + (j.dh0 ? 0 : states) + ownX + ownS) * 4);
  if (!j.packed) return "there is not enough memory";
  float *own = j.packed + packed;
  if (!j.dh0) j.dh0 = own, own += states;
  if (ownX) j.dx = own, own += ownX;
  if (ownS) j.ds = own;
  parallel(k, context, gruGradientPanel, (size_t)j.panels, &j);
  parallel(k, context, gruGradientRows, (size_t)parts(j.batch, RowsOfTask), &j);
  give(k, j.packed);
  return 0;
}
