/* resize_taps.h: bilinear resizing with the source positions of each row and column worked out beforehand. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_RESIZE_TAPS_H
#define LRT_KERNELS_RESIZE_TAPS_H

#include "kernels/move/move.h"

/* Two source positions along one axis and the weight of the second: as a real number and in units of 1/1024. */
typedef struct lrt_resize_tap {
  int32_t low, high;
  float weight;
  int32_t fixed;
} lrt_resize_tap;

/* taps: [out_height] or [out_width]. `fixed_positions`: low and high as the integer kernels round them. */
void lrt_resize_taps(const lrt_resize *r, bool vertical, bool fixed_positions, lrt_resize_tap *taps);

/* Output rows [begin, end) of batches * out_height. INT8 is exact, FLOAT32 within rounding of lrt_resize_bilinear. */
typedef void (*lrt_resize_fn)(const lrt_resize *r, const lrt_resize_tap *rows, const lrt_resize_tap *columns,
                              const void *in, void *out, int64_t begin, int64_t end);
/* FLOAT32 and INT8 (*name for explain); NULL for other types. */
lrt_resize_fn lrt_resize_pick(lrt_type type, const char **name);

#define DECLARE(level)                                                                                       \
  void resize_bilinear_f32__##level(const lrt_resize *r, const lrt_resize_tap *rows,                         \
                                    const lrt_resize_tap *columns, const void *in, void *out, int64_t begin, \
                                    int64_t end);                                                            \
  void resize_bilinear_i8__##level(const lrt_resize *r, const lrt_resize_tap *rows,                          \
                                   const lrt_resize_tap *columns, const void *in, void *out, int64_t begin,  \
                                   int64_t end);
DECLARE(generic)
DECLARE(avx2)
#undef DECLARE

#endif
