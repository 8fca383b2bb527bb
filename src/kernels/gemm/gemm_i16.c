/* gemm_i16.c: products of two int16 matrices; rare enough for one form, which is also the reference. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/gemm/gemm_i16.h"

#include "kernels/requant/fixed.h"

/* |a * w| <= 2^30: up to 2^33 of them fit 64 bits. */
static int64_t dot(const int16_t *a, const int16_t *w, int64_t k, int64_t step) {
  int64_t sum = 0;
  for (int64_t i = 0; i < k; i++) sum += (int32_t)a[i] * w[i * step];
  return sum;
}

void lrt_gemm_i16_run(const lrt_gemm_i16 *g, int64_t begin, int64_t end) {
  for (int64_t m = begin; m < end; m++) {
    for (int64_t n = 0; n < g->n; n++) {
      const int16_t *w = g->by_k ? g->w + n : g->w + n * g->k;
      int64_t sum = dot(g->a + m * g->k, w, g->k, g->by_k ? g->n : 1);
      if (g->bias != NULL) sum += g->bias[n];
      if (g->bias64 != NULL) sum = (int64_t)((uint64_t)sum + (uint64_t)g->bias64[n]);
      const lrt_multiplier multiplier = {g->mult[n], g->shift[n]};
      g->c[m * g->n + n] = (int16_t)lrt_fixed_clamp(lrt_multiplier_apply64(sum, multiplier), g->lo, g->hi);
    }
  }
}
