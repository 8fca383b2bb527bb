/* fixed.h: integer rescaling exactly as the reference kernels round it; header only, for every kernel family. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_REQUANT_FIXED_H
#define LRT_KERNELS_REQUANT_FIXED_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* A positive real number as q * 2^(shift - 31), q in [2^30, 2^31) or 0. Negative shift = right shift. */
typedef struct lrt_multiplier {
  int32_t q;
  int32_t shift;
} lrt_multiplier;

static inline int32_t lrt_fixed_clamp(int32_t x, int32_t low, int32_t high) {
  return x < low ? low : x > high ? high : x;
}

static inline int32_t lrt_fixed_saturate(int64_t x) {
  return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

/* Arithmetic shift right that does not depend on the compiler's choice for negative numbers. */
static inline int32_t lrt_fixed_sar(int32_t x, int n) {
  return x < 0 ? (int32_t) ~(~(uint32_t)x >> n) : (int32_t)((uint32_t)x >> n);
}
static inline int64_t lrt_fixed_sar64(int64_t x, int n) {
  return x < 0 ? (int64_t) ~(~(uint64_t)x >> n) : (int64_t)((uint64_t)x >> n);
}

/* x * 2^n modulo 2^32. */
static inline int32_t lrt_fixed_shl(int32_t x, int n) {
  return (int32_t)((uint32_t)x << n);
}
static inline int32_t lrt_fixed_add(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a + (uint32_t)b);
}
static inline int32_t lrt_fixed_sub(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a - (uint32_t)b);
}

/* a * b / 2^31 rounded to nearest, halves upwards (away from zero for positive products); the one overflow,
 * INT32_MIN squared, saturates. */
static inline int32_t lrt_fixed_mul(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
  const int64_t product = (int64_t)a * b;
  const int64_t nudge = product >= 0 ? (int64_t)1 << 30 : 1 - ((int64_t)1 << 30);
  return (int32_t)((product + nudge) / ((int64_t)1 << 31));
}

/* The 16-bit form: a * b / 2^15. */
static inline int16_t lrt_fixed_mul16(int16_t a, int16_t b) {
  if (a == INT16_MIN && b == INT16_MIN) return INT16_MAX;
  const int32_t product = (int32_t)a * b;
  const int32_t nudge = product >= 0 ? 1 << 14 : 1 - (1 << 14);
  return (int16_t)((product + nudge) / (1 << 15));
}

/* x / 2^n rounded half away from zero; n in 0..31. */
static inline int32_t lrt_fixed_round_shift(int32_t x, int n) {
  const int32_t mask = (int32_t)(((int64_t)1 << n) - 1);
  const int32_t rest = x & mask;
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return lrt_fixed_sar(x, n) + (rest > threshold ? 1 : 0);
}

/* x * 2^n with saturation, n >= 0. */
static inline int32_t lrt_fixed_shl_saturate(int32_t x, int n) {
  return n > 31 ? (x > 0   ? INT32_MAX
                   : x < 0 ? INT32_MIN
                           : 0)
                : lrt_fixed_saturate((int64_t)x * ((int64_t)1 << n));
}

/* Splits a real multiplier. Anything not positive and finite gives 0, as does a value below 2^-32; values too
 * large for a 32-bit shift are held at the largest multiplier of shift 30. */
static inline lrt_multiplier lrt_multiplier_make(double real) {
  lrt_multiplier m = {0, 0};
  if (!(real > 0.0) || !isfinite(real)) return m;
  int exponent = 0;
  const double fraction = frexp(real, &exponent);
  int64_t q = (int64_t)round(fraction * 2147483648.0);
  if (q == (int64_t)1 << 31) {
    q /= 2;
    exponent++;
  }
  if (exponent < -31) return m;
  if (exponent > 30) {
    exponent = 30;
    q = INT32_MAX;
  }
  m.q = (int32_t)q;
  m.shift = exponent;
  return m;
}

/* x * m for a 32-bit accumulator: left shift (wraps), rounding high multiply, rounding right shift. Two roundings:
 * this is what the reference kernels do by default. */
static inline int32_t lrt_multiplier_apply(int32_t x, lrt_multiplier m) {
  const int left = m.shift > 0 ? m.shift : 0;
  const int right = m.shift > 0 ? 0 : -m.shift;
  return lrt_fixed_round_shift(lrt_fixed_mul(lrt_fixed_shl(x, left), m.q), right);
}

/* x * m for a 64-bit accumulator (16-bit activations): the multiplier is cut to 16 bits, one rounding, halves up.
 * Defined for |x| < 2^47 and shift in -31..7. */
static inline int32_t lrt_multiplier_apply64(int64_t x, lrt_multiplier m) {
  const int32_t reduced = m.q < 0x7FFF0000 ? (m.q + (1 << 15)) >> 16 : 0x7FFF;
  const int total = 15 - m.shift;
  const int64_t sum = (int64_t)((uint64_t)x * (uint64_t)(int64_t)reduced + ((uint64_t)1 << (total - 1)));
  return (int32_t)(uint32_t)(uint64_t)lrt_fixed_sar64(sum, total);
}

/* The 16-bit multiplier of a 32-bit one (HARD_SWISH). */
static inline int16_t lrt_multiplier_q16(lrt_multiplier m) {
  return m.q >= INT32_MAX - (1 << 15) ? INT16_MAX : (int16_t)((m.q + (1 << 15)) >> 16);
}

/* round(value / scale) + zero_point, half away from zero, held within [low, high]; NaN gives low. */
static inline int32_t lrt_fixed_quantize(float value, float scale, int32_t zero_point, int32_t low,
                                         int32_t high) {
  const float q = roundf(value / scale);
  if (!(q > -1e9f)) return low;
  if (q > 1e9f) return high;
  return (int32_t)lrt_fixed_clamp((int32_t)q + zero_point, low, high);
}

/* Clamp range of a fused activation on a quantized output. `low`, `high` hold the type's limits on entry;
 * act_low/act_high are the activation's real bounds (-INFINITY / INFINITY where it has none). */
static inline void lrt_fixed_activation_range(float act_low, float act_high, float scale, int32_t zero_point,
                                              int32_t *low, int32_t *high) {
  const int32_t type_low = *low, type_high = *high;
  if (act_low > -INFINITY) *low = lrt_fixed_quantize(act_low, scale, zero_point, type_low, type_high);
  if (act_high < INFINITY) *high = lrt_fixed_quantize(act_high, scale, zero_point, type_low, type_high);
}

#endif
