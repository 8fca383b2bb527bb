/* fixed16.h: logistic and tanh of 16-bit fixed-point numbers, bit exact with the reference's 16-bit arithmetic. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_FIXED16_H
#define LRT_KERNELS_FIXED16_H

#include "kernels/requant/fixed.h"

/* Qn: a number with n integer bits and 15 - n fraction bits. Sums wrap modulo 2^16. */
static inline int16_t lrt_fixed16_add(int a, int b) {
  return (int16_t)(uint16_t)((unsigned)a + (unsigned)b);
}
static inline int16_t lrt_fixed16_half_sum(int a, int b) {
  const int sum = a + b;
  return (int16_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
}
/* x * 2^n, saturating to the left, rounding half away from zero to the right. */
static inline int16_t lrt_fixed16_scale(int16_t x, int n) {
  if (n <= 0) return (int16_t)lrt_fixed_round_shift(x, -n);
  return (int16_t)lrt_fixed_clamp(lrt_fixed_shl_saturate(x, n), INT16_MIN, INT16_MAX);
}
/* A 32-bit constant cut to 16 bits with rounding. */
static inline int16_t lrt_fixed16_constant(int32_t x) {
  return (int16_t)lrt_fixed_round_shift(x, 16);
}

/* exp(a) in Q0 for a in [-1/4, 0), Q0. */
static inline int16_t lrt_fixed16_exp_quarter(int16_t a) {
  const int16_t exp_minus_eighth = lrt_fixed16_constant(1895147668), third = lrt_fixed16_constant(715827883);
  const int16_t x = lrt_fixed16_add(a, 1 << 12);
  const int16_t x2 = lrt_fixed_mul16(x, x), x3 = lrt_fixed_mul16(x2, x);
  const int16_t x4_4 = lrt_fixed16_scale(lrt_fixed_mul16(x2, x2), -2);
  const int16_t tail =
      lrt_fixed16_scale(lrt_fixed16_add(lrt_fixed_mul16(lrt_fixed16_add(x4_4, x3), third), x2), -1);
  return lrt_fixed16_add(exp_minus_eighth, lrt_fixed_mul16(exp_minus_eighth, lrt_fixed16_add(x, tail)));
}

/* exp(a) in Q0 for a <= 0 in Q`bits`, bits 0..7. */
static inline int16_t lrt_fixed16_exp(int16_t a, int bits) {
  /* exp(-2^k) in Q0 of 32 bits, k = -2..4 */
  static const int32_t factor[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  if (a == 0) return INT16_MAX;
  const int fraction = 15 - bits;
  if (bits > 5 && a < -(1 << (fraction + 5))) return 0;
  const int16_t quarter = (int16_t)(1 << (fraction - 2));
  const int16_t rest = (int16_t)((a & (quarter - 1)) - quarter);
  int16_t result = lrt_fixed16_exp_quarter(lrt_fixed16_scale(rest, bits));
  const int16_t remainder = lrt_fixed16_add(rest, -a);
  for (int k = -2; k < bits && k <= 4; k++)
    if (remainder & 1 << (fraction + k))
      result = lrt_fixed_mul16(result, lrt_fixed16_constant(factor[k + 2]));
  return result;
}

/* 1 / ((1 + a) / 2) in Q2 for a in [0, 1], Q0: three Newton steps. */
static inline int16_t lrt_fixed16_recip_q2(int16_t a) {
  const int16_t d = lrt_fixed16_half_sum(a, INT16_MAX);
  int16_t x = lrt_fixed16_add(lrt_fixed16_constant(1515870810),
                              lrt_fixed_mul16(d, lrt_fixed16_constant(-1010580540)));
  for (int i = 0; i < 3; i++) {
    const int16_t error = lrt_fixed16_add(1 << 13, -lrt_fixed_mul16(d, x));
    x = lrt_fixed16_add(x, lrt_fixed16_scale(lrt_fixed_mul16(x, error), 2));
  }
  return x;
}

/* 1 / (1 + exp(-a)) in Q0, a in Q`bits`. */
static inline int16_t lrt_fixed16_logistic(int16_t a, int bits) {
  if (a == 0) return 1 << 14;
  const int16_t minus = a > 0 ? lrt_fixed16_add(0, -a) : a;
  const int16_t positive = lrt_fixed16_scale(lrt_fixed16_recip_q2(lrt_fixed16_exp(minus, bits)), 1);
  return a > 0 ? positive : lrt_fixed16_add(INT16_MAX, -positive);
}

/* tanh(a) in Q0, a in Q`bits`, bits 0..6. */
static inline int16_t lrt_fixed16_tanh(int16_t a, int bits) {
  if (a == 0) return 0;
  const int16_t e = lrt_fixed16_exp(a < 0 ? a : lrt_fixed16_add(0, -a), bits + 1);
  const int16_t t = lrt_fixed16_scale(lrt_fixed16_add(lrt_fixed16_recip_q2(e), -(1 << 13)), 2);
  return a < 0 ? lrt_fixed16_add(0, -t) : t;
}

#endif
