/* ew_binary_fast.h: fast rows, compiled once per instruction set; the including file defines LEVEL(name). */
/* SPDX-License-Identifier: Apache-2.0 */
/* No include guard: a template. */
#include <string.h>

#include "kernels/elementwise/ew_binary_decl.h"
#include "kernels/elementwise/ew_binary_rows.h"

static inline float clamp_float(float v, float low, float high) {
  v = v < low ? low : v;
  return v > high ? high : v;
}

/* Rounds half to even by pushing the fraction out of the mantissa; |v| < 2^22. */
static inline int32_t round_even(float v) {
  const float pushed = v + 12582912.0f;
  int32_t bits;
  memcpy(&bits, &pushed, sizeof bits);
  return bits - 0x4B400000;
}

#define BOUNDED(v) round_even(clamp_float((v), (float)p->int_low, (float)p->int_high))
static inline float squared(float v) {
  return v * v;
}

#define QUANT_FAST(s, T)                                                                                     \
  LRT_BINARY_ROW(LEVEL(lrt_binary_q_add_##s), T, T,                                                          \
                 BOUNDED((float)x * p->a_scale + ((float)y * p->b_scale + p->offset)))                       \
  LRT_BINARY_ROW(LEVEL(lrt_binary_q_sub_##s), T, T,                                                          \
                 BOUNDED((float)x * p->a_scale + ((float)y * p->b_scale + p->offset)))                       \
  LRT_BINARY_ROW(LEVEL(lrt_binary_q_mul_##s), T, T,                                                          \
                 BOUNDED((float)((x - p->a_zero) * (y - p->b_zero)) * p->a_scale + p->offset))
QUANT_FAST(i8, int8_t)
QUANT_FAST(u8, uint8_t)
QUANT_FAST(i16, int16_t)
/* Not for int16, whose reference leaves 32 bits. */
#define QUANT_SQUARED(s, T)                                                                                  \
  LRT_BINARY_ROW(                                                                                            \
      LEVEL(lrt_binary_q_squared_difference_##s), T, T,                                                      \
      BOUNDED(squared((float)(x - p->a_zero) * p->a_scale - (float)(y - p->b_zero) * p->b_scale) +           \
              p->offset))
QUANT_SQUARED(i8, int8_t)
QUANT_SQUARED(u8, uint8_t)

#ifdef LRT_BINARY_FAST_F32
LRT_BINARY_ROW(LEVEL(lrt_binary_add_f32), float, float, clamp_float(x + y, p->low, p->high))
LRT_BINARY_ROW(LEVEL(lrt_binary_sub_f32), float, float, clamp_float(x - y, p->low, p->high))
LRT_BINARY_ROW(LEVEL(lrt_binary_mul_f32), float, float, clamp_float(x *y, p->low, p->high))
LRT_BINARY_ROW(LEVEL(lrt_binary_div_f32), float, float, clamp_float(x / y, p->low, p->high))
LRT_BINARY_ROW(LEVEL(lrt_binary_max_f32), float, float, x > y ? x : y)
LRT_BINARY_ROW(LEVEL(lrt_binary_prelu_f32), float, float, x >= 0 ? x : x * y)
LRT_BINARY_ROW(LEVEL(lrt_binary_min_f32), float, float, x < y ? x : y)
LRT_BINARY_ROW(LEVEL(lrt_binary_squared_difference_f32), float, float, (x - y) * (x - y))
#endif
