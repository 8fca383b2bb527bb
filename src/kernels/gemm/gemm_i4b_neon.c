/* gemm_i4b_neon.c: float rows by blockwise int4 weights for AArch64: matrix times vector, sums of blocks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <arm_neon.h>

#include "base/half.h"
#include "kernels/gemm/gemm_core.h"

/* 32 products of one block's quarter: x holds elements plus 128, even ones first. A product of a nibble and a byte is
 * within 2^10, and eight of them are added before they are widened. */
static inline int32x4_t block32(int32x4_t sum, const uint8_t *x, const uint8_t *w) {
  const uint8x16_t flip = vdupq_n_u8(0x80), bytes = vld1q_u8(w);
  const int8x16_t even = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(x), flip));
  const int8x16_t odd = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(x + 16), flip));
  const int8x16_t low = vshrq_n_s8(vreinterpretq_s8_u8(vshlq_n_u8(bytes, 4)), 4);
  const int8x16_t high = vshrq_n_s8(vreinterpretq_s8_u8(bytes), 4);
  int16x8_t part = vmull_s8(vget_low_s8(low), vget_low_s8(even));
  part = vmlal_s8(part, vget_high_s8(low), vget_high_s8(even));
  part = vmlal_s8(part, vget_low_s8(high), vget_low_s8(odd));
  part = vmlal_s8(part, vget_high_s8(high), vget_high_s8(odd));
  return vpadalq_s16(sum, part);
}

/* sum of the block's weights, to put back the 128 that every element has too much here and not above. */
static inline int32x4_t weights32(int32x4_t sum, const uint8_t *w) {
  const uint8x16_t bytes = vld1q_u8(w);
  const int8x16_t low = vshrq_n_s8(vreinterpretq_s8_u8(vshlq_n_u8(bytes, 4)), 4);
  const int8x16_t high = vshrq_n_s8(vreinterpretq_s8_u8(bytes), 4);
  return vpadalq_s16(sum, vpaddlq_s8(vaddq_s8(low, high)));
}

void lrt_gemm_i4b__neon(const uint8_t *x, int64_t k, int64_t block, const uint8_t *w, const uint16_t *scale,
                        int64_t n, float *y) {
  for (int64_t j = 0; j < n; j++, w += k / 2) {
    float sum = y[j];
    for (int64_t b = 0; b < k; b += block, scale++) {
      int32x4_t products = vdupq_n_s32(0), weights = products;
      for (int64_t i = b; i < b + block; i += 32) {
        products = block32(products, x + i, w + i / 2);
        weights = weights32(weights, w + i / 2);
      }
      /* the same integer and the same rounding as in the portable kernel */
      const int32_t acc = vaddvq_s32(vmlaq_n_s32(products, weights, 128)) * 16;
      sum += (float)acc * (lrt_half_to_float(*scale) * 0.0625f);
    }
    y[j] = sum;
  }
}

void lrt_gemm_i4b_add__neon(const int32_t *acc, const int32_t *sums, const float *scale, float *sum, int mr,
                            int nr) {
  for (int j = 0; j < nr; j += 4) {
    const int32x4_t less = vld1q_s32(sums + j);
    const float32x4_t by = vld1q_f32(scale + j);
    for (int r = 0; r < mr; r++) {
      const float32x4_t part = vcvtq_f32_s32(vsubq_s32(vld1q_s32(acc + r * nr + j), less));
      float *to = sum + r * nr + j;
      vst1q_f32(to, vaddq_f32(vld1q_f32(to), vmulq_f32(part, by)));
    }
  }
}
