/* scalesearch_fast.h: the search of scales in lanes, for vector code; the including file defines LEVEL(name). */
/* SPDX-License-Identifier: Apache-2.0 */
/* No include guard: a template. */
#include <math.h>
#include <stddef.h>

#include "kernels/scalesearch/scalesearch.h"

enum { LANES = LRT_SCALESEARCH_LANES };

/* Weighted sums of products of weights and codes. */
typedef struct sums {
  float ww, wq, qq;
} sums;

static float biggest(const float *w, int64_t n, const lrt_scalesearch_range *range) {
  float most[LANES] = {0}, least[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    for (int l = 0; l < LANES; l++) most[l] = most[l] < w[i + l] ? w[i + l] : most[l];
    for (int l = 0; l < LANES; l++) least[l] = least[l] > w[i + l] ? w[i + l] : least[l];
  }
  for (; i < n; i++) {
    most[0] = most[0] < w[i] ? w[i] : most[0];
    least[0] = least[0] > w[i] ? w[i] : least[0];
  }
  for (int l = 1; l < LANES; l++) {
    most[0] = most[0] < most[l] ? most[l] : most[0];
    least[0] = least[0] > least[l] ? least[l] : least[0];
  }
  const float above = most[0] / (float)range->high, below = least[0] / (float)range->low;
  return above < below ? below : above;
}

static inline float pair_up(float *lanes) {
  for (int half = LANES / 2; half > 0; half /= 2) {
    for (int l = 0; l < half; l++) lanes[l] += lanes[l + half];
  }
  return lanes[0];
}

/* To the nearest integer, ties to even, for |x| < 2^22; larger ones come out at least as large, and are clamped. */
static inline float nearest(float x) {
  const float shift = 12582912.0f; /* 1.5 * 2^23 */
  return x + shift - shift;
}

static inline float code_of(float w, float inverse, float low, float high) {
  float x = w * inverse;
  x = x < low ? low : x;
  x = x > high ? high : x;
  return nearest(x);
}

/* One block of lanes. */
static inline void add_block(const float *w, const float *weight, float inverse, float low, float high,
                             float *ww, float *wq, float *qq) {
  for (int l = 0; l < LANES; l++) {
    const float code = code_of(w[l], inverse, low, high);
    ww[l] += weight[l] * (w[l] * w[l]);
    wq[l] += weight[l] * (w[l] * code);
    qq[l] += weight[l] * (code * code);
  }
}

static sums sum_codes(const float *w, const float *importance, int64_t n, const lrt_scalesearch_range *range,
                      float inverse, int8_t *codes) {
  static const float ones[LANES] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  float ww[LANES] = {0}, wq[LANES] = {0}, qq[LANES] = {0};
  const float low = (float)range->low, high = (float)range->high;
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    add_block(w + i, importance == NULL ? ones : importance + i, inverse, low, high, ww, wq, qq);
  for (int l = 0; i + l < n; l++) {
    const float weight = importance == NULL ? 1.0f : importance[i + l];
    const float code = code_of(w[i + l], inverse, low, high);
    ww[l] += weight * (w[i + l] * w[i + l]);
    wq[l] += weight * (w[i + l] * code);
    qq[l] += weight * (code * code);
  }
  for (i = 0; codes != NULL && i < n; i++) codes[i] = (int8_t)code_of(w[i], inverse, low, high);
  return (sums){pair_up(ww), pair_up(wq), pair_up(qq)};
}

#include "kernels/scalesearch/scalesearch_core.h"
