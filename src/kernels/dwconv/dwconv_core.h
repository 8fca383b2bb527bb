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

/* A whole row of 3x3 outputs on int8, dilation 1 across, stride 1 or 2, rescaled in float. Channels are done in blocks
 * (lrt_dwconv_next_block); the weights of a block of W channels from c0 on are
 *   int8 [3: kx][4: g][W / 16][4: channel c0 + 16 i + 4 g + j][4: ky, 0 for the fourth]
 *   int32 fold [4: g][W / 16][4], float scale [4][W / 16][4]; fold takes off what makes the inputs unsigned (+128). */
typedef struct lrt_dwconv_bytes {
  const int8_t *top[3];  /* input lines; `outside` where there is none */
  int64_t next[3];       /* elements from pixel to pixel: channels, or 0 in a line outside */
  const int8_t *outside; /* [channels]: the zero point */
  int64_t in_w, out_w, channels;
  int64_t first; /* input column of the first output's left tap: <= 0 */
  int stride;
  int32_t zero, lo, hi;
} lrt_dwconv_bytes;
#define LRT_DWCONV_LEAST_BLOCK 16
typedef void lrt_dwconv_i8_3x3_fn(const lrt_dwconv_bytes *row, const void *packed, int8_t *c);
/* The width of the block that begins at or before channel `at`, the widest of 64, 32, 16 up to `most` that fits; the last
 * one is moved back to end with the channels. *c0 = its first channel. At least LRT_DWCONV_LEAST_BLOCK channels. */
static inline int lrt_dwconv_next_block(int64_t at, int64_t channels, int most, int64_t *c0) {
  int width = most;
  while (width > LRT_DWCONV_LEAST_BLOCK && width > channels - at) width /= 2;
  *c0 = width > channels - at ? channels - width : at;
  return width;
}
/* Bytes of one channel in a block: weights, fold, scale. */
#define LRT_DWCONV_BLOCK_BYTES 20

typedef struct lrt_dwconv_kernel {
  const char *name;
  lrt_cpu_level level;
  lrt_dwconv_f32_fn *f32;
  lrt_dwconv_f32_3x3_fn *f32_3x3; /* may be NULL */
  lrt_dwconv_int_fn *s8, *u8, *s16;
  lrt_dwconv_i8_3x3_fn *i8_3x3; /* may be NULL */
  int widest;                   /* block of i8_3x3 */
} lrt_dwconv_kernel;

/* Best first, the scalar reference last. */
const lrt_dwconv_kernel *lrt_dwconv_table(int *count);
const lrt_dwconv_kernel *lrt_dwconv_pick(bool ref);
/* lrt_dwconv_plan with a given kernel; d->epilogue is the caller's. */
void lrt_dwconv_plan_for(lrt_dwconv *d, const lrt_dwconv_kernel *kernel);

lrt_dwconv_f32_3x3_fn lrt_dwconv_f32_3x3__avx2;
lrt_dwconv_i8_3x3_fn lrt_dwconv_i8_3x3__avx512vnni, lrt_dwconv_i8_3x3__avxvnni;
#define LRT_DWCONV(suffix, level, real, whole, f32_3x3_, i8_3x3_)                                            \
  lrt_dwconv_f32_fn lrt_dwconv_f32__##real;                                                                  \
  lrt_dwconv_int_fn lrt_dwconv_s8__##whole, lrt_dwconv_u8__##whole, lrt_dwconv_s16__##whole;
#include "kernels/dwconv/dwconv.def"

#endif
