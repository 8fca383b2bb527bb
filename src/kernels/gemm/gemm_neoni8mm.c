/* gemm_neoni8mm.c: int8 products with the AArch64 matrix multiply: 8x8 tiles, eight k and four sums per instruction. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <arm_neon.h>

#include "kernels/gemm/gemm_strip.h"

/* Rows 2 p and 2 p + 1 side by side; s<p><q>: their sums with columns 2 q and 2 q + 1, row by row. */
#define PAIR(p)                                                                                              \
  {                                                                                                          \
    const int8_t *at = a + 2 * (p)*lda + i;                                                                  \
    const int8x16_t v = vcombine_s8(vld1_s8(at), vld1_s8(at + lda));                                         \
    s##p##0 = vmmlaq_s32(s##p##0, v, b0);                                                                    \
    s##p##1 = vmmlaq_s32(s##p##1, v, b1);                                                                    \
    s##p##2 = vmmlaq_s32(s##p##2, v, b2);                                                                    \
    s##p##3 = vmmlaq_s32(s##p##3, v, b3);                                                                    \
  }
#define ZERO(p) int32x4_t s##p##0 = vdupq_n_s32(0), s##p##1 = s##p##0, s##p##2 = s##p##0, s##p##3 = s##p##0;
#define STORE(p)                                                                                             \
  vst1q_s32(acc + 16 * (p), vcombine_s32(vget_low_s32(s##p##0), vget_low_s32(s##p##1)));                     \
  vst1q_s32(acc + 16 * (p) + 4, vcombine_s32(vget_low_s32(s##p##2), vget_low_s32(s##p##3)));                 \
  vst1q_s32(acc + 16 * (p) + 8, vcombine_s32(vget_high_s32(s##p##0), vget_high_s32(s##p##1)));               \
  vst1q_s32(acc + 16 * (p) + 12, vcombine_s32(vget_high_s32(s##p##2), vget_high_s32(s##p##3)));

/* One half of the columns: acc [8][16], panel [kp / 8][16][8]. */
static void half(const int8_t *a, int64_t lda, int64_t kp, const int8_t *panel, int32_t *out) {
  int32_t acc[64];
  ZERO(0) ZERO(1) ZERO(2) ZERO(3) for (int64_t i = 0; i < kp; i += 8, panel += 128) {
    const int8x16_t b0 = vld1q_s8(panel), b1 = vld1q_s8(panel + 16);
    const int8x16_t b2 = vld1q_s8(panel + 32), b3 = vld1q_s8(panel + 48);
    PAIR(0) PAIR(1) PAIR(2) PAIR(3)
  }
  STORE(0)
  STORE(1) STORE(2) STORE(3) for (int r = 0; r < 8; r++) memcpy(out + 16 * r, acc + 8 * r, 8 * sizeof *acc);
}

/* Two halves of eight columns, because epilogues take columns by sixteen. */
void lrt_gemm_int_S8_8x16__neoni8mm(const void *strip, int64_t lda, int64_t kp, const int8_t *panel,
                                    int32_t *acc, int nr) {
  half(strip, lda, kp, panel, acc);
  if (nr > 8) half(strip, lda, kp, panel + 64, acc + 8);
}

void lrt_gemm_gemv_S8__neoni8mm(const void *strip, int64_t k, const int8_t *w, int64_t ldw, int rows,
                                int32_t *acc) {
  lrt_gemm_gemv_S8__neondot(strip, k, w, ldw, rows, acc);
}

void lrt_gemm_fill_S8__neoni8mm(const lrt_gemm_strip_args *args) {
  lrt_gemm_fill_S8__neondot(args);
}
