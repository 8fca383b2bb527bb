/* gemm_neondot.c: int8 products with the AArch64 dot product: 6x16 tiles, four k per instruction. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <arm_neon.h>

#include "kernels/gemm/gemm_strip.h"

#define ROW(r)                                                                                               \
  {                                                                                                          \
    int32_t quad;                                                                                            \
    memcpy(&quad, a##r + i, sizeof quad);                                                                    \
    const int8x16_t v = vreinterpretq_s8_s32(vdupq_n_s32(quad));                                             \
    s##r##0 = vdotq_s32(s##r##0, b0, v);                                                                     \
    s##r##1 = vdotq_s32(s##r##1, b1, v);                                                                     \
    s##r##2 = vdotq_s32(s##r##2, b2, v);                                                                     \
    s##r##3 = vdotq_s32(s##r##3, b3, v);                                                                     \
  }
#define ZERO(r) int32x4_t s##r##0 = vdupq_n_s32(0), s##r##1 = s##r##0, s##r##2 = s##r##0, s##r##3 = s##r##0;
#define STORE(r)                                                                                             \
  vst1q_s32(acc + 16 * r, s##r##0);                                                                          \
  vst1q_s32(acc + 16 * r + 4, s##r##1);                                                                      \
  vst1q_s32(acc + 16 * r + 8, s##r##2);                                                                      \
  vst1q_s32(acc + 16 * r + 12, s##r##3);
void lrt_gemm_int_S8_6x16__neondot(const void *strip, int64_t lda, int64_t kp, const int8_t *panel,
                                   int32_t *acc, int nr) {
  (void)nr;
  const int8_t *a0 = strip, *a1 = a0 + lda, *a2 = a1 + lda, *a3 = a2 + lda, *a4 = a3 + lda, *a5 = a4 + lda;
  ZERO(0) ZERO(1) ZERO(2) ZERO(3) ZERO(4) ZERO(5) for (int64_t i = 0; i < kp; i += 4, panel += 64) {
    const int8x16_t b0 = vld1q_s8(panel), b1 = vld1q_s8(panel + 16);
    const int8x16_t b2 = vld1q_s8(panel + 32), b3 = vld1q_s8(panel + 48);
    ROW(0) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5)
  }
  STORE(0) STORE(1) STORE(2) STORE(3) STORE(4) STORE(5)
}

void lrt_gemm_gemv_S8__neondot(const void *strip, int64_t k, const int8_t *w, int64_t ldw, int rows,
                               int32_t *acc) {
  const int8_t *a = strip;
  for (int r = 0; r < rows; r++) {
    const int8_t *row = w + r * ldw;
    int32x4_t s0 = vdupq_n_s32(0), s1 = s0;
    int64_t i = 0;
    for (; i + 32 <= k; i += 32) {
      s0 = vdotq_s32(s0, vld1q_s8(a + i), vld1q_s8(row + i));
      s1 = vdotq_s32(s1, vld1q_s8(a + i + 16), vld1q_s8(row + i + 16));
    }
    uint32_t sum = (uint32_t)vaddvq_s32(vaddq_s32(s0, s1));
    for (; i < k; i++) sum += (uint32_t)(a[i] * row[i]);
    acc[r] = (int32_t)sum;
  }
}

static void copy(int8_t *restrict dst, const uint8_t *restrict src, int64_t count, uint8_t flip) {
  for (int64_t i = 0; i < count; i++) dst[i] = (int8_t)(src[i] ^ flip);
}

void lrt_gemm_fill_S8__neondot(const lrt_gemm_strip_args *args) {
  LRT_GEMM_STRIP_FILL(copy, int8_t, 0)
}
