/* rowquant.h: quantizes rows of f32 activations to int8, each with its own scale (dynamic-range products). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_ROWQUANT_H
#define LRT_KERNELS_ROWQUANT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpu.h"

/* One row: x[i] is about (q[i] - *zero) * *scale. Rows without any range (or a scale below 1e-36) give q = 0, scale 1,
 * zero 0. A row with a NaN or an infinity gives q = 1, zero 0 and scale NaN, so that every product with it is NaN.
 * asymmetric: range [min(x, 0), max(x, 0)] over 255 steps, zero point nudged to an integer from the end of smaller
 * error, in double. symmetric: range max|x| over 127 steps. q = zero + x / scale rounded half away from zero: the zero
 * point is added after rounding, as the peer's stored outputs show.
 * nearest: the rule of XNNPACK, for fast mode: as asymmetric, but the parameters in float, q = zero + x * (255 / range)
 * rounded half to even. */
typedef void lrt_rowquant_fn(const float *x, int64_t count, int8_t *q, float *scale, int32_t *zero);
typedef struct lrt_rowquant_kernel {
  const char *name;
  lrt_cpu_level level;
  lrt_rowquant_fn *asymmetric, *symmetric, *nearest;
} lrt_rowquant_kernel;

/* Best first, the scalar reference last. */
const lrt_rowquant_kernel *lrt_rowquant_table(int *count);
const lrt_rowquant_kernel *lrt_rowquant_pick(bool ref);

/* Rows r of x [rows][count] into q, with scales[r] and zeros[r]. `ref`: the scalar kernel, else nearest or symmetric. */
void lrt_rowquant_rows(const float *x, int64_t rows, int64_t count, bool symmetric, bool ref, int8_t *q,
                       float *scales, int32_t *zeros);

/* The parameters of a row from its smallest and largest value (finite); false for a row without range. */
bool lrt_rowquant_asymmetric_range(float low, float high, float *scale, int32_t *zero);
bool lrt_rowquant_nearest_range(float low, float high, float *factor /* 1 / scale */, float *scale,
                                int32_t *zero);
bool lrt_rowquant_symmetric_range(float low, float high, float *scale);
/* The row without range and the row that is not finite. */
void lrt_rowquant_flat(int64_t count, bool finite, int8_t *q, float *scale, int32_t *zero);

#define LRT_ROWQUANT(suffix, level)                                                                          \
  lrt_rowquant_fn lrt_rowquant_asymmetric__##suffix, lrt_rowquant_symmetric__##suffix,                       \
      lrt_rowquant_nearest__##suffix;
#include "kernels/rowquant/rowquant.def"

#endif
