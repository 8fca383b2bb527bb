/* rowquant_neon.c: row quantizers for AArch64; results equal the reference's. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <arm_neon.h>
#include <math.h>
#include <string.h>

#include "kernels/rowquant/rowquant.h"

/* x * 0 is NaN exactly for values that are not finite. */
static bool find_range(const float *x, int64_t count, float *low, float *high) {
  const float32x4_t zero = vdupq_n_f32(0);
  float32x4_t least = zero, most = zero, odd = zero; /* a range always includes 0 */
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const float32x4_t v = vld1q_f32(x + i);
    least = vminq_f32(least, v);
    most = vmaxq_f32(most, v);
    odd = vfmaq_f32(odd, v, zero);
  }
  *low = vminvq_f32(least);
  *high = vmaxvq_f32(most);
  bool finite = vaddvq_f32(odd) == 0;
  for (; i < count; i++) {
    finite = finite && isfinite(x[i]);
    if (x[i] < *low) *low = x[i];
    if (x[i] > *high) *high = x[i];
  }
  return finite;
}

/* zero + round(x * factor): halves to even, or away from zero. */
static inline int32x4_t quantize4(const float *x, float factor, int32x4_t zero, bool even) {
  const float32x4_t v = vmulq_n_f32(vld1q_f32(x), factor);
  return vqaddq_s32(zero, even ? vcvtnq_s32_f32(v) : vcvtaq_s32_f32(v));
}

static inline int8x8_t quantize8(const float *x, float factor, int32x4_t zero, bool even, int8x8_t least) {
  const int16x4_t a = vqmovn_s32(quantize4(x, factor, zero, even));
  const int16x4_t b = vqmovn_s32(quantize4(x + 4, factor, zero, even));
  return vmax_s8(vqmovn_s16(vcombine_s16(a, b)), least);
}

static void quantize(const float *x, int64_t count, float factor, int32_t zero, int8_t low, bool even,
                     int8_t *q) {
  const int32x4_t vz = vdupq_n_s32(zero);
  const int8x8_t least = vdup_n_s8(low);
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) vst1_s8(q + i, quantize8(x + i, factor, vz, even, least));
  if (i < count) {
    float part[8] = {0};
    int8_t bytes[8];
    memcpy(part, x + i, (size_t)(count - i) * sizeof *part);
    vst1_s8(bytes, quantize8(part, factor, vz, even, least));
    memcpy(q + i, bytes, (size_t)(count - i));
  }
}

void lrt_rowquant_asymmetric__neon(const float *x, int64_t count, int8_t *q, float *scale, int32_t *zero) {
  float low, high;
  const bool finite = find_range(x, count, &low, &high);
  if (!finite || !lrt_rowquant_asymmetric_range(low, high, scale, zero)) {
    lrt_rowquant_flat(count, finite, q, scale, zero);
    return;
  }
  quantize(x, count, 1.0f / *scale, *zero, -128, false, q);
}

void lrt_rowquant_symmetric__neon(const float *x, int64_t count, int8_t *q, float *scale, int32_t *zero) {
  float low, high;
  const bool finite = find_range(x, count, &low, &high);
  if (!finite || !lrt_rowquant_symmetric_range(low, high, scale)) {
    lrt_rowquant_flat(count, finite, q, scale, zero);
    return;
  }
  *zero = 0;
  quantize(x, count, 127.0f / fmaxf(fabsf(low), fabsf(high)), 0, -127, false, q);
}

void lrt_rowquant_nearest__neon(const float *x, int64_t count, int8_t *q, float *scale, int32_t *zero) {
  float low, high, factor;
  const bool finite = find_range(x, count, &low, &high);
  if (!finite || !lrt_rowquant_nearest_range(low, high, &factor, scale, zero)) {
    lrt_rowquant_flat(count, finite, q, scale, zero);
    return;
  }
  quantize(x, count, factor, *zero, -128, true, q);
}
