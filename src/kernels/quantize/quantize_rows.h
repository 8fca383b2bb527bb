/* quantize_rows.h: what quantizes and widens rows of one scale, and the choice by instruction set. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_QUANTIZE_ROWS_H
#define LRT_KERNELS_QUANTIZE_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* out = clamp(half to even(in * inverse), low - zero, high - zero) + zero, of int8, uint8 or int16; NaN gives low.
 * low - zero and high - zero lie within 22 bits. */
typedef void lrt_quantize_row_fn(const float *in, float inverse, int32_t zero, int32_t low, int32_t high,
                                 void *out, int64_t count);
/* out = (in - zero) * scale; int8, uint8 or int16; zero within 17 bits. */
typedef void lrt_dequantize_row_fn(const void *in, int32_t zero, float scale, float *out, int64_t count);

typedef struct lrt_quantize_level {
  const char *name;
  int level; /* lrt_cpu_level */
  lrt_quantize_row_fn *to_i8, *to_u8, *to_i16;
  lrt_dequantize_row_fn *from_i8, *from_u8, *from_i16;
} lrt_quantize_level;

/* Best first; the last one is usable everywhere. All give the same bits. */
extern const lrt_quantize_level lrt_quantize_levels[];
extern const int lrt_quantize_level_count;
const lrt_quantize_level *lrt_quantize_pick(void);

#define LRT_QUANTIZE_LEVEL(suffix, level)                                                                    \
  lrt_quantize_row_fn lrt_quantize_i8__##suffix, lrt_quantize_u8__##suffix, lrt_quantize_i16__##suffix;      \
  lrt_dequantize_row_fn lrt_dequantize_i8__##suffix, lrt_dequantize_u8__##suffix,                            \
      lrt_dequantize_i16__##suffix;
#include "kernels/quantize/quantize.def"
#undef LRT_QUANTIZE_LEVEL

#endif
