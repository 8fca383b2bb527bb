/* dwconv_neon.c: depthwise kernels for AArch64: four f32 or eight integer channels at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <arm_neon.h>

#include "kernels/dwconv/dwconv_core.h"

static inline float clamp1(float v, float lo, float hi) {
  v = v < lo ? lo : v;
  return v > hi ? hi : v;
}

static inline float32x4_t clamp(float32x4_t v, float lo, float hi) {
  return vminq_f32(vmaxq_f32(v, vdupq_n_f32(lo)), vdupq_n_f32(hi)); /* NaN stays NaN */
}

void lrt_dwconv_f32__neon(const float *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                          const float *w, const float *bias, float lo, float hi, float *c, int64_t ldc) {
  for (int64_t p = 0; p < pixels; p++, rows += taps, c += ldc) {
    int64_t i = 0;
    for (; i + 16 <= channels; i += 16) {
      float32x4_t s0 = vld1q_f32(bias + i), s1 = vld1q_f32(bias + i + 4);
      float32x4_t s2 = vld1q_f32(bias + i + 8), s3 = vld1q_f32(bias + i + 12);
      for (int64_t t = 0; t < taps; t++) {
        const float *x = rows[t] + i, *y = w + t * channels + i;
        s0 = vfmaq_f32(s0, vld1q_f32(x), vld1q_f32(y));
        s1 = vfmaq_f32(s1, vld1q_f32(x + 4), vld1q_f32(y + 4));
        s2 = vfmaq_f32(s2, vld1q_f32(x + 8), vld1q_f32(y + 8));
        s3 = vfmaq_f32(s3, vld1q_f32(x + 12), vld1q_f32(y + 12));
      }
      vst1q_f32(c + i, clamp(s0, lo, hi));
      vst1q_f32(c + i + 4, clamp(s1, lo, hi));
      vst1q_f32(c + i + 8, clamp(s2, lo, hi));
      vst1q_f32(c + i + 12, clamp(s3, lo, hi));
    }
    for (; i + 4 <= channels; i += 4) {
      float32x4_t sum = vld1q_f32(bias + i);
      for (int64_t t = 0; t < taps; t++) {
        sum = vfmaq_f32(sum, vld1q_f32(rows[t] + i), vld1q_f32(w + t * channels + i));
      }
      vst1q_f32(c + i, clamp(sum, lo, hi));
    }
    for (; i < channels; i++) {
      float sum = bias[i];
      for (int64_t t = 0; t < taps; t++) sum = __builtin_fmaf(rows[t][i], w[t * channels + i], sum);
      c[i] = clamp1(sum, lo, hi);
    }
  }
}

static inline int16x8_t load_s8(const void *row, int64_t i) {
  return vmovl_s8(vld1_s8((const int8_t *)row + i));
}
static inline int16x8_t load_u8(const void *row, int64_t i) {
  return vreinterpretq_s16_u16(vmovl_u8(vld1_u8((const uint8_t *)row + i)));
}
static inline int16x8_t load_s16(const void *row, int64_t i) {
  return vld1q_s16((const int16_t *)row + i);
}

/* Weights of two taps lie interleaved; the last odd tap's partner has weight 0 and is skipped. */
#define INT_BODY(TYPE, LOAD)                                                                                 \
  const int64_t pairs = (taps + 1) / 2;                                                                      \
  for (int64_t p = 0; p < pixels; p++, rows += taps, acc += ld_acc) {                                        \
    const int16_t *column = w;                                                                               \
    int64_t i = 0;                                                                                           \
    for (; i + 8 <= channels; i += 8) {                                                                      \
      int32x4_t low = vdupq_n_s32(0), high = low;                                                            \
      for (int64_t t = 0; t < taps; t += 2, column += 16) {                                                  \
        const int16x8x2_t y = vld2q_s16(column);                                                             \
        const int16x8_t x = LOAD(rows[t], i);                                                                \
        low = vmlal_s16(low, vget_low_s16(x), vget_low_s16(y.val[0]));                                       \
        high = vmlal_high_s16(high, x, y.val[0]);                                                            \
        if (t + 1 == taps) continue;                                                                         \
        const int16x8_t z = LOAD(rows[t + 1], i);                                                            \
        low = vmlal_s16(low, vget_low_s16(z), vget_low_s16(y.val[1]));                                       \
        high = vmlal_high_s16(high, z, y.val[1]);                                                            \
      }                                                                                                      \
      vst1q_s32(acc + i, low);                                                                               \
      vst1q_s32(acc + i + 4, high);                                                                          \
    }                                                                                                        \
    for (; i < channels; i++) {                                                                              \
      const int16_t *y = w + i / 8 * pairs * 16 + i % 8 * 2;                                                 \
      int32_t sum = 0;                                                                                       \
      for (int64_t t = 0; t < taps; t++) sum += ((const TYPE *)rows[t])[i] * y[t / 2 * 16 + t % 2];          \
      acc[i] = sum;                                                                                          \
    }                                                                                                        \
  }

void lrt_dwconv_s8__neon(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                         const int16_t *w, int32_t *acc, int64_t ld_acc) {
  INT_BODY(int8_t, load_s8)
}

void lrt_dwconv_u8__neon(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                         const int16_t *w, int32_t *acc, int64_t ld_acc) {
  INT_BODY(uint8_t, load_u8)
}

void lrt_dwconv_s16__neon(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                          const int16_t *w, int32_t *acc, int64_t ld_acc) {
  INT_BODY(int16_t, load_s16)
}
