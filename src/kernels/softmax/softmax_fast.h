/* softmax_fast.h: vector f32 softmax, compiled once per instruction set; the including file defines LEVEL(name). */
/* SPDX-License-Identifier: Apache-2.0 */
/* No include guard: a template. */
#include <math.h>

#include "kernels/requant/fast_math.h"
#include "kernels/softmax/softmax_decl.h"

/* Independent partial results: wide enough for every vector length, the same number everywhere, so all levels agree. */
enum { LANES = 16 };

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

/* y[i] = exp(beta (x[i] - max)) where `y` is not NULL; returns the sum. */
static float exponentials(const float *x, float *y, int64_t n, float beta, float max) {
  float lane[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    float e[LANES];
    for (int l = 0; l < LANES; l++) e[l] = lrt_fast_exp((x[i + l] - max) * beta);
    for (int l = 0; l < LANES; l++) lane[l] += e[l];
    if (y) memcpy(y + i, e, sizeof e);
  }
  float sum = 0.0f;
  for (; i < n; i++) {
    const float e = lrt_fast_exp((x[i] - max) * beta);
    if (y) y[i] = e;
    sum += e;
  }
  for (int l = 0; l < LANES; l++) sum += lane[l];
  return sum;
}

void LEVEL(lrt_softmax_f32)(const float *in, float *out, int64_t depth, float beta, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    const float *x = in + row * depth;
    float *y = out + row * depth;
    const float scale = 1.0f / exponentials(x, y, depth, beta, row_max(x, depth));
    for (int64_t i = 0; i < depth; i++) y[i] *= scale;
  }
}

void LEVEL(lrt_log_softmax_f32)(const float *in, float *out, int64_t depth, float beta, int64_t begin, int64_t end) {
  (void)beta;
  for (int64_t row = begin; row < end; row++) {
    const float *x = in + row * depth, max = row_max(x, depth);
    float *y = out + row * depth;
    const float shift = max + logf(exponentials(x, NULL, depth, 1.0f, max));
    for (int64_t i = 0; i < depth; i++) y[i] = x[i] - shift;
  }
}
