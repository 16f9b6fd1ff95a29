// What both ways to the gradient of a convolution's kernels work on.
#pragma once
#include "kernel.h"
#include "planes.h"

typedef struct KernelGradient {
  Geometry g;
  int64_t batch, in, out, group; // group: images that lie in planes at a time
  int64_t first;                 // of these images
  const float *x, *dy;
  float *planes, *windows, *dw;
  float *db;                              // null where nobody wants the gradient of the bias
  float *each;                            // of channels: that gradient of each image, [batch][panels][width]
  float *sums;                            // of channels: [shares][panels][in * taps][width]
  int64_t vectors, panels, shares, tiles; // of channels: of a panel; panels; of the images; of rows
} KernelGradient;

/** So many tasks at least, where there are as many images: threads can share them. */
enum { LeastTasks = 12 };
