/* lut.h: tables that stand for a function of one quantized number, and how they are read. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_REQUANT_LUT_H
#define LRT_KERNELS_REQUANT_LUT_H

#include <stdint.h>

#include "kernels/requant/fixed.h"

/* A real function and its own parameters (may be NULL). */
typedef float (*lrt_lut_fn)(float x, const void *params);
typedef double (*lrt_lut_fn64)(double x, const void *params);

/* 8-bit tables, indexed by the input's bit pattern as uint8: table[i] = clamp(round(f(s (q - z)) / s_out) + z_out).
 * `table` holds bit patterns; is_signed says whether q and the result are int8 or uint8. A NaN from f gives the lowest
 * value. */
void lrt_lut_make8(lrt_lut_fn fn, const void *params, float in_scale, int32_t in_zero, float out_scale,
                   int32_t out_zero, bool is_signed, uint8_t table[256]);

/* 16-bit tables: 513 samples over the whole input range, read by linear interpolation with 7 fraction bits. Each sample
 * is moved by half the error that interpolation makes at the middle of its interval. Float and double forms exist
 * because the reference uses double for SOFTMAX and float elsewhere. */
void lrt_lut_make16(lrt_lut_fn fn, const void *params, float in_scale, int32_t in_zero, float out_scale,
                    int32_t out_zero, int16_t table[513]);
void lrt_lut_make16_double(lrt_lut_fn64 fn, const void *params, double in_scale, int32_t in_zero,
                           double out_scale, int32_t out_zero, int16_t table[513]);

static inline int16_t lrt_lut_read16(int16_t value, const int16_t table[513]) {
  const int index = 256 + lrt_fixed_sar(value, 7);
  const int32_t base = table[index];
  const int32_t slope = (int16_t)(table[index + 1] - base);
  return (int16_t)(base + lrt_fixed_sar(slope * (value & 0x7f) + 64, 7));
}

/* LOGISTIC and TANH of int16 share this table: 65536 / (1 + exp(-i / 24)), i = 0..255. */
extern const uint16_t lrt_lut_sigmoid[256];

/* How an int16 input reaches the table's scale, 3 * 4096 per unit. `multiplier` 0: the input scale is a power of two
 * that needs `shift` bits to the left; else multiply and shift right with rounding. */
typedef struct lrt_lut_sigmoid_scale {
  int32_t multiplier;
  int32_t shift;
} lrt_lut_sigmoid_scale;
/* max_pot: the largest left shift of a power of two taken as such (LOGISTIC 0, TANH 1). */
lrt_lut_sigmoid_scale lrt_lut_sigmoid_prepare(float in_scale, int max_pot);
int16_t lrt_lut_logistic16(int16_t value, lrt_lut_sigmoid_scale scale);
int16_t lrt_lut_tanh16(int16_t value, lrt_lut_sigmoid_scale scale);

#endif
