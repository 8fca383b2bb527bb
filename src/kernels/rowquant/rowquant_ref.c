/* rowquant_ref.c: scalar reference of the row quantizers and the rules that all variants share. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/rowquant/rowquant.h"

#include <math.h>
#include <string.h>

bool lrt_rowquant_asymmetric_range(float low, float high, float *scale, int32_t *zero) {
  const double rmin = fmin(0.0, (double)low), rmax = fmax(0.0, (double)high);
  if (rmin == rmax) return false;
  const double step = (rmax - rmin) / 255.0;
  const bool from_min = 128.0 + fabs(rmin / step) < 127.0 + fabs(rmax / step);
  const double point = from_min ? -128.0 - rmin / step : 127.0 - rmax / step;
  *zero = point <= -128.0 ? -128 : point >= 127.0 ? 127 : (int32_t)round(point);
  *scale = (float)step;
  return *scale > 1e-36f; /* below, its inverse would overflow */
}

/* The end of smaller error: the sum of both errors is positive where the lower end's is smaller. A range that overflows
 * f32 goes the way of doubles. */
bool lrt_rowquant_nearest_range(float low, float high, float *factor, float *scale, int32_t *zero) {
  const float rmin = low < 0.0f ? low : 0.0f, rmax = high > 0.0f ? high : 0.0f, range = rmax - rmin;
  if (isinf(range)) {
    const bool usable = lrt_rowquant_asymmetric_range(low, high, scale, zero);
    *factor = 1.0f / *scale;
    return usable;
  }
  if (rmin == rmax) return false;
  *factor = 255.0f / range;
  *scale = 1.0f / *factor;
  const float lowest = rmin * *factor, highest = rmax * *factor;
  const float point = (-128.0f + lowest) + (127.0f + highest) > 0.0f ? -128.0f - lowest : 127.0f - highest;
  *zero = (int32_t)rintf(point < -128.0f ? -128.0f : point > 127.0f ? 127.0f : point);
  return *scale > 1e-36f;
}

bool lrt_rowquant_symmetric_range(float low, float high, float *scale) {
  const float range = fmaxf(fabsf(low), fabsf(high));
  *scale = range / 127.0f;
  return *scale > 1e-36f;
}

void lrt_rowquant_flat(int64_t count, bool finite, int8_t *q, float *scale, int32_t *zero) {
  memset(q, finite ? 0 : 1, (size_t)count);
  *scale = finite ? 1.0f : NAN;
  *zero = 0;
}

/* False when some value is not finite. */
static bool find_range(const float *x, int64_t count, float *low, float *high) {
  *low = *high = count > 0 ? x[0] : 0.0f;
  for (int64_t i = 0; i < count; i++) {
    if (!isfinite(x[i])) return false;
    if (x[i] < *low) *low = x[i];
    if (x[i] > *high) *high = x[i];
  }
  return true;
}

void lrt_rowquant_asymmetric__ref(const float *x, int64_t count, int8_t *q, float *scale, int32_t *zero) {
  float low, high;
  const bool finite = find_range(x, count, &low, &high);
  if (!finite || !lrt_rowquant_asymmetric_range(low, high, scale, zero)) {
    lrt_rowquant_flat(count, finite, q, scale, zero);
    return;
  }
  const float inverse = 1.0f / *scale;
  for (int64_t i = 0; i < count; i++) {
    const float v = (float)*zero + roundf(x[i] * inverse);
    q[i] = (int8_t)(v < -128.0f ? -128.0f : v > 127.0f ? 127.0f : v);
  }
}

void lrt_rowquant_symmetric__ref(const float *x, int64_t count, int8_t *q, float *scale, int32_t *zero) {
  float low, high;
  const bool finite = find_range(x, count, &low, &high);
  if (!finite || !lrt_rowquant_symmetric_range(low, high, scale)) {
    lrt_rowquant_flat(count, finite, q, scale, zero);
    return;
  }
  *zero = 0;
  const float inverse = 127.0f / fmaxf(fabsf(low), fabsf(high));
  for (int64_t i = 0; i < count; i++) {
    const float v = roundf(x[i] * inverse);
    q[i] = (int8_t)(v < -127.0f ? -127.0f : v > 127.0f ? 127.0f : v);
  }
}

void lrt_rowquant_nearest__ref(const float *x, int64_t count, int8_t *q, float *scale, int32_t *zero) {
  float low, high, factor;
  const bool finite = find_range(x, count, &low, &high);
  if (!finite || !lrt_rowquant_nearest_range(low, high, &factor, scale, zero)) {
    lrt_rowquant_flat(count, finite, q, scale, zero);
    return;
  }
  for (int64_t i = 0; i < count; i++) {
    const float v = (float)*zero + rintf(x[i] * factor);
    q[i] = (int8_t)(v < -128.0f ? -128.0f : v > 127.0f ? 127.0f : v);
  }
}
