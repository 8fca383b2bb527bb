/* fixed_math.h: exp, reciprocal, log, logistic, tanh and inverse square root in 32-bit fixed point. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_REQUANT_FIXED_MATH_H
#define LRT_KERNELS_REQUANT_FIXED_MATH_H

#include "kernels/requant/fixed.h"

/* Notation: a value "in Qi" is an int32 whose unit is 2^-(31-i): i integer bits, 31-i fraction bits. The product of
 * Qi and Qj by lrt_fixed_mul is in Q(i+j). Constants and orders of operations follow the arithmetic that the
 * reference kernels are defined by, so results agree bit for bit. */

/* x * 2^n: saturating to the left (n > 0), rounding to the right (n < 0). */
static inline int32_t lrt_fixed_scale_pow2(int32_t x, int n) {
  return n >= 0 ? lrt_fixed_shl_saturate(x, n) : lrt_fixed_round_shift(x, -n);
}

static inline int lrt_fixed_leading_zeros(uint32_t x) {
  return x == 0 ? 32 : __builtin_clz(x);
}

/* (a + b) / 2, halves away from zero. */
static inline int32_t lrt_fixed_half_sum(int32_t a, int32_t b) {
  const int64_t sum = (int64_t)a + b;
  return (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
}

/* exp(a) in Q0 for a in [-1/4, 0), Q0: a fourth-order polynomial around -1/8. */
static inline int32_t lrt_fixed_exp_quarter(int32_t a) {
  const int32_t exp_minus_eighth = 1895147668, third = 715827883;
  const int32_t x = lrt_fixed_add(a, 1 << 28);
  const int32_t x2 = lrt_fixed_mul(x, x);
  const int32_t x3 = lrt_fixed_mul(x2, x);
  const int32_t x4_4 = lrt_fixed_round_shift(lrt_fixed_mul(x2, x2), 2);
  const int32_t tail =
      lrt_fixed_round_shift(lrt_fixed_add(lrt_fixed_mul(lrt_fixed_add(x4_4, x3), third), x2), 1);
  return lrt_fixed_add(exp_minus_eighth, lrt_fixed_mul(exp_minus_eighth, lrt_fixed_add(x, tail)));
}

/* exp(a) in Q0 for a <= 0 given in Q`bits`, bits 0..5: the fraction by polynomial, then one factor per set bit. */
static inline int32_t lrt_fixed_exp(int32_t a, int bits) {
  /* exp(-2^k) in Q0, k = -2..4 */
  static const int32_t factor[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  if (a == 0) return INT32_MAX;
  const int fraction = 31 - bits;
  const int32_t quarter = (int32_t)1 << (fraction - 2);
  const int32_t rest = (a & (quarter - 1)) - quarter;
  int32_t result = lrt_fixed_exp_quarter(lrt_fixed_scale_pow2(rest, bits));
  const int32_t remainder = lrt_fixed_sub(rest, a);
  for (int k = -2; k < bits && k <= 4; k++) {
    if (remainder & lrt_fixed_shl(1, fraction + k)) result = lrt_fixed_mul(result, factor[k + 2]);
  }
  return result;
}

/* 1 / ((1 + a) / 2) in Q2 for a in [0, 1], Q0: three Newton steps from 48/17 - 32/17 d. */
static inline int32_t lrt_fixed_recip_q2(int32_t a) {
  const int32_t d = lrt_fixed_half_sum(a, INT32_MAX);
  int32_t x = lrt_fixed_add(1515870810, lrt_fixed_mul(d, -1010580540));
  for (int i = 0; i < 3; i++) {
    const int32_t error = lrt_fixed_sub(1 << 29, lrt_fixed_mul(d, x));
    x = lrt_fixed_add(x, lrt_fixed_scale_pow2(lrt_fixed_mul(x, error), 2));
  }
  return x;
}

/* 1 / (1 + a), Q0, a in [0, 1], Q0. */
static inline int32_t lrt_fixed_one_over_one_plus(int32_t a) {
  return lrt_fixed_scale_pow2(lrt_fixed_recip_q2(a), 1);
}

/* 1 / (1 + exp(-a)), Q0, a in Q`bits`. */
static inline int32_t lrt_fixed_logistic(int32_t a, int bits) {
  if (a == 0) return 1 << 30;
  const int32_t positive = lrt_fixed_one_over_one_plus(lrt_fixed_exp(a > 0 ? lrt_fixed_sub(0, a) : a, bits));
  return a > 0 ? positive : INT32_MAX - positive;
}

/* tanh(a), Q0, a in Q`bits`, bits 0..4: (1 - e) / (1 + e) with e = exp(-2|a|). */
static inline int32_t lrt_fixed_tanh(int32_t a, int bits) {
  if (a == 0) return 0;
  const int32_t e = lrt_fixed_exp(a < 0 ? a : lrt_fixed_sub(0, a), bits + 1);
  const int32_t t = lrt_fixed_scale_pow2(lrt_fixed_sub(lrt_fixed_recip_q2(e), 1 << 29), 2);
  return a < 0 ? lrt_fixed_sub(0, t) : t;
}

/* 1 / x for x > 0 with `digits` integer bits: a Q0 number in (1/2, 1] and the power of two to divide it by. */
static inline int32_t lrt_fixed_reciprocal(int32_t x, int digits, int *bits_over_unit) {
  const int headroom = lrt_fixed_leading_zeros((uint32_t)x);
  *bits_over_unit = digits - headroom;
  const uint32_t fraction = headroom > 31 ? 0 : ((uint32_t)x << headroom) - ((uint32_t)1 << 31);
  return lrt_fixed_one_over_one_plus((int32_t)fraction);
}

/* 1 / sqrt(x) for an integer x >= 0 as a multiplier (0 counts as 1). */
static inline lrt_multiplier lrt_fixed_inverse_sqrt(int32_t x) {
  if (x <= 1) return (lrt_multiplier){INT32_MAX, 0};
  int right = 11;
  for (; x >= 1 << 29; x /= 4) right++;
  const int pairs = (lrt_fixed_leading_zeros((uint32_t)x) - 1) / 2 - 1;
  right -= pairs;
  const int32_t input = lrt_fixed_shl(x, 2 * pairs) >> 1; /* Q3 */
  const int32_t half = lrt_fixed_round_shift(input, 1);
  const int32_t three_halves = (1 << 28) + (1 << 27);
  int32_t y = 1 << 28; /* Q3; five Newton steps from 1 */
  for (int i = 0; i < 5; i++) {
    const int32_t cube = lrt_fixed_scale_pow2(lrt_fixed_mul(lrt_fixed_mul(y, y), y), 6);
    y = lrt_fixed_scale_pow2(lrt_fixed_sub(lrt_fixed_mul(three_halves, y), lrt_fixed_mul(half, cube)), 3);
  }
  y = lrt_fixed_mul(y, 1518500250); /* sqrt(1/2) */
  if (right < 0) {
    y = lrt_fixed_shl(y, -right);
    right = 0;
  }
  return (lrt_multiplier){y, -right};
}

/* log(x) in Q`out_bits` for x >= 1 in Q`in_bits`. The argument is brought near 1 by a power of sqrt(2), whichever of
 * two candidates is smaller, and a rational function does the rest. */
static inline int32_t lrt_fixed_log(int32_t x, int in_bits, int out_bits) {
  const int32_t log_2 = 1488522236, root4_half = 1805811301, root_half = 1518500250;
  const int32_t alpha_n = 117049297, alpha_d = 127690142, alpha_i = 1057819769, alpha_f = 638450708;
  const int accum = out_bits + 1;
  const int32_t quarter = lrt_fixed_scale_pow2(1 << 29, -accum);

  const int a_headroom1 = lrt_fixed_leading_zeros((uint32_t)x);
  const int32_t a_top = lrt_fixed_shl_saturate(x, a_headroom1 - 1);
  const int32_t r_a = lrt_fixed_shl_saturate(lrt_fixed_mul(a_top, root_half), 1);
  const int32_t pow_a =
      lrt_fixed_saturate((int64_t)lrt_fixed_shl_saturate(in_bits - a_headroom1, 31 - accum) + quarter);

  const int32_t z_b = lrt_fixed_mul(x, root_half);
  const int b_headroom = lrt_fixed_leading_zeros((uint32_t)z_b) - 1;
  const int32_t r_b = lrt_fixed_shl_saturate(x, b_headroom);
  const int32_t pow_b =
      lrt_fixed_saturate((int64_t)lrt_fixed_shl_saturate(in_bits - b_headroom, 31 - accum) - quarter);

  const int32_t r = r_a < r_b ? r_a : r_b;
  const int32_t power = pow_a > pow_b ? pow_a : pow_b;
  const int32_t p = lrt_fixed_half_sum(r, root4_half);
  const int32_t q1 = lrt_fixed_sub(r, root4_half);
  const int32_t q = lrt_fixed_add(q1, q1);
  const int32_t q2 = lrt_fixed_mul(q, q);
  const int32_t num = lrt_fixed_add(lrt_fixed_mul(q, r), lrt_fixed_mul(lrt_fixed_mul(q, q2), alpha_n));
  const int32_t inner = lrt_fixed_add(lrt_fixed_add(alpha_i, q), lrt_fixed_mul(alpha_d, q2));
  const int32_t denominator = lrt_fixed_add(lrt_fixed_mul(p, inner), lrt_fixed_mul(alpha_f, q));
  const int32_t recip = lrt_fixed_one_over_one_plus(denominator);
  const int32_t fraction = lrt_fixed_mul(lrt_fixed_scale_pow2(num, -accum), recip);
  return lrt_fixed_scale_pow2(lrt_fixed_add(lrt_fixed_mul(power, log_2), fraction), accum - out_bits);
}

#endif
