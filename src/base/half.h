/* half.h: IEEE half, bfloat16 and float8 to and from float, round to nearest even. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_HALF_H
#define LRT_BASE_HALF_H

#include <stddef.h>
#include <stdint.h>

float lrt_half_to_float(uint16_t half);
uint16_t lrt_half_from_float(float value);
float lrt_bfloat16_to_float(uint16_t bits);
uint16_t lrt_bfloat16_from_float(float value);
float lrt_float8_e4m3fn_to_float(uint8_t bits);
uint8_t lrt_float8_e4m3fn_from_float(float value);
float lrt_float8_e5m2_to_float(uint8_t bits);
uint8_t lrt_float8_e5m2_from_float(float value);

/* Arrays; source and destination must not overlap. */
void lrt_half_to_float_array(const uint16_t *half, float *out, size_t count);
void lrt_half_from_float_array(const float *value, uint16_t *out, size_t count);

#endif
