/* scalesearch_core.h: the search over scales; the including file defines LEVEL(name) and the two loops over elements. */
/* SPDX-License-Identifier: Apache-2.0 */
/* No include guard: a template. It needs, defined before:
 *   float biggest(w, n, range)                      largest of w / high and w / low: the scale at which nothing is clamped
 *   sums sum_codes(w, importance, n, range, inverse, codes)    codes of w * inverse; codes NULL: not wanted */
#include "base/half.h"

#define CANDIDATES 17

/* Error of the codes behind `s` at `scale`. */
static float error_at(sums s, float scale) {
  const float error = s.ww - scale * (2.0f * s.wq - scale * s.qq);
  return error > 0.0f ? error : 0.0f; /* rounding may make it slightly negative */
}

/* The scale as it will be stored; 0 and infinity where it cannot be. */
static float stored(float scale, bool half) {
  return half ? lrt_half_to_float(lrt_half_from_float(scale)) : scale;
}

static bool usable(float scale) {
  return scale > 0.0f && scale < 3e38f && 1.0f / scale < 3e38f;
}

/* Best scale for its own codes, among fractions of `widest`. */
static float first_guess(const float *w, const float *importance, int64_t n,
                         const lrt_scalesearch_range *range, float widest) {
  float best = widest, most = 0.0f;
  for (int i = 0; i < CANDIDATES; i++) {
    /* From a little wider than needed to clamping a third of the range away. */
    const sums s = sum_codes(w, importance, n, range, (0.94f + 0.03f * (float)i) / widest, NULL);
    /* The error at the best scale wq / qq is ww - wq^2 / qq. */
    if (s.wq > 0.0f && s.wq * s.wq > most * s.qq) {
      most = s.wq * s.wq / s.qq;
      best = s.wq / s.qq;
    }
  }
  return best;
}

static float no_weights(int64_t n, int8_t *codes, float *scale) {
  for (int64_t i = 0; codes != NULL && i < n; i++) codes[i] = 0;
  *scale = 1.0f;
  return 0.0f;
}

float LEVEL(lrt_scalesearch)(const float *w, const float *importance, int64_t n,
                             const lrt_scalesearch_range *range, int8_t *codes, float *scale) {
  const float widest = biggest(w, n, range);
  float best = stored(widest, range->half), least = INFINITY;
  /* Too small or too large for the type of the scale: as near as it comes. */
  if (!usable(widest)) return no_weights(n, codes, scale);
  float guess = first_guess(w, importance, n, range, widest);
  for (int round = 0; round < 3; round++) {
    const float candidate = stored(guess, range->half);
    if (!usable(candidate)) break;
    const sums s = sum_codes(w, importance, n, range, 1.0f / candidate, NULL);
    const float error = error_at(s, candidate);
    if (error < least) {
      least = error;
      best = candidate;
    }
    if (!(s.wq > 0.0f)) break;
    guess = s.wq / s.qq;
  }
  if (!usable(best)) {
    const float error = sum_codes(w, importance, n, range, 0.0f, codes).ww;
    no_weights(n, codes, scale);
    return error;
  }
  *scale = best;
  return error_at(sum_codes(w, importance, n, range, 1.0f / best, codes), best);
}
