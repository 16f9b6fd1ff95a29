// What kernels of recurrent layers share: rows of a batch do not depend on each other, so each task goes over all steps with some of them,
// and nobody waits between steps; weights lie in panels from which the sums of a few units come out of registers.
#pragma once
#include "product.h"

enum { RowsOfTask = 16 };

static inline Vector loadSome(const float *at, int64_t count) {
  if (count == Lanes) return load(at);
  float x[Lanes] = {0};
  for (int64_t i = 0; i < count; i++) x[i] = at[i];
  return load(x);
}
static inline void storeSome(float *at, Vector v, int64_t count) {
  if (count == Lanes) return store(at, v);
  float x[Lanes];
  store(x, v);
  for (int64_t i = 0; i < count; i++) at[i] = x[i];
}

/** As many units as a vector has lanes, from `unit` on, gate by gate, of all rows of a kernel `[rows, gates * units]`. */
static void gatePanel(const float *from, int64_t rows, int64_t gates, int64_t units, int64_t unit, float *to) {
  const int64_t count = least(Lanes, units - unit);
  for (int64_t k = 0; k < rows; k++, to += PanelColumns)
    for (int64_t g = 0; g < gates; g++) {
      const float *at = from + (k * gates + g) * units + unit;
      for (int64_t l = 0; l < count; l++) to[g * Lanes + l] = at[l];
      for (int64_t l = count; l < Lanes; l++) to[g * Lanes + l] = 0;
    }
}

/** The panel with the rows `first` and following of a kernel `[units, inner]` as its columns. */
static void turnedPanel(const float *from, int64_t inner, int64_t units, int64_t first, float *to) {
  const int64_t count = least(PanelColumns, units - first);
  for (int64_t k = 0; k < inner; k++, to += PanelColumns) {
    for (int64_t l = 0; l < count; l++) to[l] = from[(first + l) * inner + k];
    for (int64_t l = count; l < PanelColumns; l++) to[l] = 0;
  }
}

static int isMatrix(const View *v, int64_t rows, int64_t columns) { return v->rank == 2 && v->dims[0] == rows && v->dims[1] == columns; }
static int isSequence(const View *v, int64_t steps, int64_t batch, int64_t width) {
  return v->rank == 3 && v->dims[0] == steps && v->dims[1] == batch && v->dims[2] == width;
}
