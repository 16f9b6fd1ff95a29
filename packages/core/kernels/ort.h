// What these kernels need of ONNX Runtime's C interface: positions in the table of functions (onnxruntime_c_api.h; members are only
// ever added at its end), and the description of an op that is not its own.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct Status Status;
typedef struct Context Context;
typedef struct Info Info;
typedef struct Value Value;
typedef const void *const *Api;

enum {
  CreateStatus = 0,
  GetTensorMutableData = 51,
  GetDimensionsCount = 61,
  GetDimensions = 62,
  GetTensorTypeAndShape = 65,
  InfoGetFloat = 85,
  InfoGetInt = 86,
  InfoGetString = 87,
  ContextInputCount = 88,
  ContextOutputCount = 89,
  ContextInput = 90,
  ContextOutput = 91,
  ReleaseStatus = 93,
  ReleaseTensorTypeAndShapeInfo = 99,
  ReleaseAllocator = 132,
  ParallelFor = 274,
  InfoGetAllocator = 278,
};

typedef struct Allocator {
  uint32_t version;
  void *(*alloc)(struct Allocator *, size_t);
  void (*free)(struct Allocator *, void *);
} Allocator;

enum Type { NoType = 0, Float = 1, Uint8 = 2, Int32 = 6, Int64 = 7, Bool = 9 };
enum Presence { Required = 0, Optional = 1, Variadic = 2 };

// OrtCustomOp of version 18.
typedef struct CustomOp {
  uint32_t version;
  void *(*createKernel)(const struct CustomOp *, Api, const Info *);
  const char *(*name)(const struct CustomOp *);
  const char *(*provider)(const struct CustomOp *);
  int (*inputType)(const struct CustomOp *, size_t);
  size_t (*inputCount)(const struct CustomOp *);
  int (*outputType)(const struct CustomOp *, size_t);
  size_t (*outputCount)(const struct CustomOp *);
  void (*compute)(void *, Context *);
  void (*destroy)(void *);
  int (*inputPresence)(const struct CustomOp *, size_t);
  int (*outputPresence)(const struct CustomOp *, size_t);
  int (*inputMemory)(const struct CustomOp *, size_t);
  int (*variadicInputs)(const struct CustomOp *);
  int (*variadicInputsAlike)(const struct CustomOp *);
  int (*variadicOutputs)(const struct CustomOp *);
  int (*variadicOutputsAlike)(const struct CustomOp *);
  Status *(*createKernelV2)(const struct CustomOp *, Api, const Info *, void **);
  Status *(*computeV2)(void *, Context *);
  Status *(*inferShapes)(const struct CustomOp *, void *);
  int (*startVersion)(const struct CustomOp *);
  int (*endVersion)(const struct CustomOp *);
  size_t (*mayInplace)(int **, int **);
  void (*releaseMayInplace)(int *, int *);
  size_t (*aliasMap)(int **, int **);
  void (*releaseAliasMap)(int *, int *);
} CustomOp;
