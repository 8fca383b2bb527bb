/* dwconv_core.h: function types of the depthwise kernels, their table and the choice among them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_DWCONV_CORE_H
#define LRT_KERNELS_DWCONV_CORE_H

#include "base/cpu.h"
#include "kernels/dwconv/dwconv.h"
#include "kernels/gemm/gemm_core.h"

/* One output pixel after the other: rows [pixels][taps], each a pointer to `channels` inputs.
 * f32: w [taps][channels], bias [channels] -> c [pixels][ldc]. */
typedef void lrt_dwconv_f32_fn(const float *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                               const float *w, const float *bias, float lo, float hi, float *c, int64_t ldc);
/* Integers: w [channels / 8 rounded up][taps / 2 rounded up][8][2] int16 -> acc [pixels][ld_acc]. */
typedef void lrt_dwconv_int_fn(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                               const int16_t *w, int32_t *acc, int64_t ld_acc);
/* A row of 3x3 outputs without left or right padding, dilation 1, stride 1 or 2: row r of the first window starts at
 * top[r], its taps are `channels` apart, and from output to output it advances next[r] elements: stride * channels, or
 * 0 for a row of at least LRT_DWCONV_ZERO_PIXELS pixels of zeros. */
#define LRT_DWCONV_ZERO_PIXELS 6
typedef struct lrt_dwconv_window {
  const float *top[3];
  int64_t next[3];
  int stride;
} lrt_dwconv_window;
typedef void lrt_dwconv_f32_3x3_fn(const lrt_dwconv_window *window, int64_t pixels, int64_t channels,
                                   const float *w, const float *bias, float lo, float hi, float *c,
                                   int64_t ldc);

typedef struct lrt_dwconv_kernel {
  const char *name;
  lrt_cpu_level level;
  lrt_dwconv_f32_fn *f32;
  lrt_dwconv_f32_3x3_fn *f32_3x3; /* may be NULL */
  lrt_dwconv_int_fn *s8, *u8, *s16;
} lrt_dwconv_kernel;

/* Best first, the scalar reference last. */
const lrt_dwconv_kernel *lrt_dwconv_table(int *count);
const lrt_dwconv_kernel *lrt_dwconv_pick(bool ref);
/* lrt_dwconv_plan with a given kernel; d->epilogue is the caller's. */
void lrt_dwconv_plan_for(lrt_dwconv *d, const lrt_dwconv_kernel *kernel);

#define LRT_DWCONV(suffix, level, f32_3x3_)                                                                  \
  lrt_dwconv_f32_fn lrt_dwconv_f32__##suffix;                                                                \
  lrt_dwconv_f32_3x3_fn lrt_dwconv_f32_3x3__##suffix;                                                        \
  lrt_dwconv_int_fn lrt_dwconv_s8__##suffix, lrt_dwconv_u8__##suffix, lrt_dwconv_s16__##suffix;
#include "kernels/dwconv/dwconv.def"

#endif
