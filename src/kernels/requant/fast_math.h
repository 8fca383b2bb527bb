/* fast_math.h: branch-free f32 exp, expm1, tanh, logistic, gelu that compilers turn into vector code. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_FAST_MATH_H
#define LRT_KERNELS_FAST_MATH_H

#include <stdint.h>
#include <string.h>

/* Error of every function: at most 5e-7 absolute plus 5e-7 relative; NaN stays NaN; overflow as in libm, denormal results
 * may be 0. Where the target multiplies and adds in one rounding these functions do so, nowhere else: results differ in the
 * last bits between instruction sets. */
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define LRT_FAST_MULADD(a, b, c) __builtin_fmaf(a, b, c)
#else
#define LRT_FAST_MULADD(a, b, c) ((a) * (b) + (c))
#endif

static inline float lrt_fast_from_bits(uint32_t bits) {
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}
static inline uint32_t lrt_fast_bits(float f) {
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  return bits;
}

/* e^r - 1 for |r| <= 0.4: Taylor to the 7th power (the 8th contributes 2e-8). */
static inline float lrt_fast_expm1_small(float r) {
  float p = 1.0f / 5040;
  p = LRT_FAST_MULADD(p, r, 1.0f / 720);
  p = LRT_FAST_MULADD(p, r, 1.0f / 120);
  p = LRT_FAST_MULADD(p, r, 1.0f / 24);
  p = LRT_FAST_MULADD(p, r, 1.0f / 6);
  p = LRT_FAST_MULADD(p, r, 0.5f);
  return LRT_FAST_MULADD(p, r * r, r);
}

/* x = n ln2 + r, |r| <= ln2 / 2. The power is built as 2^(n-1) and doubled, so that n = 128 can still give a finite result. */
static inline float lrt_fast_exp(float x) {
  x = x < -87.5f ? -87.5f : x;
  x = x > 89.0f ? 89.0f : x;
  const float pushed =
      LRT_FAST_MULADD(x, 1.44269504f, 12582912.0f); /* the integer part lands in the low mantissa bits */
  const float whole = pushed - 12582912.0f;
  const float r = LRT_FAST_MULADD(whole, 2.12194440e-4f, LRT_FAST_MULADD(whole, -0.693359375f, x));
  const float half_power = lrt_fast_from_bits((lrt_fast_bits(pushed) - 0x4B400000u + 126u) << 23);
  return (lrt_fast_expm1_small(r) + 1.0f) * half_power * 2.0f;
}

static inline float lrt_fast_expm1_negative(float x) {
  const float far = lrt_fast_exp(x) - 1.0f, near = lrt_fast_expm1_small(x);
  return x > -0.4f ? near : far;
}

/* 2^(k/32), the last bits as in XNNPACK's table, with which these functions agree to the bit where there are fused
 * multiply-adds. */
static const float lrt_fast_exp2_table[32] = {
    0x1.000000p+0f, 0x1.059B0Ep+0f, 0x1.0B5586p+0f, 0x1.11301Ep+0f, 0x1.172B84p+0f, 0x1.1D4874p+0f,
    0x1.2387A6p+0f, 0x1.29E9E0p+0f, 0x1.306FE0p+0f, 0x1.371A74p+0f, 0x1.3DEA64p+0f, 0x1.44E086p+0f,
    0x1.4BFDAEp+0f, 0x1.5342B6p+0f, 0x1.5AB07Ep+0f, 0x1.6247ECp+0f, 0x1.6A09E6p+0f, 0x1.71F75Ep+0f,
    0x1.7A1148p+0f, 0x1.82589Ap+0f, 0x1.8ACE54p+0f, 0x1.93737Cp+0f, 0x1.9C4918p+0f, 0x1.A5503Cp+0f,
    0x1.AE89FAp+0f, 0x1.B7F770p+0f, 0x1.C199BEp+0f, 0x1.CB720Ep+0f, 0x1.D5818Ep+0f, 0x1.DFC974p+0f,
    0x1.EA4AFAp+0f, 0x1.F50766p+0f};

/* e^-|x| / (1 + e^-|x|), from 1 for positive x. -|x| = (32 n + k) ln2 / 32 + t, and e^t = 1 + t + t^2 / 2. */
static inline float lrt_fast_logistic(float x) {
  const float magnitude = lrt_fast_from_bits(lrt_fast_bits(x) & 0x7FFFFFFFu);
  const float z = magnitude > 87.0f ? -87.0f : -magnitude;
  const float pushed = LRT_FAST_MULADD(z, 0x1.715476p0f, 0x1.8p18f); /* 1/32 is the last mantissa bit */
  const uint32_t bits = lrt_fast_bits(pushed);
  const float whole = pushed - 0x1.8p18f, step = lrt_fast_exp2_table[bits & 31u];
  const float power = lrt_fast_from_bits(((uint32_t)((int32_t)(bits - 0x48C00000u) >> 5) + 127u) << 23);
  float t = LRT_FAST_MULADD(whole, -0x1.62E430p-1f, z);
  t = LRT_FAST_MULADD(whole, 0x1.05C61p-29f, t);
  const float p = LRT_FAST_MULADD(t, 0.5f, 0x1.0000F6p-0f);
  const float e = LRT_FAST_MULADD(t * step, p, step) * power;
  const float f = e / (e + 1.0f);
  return (lrt_fast_bits(x) & 0x80000000u) != 0 ? f : 1.0f - f;
}

/* e^x for x <= 0, as softmax needs it; 0 where it would be denormal. */
static inline float lrt_fast_exp_negative(float x) {
  const float pushed = LRT_FAST_MULADD(x, 0x1.715476p+0f, 0x1.8000FEp23f); /* n + 127 in the last bits */
  const float power = lrt_fast_from_bits(lrt_fast_bits(pushed) << 23), whole = pushed - 0x1.8000FEp23f;
  float t = LRT_FAST_MULADD(whole, -0x1.62E400p-1f, x);
  t = LRT_FAST_MULADD(whole, -0x1.7F7D1Cp-20f, t);
  float p = LRT_FAST_MULADD(0x1.0F9F9Cp-7f, t, 0x1.573A1Ap-5f);
  p = LRT_FAST_MULADD(p, t, 0x1.555A80p-3f);
  p = LRT_FAST_MULADD(p, t, 0x1.FFFDC6p-2f);
  p = LRT_FAST_MULADD(p, t, 0x1.FFFFF6p-1f);
  const float e = LRT_FAST_MULADD(t * power, p, power);
  return x < -0x1.5D589Ep6f ? 0.0f : e;
}

/* sin of x in [-pi / 2, pi / 2] as a quotient of polynomials. */
static inline float lrt_fast_sin_quotient(float x) {
  const float s = x * x;
  float p = LRT_FAST_MULADD(s, 3.2340581529e-03f, -1.3314664364e-01f);
  p = LRT_FAST_MULADD(s, p, 1.0f) * x;
  float q = LRT_FAST_MULADD(s, 4.8770775902e-04f, 3.3519912511e-02f);
  q = LRT_FAST_MULADD(s, q, 1.0f);
  return p / q;
}

/* Whole turns off; then folded to [-pi / 2, pi / 2] without changing the sine. Good to 5e-7 while |x| < 1e4. */
static inline float lrt_fast_turns_off(float x) {
  const float turns = __builtin_rintf(x * 0.15915494f);
  return LRT_FAST_MULADD(turns, -1.9353072e-3f, LRT_FAST_MULADD(turns, -6.28125f, x));
}
static inline float lrt_fast_fold(float x) {
  const float pi = 3.1415927f;
  x = x < pi - x ? x : pi - x;
  x = x > -pi - x ? x : -pi - x;
  return x < pi - x ? x : pi - x;
}
static inline float lrt_fast_sin(float x) {
  return lrt_fast_sin_quotient(lrt_fast_fold(lrt_fast_turns_off(x)));
}
static inline float lrt_fast_cos(float x) {
  const float quarter = (1.5707963705f - lrt_fast_turns_off(x)) + -4.3711388e-08f;
  return lrt_fast_sin_quotient(lrt_fast_fold(quarter));
}

static inline float lrt_fast_tanh(float x) {
  const float s = x * x;
  float p = -1382.0f / 155925;
  p = LRT_FAST_MULADD(p, s, 62.0f / 2835);
  p = LRT_FAST_MULADD(p, s, -17.0f / 315);
  p = LRT_FAST_MULADD(p, s, 2.0f / 15);
  p = LRT_FAST_MULADD(p, s, -1.0f / 3);
  const float near = LRT_FAST_MULADD(x * s, p, x), far = 1.0f - 2.0f / (lrt_fast_exp(2.0f * x) + 1.0f);
  return s < 0.16f ? near : far;
}

/* x * Phi(x) with the complementary error function as a polynomial in 1 / (1 + p z) times e^(-z^2)
 * (Abramowitz and Stegun, 7.1.26). */
static inline float lrt_fast_gelu(float x) {
  const float magnitude = lrt_fast_from_bits(lrt_fast_bits(x) & 0x7FFFFFFFu);
  const float z = magnitude * 0.70710678f, t = 1.0f / (1.0f + 0.3275911f * z);
  float p = 1.061405429f;
  p = LRT_FAST_MULADD(p, t, -1.453152027f);
  p = LRT_FAST_MULADD(p, t, 1.421413741f);
  p = LRT_FAST_MULADD(p, t, -0.284496736f);
  p = LRT_FAST_MULADD(p, t, 0.254829592f);
  const float tail = 0.5f * p * t * lrt_fast_exp(-z * z);
  const float big = x > 1e9f ? x : x < -1e9f ? 0.0f : x * (x >= 0.0f ? 1.0f - tail : tail);
  return big;
}

static inline float lrt_fast_gelu_tanh(float x) {
  const float u = 1.59576912f * (x + 0.044715f * (x * x * x)); /* twice the argument of tanh */
  return x < -1e9f ? 0.0f : x / (1.0f + lrt_fast_exp(-u));
}

#endif
