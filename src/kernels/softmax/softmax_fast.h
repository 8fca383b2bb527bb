/* softmax_fast.h: vector f32 softmax, compiled once per instruction set; the including file defines LEVEL(name). */
/* SPDX-License-Identifier: Apache-2.0 */
/* No include guard: a template. */
#include <math.h>

#include "kernels/reduce/lane_sum.h"
#include "kernels/requant/fast_math.h"
#include "kernels/softmax/softmax_decl.h"

/* Independent partial results, the same number for every row length and range; more than compilers unroll completely,
 * so that the loops over them become vector code. */
enum { LANES = 32, BLOCK = 256 };

static float row_max(const float *x, int64_t n) {
  float lane[LANES];
  int64_t i = 0;
  for (int l = 0; l < LANES; l++) lane[l] = -INFINITY;
  for (; i + LANES <= n; i += LANES) {
    for (int l = 0; l < LANES; l++) lane[l] = lane[l] < x[i + l] ? x[i + l] : lane[l];
  }
  for (; i < n; i++) lane[0] = lane[0] < x[i] ? x[i] : lane[0];
  float max = lane[0];
  for (int l = 1; l < LANES; l++) max = max < lane[l] ? lane[l] : max;
  return max;
}

/* y[i] = exp(beta (x[i] - max)) where `y` is not NULL; returns the sum: blocks of 64 into two sets of lanes, both together,
 * the rest lane by lane, as XNNPACK has it on AVX-512 (reduce/lane_sum.h says why). */
static float exponentials(const float *x, float *y, int64_t n, float beta, float max) {
  float lane[LANES] = {0}, block[BLOCK];
  for (int64_t at = 0; at < n; at += BLOCK) {
    const int64_t count = n - at < BLOCK ? n - at : BLOCK;
    float *e = y ? y + at : block;
    int64_t i = 0;
    for (int64_t k = 0; k < count; k++) e[k] = lrt_fast_exp_negative((x[at + k] - max) * beta);
    for (; i + 2 * LANES <= count; i += LANES) {
      for (int l = 0; l < LANES; l++) lane[l] += e[i + l];
      i += LANES;
      for (int l = 0; l < LANES; l++) lane[l] += e[i + l];
    }
    if (at + count < n) continue;
    for (int l = 0; l < LRT_SUM_LANES; l++) lane[l] += lane[l + LRT_SUM_LANES];
    for (int l = 0; i < count; i++, l = (l + 1) % LRT_SUM_LANES) lane[l] += e[i];
  }
  return lrt_lane_sum_fold(lane);
}

void LEVEL(lrt_softmax_f32)(const float *in, float *out, int64_t depth, float beta, int64_t begin,
                            int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    const float *x = in + row * depth;
    float *y = out + row * depth;
    const float scale = 1.0f / exponentials(x, y, depth, beta, row_max(x, depth));
    for (int64_t i = 0; i < depth; i++) y[i] *= scale;
  }
}

void LEVEL(lrt_log_softmax_f32)(const float *in, float *out, int64_t depth, float beta, int64_t begin,
                                int64_t end) {
  (void)beta;
  for (int64_t row = begin; row < end; row++) {
    const float *x = in + row * depth, max = row_max(x, depth);
    float *y = out + row * depth;
    const float shift = max + logf(exponentials(x, NULL, depth, 1.0f, max));
    for (int64_t i = 0; i < depth; i++) y[i] = x[i] - shift;
  }
}
