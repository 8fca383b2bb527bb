/* gemm.h: matrix products and gathered convolutions as operators see them: fill a struct, plan, run tiles. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_GEMM_H
#define LRT_KERNELS_GEMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "litert/tensor.h"

/* C[m][n] = A[m][k] * W[n][k]^T, then bias, rescaling and clamp. How every product is used:
 *   1. fill the struct's public part (shapes, weights, epilogue);
 *   2. lrt_gemm_X_plan(&g, workers) picks kernels and the tile grid;
 *   3. optionally pack the weights once (lrt_gemm_X_packed_bytes, lrt_gemm_X_pack, then set g.packed);
 *      with g.packed == NULL every tile packs its panel of weights into scratch just before use;
 *   4. per run set a.data and c (and other per-run pointers), then call lrt_gemm_X_run for disjoint ranges of
 *      [0, lrt_gemm_X_tiles(&g)) from any number of workers, each with its own 64-byte aligned scratch of
 *      lrt_gemm_X_scratch(&g) bytes. Results do not depend on how the tiles are shared out.
 * Nothing allocates or fails; callers have checked shapes (sizes positive, products within int64). */

/* Where the rows of A are. Plain matrix: row i starts at data + i * ld elements and holds kc elements, taps = 1.
 * Convolution (conv = true): data is NHWC, ld = elements from pixel to pixel (all groups' channels), row
 * i = (batch * out_h + y) * out_w + x is kernel_h * kernel_w runs of kc channels; pixels outside the picture count
 * as zero. With groups, group g starts at channel g * kc. 1x1 stride 1 unpadded convolutions are plain matrices. */
typedef struct lrt_gemm_a {
  const void *data;
  int64_t m;    /* rows; conv: batch * out_h * out_w */
  int64_t taps; /* 1, or kernel_h * kernel_w */
  int64_t kc;   /* elements per tap and group; k = taps * kc */
  int64_t ld;
  bool conv;
  int32_t in_h, in_w, out_h, out_w;
  int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
  int32_t pad_top, pad_left;
} lrt_gemm_a;

/* Called for every range of results [begin, end) that is finished, counted in elements of C from its first one; may run on
 * any worker. fn NULL: nobody listens. */
typedef struct lrt_gemm_made {
  void (*fn)(void *arg, int64_t begin, int64_t end);
  void *arg;
} lrt_gemm_made;

/* The tile grid: set by the plan functions, read by run. */
typedef struct lrt_gemm_grid {
  int64_t m_step, n_step; /* rows and columns of one tile; multiples of the kernel's MR and NR */
  int64_t m_tiles, n_tiles;
  bool gemv;   /* plain, few rows: straight from the file's layout */
  bool gather; /* f32: rows are copied before use because taps are short */
} lrt_gemm_grid;

/* f32 activations; weights f32, f16, bf16, int8, int4 or int2, widened to f32 panel by panel. */
typedef struct lrt_gemm_f32 {
  lrt_gemm_a a;
  int64_t groups;        /* 1 = ordinary */
  int64_t n;             /* outputs per group */
  const void *w;         /* file layout [groups * n][taps][kc] */
  lrt_type w_type;       /* FLOAT32, FLOAT16, BFLOAT16, INT8, INT4, INT2 */
  const float *w_scale;  /* integers: [groups * n] */
  const int32_t *w_zero; /* integers: [groups * n], or NULL = 0 */
  bool by_k;             /* FLOAT32, one group: weights are [k][n] instead */
  const void *packed;    /* made by lrt_gemm_f32_pack, or NULL */
  const float *bias;     /* [groups * n] or NULL */
  float lo, hi;          /* clamp; -INFINITY, INFINITY = none; NaN passes through */
  float *c;              /* [m][ldc], group g at column g * n */
  int64_t ldc;
  bool ref; /* scalar reference kernels */
  lrt_gemm_made made;
  /* set by plan */
  const struct lrt_gemm_f32_kernel *kernel;
  lrt_gemm_grid grid;
} lrt_gemm_f32;

void lrt_gemm_f32_plan(lrt_gemm_f32 *g, int workers);
/* False where packing once would not pay (matrix times vector). */
bool lrt_gemm_f32_wants_pack(const lrt_gemm_f32 *g);
size_t lrt_gemm_f32_packed_bytes(const lrt_gemm_f32 *g);
void lrt_gemm_f32_pack(const lrt_gemm_f32 *g, void *packed /* 64-byte aligned */);
int64_t lrt_gemm_f32_tiles(const lrt_gemm_f32 *g);
size_t lrt_gemm_f32_scratch(const lrt_gemm_f32 *g);
void lrt_gemm_f32_run(const lrt_gemm_f32 *g, int64_t tile_begin, int64_t tile_end, void *scratch);

/* Integer activations times integer weights with 32-bit accumulators (exact modulo 2^32; int16 activations: exact
 * 64-bit). What happens to acc[m][n] = sum (a - a_zero)(w - w_zero) depends on out_type:
 *   INT8, UINT8  requantize acc + bias: exact = TFLite's double rounding by (mult, shift), else
 *                round-half-even((acc + bias) * scale), at most 1 LSB apart; + c_zero, clamp to [lo, hi].
 *                With `real`, round((acc + bias) * real) in double precision, halves away from zero (INT16 too).
 *   INT16        acc + bias64: 64-bit rule with the 16-bit multiplier; or, where bias64 is NULL and bias is given
 *                or bias_is_32 is set, the 32-bit double-rounding rule. Clamp to [lo, hi].
 *   FLOAT32      dynamic range: rows of A have own scale and zero point:
 *                acc * (a_scale[r] * w_scale[n]) + bias_f32[n], clamp to [flo, fhi]; r = row / rows_per_scale.
 *   INT32        acc + bias as it is. */
typedef struct lrt_gemm_int {
  lrt_gemm_a a;
  lrt_type a_type; /* INT8, UINT8, INT16 */
  int32_t a_zero;  /* INT16: 0; FLOAT32 outputs: unused, see a_zeros */
  int64_t groups;
  int64_t n;             /* outputs per group */
  const void *w;         /* file layout [groups * n][taps][kc] */
  lrt_type w_type;       /* INT8, UINT8, INT4, INT2 */
  int32_t w_zero;        /* UINT8 weights; others 0 */
  bool by_k;             /* INT8, one group: weights are [k][n] instead */
  const int32_t *w_sums; /* [groups * n] by lrt_gemm_int_sums; required */
  const void *packed;    /* made by lrt_gemm_int_pack, or NULL */
  const void *columns;   /* made by lrt_gemm_int_columns, or NULL */

  lrt_type out_type; /* INT8, UINT8, INT16, FLOAT32, INT32 */
  void *c;           /* [m][ldc], group g at column g * n */
  int64_t ldc;
  bool exact;            /* INT8, UINT8 */
  bool bias_is_32;       /* INT16 */
  const int32_t *bias;   /* [groups * n] or NULL */
  const int64_t *bias64; /* INT16: [groups * n] or NULL */
  const int32_t *mult;   /* [groups * n]: exact and INT16 */
  const int32_t *shift;  /* [groups * n]: > 0 left, < 0 right */
  const float *scale;    /* [groups * n]: not exact */
  const double *real;    /* [groups * n] or NULL: the rule of FULLY_CONNECTED's reference */
  int32_t c_zero, lo, hi;

  const float *a_scale;   /* FLOAT32: one per rows_per_scale rows */
  const int32_t *a_zeros; /* FLOAT32: the same; within the type of A */
  int64_t rows_per_scale; /* 1 for matrices, out_h * out_w where a whole picture shares one scale */
  const float *w_scale;   /* FLOAT32: [groups * n] */
  const float *bias_f32;  /* FLOAT32: [groups * n] or NULL */
  float flo, fhi;

  bool ref;
  lrt_gemm_made made;
  /* set by plan */
  const struct lrt_gemm_int_kernel *kernel;
  const struct lrt_gemm_int_epilogue *epilogue;
  lrt_gemm_grid grid;
} lrt_gemm_int;

/* Row sums of the weights in their own type's values minus 128 for UINT8; out [groups * n]. Made once, at load. */
void lrt_gemm_int_sums(const lrt_gemm_int *g, int32_t *out);
void lrt_gemm_int_plan(lrt_gemm_int *g, int workers);
bool lrt_gemm_int_wants_pack(const lrt_gemm_int *g);
size_t lrt_gemm_int_packed_bytes(const lrt_gemm_int *g);
void lrt_gemm_int_pack(const lrt_gemm_int *g, void *packed);
/* What the epilogue needs per output, laid out once instead of for every tile: where w_sums, bias and scales do not change
 * between runs. After lrt_gemm_int_plan; 0 bytes where a rule has no such form. */
size_t lrt_gemm_int_columns_bytes(const lrt_gemm_int *g);
void lrt_gemm_int_columns(const lrt_gemm_int *g, void *columns);
int64_t lrt_gemm_int_tiles(const lrt_gemm_int *g);
size_t lrt_gemm_int_scratch(const lrt_gemm_int *g);
void lrt_gemm_int_run(const lrt_gemm_int *g, int64_t tile_begin, int64_t tile_end, void *scratch);

/* int8 rows (own scale and zero point each) times int4 weights with one f16 scale per block of k:
 * c = a_scale[m] * (-(a_zeros[m] + 128) * w_sums[n]  +  sum_b scale[n][b] * sum ((a + 128) * w)) + bias[n], clamped. The sum goes
 * from left to right, block after block, whatever m is: a row gives the same numbers alone and among others. (Models with
 * quantized activations are chaotic in the last bit; this is also XNNPACK's order.) */
typedef struct lrt_gemm_i4b {
  const int8_t *a; /* [m][lda] */
  int64_t lda, m, k, n;
  const float *a_scale;    /* [m] */
  const int32_t *a_zeros;  /* [m] */
  const uint8_t *w;        /* [n][k / 2], low nibble first */
  const uint16_t *w_scale; /* f16 [n][k / block] */
  int64_t block;           /* multiple of 32 that divides k */
  const float *w_sums;     /* [n] by lrt_gemm_i4b_sums: sum_b scale[n][b] * sum w */
  const float *bias;       /* [n] or NULL */
  float lo, hi;
  float *c; /* [m][ldc] */
  int64_t ldc;
  bool ref;
  /* set by plan */
  const struct lrt_gemm_int_kernel *kernel;
  const struct lrt_gemm_i4b_kernel *gemv;
  lrt_gemm_grid grid;
} lrt_gemm_i4b;

void lrt_gemm_i4b_sums(const lrt_gemm_i4b *g, float *out /* [n] */);
void lrt_gemm_i4b_plan(lrt_gemm_i4b *g, int workers);
int64_t lrt_gemm_i4b_tiles(const lrt_gemm_i4b *g);
size_t lrt_gemm_i4b_scratch(const lrt_gemm_i4b *g);
void lrt_gemm_i4b_run(const lrt_gemm_i4b *g, int64_t tile_begin, int64_t tile_end, void *scratch);

#endif
