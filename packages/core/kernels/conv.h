// What both ways to do a convolution work on.
#pragma once
#include "kernel.h"
#include "planes.h"

enum { MostWindow = 128 };

typedef struct Conv {
  Geometry g;
  int64_t batch, in, out, first, group; // first, group: of the images that lie in planes at a time
  const float *x, *w, *bias;
  int64_t turned;                // weights are [in][out][taps], and the last tap is the first
  float *planes, *packed, *y;
  float *rows;        // of places: [tasks][ConvOut][length]
  int64_t vectors;    // of channels: those of a panel
  int64_t high, far;  // of channels: windows of a task, down and across
  int64_t pooled, rectified; // of each two by two results the largest alone, and 0 where that is below
  uint8_t *which;            // of the four, from the first row on; NoneOf where none is above 0; null where nobody wants to know
  int64_t places[MostWindow];
} Conv;

enum { NoneOf = 4 };

/** A weight. */
static inline float weightOf(const Conv *j, int64_t o, int64_t c, int64_t t) {
  const int64_t taps = j->g.tall * j->g.wide;
  return j->turned ? j->w[(c * j->out + o) * taps + taps - 1 - t] : j->w[(o * j->in + c) * taps + t];
}
