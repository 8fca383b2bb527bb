/* pool_ref.c: pooling, one output at a time: the definition of its results. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "kernels/pool/pool_decl.h"

/* FIRST prepares `acc`, TAP adds x to it, LAST turns acc and the number of taps n into the result. */
#define POOL(name, T, A, FIRST, TAP, LAST)                                                                   \
  void name(const lrt_pool_params *p, const void *in_, void *out_, int64_t begin, int64_t end) {             \
    const T *in = in_;                                                                                       \
    T *out = out_;                                                                                           \
    for (int64_t row = begin; row < end; row++) {                                                            \
      const T *picture = in + row / p->out_height * p->in_height * p->in_width * p->channels;                \
      for (int64_t ox = 0; ox < p->out_width; ox++) {                                                        \
        const lrt_pool_window w = lrt_pool_window_of(p, row % p->out_height, ox);                            \
        const int64_t n = (w.y1 - w.y0) * (w.x1 - w.x0);                                                     \
        (void)n;                                                                                             \
        for (int64_t c = 0; c < p->channels; c++) {                                                          \
          A acc = FIRST;                                                                                     \
          for (int64_t y = w.y0; y < w.y1; y++) {                                                            \
            for (int64_t xx = w.x0; xx < w.x1; xx++) {                                                       \
              const T x = picture[(y * p->in_width + xx) * p->channels + c];                                 \
              TAP;                                                                                           \
            }                                                                                                \
          }                                                                                                  \
          out[(row * p->out_width + ox) * p->channels + c] = (T)(LAST);                                      \
        }                                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
  }

static inline float clamp_f(const lrt_pool_params *p, float v) {
  v = v < p->low ? p->low : v;
  return v > p->high ? p->high : v;
}
static inline int64_t clamp_i(const lrt_pool_params *p, int64_t v) {
  return v < p->int_low ? p->int_low : v > p->int_high ? p->int_high : v;
}
static inline int64_t mean_of(int64_t sum, int64_t n) {
  return n == 0 ? 0 : sum > 0 ? (sum + n / 2) / n : (sum - n / 2) / n;
}

POOL(lrt_pool_average_f32__ref, float, float, 0.0f, acc += x, clamp_f(p, n == 0 ? 0.0f : acc / (float)n))
POOL(lrt_pool_l2_f32__ref, float, float, 0.0f, acc += x * x,
     clamp_f(p, n == 0 ? 0.0f : sqrtf(acc / (float)n)))
POOL(lrt_pool_max_f32__ref, float, float, -INFINITY, acc = acc < x ? x : acc, clamp_f(p, acc))
#define INT_POOL(s, T)                                                                                       \
  POOL(lrt_pool_average_##s##__ref, T, int64_t, 0, acc += x, clamp_i(p, mean_of(acc, n)))                    \
  POOL(lrt_pool_max_##s##__ref, T, int32_t, p->int_low, acc = acc < x ? x : acc, clamp_i(p, acc))
INT_POOL(i8, int8_t)
INT_POOL(u8, uint8_t)
INT_POOL(i16, int16_t)
