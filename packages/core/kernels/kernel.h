// How a kernel is declared, and what it asks of the engine. One translation unit holds all kernels (kernels.c), once for each
// instruction set; nothing here needs a C library.
#pragma once
#include "ort.h"

enum { MaxRank = 8, MaxInts = 12 };

typedef struct Kernel {
  Api api;
  Allocator *memory;
  int64_t ints[MaxInts];
  const char *text;
  float number;
} Kernel;

/** An op: its name, the types of its inputs and outputs, the names of its attributes (ints, one text, one number), and what it does. */
typedef struct KernelType {
  CustomOp op;
  const char *name;
  const char *attributes[MaxInts + 1];
  int inputs[8], outputs[6];
  int inputCount, outputCount, optionalFrom;
  /** Any number of inputs and of outputs, all of the first type. */
  int variadic;
  const char *text;
  /** Null, or what is wrong. */
  const char *(*run)(const Kernel *, Context *);
  const char *number;
} KernelType;

typedef struct View {
  void *data;
  int64_t dims[MaxRank];
  int64_t rank, size;
} View;

#define CALL(api, index, type) ((type)(api)[index])

static Status *failed(Api api, const char *message) {
  return CALL(api, CreateStatus, Status * (*)(int, const char *))(2, message);
}

/** True when the value is there, and is a tensor of at most eight axes. */
static int viewOf(const Kernel *k, const Value *value, View *view) {
  Api api = k->api;
  void *shape = 0;
  size_t rank = 0;
  if (!value) return 0;
  CALL(api, GetTensorTypeAndShape, Status * (*)(const Value *, void **))(value, &shape);
  CALL(api, GetDimensionsCount, Status * (*)(void *, size_t *))(shape, &rank);
  if (rank <= MaxRank) CALL(api, GetDimensions, Status * (*)(void *, int64_t *, size_t))(shape, view->dims, rank);
  CALL(api, ReleaseTensorTypeAndShapeInfo, void (*)(void *))(shape);
  if (rank > MaxRank) return 0;
  CALL(api, GetTensorMutableData, Status * (*)(const Value *, void **))(value, &view->data);
  view->rank = (int64_t)rank;
  view->size = 1;
  for (size_t i = 0; i < rank; i++) view->size *= view->dims[i];
  return 1;
}

static int input(const Kernel *k, Context *context, size_t index, View *view) {
  const Value *value = 0;
  CALL(k->api, ContextInput, Status * (*)(Context *, size_t, const Value **))(context, index, &value);
  return viewOf(k, value, view);
}

/** The memory of an output of this shape; null when there is none, or nobody reads it. */
static void *output(const Kernel *k, Context *context, size_t index, const int64_t *dims, size_t rank) {
  Value *value = 0;
  void *data = 0;
  Status *status =
      CALL(k->api, ContextOutput, Status * (*)(Context *, size_t, const int64_t *, size_t, Value **))(context, index, dims, rank, &value);
  if (status) CALL(k->api, ReleaseStatus, void (*)(Status *))(status);
  if (status || !value) return 0;
  CALL(k->api, GetTensorMutableData, Status * (*)(const Value *, void **))(value, &data);
  return data;
}

/** Calls `work(data, 0 .. count - 1)`, in all threads of the session. */
static void parallel(const Kernel *k, Context *context, void (*work)(void *, size_t), size_t count, void *data) {
  CALL(k->api, ParallelFor, Status * (*)(Context *, void (*)(void *, size_t), size_t, size_t, void *))(context, work, count, 0, data);
}

/** Memory from the session's arena, aligned to 64 bytes. */
static void *take(const Kernel *k, size_t bytes) { return k->memory->alloc(k->memory, bytes); }
static void give(const Kernel *k, void *memory) { k->memory->free(k->memory, memory); }

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t parts(int64_t n, int64_t of) { return (n + of - 1) / of; }
