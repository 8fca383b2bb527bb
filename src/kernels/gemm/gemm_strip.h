/* gemm_strip.h: the walk that copies gathered rows into a strip; each level brings its own copy loop. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_GEMM_STRIP_H
#define LRT_KERNELS_GEMM_STRIP_H

#include <string.h>

#include "kernels/gemm/gemm_core.h"

/* COPY(dst, src, count, flip) widens bytes; TYPE is the strip's element, OFFSET what it adds to an int8.
 * Taps that follow each other in memory are copied as one run. */
#define LRT_GEMM_STRIP_FILL(COPY, TYPE, OFFSET)                                                              \
  const int64_t k = args->taps * args->kc;                                                                   \
  for (int r = 0; r < args->mr; r++) {                                                                       \
    TYPE *dst = (TYPE *)args->strip + r * args->lda;                                                         \
    const uint8_t *const *rows = args->rows + r;                                                             \
    for (int64_t t = 0; t < args->taps;) {                                                                   \
      const uint8_t *src = rows[t * args->row_step];                                                         \
      int64_t run = 1;                                                                                       \
      if (src == NULL) {                                                                                     \
        for (int64_t i = 0; i < args->kc; i++) dst[t * args->kc + i] = (TYPE)(args->pads[r] + (OFFSET));     \
      } else {                                                                                               \
        while (t + run < args->taps && rows[(t + run) * args->row_step] == src + run * args->kc) run++;      \
        COPY(dst + t * args->kc, src, run * args->kc, args->flip);                                           \
      }                                                                                                      \
      t += run;                                                                                              \
    }                                                                                                        \
    for (int64_t i = k; i < args->lda; i++) dst[i] = 0;                                                      \
    if (args->sums != NULL) {                                                                                \
      int32_t sum = 0;                                                                                       \
      for (int64_t i = 0; i < k; i++) sum += dst[i];                                                         \
      args->sums[r] = sum;                                                                                   \
    }                                                                                                        \
  }

#endif
