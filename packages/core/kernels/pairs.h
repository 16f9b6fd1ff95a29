// Windows of two by two, so many beside each other: elements two by two in as short vectors as fit, as many images have few columns.
#pragma once
#include "planes.h"

#define SHORT(COUNT)                                                                           \
  typedef float Windows##COUNT __attribute__((vector_size(COUNT * 4), aligned(4), may_alias)); \
  typedef int32_t Truths##COUNT __attribute__((vector_size(COUNT * 4)));
SHORT(4)
SHORT(8)
SHORT(16)

/** Bit by bit what `truth` says. */
#define EITHER(COUNT, truth, a, b) ((Windows##COUNT)(((Truths##COUNT)(a) & (truth)) | ((Truths##COUNT)(b) & ~(truth))))

// The even and the odd elements of two vectors, and the first and the last half of what is made of evens and odds.
#define E4 0, 2, 4, 6
#define O4 1, 3, 5, 7
#define F4 0, 4, 1, 5
#define L4 2, 6, 3, 7
#define E8 0, 2, 4, 6, 8, 10, 12, 14
#define O8 1, 3, 5, 7, 9, 11, 13, 15
#define F8 0, 8, 1, 9, 2, 10, 3, 11
#define L8 4, 12, 5, 13, 6, 14, 7, 15
#define E16 E8, 16, 18, 20, 22, 24, 26, 28, 30
#define O16 O8, 17, 19, 21, 23, 25, 27, 29, 31
#define F16 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define L16 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31

/** True for windows of two by two that neither overlap nor hang over. */
static int inPairs(const Geometry *g) {
  return g->tall == 2 && g->wide == 2 && g->down == 2 && g->across == 2 && g->apartDown == 1 && g->apartAcross == 1 && !g->top && !g->left &&
         g->rows * 2 <= g->height && g->columns * 2 <= g->width;
}
