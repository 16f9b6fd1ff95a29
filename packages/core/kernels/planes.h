// Images as the convolutions read them: for each remainder of the stride one plane, with the margin in it, whose rows all have the same
// length. A window's element then lies at the same distance from its window's first, and rows follow each other without a gap, so that
// whole images are read as one long row.
#pragma once
#include "kernel.h"
#include "simd.h"

typedef struct Geometry {
  int64_t height, width;               // of the image
  int64_t rows, columns;               // of windows
  int64_t tall, wide;                  // of the kernel
  int64_t down, across;                // strides
  int64_t apartDown, apartAcross;      // dilations
  int64_t top, left, bottom, right;    // margins
  int64_t pitch, planeRows, planeSize; // of one plane, in elements; planeSize has room for reading on
  int64_t length;                      // of the rows that are read as one, up to whole vectors
} Geometry;

static void arrange(Geometry *g, int64_t block) {
  g->pitch = g->columns + ((g->wide - 1) * g->apartAcross) / g->across;
  g->planeRows = g->rows + ((g->tall - 1) * g->apartDown) / g->down;
  g->length = (g->rows * g->pitch + block - 1) / block * block;
  const int64_t reach = (g->planeRows - g->rows) * g->pitch + (g->pitch - g->columns);
  // An odd number of cache lines, so that what is read of several planes at a time does not meet in the same sets of the cache.
  g->planeSize = ((g->length + reach + 15) / 16 | 1) * 16;
}

/** The windows as attributes say them, in the order of WINDOW. */
static Geometry windowsOf(const int64_t *a) {
  return (Geometry){.tall = a[0], .wide = a[1], .down = a[2], .across = a[3], .apartDown = a[4], .apartAcross = a[5],
                    .top = a[6], .left = a[7], .bottom = a[8], .right = a[9]};
}

enum { MostSize = 1 << 20 };
static int counts(int64_t n) { return n >= 1 && n <= MostSize; }
static int margin(int64_t n) { return n >= 0 && n <= MostSize; }

/**
 * Sizes of images and windows, `[batch, channels, ...]` each; false where they do not belong together. The last window may hang over the end, but
 * begins before it.
 */
static int readImages(Geometry *g, const View *images, const View *windows) {
  if (images->rank != 4 || windows->rank != 4 || images->dims[0] != windows->dims[0]) return 0;
  if (!counts(g->tall) || !counts(g->wide) || !counts(g->down) || !counts(g->across) || !counts(g->apartDown) || !counts(g->apartAcross)) return 0;
  if (!margin(g->top) || !margin(g->left) || !margin(g->bottom) || !margin(g->right)) return 0;
  g->height = images->dims[2], g->width = images->dims[3], g->rows = windows->dims[2], g->columns = windows->dims[3];
  const int64_t high = g->height + g->top + g->bottom, far = g->width + g->left + g->right;
  if ((g->tall - 1) * g->apartDown >= high || (g->wide - 1) * g->apartAcross >= far) return 0;
  return (g->rows - 1) * g->down < high && (g->columns - 1) * g->across < far;
}

/** The first element of a window that is not before the image, and the one after the last that is not behind it. */
static inline int64_t insideFrom(int64_t at, int64_t apart) { return at >= 0 ? 0 : (-at + apart - 1) / apart; }
static inline int64_t insideUntil(int64_t at, int64_t apart, int64_t count, int64_t size) {
  const int64_t last = at + (count - 1) * apart;
  return last < size ? count : size > at ? (size - 1 - at) / apart + 1 : 0;
}

/** How many planes one channel has. */
static int64_t phases(const Geometry *g) { return g->down * g->across; }

/** Where the element of a window at (y, x) lies, from the window's first place in the first plane of its channel. */
static int64_t placeOf(const Geometry *g, int64_t y, int64_t x) {
  const int64_t atY = y * g->apartDown, atX = x * g->apartAcross;
  const int64_t plane = (atY % g->down) * g->across + atX % g->across;
  return plane * g->planeSize + (atY / g->down) * g->pitch + atX / g->across;
}

/** One channel of an image, `[height, width]`, into its planes. */
static void spread(const Geometry *g, const float *image, float *planes) {
  for (int64_t a = 0; a < g->down; a++)
    for (int64_t b = 0; b < g->across; b++, planes += g->planeSize) {
      float *to = planes;
      for (int64_t r = 0; r < g->planeRows; r++, to += g->pitch) {
        const int64_t y = r * g->down + a - g->top;
        if (y < 0 || y >= g->height) {
          for (int64_t c = 0; c < g->pitch; c++) to[c] = 0;
          continue;
        }
        const float *row = image + y * g->width;
        // the columns that are in the image
        int64_t from = 0, until = g->pitch;
        const int64_t shift = b - g->left;
        if (shift < 0) from = (-shift + g->across - 1) / g->across;
        if (from > g->pitch) from = g->pitch;
        const int64_t inside = (g->width - shift + g->across - 1) / g->across;
        if (inside < until) until = inside < from ? from : inside;
        for (int64_t c = 0; c < from; c++) to[c] = 0;
        if (g->across == 1)
          copy(to + from, row + from + shift, until - from);
        else
          for (int64_t c = from; c < until; c++) to[c] = row[c * g->across + shift];
        for (int64_t c = until; c < g->pitch; c++) to[c] = 0;
      }
      for (float *end = planes + g->planeSize; to < end; to++) *to = 0;
    }
}

/** One channel of windows, `[rows, columns]`, in rows of the planes' length, zeros between them: `length` elements. */
static void widen(const Geometry *g, const float *windows, float *to) {
  const float *end = to + g->length;
  for (int64_t r = 0; r < g->rows; r++, windows += g->columns, to += g->pitch) {
    copy(to, windows, g->columns);
    for (int64_t c = g->columns; c < g->pitch; c++) to[c] = 0;
  }
  for (; to < end; to++) *to = 0;
}
