/* gemm_core.h: function types of the product kernels, their tables and the choice among them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_GEMM_CORE_H
#define LRT_KERNELS_GEMM_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"
#include "kernels/gemm/gemm.h"

/* One MR x NR tile: rows [taps][MR] pointers to kc floats each (all valid, rows past mr repeat another one),
 * panel [taps * kc][NR], bias [NR]; writes c[0..mr)[0..nr). */
typedef void lrt_gemm_f32_fn(const float *const *rows, int64_t taps, int64_t kc, const float *panel,
                             const float *bias, float lo, float hi, float *c, int64_t ldc, int mr, int nr);
/* y[0..n) = w[n][ldw] * x[k] + bias, clamped; bias may be NULL. */
typedef void lrt_gemm_gemv_f32_fn(const float *x, int64_t k, const void *w, int64_t ldw, int64_t n,
                                  const float *bias, float lo, float hi, float *y);

/* Integer rows are first copied into a strip [MR][lda] whose element type belongs to the kernel:
 * S16: int16 (int8 widened, uint8 minus 128), U8: int8 plus 128, S8: int8. */
typedef enum lrt_gemm_strip { LRT_GEMM_STRIP_S16, LRT_GEMM_STRIP_U8, LRT_GEMM_STRIP_S8 } lrt_gemm_strip;
/* What a strip holds for the int8 value v is v + lrt_gemm_strip_offset. */
static inline int32_t lrt_gemm_strip_offset(lrt_gemm_strip strip) {
  return strip == LRT_GEMM_STRIP_U8 ? 128 : 0;
}

/* Fills strip rows [0, mr): rows [taps][MR] pointers to kc bytes, NULL = padding, filled with pads[row];
 * bytes are first xored with `flip` (0x80 turns uint8 into int8). Columns [taps * kc, lda) are zeroed.
 * sums, if not NULL, gets the sum of each strip row. */
typedef struct lrt_gemm_strip_args {
  const uint8_t *const *rows;
  int64_t taps, kc, lda;
  int mr, row_step; /* row_step = MR: pointers from tap to tap */
  uint8_t flip;
  const int32_t *pads; /* [mr], int8 domain */
  void *strip;
  int32_t *sums;
} lrt_gemm_strip_args;
typedef void lrt_gemm_strip_fn(const lrt_gemm_strip_args *args);
/* acc[MR][NR] = strip[MR][lda] (first kp columns, a multiple of KR) * panel [kp / KR][NR][KR]; columns from nr on
 * may be left out. */
typedef void lrt_gemm_int_fn(const void *strip, int64_t lda, int64_t kp, const int8_t *panel, int32_t *acc,
                             int nr);
/* The same straight from rows of bytes, without a strip: rows [taps][MR] pointers to kc bytes each, a multiple of KR (all
 * valid, rows past the last one repeat another); or, with apart > 0, [taps] pointers to the first row, the others follow
 * `apart` bytes from each other. Each 32-bit word is xored with `flip` and then holds unsigned bytes: the values of a U8
 * strip. */
typedef void lrt_gemm_direct_fn(const uint8_t *const *rows, int64_t apart, int64_t taps, int64_t kc,
                                uint32_t flip, const int8_t *panel, int32_t *acc, int nr);
/* acc[rows] = w[rows][ldw bytes] (k int8 values each) * strip row. */
typedef void lrt_gemm_gemv_int_fn(const void *strip, int64_t k, const int8_t *w, int64_t ldw, int rows,
                                  int32_t *acc);

/* Packs the first k' <= k elements of nr rows of weights into a panel (the layout of the kernel that names it) and
 * returns k', a multiple of KR; the caller does the rest. */
typedef int64_t lrt_gemm_pack_fn(const void *w, int64_t ldw, int64_t k, int nr, void *panel);

/* From accumulators to outputs; column arrays are padded to a multiple of 16 and readable there. */
typedef struct lrt_gemm_epilogue_args {
  const int32_t *acc; /* [mr][ld_acc] */
  int64_t ld_acc;     /* multiple of 16 */
  int mr, nr;
  const int32_t *fold;    /* [nr]: added to acc */
  const int32_t *row_add; /* [mr] or NULL */
  const int32_t *mult, *shift;
  const float *scale;     /* [nr]: requantization, or scale of the weights */
  int32_t zero, lo, hi;   /* int8 domain */
  uint8_t flip;           /* 0x80: outputs are uint8 */
  const float *a_scale;   /* f32: [mr] */
  const int32_t *a_zeros; /* f32: [mr], strip domain */
  const int32_t *w_sums;  /* f32: [nr] */
  const float *bias;      /* f32: [nr] */
  float flo, fhi;
  const int64_t *acc64;  /* int16: instead of acc where not NULL */
  const int64_t *bias64; /* int16: [nr], NULL = the 32-bit rule on acc + fold */
  const double *start,
      *factor; /* int16: bias64 and the cut multiplier as 2^-n * integer, padded, where the product
                                   is exact in a double and shift <= 0; else NULL */
  void *c;
  int64_t ldc;
} lrt_gemm_epilogue_args;
typedef void lrt_gemm_epilogue_fn(const lrt_gemm_epilogue_args *args);
typedef struct lrt_gemm_int_epilogue {
  const char *name;
  lrt_cpu_level level;
  lrt_gemm_epilogue_fn *exact, *fast, *f32, *int16;
} lrt_gemm_int_epilogue;

typedef struct lrt_gemm_f32_kernel {
  const char *name;
  lrt_cpu_level level;
  int mr, nr;
  lrt_gemm_f32_fn *run;
  lrt_gemm_gemv_f32_fn *gemv_f32; /* weights f32 */
  lrt_gemm_gemv_f32_fn *gemv_f16; /* weights f16 */
  lrt_gemm_pack_fn *pack;         /* f32 rows; may be NULL */
} lrt_gemm_f32_kernel;

typedef struct lrt_gemm_int_kernel {
  const char *name;
  lrt_cpu_level level;
  lrt_gemm_strip strip;
  int mr, nr, kr;
  lrt_gemm_int_fn *run;
  lrt_gemm_strip_fn *fill; /* int8 and uint8 rows */
  lrt_gemm_gemv_int_fn *gemv;
  lrt_gemm_pack_fn *pack;     /* int8 rows; may be NULL */
  lrt_gemm_direct_fn *direct; /* U8 strips; may be NULL */
} lrt_gemm_int_kernel;

/* y[0..n) += sum_b scale[b] * (nibbles * x), one block after the other. x: the int8 elements plus 128, the 16 even ones of
 * each 32 before the odd ones. scale [n][k / block]. */
typedef void lrt_gemm_i4b_fn(const uint8_t *x, int64_t k, int64_t block, const uint8_t *w,
                             const uint16_t *scale /* f16 */, int64_t n, float *y);
/* sum[mr][nr] += (acc - sums) * scale, sums and scale [nr]; nr a multiple of 16. */
typedef void lrt_gemm_i4b_add_fn(const int32_t *acc, const int32_t *sums, const float *scale, float *sum,
                                 int mr, int nr);
typedef struct lrt_gemm_i4b_kernel {
  const char *name;
  lrt_cpu_level level;
  lrt_gemm_i4b_fn *run;
  lrt_gemm_i4b_add_fn *add;
} lrt_gemm_i4b_kernel;

/* All variants of this build, best first, the scalar reference last, usable or not (tests and bench walk them). */
const lrt_gemm_f32_kernel *lrt_gemm_f32_table(int *count);
const lrt_gemm_int_kernel *lrt_gemm_int_table(int *count);
const lrt_gemm_int_epilogue *lrt_gemm_epilogue_table(int *count);
const lrt_gemm_i4b_kernel *lrt_gemm_i4b_table(int *count);
/* The first usable one; with `ref` the scalar reference. */
const lrt_gemm_f32_kernel *lrt_gemm_f32_pick(bool ref);
const lrt_gemm_int_kernel *lrt_gemm_int_pick(bool ref, bool int16_rows);
const lrt_gemm_int_epilogue *lrt_gemm_epilogue_pick(bool ref);
const lrt_gemm_i4b_kernel *lrt_gemm_i4b_pick(bool ref);

/* The plan functions with a given kernel (g->epilogue and g->gemv are the caller's); for tests and the bench. */
void lrt_gemm_f32_plan_for(lrt_gemm_f32 *g, const lrt_gemm_f32_kernel *kernel, int workers);
void lrt_gemm_int_plan_for(lrt_gemm_int *g, const lrt_gemm_int_kernel *kernel, int workers);
void lrt_gemm_i4b_plan_for(lrt_gemm_i4b *g, const lrt_gemm_int_kernel *kernel, int workers);

/* Fills start and factor [count]; false where the double form would not be exact. */
bool lrt_gemm_int16_factors(const int64_t *bias64, const int32_t *mult, const int32_t *shift, int64_t count,
                            double *start, double *factor);

/* gemm_pack.c */
/* rows[taps][row_step] for output rows [m0, m0 + mr); pointers outside the picture become `outside`; unused ones
 * repeat row m0's. `size` = bytes per element, group offset included in `data`. */
void lrt_gemm_rows(const lrt_gemm_a *a, const void *data, size_t size, int64_t m0, int mr, int row_step,
                   const void *outside, const void **rows);
/* Where `mr` rows lie side by side and read nothing outside the picture: pointers to the first one's taps, and how many
 * bytes the rows are apart; else 0. */
int64_t lrt_gemm_first_row(const lrt_gemm_a *a, const void *data, size_t size, int64_t m0, int mr,
                           const void **rows);
/* The same rows copied: out [mr][ld_out], taps * kc elements each. Bytes outside the picture become pads[row] (NULL = 0). */
void lrt_gemm_gather(const lrt_gemm_a *a, const void *data, size_t size, int64_t m0, int mr,
                     const uint8_t *pads, void *out, int64_t ld_out);
/* panel [k][nr] of f32 from `cols` <= nr rows of weights starting at row n0 of the whole tensor. */
void lrt_gemm_f32_pack_panel(const lrt_gemm_f32 *g, int64_t n0, int cols, int nr, float *panel);
/* Widens `count` weights of row n starting at element k0. */
void lrt_gemm_f32_widen(const lrt_gemm_f32 *g, int64_t n, int64_t k0, int64_t count, float *out);
/* panel [kp / kr][nr][kr] of int8. */
void lrt_gemm_int_pack_panel(const lrt_gemm_int *g, int64_t n0, int cols, int8_t *panel);
/* int8 values (uint8 minus 128) of row n, elements [k0, k0 + count). */
void lrt_gemm_int_widen(const lrt_gemm_int *g, int64_t n, int64_t k0, int64_t count, int8_t *out);

/* Prototypes of everything the table names. */
lrt_gemm_pack_fn lrt_gemm_pack_floats__avx2, lrt_gemm_pack_quads__avx2, lrt_gemm_pack_pairs__avx2;
lrt_gemm_pack_fn lrt_gemm_pack_floats__avx512, lrt_gemm_pack_quads__avx512;
lrt_gemm_direct_fn lrt_gemm_direct_7x32__avx512vnni, lrt_gemm_direct_6x16__avxvnni;
#define LRT_GEMM_F32(suffix, level, mr_, nr_, pack)                                                          \
  lrt_gemm_f32_fn lrt_gemm_f32_##mr_##x##nr_##__##suffix;                                                    \
  lrt_gemm_gemv_f32_fn lrt_gemm_gemv_f32__##suffix, lrt_gemm_gemv_f16__##suffix;
#define LRT_GEMM_INT(suffix, level, strip_, mr_, nr_, kr_, pack, direct)                                     \
  lrt_gemm_int_fn lrt_gemm_int_##strip_##_##mr_##x##nr_##__##suffix;                                         \
  lrt_gemm_strip_fn lrt_gemm_fill_##strip_##__##suffix;                                                      \
  lrt_gemm_gemv_int_fn lrt_gemm_gemv_##strip_##__##suffix;
#define LRT_GEMM_EPILOGUE(suffix, level)                                                                     \
  lrt_gemm_epilogue_fn lrt_gemm_exact__##suffix, lrt_gemm_fast__##suffix, lrt_gemm_hybrid__##suffix;         \
  lrt_gemm_epilogue_fn lrt_gemm_int16__##suffix;
#define LRT_GEMM_I4B(suffix, level)                                                                          \
  lrt_gemm_i4b_fn lrt_gemm_i4b__##suffix;                                                                    \
  lrt_gemm_i4b_add_fn lrt_gemm_i4b_add__##suffix;
#include "kernels/gemm/gemm.def"

#endif
