/* quantize.h: real numbers to quantized ones and back, and between quantized types. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_QUANTIZE_H
#define LRT_KERNELS_QUANTIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/requant/fixed.h"
#include "litert/tensor.h"

/* Per tensor or per channel: parameter c belongs to elements whose index along the quantized dimension is c; `inner` is the
 * product of the dimensions after it, so c = index / inner % count. count 1: inner is not read. zero_point NULL: all 0. */
typedef struct lrt_quantize_scale {
  const float *scale;        /* [count] */
  const int32_t *zero_point; /* [count] or NULL */
  int64_t count;
  int64_t inner;
} lrt_quantize_scale;

/* Elements [begin, end) of `in` (f32) to INT8, UINT8, INT16, INT32, INT4, UINT4 or INT2 (packed; such a range must begin and
 * end on a byte, or at the end of the tensor).
 * q = clamp(round(x / scale) + zero_point); `ref` divides and rounds halves away from zero, the fast form multiplies by the
 * reciprocal and rounds halves to even. NaN gives the type's lowest value. */
bool lrt_quantize(const float *in, const lrt_quantize_scale *q, void *out, lrt_type out_type, bool ref,
                  int64_t begin, int64_t end);

/* Between quantized types INT8, UINT8, INT16, INT32 (per tensor): out = clamp((x - in_zero) * in_scale / out_scale + out_zero)
 * by the exact multiplier. */
bool lrt_requantize(const void *in, lrt_type in_type, float in_scale, int32_t in_zero, void *out,
                    lrt_type out_type, float out_scale, int32_t out_zero, size_t count);

/* Elements [begin, end) of a quantized or half tensor to f32: (x - zero_point) * scale. in_type INT8, UINT8, INT16, INT32,
 * INT4, UINT4, INT2, FLOAT16, BFLOAT16, FLOAT8_*; for the float types q is not read (may be NULL). */
bool lrt_dequantize(const void *in, lrt_type in_type, const lrt_quantize_scale *q, float *out, int64_t begin,
                    int64_t end);

/* One row of a blockwise matrix: element k uses scales[k / block], an f16 number. in_type INT4, INT2 or INT8; `first` is the
 * index of the row's first element in the packed tensor; zero_points may be NULL. */
bool lrt_dequantize_blockwise(const void *in, lrt_type in_type, int64_t first, const uint16_t *scales,
                              const int32_t *zero_points, int64_t block, float *out, int64_t count);

/* Packed INT4, UINT4, INT2 elements [first, first + count) as bytes, and back (the range must own its bytes). */
bool lrt_unpack_bits(const void *in, lrt_type type, int64_t first, int8_t *out, int64_t count);
bool lrt_pack_bits(const int8_t *in, lrt_type type, void *out, int64_t first, int64_t count);

/* Fake quantization to `bits` levels between low and high after moving the range so that 0 is exact. */
void lrt_fake_quantize(const float *in, float *out, size_t count, float low, float high, int bits,
                       bool narrow_range);

#endif
