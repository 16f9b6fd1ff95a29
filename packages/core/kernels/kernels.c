// All kernels, for one instruction set: LEVEL names it. No C library is needed.
#include "kernel.h"
#include "add-rows.c"
#include "attention.c"
#include "conv.c"
#include "conv-kernel-gradient.c"
#include "elementwise.c"
#include "gru.c"
#include "lstm.c"
#include "matrix-product.c"
#include "max-pool.c"
#include "max-pool-gradient.c"
#include "pooled-gradient.c"

static const KernelType *typeOf(const CustomOp *op) { return (const KernelType *)op; }
static const char *nameOf(const CustomOp *op) { return typeOf(op)->name; }
static const char *onCpu(const CustomOp *op) { return (void)op, (const char *)0; }
static int inputType(const CustomOp *op, size_t i) { return typeOf(op)->inputs[i]; }
static size_t inputCount(const CustomOp *op) { return (size_t)typeOf(op)->inputCount; }
static int outputType(const CustomOp *op, size_t i) { return typeOf(op)->outputs[i]; }
static size_t outputCount(const CustomOp *op) { return (size_t)typeOf(op)->outputCount; }
static int inputPresence(const CustomOp *op, size_t i) { return typeOf(op)->variadic ? Variadic : typeOf(op)->optionalFrom && (int)i >= typeOf(op)->optionalFrom ? Optional : Required; }
static int outputPresence(const CustomOp *op, size_t i) { return typeOf(op)->variadic ? Variadic : i == 0 ? Required : Optional; }
static int inMemory(const CustomOp *op, size_t i) { return (void)op, (void)i, 0; }
static int one(const CustomOp *op) { return (void)op, 1; }
static int latest(const CustomOp *op) { return (void)op, 0x7fffffff; }

typedef struct Made {
  Kernel kernel;
  const KernelType *type;
} Made;

static Status *make(const CustomOp *op, Api api, const Info *info, void **made) {
  const KernelType *type = typeOf(op);
  Allocator *memory = 0;
  Status *status = CALL(api, InfoGetAllocator, Status * (*)(const Info *, int, Allocator **))(info, 0, &memory);
  if (status) return status;
  Made *m = memory->alloc(memory, sizeof(Made));
  if (!m) return failed(api, "there is not enough memory");
  *m = (Made){{.api = api, .memory = memory}, type};
  for (int i = 0; type->attributes[i] && !status; i++)
    status = CALL(api, InfoGetInt, Status * (*)(const Info *, const char *, int64_t *))(info, type->attributes[i], &m->kernel.ints[i]);
  if (type->number && !status)
    status = CALL(api, InfoGetFloat, Status * (*)(const Info *, const char *, float *))(info, type->number, &m->kernel.number);
  if (type->text && !status) {
    size_t length = 0;
    CALL(api, InfoGetString, Status * (*)(const Info *, const char *, char *, size_t *))(info, type->text, 0, &length);
    char *text = memory->alloc(memory, length + Lanes);
    if (!text) return failed(api, "there is not enough memory");
    status = CALL(api, InfoGetString, Status * (*)(const Info *, const char *, char *, size_t *))(info, type->text, text, &length);
    m->kernel.text = text;
  }
  *made = m;
  return status;
}

static void destroy(void *made) {
  const Made m = *(Made *)made;
  if (m.kernel.text) m.kernel.memory->free(m.kernel.memory, (void *)m.kernel.text);
  m.kernel.memory->free(m.kernel.memory, made);
  CALL(m.kernel.api, ReleaseAllocator, void (*)(Allocator *))(m.kernel.memory);
}

static Status *compute(void *made, Context *context) {
  const Made *m = made;
  const char *wrong = m->type->run(&m->kernel, context);
  return wrong ? failed(m->kernel.api, wrong) : 0;
}

#define OP                                                                                                                  \
  {.version = 18,                  .name = nameOf,          .provider = onCpu,        .inputType = inputType,               \
   .inputCount = inputCount,       .outputType = outputType, .outputCount = outputCount, .destroy = destroy,                \
   .inputPresence = inputPresence, .outputPresence = outputPresence, .inputMemory = inMemory, .variadicInputs = one,        \
   .variadicInputsAlike = one,     .variadicOutputs = one,  .variadicOutputsAlike = one, .createKernelV2 = make,            \
   .computeV2 = compute,           .startVersion = one,     .endVersion = latest}
#define WINDOW "tall", "wide", "down", "across", "apart_down", "apart_across", "top", "left", "bottom", "right"

static const KernelType types[] = {
    {OP, "AddRows", {"rows"}, {Int64, Float, Float}, {Float}, 3, 1, 2, 0, 0, addRows},
    {OP, "Attention", {0}, {Float, Float, Float, Float}, {Float, Float}, 4, 2, 3, 0, 0, attention, "scale"},
    {OP, "AttentionGradient", {0}, {Float, Float, Float, Float, Float, Float}, {Float, Float, Float}, 6, 3, 0, 0, 0, attentionGradient, "scale"},
    {OP, "ConvKernelGradient", {WINDOW}, {Float, Float}, {Float, Float}, 2, 2, 0, 0, 0, kernelGradient},
    {OP, "PlaneConvolution", {WINDOW, "turned"}, {Float, Float, Float}, {Float}, 3, 1, 2, 0, 0, convolution},
    {OP, "PooledConvolution", {WINDOW, "rectified"}, {Float, Float, Float}, {Float, Uint8}, 3, 2, 2, 0, 0, pooledConvolution},
    {OP, "PooledGradient", {"height", "width"}, {Float, Uint8}, {Float}, 2, 1, 0, 0, 0, pooledGradient},
    {OP, "MatrixProduct", {"turned_left", "turned_right"}, {Float, Float, Float}, {Float, Float}, 3, 2, 2, 0, 0, matrixProduct},
    {OP, "ProductProgram", {"turned_left", "turned_right", "sums"}, {Float}, {Float}, 1, 1, 0, 1, "program", productProgram},
    {OP, "PlaneMaxPool", {WINDOW, "rectified", "ceil_mode"}, {Float}, {Float}, 1, 1, 0, 0, 0, maxPool},
    {OP, "MaxPoolGradient", {WINDOW, "rectified"}, {Float, Float}, {Float}, 2, 1, 0, 0, 0, poolGradient},
    {OP, "LstmSteps", {"reverse"}, {Float, Float, Float, Float, Float, Float}, {Float, Float, Float, Float, Float}, 6, 5, 5, 0, 0, lstm},
    {OP, "LstmStepsGradient", {"reverse"}, {Float, Float, Float, Float, Float, Float, Float}, {Float, Float, Float}, 7, 3, 4, 0, 0, lstmGradient},
    {OP, "GruSteps", {"reset_after", "reverse"}, {Float, Float, Float, Float, Float}, {Float, Float, Float}, 5, 3, 4, 0, 0, gru},
    {OP, "GruStepsGradient", {"reset_after", "reverse"}, {Float, Float, Float, Float, Float, Float}, {Float, Float, Float}, 6, 3, 4, 0, 0, gruGradient},
    {OP, "NormalCumulative", {0}, {Float}, {Float}, 1, 1, 0, 0, 0, normalCumulative},
    {OP, "Elementwise", {0}, {Float}, {Float}, 1, 1, 0, 1, "program", elementwise},
};

#define JOIN(a, b) a##b
#define TABLE(level) JOIN(kernels_, level)
/** The ops of this file, one after the other; null at the end. */
const CustomOp *TABLE(LEVEL)(size_t i) { return i < sizeof types / sizeof *types ? &types[i].op : 0; }
