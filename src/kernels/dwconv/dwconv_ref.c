/* dwconv_ref.c: scalar reference of the depthwise kernels. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/dwconv/dwconv_core.h"

void lrt_dwconv_f32__ref(const float *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                         const float *w, const float *bias, float lo, float hi, float *c, int64_t ldc) {
  for (int64_t p = 0; p < pixels; p++, rows += taps, c += ldc) {
    for (int64_t i = 0; i < channels; i++) {
      float v = 0;
      for (int64_t t = 0; t < taps; t++) v += rows[t][i] * w[t * channels + i];
      v += bias[i];
      v = v < lo ? lo : v;
      c[i] = v > hi ? hi : v;
    }
  }
}

#define INT_BODY(TYPE)                                                                                       \
  for (int64_t p = 0; p < pixels; p++, rows += taps, acc += ld_acc) {                                        \
    for (int64_t i = 0; i < channels; i++) {                                                                 \
      const int16_t *column = w + i / 8 * ((taps + 1) / 2) * 16 + i % 8 * 2;                                 \
      int32_t sum = 0;                                                                                       \
      for (int64_t t = 0; t < taps; t++) sum += ((const TYPE *)rows[t])[i] * column[t / 2 * 16 + t % 2];     \
      acc[i] = sum;                                                                                          \
    }                                                                                                        \
  }

void lrt_dwconv_s8__ref(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                        const int16_t *w, int32_t *acc, int64_t ld_acc) {
  INT_BODY(int8_t)
}

void lrt_dwconv_u8__ref(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                        const int16_t *w, int32_t *acc, int64_t ld_acc) {
  INT_BODY(uint8_t)
}

void lrt_dwconv_s16__ref(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                         const int16_t *w, int32_t *acc, int64_t ld_acc) {
  INT_BODY(int16_t)
}
