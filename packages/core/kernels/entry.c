// What the library shows: its kernels, for what this processor can do.
#include "ort.h"

#ifdef _WIN32
#define SHOWN __declspec(dllexport)
#else
#define SHOWN __attribute__((visibility("default")))
#endif

// Compilers call these two, whether asked to or not.
void *memset(void *to, int byte, size_t count) {
  for (volatile char *at = to; count; count--) *at++ = (char)byte;
  return to;
}
void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  volatile char *at = to;
  for (const char *of = from; count; count--) *at++ = *of++;
  return to;
}

const CustomOp *kernels_base(size_t);

#if defined(__x86_64__)
const CustomOp *kernels_avx2(size_t);
const CustomOp *kernels_avx512(size_t);

static void ask(uint32_t leaf, uint32_t *r) {
  __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(0));
}

/** 0: neither; 1: AVX2 and FMA; 2: AVX-512 F, CD, BW, DQ, VL. The system has to keep their registers, too. */
static int level(void) {
  uint32_t r[4], low, high;
  ask(0, r);
  if (r[0] < 7) return 0;
  ask(1, r);
  if (!(r[2] >> 27 & 1) || !(r[2] >> 12 & 1)) return 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 6) != 6) return 0;
  ask(7, r);
  const uint32_t wide = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
  if ((low & 0xe0) == 0xe0 && (r[1] & wide) == wide) return 2;
  return r[1] >> 5 & 1;
}
#endif

/** The description of kernel `i`; null when there is none. `most` is the highest level that may be used. */
SHOWN const CustomOp *stratus_kernel(size_t i, int most) {
#if defined(__x86_64__)
  const int found = level();
  switch (found < most ? found : most) {
    case 2: return kernels_avx512(i);
    case 1: return kernels_avx2(i);
  }
#endif
  return kernels_base(i);
}

SHOWN const char *stratus_kernel_name(size_t i) {
  const CustomOp *op = kernels_base(i);
  return op ? op->name(op) : 0;
}

/** The hash of the sources that it was made of. */
SHOWN const char *stratus_kernels_source(void) { return SOURCE; }
