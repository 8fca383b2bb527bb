/* scalesearch_ref.c: the search element by element: the specification of the others. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stddef.h>

#include "kernels/scalesearch/scalesearch.h"

#define LEVEL(name) name##__ref

/* Weighted sums of products of weights and codes. */
typedef struct sums {
  float ww, wq, qq;
} sums;

static float biggest(const float *w, int64_t n, const lrt_scalesearch_range *range) {
  float most = 0.0f, least = 0.0f;
  for (int64_t i = 0; i < n; i++) {
    most = fmaxf(most, w[i]);
    least = fminf(least, w[i]);
  }
  return fmaxf(most / (float)range->high, least / (float)range->low);
}

static float pair_up(const float *lanes) {
  float part[LRT_SCALESEARCH_LANES];
  for (int l = 0; l < LRT_SCALESEARCH_LANES; l++) part[l] = lanes[l];
  for (int half = LRT_SCALESEARCH_LANES / 2; half > 0; half /= 2)
    for (int l = 0; l < half; l++) part[l] = part[l] + part[l + half];
  return part[0];
}

static sums sum_codes(const float *w, const float *importance, int64_t n, const lrt_scalesearch_range *range,
                      float inverse, int8_t *codes) {
  float ww[LRT_SCALESEARCH_LANES] = {0}, wq[LRT_SCALESEARCH_LANES] = {0}, qq[LRT_SCALESEARCH_LANES] = {0};
  for (int64_t i = 0; i < n; i++) {
    const float weight = importance == NULL ? 1.0f : importance[i];
    const float code = fminf(fmaxf(rintf(w[i] * inverse), (float)range->low), (float)range->high);
    const int64_t l = i % LRT_SCALESEARCH_LANES;
    ww[l] += weight * (w[i] * w[i]);
    wq[l] += weight * (w[i] * code);
    qq[l] += weight * (code * code);
    if (codes != NULL) codes[i] = (int8_t)code;
  }
  return (sums){pair_up(ww), pair_up(wq), pair_up(qq)};
}

#include "kernels/scalesearch/scalesearch_core.h"
