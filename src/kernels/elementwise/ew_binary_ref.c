/* ew_binary_ref.c: two-operand kernels as plain scalar expressions: the definition of their results. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "kernels/elementwise/ew_binary_decl.h"
#include "kernels/elementwise/ew_binary_rows.h"
#include "kernels/requant/fixed_math.h"

/* ---- floats ---- */

static inline double clamp_f64(double v, double low, double high) {
  v = v < low ? low : v;
  return v > high ? high : v;
}
static inline float clamp_f32(float v, float low, float high) {
  v = v < low ? low : v;
  return v > high ? high : v;
}

static inline double floor_mod_f(double r, double y) {
  return r != 0 && (y < 0) != (r < 0) ? r + y : r;
}

#define FLOAT_ROWS(ROW, s, T, clamp, low, high, fn_mod, fn_pow, fn_atan2)                                    \
  ROW(lrt_binary_add_##s##__ref, T, T, clamp(x + y, low, high))                                              \
  ROW(lrt_binary_sub_##s##__ref, T, T, clamp(x - y, low, high))                                              \
  ROW(lrt_binary_mul_##s##__ref, T, T, clamp(x *y, low, high))                                               \
  ROW(lrt_binary_div_##s##__ref, T, T, clamp(x / y, low, high))                                              \
  ROW(lrt_binary_max_##s##__ref, T, T, x > y ? x : y)                                                        \
  ROW(lrt_binary_min_##s##__ref, T, T, x < y ? x : y)                                                        \
  ROW(lrt_binary_squared_difference_##s##__ref, T, T, (x - y) * (x - y))                                     \
  ROW(lrt_binary_floor_div_##s##__ref, T, T, floor((double)x / (double)y))                                   \
  ROW(lrt_binary_floor_mod_##s##__ref, T, T, floor_mod_f((double)fn_mod(x, y), (double)y))                   \
  ROW(lrt_binary_pow_##s##__ref, T, T, fn_pow(x, y))                                                         \
  ROW(lrt_binary_prelu_##s##__ref, T, T, x >= 0 ? x : x * y)                                                 \
  ROW(lrt_binary_atan2_##s##__ref, T, T, fn_atan2(x, y))
FLOAT_ROWS(LRT_BINARY_ROW, f32, float, clamp_f32, p->low, p->high, fmodf, powf, atan2f)
FLOAT_ROWS(LRT_BINARY_ROW_SMALL, f64, double, clamp_f64, (double)p->low, (double)p->high, fmod, pow, atan2)

void lrt_binary_mul_c64__ref(const lrt_binary_params *p, const void *a_, const void *b_, void *out_,
                             size_t count, size_t a_step, size_t b_step) {
  const float(*a)[2] = a_, (*b)[2] = b_;
  float(*out)[2] = out_;
  (void)p;
  for (size_t i = 0; i < count; i++) {
    const float *x = a[i * a_step], *y = b[i * b_step];
    const float real = x[0] * y[0] - x[1] * y[1], imaginary = x[0] * y[1] + x[1] * y[0];
    out[i][0] = real, out[i][1] = imaginary;
  }
}

/* ---- integers: all arithmetic modulo 2^64, cut to the type, then clamped ---- */

static inline int64_t div_i64(int64_t x, int64_t y) {
  return y == 0 ? 0 : y == -1 ? (int64_t)(0 - (uint64_t)x) : x / y;
}
static inline int64_t mod_i64(int64_t x, int64_t y) {
  return y == 0 || y == -1 ? 0 : x % y;
}
static inline int64_t floor_div_i64(int64_t x, int64_t y) {
  const int64_t q = div_i64(x, y);
  return mod_i64(x, y) != 0 && (x < 0) != (y < 0) ? q - 1 : q;
}
static inline int64_t floor_mod_i64(int64_t x, int64_t y) {
  const int64_t r = mod_i64(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}
static inline int64_t pow_i64(int64_t x, int64_t y) {
  if (y < 0) return x == 1 ? 1 : x == -1 ? (y & 1 ? -1 : 1) : 0;
  uint64_t result = 1, base = (uint64_t)x;
  for (; y > 0; y >>= 1) {
    if (y & 1) result *= base;
    base *= base;
  }
  return (int64_t)result;
}
static inline uint64_t div_u64(uint64_t x, uint64_t y) {
  return y == 0 ? 0 : x / y;
}
static inline uint64_t mod_u64(uint64_t x, uint64_t y) {
  return y == 0 ? 0 : x % y;
}
static inline uint64_t pow_u64(uint64_t x, uint64_t y) {
  uint64_t result = 1;
  for (; y > 0; y >>= 1) {
    if (y & 1) result *= x;
    x *= x;
  }
  return result;
}
static inline int distance_i(int64_t y, int bits) {
  return y < 0 ? 0 : y > bits - 1 ? bits - 1 : (int)y;
}
static inline int distance_u(uint64_t y, int bits) {
  return y > (uint64_t)bits - 1 ? bits - 1 : (int)y;
}

#define BOUND(T, v)                                                                                          \
  ((T)(v) < (T)p->int_low ? (T)p->int_low : (T)(v) > (T)p->int_high ? (T)p->int_high : (T)(v))
#define INT_ROWS(ROW, s, T, sign, W)                                                                         \
  ROW(lrt_binary_add_##s##__ref, T, T, BOUND(T, (uint64_t)x + (uint64_t)y))                                  \
  ROW(lrt_binary_sub_##s##__ref, T, T, BOUND(T, (uint64_t)x - (uint64_t)y))                                  \
  ROW(lrt_binary_mul_##s##__ref, T, T, BOUND(T, (uint64_t)x *(uint64_t)y))                                   \
  ROW(lrt_binary_div_##s##__ref, T, T, BOUND(T, div_##sign##64((W)x, (W)y)))                                 \
  ROW(lrt_binary_max_##s##__ref, T, T, x > y ? x : y)                                                        \
  ROW(lrt_binary_min_##s##__ref, T, T, x < y ? x : y)                                                        \
  ROW(lrt_binary_squared_difference_##s##__ref, T, T,                                                        \
      ((uint64_t)x - (uint64_t)y) * ((uint64_t)x - (uint64_t)y))                                             \
  ROW(lrt_binary_pow_##s##__ref, T, T, pow_##sign##64((W)x, (W)y))                                           \
  ROW(lrt_binary_bit_and_##s##__ref, T, T, x &y)                                                             \
  ROW(lrt_binary_bit_or_##s##__ref, T, T, x | y)                                                             \
  ROW(lrt_binary_bit_xor_##s##__ref, T, T, x ^ y)                                                            \
  ROW(lrt_binary_shift_left_##s##__ref, T, T, (uint64_t)x << distance_##sign((W)y, 8 * (int)sizeof(T)))      \
  ROW(lrt_binary_shift_right_##s##__ref, T, T, (W)x >> distance_##sign((W)y, 8 * (int)sizeof(T)))
#define FLOOR_ROWS_SIGNED(s, T)                                                                              \
  LRT_BINARY_ROW_SMALL(lrt_binary_floor_div_##s##__ref, T, T, floor_div_i64(x, y))                           \
  LRT_BINARY_ROW_SMALL(lrt_binary_floor_mod_##s##__ref, T, T, floor_mod_i64(x, y))
#define FLOOR_ROWS_UNSIGNED(s, T)                                                                            \
  LRT_BINARY_ROW_SMALL(lrt_binary_floor_div_##s##__ref, T, T, div_u64(x, y))                                 \
  LRT_BINARY_ROW_SMALL(lrt_binary_floor_mod_##s##__ref, T, T, mod_u64(x, y))

#define SIGNED_ROWS(ROW, s, T) INT_ROWS(ROW, s, T, i, int64_t) FLOOR_ROWS_SIGNED(s, T)
#define UNSIGNED_ROWS(ROW, s, T) INT_ROWS(ROW, s, T, u, uint64_t) FLOOR_ROWS_UNSIGNED(s, T)
SIGNED_ROWS(LRT_BINARY_ROW_SMALL, i8, int8_t)
SIGNED_ROWS(LRT_BINARY_ROW_SMALL, i16, int16_t)
SIGNED_ROWS(LRT_BINARY_ROW, i32, int32_t)
SIGNED_ROWS(LRT_BINARY_ROW_SMALL, i64, int64_t)
UNSIGNED_ROWS(LRT_BINARY_ROW_SMALL, u8, uint8_t)
UNSIGNED_ROWS(LRT_BINARY_ROW_SMALL, u16, uint16_t)
UNSIGNED_ROWS(LRT_BINARY_ROW_SMALL, u32, uint32_t)
UNSIGNED_ROWS(LRT_BINARY_ROW_SMALL, u64, uint64_t)

/* ---- comparisons and logic: bytes 0 or 1 ---- */

#define COMPARE_ROWS(ROW, s, T)                                                                              \
  ROW(lrt_binary_equal_##s##__ref, T, uint8_t, x == y)                                                       \
  ROW(lrt_binary_not_equal_##s##__ref, T, uint8_t, x != y)                                                   \
  ROW(lrt_binary_less_##s##__ref, T, uint8_t, x < y)                                                         \
  ROW(lrt_binary_less_equal_##s##__ref, T, uint8_t, x <= y)                                                  \
  ROW(lrt_binary_greater_##s##__ref, T, uint8_t, x > y)                                                      \
  ROW(lrt_binary_greater_equal_##s##__ref, T, uint8_t, x >= y)
COMPARE_ROWS(LRT_BINARY_ROW, f32, float)
COMPARE_ROWS(LRT_BINARY_ROW_SMALL, f64, double)
COMPARE_ROWS(LRT_BINARY_ROW_SMALL, i8, int8_t)
COMPARE_ROWS(LRT_BINARY_ROW_SMALL, i16, int16_t)
COMPARE_ROWS(LRT_BINARY_ROW, i32, int32_t)
COMPARE_ROWS(LRT_BINARY_ROW_SMALL, i64, int64_t)
COMPARE_ROWS(LRT_BINARY_ROW_SMALL, u8, uint8_t)
COMPARE_ROWS(LRT_BINARY_ROW_SMALL, u16, uint16_t)
COMPARE_ROWS(LRT_BINARY_ROW_SMALL, u32, uint32_t)
COMPARE_ROWS(LRT_BINARY_ROW_SMALL, u64, uint64_t)
LRT_BINARY_ROW(lrt_binary_logical_and__ref, uint8_t, uint8_t, x != 0 && y != 0)
LRT_BINARY_ROW(lrt_binary_logical_or__ref, uint8_t, uint8_t, x != 0 || y != 0)

/* ---- quantized: exact fixed point ---- */

static inline int32_t bound(const lrt_binary_params *p, int32_t v) {
  return lrt_fixed_clamp(v, (int32_t)p->int_low, (int32_t)p->int_high);
}
static inline int32_t scaled(int32_t x, int32_t zero, int shift, lrt_multiplier m) {
  return lrt_multiplier_apply(lrt_fixed_shl(x - zero, shift), m);
}

/* sign 1 adds, -1 subtracts: both inputs on a common finer scale, then one rescale. */
static inline int32_t quant_sum(const lrt_binary_params *p, int32_t x, int32_t y, int32_t sign) {
  if (p->pot) {
    const int32_t a = lrt_fixed_round_shift(x, -p->a_mul.shift),
                  b = lrt_fixed_round_shift(y, -p->b_mul.shift);
    return bound(p, lrt_fixed_clamp(a + sign * b, INT16_MIN, INT16_MAX));
  }
  const int32_t a = scaled(x, p->a_zero, p->left_shift, p->a_mul);
  const int32_t b = scaled(y, p->b_zero, p->left_shift, p->b_mul);
  const int32_t v = lrt_multiplier_apply(sign > 0 ? lrt_fixed_add(a, b) : lrt_fixed_sub(a, b), p->out_mul);
  return bound(p, lrt_fixed_add(v, p->out_zero));
}

static inline int32_t quant_mul(const lrt_binary_params *p, int32_t x, int32_t y) {
  const int32_t product = (int32_t)((uint32_t)(x - p->a_zero) * (uint32_t)(y - p->b_zero));
  return bound(p, lrt_fixed_add(lrt_multiplier_apply(product, p->out_mul), p->out_zero));
}

/* The reference's rounding shift where small quotients need more than 31 bits: its mask becomes all ones and processors take
 * the distance modulo 32, so such quotients come out large instead of 0. Kept, because exactness is what ref mode is for;
 * the fast form is right. */
static inline int32_t round_shift_far(int32_t x, int n) {
  if (n <= 31) return lrt_fixed_round_shift(x, n);
  return lrt_fixed_add(lrt_fixed_sar(x, n & 31), x > (x < 0 ? 0 : -1) ? 1 : 0);
}

/* x / y as x times a normalised reciprocal; x is shifted left as far as it goes to keep bits. */
static inline int32_t quant_div(const lrt_binary_params *p, int32_t x, int32_t y) {
  int32_t a = x - p->a_zero, b = y - p->b_zero;
  if (b == 0) return bound(p, p->out_zero);
  if (b < 0) a = -a, b = -b;
  int recip_shift = 0;
  const int32_t recip = lrt_fixed_reciprocal(b, 31, &recip_shift);
  const int headroom = __builtin_clrsb(a);
  const int32_t quotient = lrt_fixed_mul(lrt_fixed_shl(a, headroom), recip);
  const int right = recip_shift + headroom - p->out_mul.shift;
  const int32_t high = lrt_fixed_mul(quotient, p->out_mul.q);
  const int32_t result = right < 0 ? lrt_fixed_shl_saturate(high, -right) : round_shift_far(high, right);
  return bound(p, lrt_fixed_add(result, p->out_zero));
}

static inline int32_t quant_squared_difference(const lrt_binary_params *p, int32_t x, int32_t y) {
  const int32_t a = scaled(x, p->a_zero, p->left_shift, p->a_mul);
  const int32_t b = scaled(y, p->b_zero, p->left_shift, p->b_mul);
  const uint32_t d = (uint32_t)a - (uint32_t)b;
  return bound(p, lrt_fixed_add(lrt_multiplier_apply((int32_t)(d * d), p->out_mul), p->out_zero));
}

static inline int32_t quant_prelu(const lrt_binary_params *p, int32_t x, int32_t y) {
  const int32_t a = x - p->a_zero;
  const int32_t below = (int32_t)((uint32_t)a * (uint32_t)(y - p->b_zero));
  return bound(
      p, lrt_fixed_add(a >= 0 ? lrt_multiplier_apply(a, p->a_mul) : lrt_multiplier_apply(below, p->b_mul),
                       p->out_zero));
}

#define SCALED_X scaled(x, p->a_zero, p->left_shift, p->a_mul)
#define SCALED_Y scaled(y, p->b_zero, p->left_shift, p->b_mul)
#define QUANT_ROWS(s, T)                                                                                     \
  LRT_BINARY_ROW_SMALL(lrt_binary_q_add_##s##__ref, T, T, quant_sum(p, x, y, 1))                             \
  LRT_BINARY_ROW_SMALL(lrt_binary_q_sub_##s##__ref, T, T, quant_sum(p, x, y, -1))                            \
  LRT_BINARY_ROW_SMALL(lrt_binary_q_mul_##s##__ref, T, T, quant_mul(p, x, y))                                \
  LRT_BINARY_ROW_SMALL(lrt_binary_q_div_##s##__ref, T, T, quant_div(p, x, y))                                \
  LRT_BINARY_ROW_SMALL(lrt_binary_q_squared_difference_##s##__ref, T, T, quant_squared_difference(p, x, y))  \
  LRT_BINARY_ROW_SMALL(lrt_binary_q_prelu_##s##__ref, T, T, quant_prelu(p, x, y))                            \
  LRT_BINARY_ROW_SMALL(lrt_binary_q_equal_##s##__ref, T, uint8_t, SCALED_X == SCALED_Y)                      \
  LRT_BINARY_ROW_SMALL(lrt_binary_q_not_equal_##s##__ref, T, uint8_t, SCALED_X != SCALED_Y)                  \
  LRT_BINARY_ROW_SMALL(lrt_binary_q_greater_##s##__ref, T, uint8_t, SCALED_X > SCALED_Y)                     \
  LRT_BINARY_ROW_SMALL(lrt_binary_q_greater_equal_##s##__ref, T, uint8_t, SCALED_X >= SCALED_Y)
QUANT_ROWS(i8, int8_t)
QUANT_ROWS(u8, uint8_t)
QUANT_ROWS(i16, int16_t)
#define QUANT_LESS_ROWS(s, T)                                                                                \
  LRT_BINARY_ROW_SMALL(lrt_binary_q_less_##s##__ref, T, uint8_t, SCALED_X < SCALED_Y)                        \
  LRT_BINARY_ROW_SMALL(lrt_binary_q_less_equal_##s##__ref, T, uint8_t, SCALED_X <= SCALED_Y)
QUANT_LESS_ROWS(i8, int8_t)
QUANT_LESS_ROWS(u8, uint8_t)
