/* half.c: narrow float formats to and from float by bits, so that every value is exact or rounded to nearest even. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/half.h"

#include <string.h>

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Right shift by 1..24 bits, to nearest, ties to even. */
static uint32_t shift_to_even(uint32_t value, unsigned shift) {
  return (value + (1u << (shift - 1)) - 1 + (value >> shift & 1)) >> shift;
}

/* Magnitude of a float (not NaN) in a format with `fraction` fraction bits, exponent bias `bias` and no upper limit:
 * the caller decides what lies beyond its largest code. A carry out of the fraction moves into the exponent, which is
 * what rounding up to the next power of two means. */
static inline uint32_t narrow(uint32_t magnitude, unsigned fraction, unsigned bias) {
  const uint32_t exponent = magnitude >> 23, smallest_normal = 128 - bias;
  if (exponent >= smallest_normal) return shift_to_even(magnitude - ((127 - bias) << 23), 23 - fraction);
  const uint32_t shift = 23 - fraction + smallest_normal - exponent;
  if (shift > 24) return 0; /* below half of the smallest subnormal */
  return shift_to_even((magnitude & 0x7fffff) | 0x800000, shift);
}

/* Value of a magnitude code that is neither infinite nor NaN. */
static inline float widen(uint32_t code, unsigned fraction, unsigned bias) {
  if (code >> fraction != 0) return float_of((code << (23 - fraction)) + ((127 - bias) << 23));
  const float smallest_subnormal = float_of((128 - bias - fraction) << 23);
  return (float)(int32_t)code * smallest_subnormal;
}

static inline float with_sign(float magnitude, uint32_t negative) {
  return float_of(bits_of(magnitude) | (negative != 0 ? 0x80000000u : 0));
}

/* IEEE 754 binary16: 5 exponent bits, 10 fraction bits. NaN keeps its leading payload bits and becomes quiet. */
float lrt_half_to_float(uint16_t half) {
  const uint32_t code = half & 0x7fffu, negative = half & 0x8000u;
  if (code > 0x7c00) return with_sign(float_of(0x7fc00000u | code << 13), negative);
  if (code == 0x7c00) return with_sign(float_of(0x7f800000u), negative);
  return with_sign(widen(code, 10, 15), negative);
}

uint16_t lrt_half_from_float(float value) {
  const uint32_t bits = bits_of(value), magnitude = bits & 0x7fffffffu, sign = bits >> 16 & 0x8000u;
  if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
  const uint32_t code = narrow(magnitude, 10, 15);
  return (uint16_t)(sign | (code < 0x7c00 ? code : 0x7c00));
}

/* bfloat16: the upper half of a float. */
float lrt_bfloat16_to_float(uint16_t bits) {
  return float_of((uint32_t)bits << 16);
}

uint16_t lrt_bfloat16_from_float(float value) {
  const uint32_t bits = bits_of(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* float8 e4m3fn (OCP 8-bit floating point, "finite": no infinity, one NaN code per sign, largest value 448).
 * What rounds beyond 448, infinity included, becomes NaN. */
float lrt_float8_e4m3fn_to_float(uint8_t bits) {
  const uint32_t code = bits & 0x7fu, negative = bits & 0x80u;
  return with_sign(code == 0x7f ? float_of(0x7fc00000u) : widen(code, 3, 7), negative);
}

uint8_t lrt_float8_e4m3fn_from_float(float value) {
  const uint32_t bits = bits_of(value), magnitude = bits & 0x7fffffffu, sign = bits >> 24 & 0x80u;
  const uint32_t code = magnitude >= 0x7f800000u ? 0x7f : narrow(magnitude, 3, 7);
  return (uint8_t)(sign | (code < 0x7f ? code : 0x7f));
}

/* float8 e5m2: the upper half of a binary16, with infinities and NaN (0x7e as the quiet one). */
float lrt_float8_e5m2_to_float(uint8_t bits) {
  return lrt_half_to_float((uint16_t)(bits << 8));
}

uint8_t lrt_float8_e5m2_from_float(float value) {
  const uint32_t bits = bits_of(value), magnitude = bits & 0x7fffffffu, sign = bits >> 24 & 0x80u;
  if (magnitude > 0x7f800000u) return (uint8_t)(sign | 0x7e);
  const uint32_t code = narrow(magnitude, 2, 15);
  return (uint8_t)(sign | (code < 0x7c ? code : 0x7c));
}

void lrt_half_to_float_array(const uint16_t *half, float *out, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = lrt_half_to_float(half[i]);
}

void lrt_half_from_float_array(const float *value, uint16_t *out, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = lrt_half_from_float(value[i]);
}
