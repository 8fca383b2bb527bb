/* dwconv_generic.c: depthwise kernels in portable C: eight channels at a time, so that compilers vectorise them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kernels/dwconv/dwconv_core.h"

static inline float clamp(float v, float lo, float hi) {
  v = v < lo ? lo : v;
  return v > hi ? hi : v;
}

void lrt_dwconv_f32__generic(const float *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                             const float *w, const float *bias, float lo, float hi, float *c, int64_t ldc) {
  for (int64_t p = 0; p < pixels; p++, rows += taps, c += ldc) {
    int64_t i = 0;
    for (; i + 8 <= channels; i += 8) {
      float sum[8];
      memcpy(sum, bias + i, sizeof sum);
      for (int64_t t = 0; t < taps; t++) {
        const float *x = rows[t] + i, *y = w + t * channels + i;
        for (int j = 0; j < 8; j++) sum[j] += x[j] * y[j];
      }
      for (int j = 0; j < 8; j++) c[i + j] = clamp(sum[j], lo, hi);
    }
    for (; i < channels; i++) {
      float sum = bias[i];
      for (int64_t t = 0; t < taps; t++) sum += rows[t][i] * w[t * channels + i];
      c[i] = clamp(sum, lo, hi);
    }
  }
}

#define INT_BODY(TYPE)                                                                                       \
  const int64_t block = (taps + 1) / 2 * 16;                                                                 \
  for (int64_t p = 0; p < pixels; p++, rows += taps, acc += ld_acc) {                                        \
    for (int64_t i = 0; i < channels; i += 8) {                                                              \
      const int count = channels - i < 8 ? (int)(channels - i) : 8;                                          \
      const int16_t *column = w + i / 8 * block;                                                             \
      int32_t sum[8] = {0};                                                                                  \
      for (int64_t t = 0; t < taps; t++) {                                                                   \
        const TYPE *x = (const TYPE *)rows[t] + i;                                                           \
        const int16_t *y = column + t / 2 * 16 + t % 2;                                                      \
        for (int j = 0; j < count; j++) sum[j] += x[j] * y[2 * j];                                           \
      }                                                                                                      \
      memcpy(acc + i, sum, (size_t)count * sizeof *acc);                                                     \
    }                                                                                                        \
  }

void lrt_dwconv_s8__generic(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                            const int16_t *w, int32_t *acc, int64_t ld_acc) {
  INT_BODY(int8_t)
}

void lrt_dwconv_u8__generic(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                            const int16_t *w, int32_t *acc, int64_t ld_acc) {
  INT_BODY(uint8_t)
}

void lrt_dwconv_s16__generic(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                             const int16_t *w, int32_t *acc, int64_t ld_acc) {
  INT_BODY(int16_t)
}
