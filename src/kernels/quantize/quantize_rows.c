/* quantize_rows.c: range of a row, then its int8 form; plain C that compilers turn into vector code. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/quantize/quantize_rows.h"

#include <math.h>
#include <string.h>

#define LANES 16

/* Lowest and highest element, and 0; false where one is not finite. */
static bool find_range(const float *x, int64_t count, float *low, float *high) {
  float lows[LANES] = {0}, highs[LANES] = {0}, poison[LANES] = {0}, spoiled = 0;
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    for (int l = 0; l < LANES; l++) {
      const float v = x[i + l];
      lows[l] = v < lows[l] ? v : lows[l];
      highs[l] = v > highs[l] ? v : highs[l];
      poison[l] += v * 0.0f; /* NaN from NaN and Inf on */
    }
  }
  for (; i < count; i++) {
    lows[0] = x[i] < lows[0] ? x[i] : lows[0];
    highs[0] = x[i] > highs[0] ? x[i] : highs[0];
    spoiled += x[i] * 0.0f;
  }
  *low = *high = 0;
  for (int l = 0; l < LANES; l++) {
    *low = lows[l] < *low ? lows[l] : *low;
    *high = highs[l] > *high ? highs[l] : *high;
    spoiled += poison[l];
  }
  return spoiled == 0;
}

static float asymmetric_scale(double low, double high, int32_t *zero) {
  const double scale = (high - low) / 255.0;
  const double from_low = -128 - low / scale, from_high = 127 - high / scale;
  const double low_error = 128 + fabs(low / scale), high_error = 127 + fabs(high / scale);
  const double wanted = low_error < high_error ? from_low : from_high;
  *zero = wanted <= -128 ? -128 : wanted >= 127 ? 127 : (int32_t)round(wanted);
  return (float)scale;
}

static void quantize_row(const float *x, int64_t count, float inverse, int32_t zero, bool ref, int8_t *q) {
  const float offset = (float)zero;
  for (int64_t i = 0; ref && i < count; i++) {
    const float v = offset + roundf(x[i] * inverse);
    q[i] = (int8_t)(v < -128 ? -128 : v > 127 ? 127 : v);
  }
  /* adding and taking away 1.5 * 2^23 rounds to a whole number, halves to even */
  const float magic = 12582912.0f;
  for (int64_t i = 0; !ref && i < count; i++) {
    float v = offset + x[i] * inverse;
    v = v < -128 ? -128 : v;
    v = v > 127 ? 127 : v;
    q[i] = (int8_t)(int32_t)((v + magic) - magic);
  }
}

void lrt_quantize_rows(const float *x, int64_t rows, int64_t count, bool symmetric, bool ref, int8_t *q, float *scales,
                       int32_t *zeros) {
  for (int64_t r = 0; r < rows; r++, x += count, q += count) {
    float low, high;
    const bool finite = find_range(x, count, &low, &high);
    zeros[r] = 0;
    scales[r] = finite ? 1.0f : NAN;
    if (!finite || low == high) {
      memset(q, 0, (size_t)count);
      continue;
    }
    const float largest = -low > high ? -low : high;
    scales[r] = symmetric ? largest / 127.0f : asymmetric_scale((double)low, (double)high, &zeros[r]);
    if (!(scales[r] > 1e-37f)) { /* too small to have an inverse: as good as zeros */
      memset(q, 0, (size_t)count);
      zeros[r] = 0;
      continue;
    }
    quantize_row(x, count, symmetric ? 127.0f / largest : 1.0f / scales[r], zeros[r], ref, q);
  }
}
