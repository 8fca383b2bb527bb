/* quantize_fast.h: rows of QUANTIZE and DEQUANTIZE, a template for each instruction set. */
/* SPDX-License-Identifier: Apache-2.0 */
/* No include guard; the including file defines LEVEL(name). */
#include <string.h>

#include "kernels/quantize/quantize_rows.h"

/* The clamp comes first; then an addition pushes the fraction out of the mantissa, which rounds halves to even and is
 * something that compilers turn into vector code. */
#define QUANTIZE_ROW(name, T)                                                                                \
  void LEVEL(name)(const float *in, float inverse, int32_t zero, int32_t low, int32_t high, void *out_,      \
                   int64_t count) {                                                                          \
    T *out = out_;                                                                                           \
    const float bottom = (float)(low - zero), top = (float)(high - zero);                                    \
    const int32_t back = zero - 0x4B400000;                                                                  \
    for (int64_t i = 0; i < count; i++) {                                                                    \
      float v = in[i] * inverse;                                                                             \
      int32_t bits;                                                                                          \
      v = v > bottom ? v : bottom; /* NaN too */                                                             \
      v = v < top ? v : top;                                                                                 \
      const float pushed = v + 12582912.0f;                                                                  \
      memcpy(&bits, &pushed, sizeof bits);                                                                   \
      out[i] = (T)(bits + back);                                                                             \
    }                                                                                                        \
  }
QUANTIZE_ROW(lrt_quantize_i8, int8_t)
QUANTIZE_ROW(lrt_quantize_u8, uint8_t)
QUANTIZE_ROW(lrt_quantize_i16, int16_t)

#define DEQUANTIZE_ROW(name, T)                                                                              \
  void LEVEL(name)(const void *in_, int32_t zero, float scale, float *out, int64_t count) {                  \
    const T *in = in_;                                                                                       \
    for (int64_t i = 0; i < count; i++) out[i] = (float)(in[i] - zero) * scale;                              \
  }
DEQUANTIZE_ROW(lrt_dequantize_i8, int8_t)
DEQUANTIZE_ROW(lrt_dequantize_u8, uint8_t)
DEQUANTIZE_ROW(lrt_dequantize_i16, int16_t)
