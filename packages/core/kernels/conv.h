// What both ways to do a convolution work on.
#pragma once
#include "kernel.h"
#include "planes.h"

enum { MostWindow = 128 };

typedef struct Conv {
  Geometry g;
  int64_t batch, in, out, first; // first: of the images that lie in planes at a time
  const float *x, *w, *bias;
  float *planes, *packed, *y;
  float *rows;        // of places: [tasks][ConvOut][length]
  int64_t vectors;    // of channels: those of a panel
  int64_t high, far;  // of channels: windows of a task, down and across
  int64_t places[MostWindow];
} Conv;
