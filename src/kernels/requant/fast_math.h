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

static inline float lrt_fast_logistic(float x) {
  return 1.0f / (1.0f + lrt_fast_exp(-x));
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
