// Rows added to a table at their positions: the gradient of an embedding. Each task has some columns of all rows, so that no two add to the same
// number, and rows are added in the order in which they come.
#include "kernel.h"
#include "simd.h"

enum { ColumnsOfTask = 32, RowsOfZeroing = 4096 };

typedef struct AddRows {
  const int64_t *at;
  const float *rows;
  float *table;
  int64_t count, width, size, blocks;
} AddRows;

static void clearRows(void *data, size_t index) {
  const AddRows *j = data;
  const int64_t from = (int64_t)index * RowsOfZeroing * j->width, until = least(j->size * j->width, from + RowsOfZeroing * j->width);
  for (int64_t i = from; i < until; i++) j->table[i] = 0;
}

static void addColumns(void *data, size_t index) {
  const AddRows *j = data;
  const int64_t from = (int64_t)index * ColumnsOfTask, columns = least(ColumnsOfTask, j->width - from);
  for (int64_t i = 0; i < j->count; i++) {
    const int64_t at = j->at[i] < 0 ? j->at[i] + j->size : j->at[i];
    const float *row = j->rows + i * j->width + from;
    float *to = j->table + at * j->width + from;
    for (int64_t c = 0; c < columns; c++) to[c] += row[c];
  }
}

static const char *addRows(const Kernel *k, Context *context) {
  View at, rows, like;
  if (!input(k, context, 0, &at) || !input(k, context, 1, &rows)) return "positions and rows are wanted";
  if (at.rank != 1 || rows.rank != 2 || rows.dims[0] != at.dims[0] || k->ints[0] < 0) return "positions [n] and rows [n, width] are wanted";
  AddRows j = {.at = at.data, .rows = rows.data, .count = at.size, .width = rows.dims[1], .size = k->ints[0]};
  if (input(k, context, 2, &like)) {
    if (like.rank != 2 || like.dims[1] != j.width) return "a table [rows, width] like the one that is made is wanted";
    j.size = like.dims[0];
  }
  for (int64_t i = 0; i < j.count; i++)
    if (j.at[i] < -j.size || j.at[i] >= j.size) return "a position lies outside of the table";
  const int64_t shape[] = {j.size, j.width};
  j.table = output(k, context, 0, shape, 2);
  if (!j.table) return 0;
  parallel(k, context, clearRows, (size_t)parts(j.size, RowsOfZeroing), &j);
  parallel(k, context, addColumns, (size_t)parts(j.width, ColumnsOfTask), &j);
  return 0;
}
