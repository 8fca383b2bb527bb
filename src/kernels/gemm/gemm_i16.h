/* gemm_i16.h: int16 rows times int16 weights with 64-bit sums. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_GEMM_I16_H
#define LRT_KERNELS_GEMM_I16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* c[m][n] = clamp((sum a * w + bias) * multiplier), rescaled by the 64-bit rule (shift <= 7). */
typedef struct lrt_gemm_i16 {
  const int16_t *a; /* [m][k] */
  const int16_t *w; /* [n][k]; by_k: [k][n] */
  int16_t *c;       /* [m][n] */
  int64_t m, n, k;
  bool by_k;
  const int32_t *bias;         /* [n] or NULL */
  const int64_t *bias64;       /* [n] or NULL */
  const int32_t *mult, *shift; /* [n] */
  int32_t lo, hi;
} lrt_gemm_i16;

/* Rows [begin, end). */
void lrt_gemm_i16_run(const lrt_gemm_i16 *g, int64_t begin, int64_t end);

#endif
