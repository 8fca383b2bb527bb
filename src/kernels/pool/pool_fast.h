/* pool_fast.h: pooling with the channels innermost, compiled once per instruction set; the including file defines LEVEL. */
/* SPDX-License-Identifier: Apache-2.0 */
/* No include guard: a template. */
#include <math.h>

#include "kernels/pool/pool_decl.h"

/* Channels are taken in strips whose accumulators stay in the first-level cache. */
enum { STRIP = 256 };

/* 8-bit sums fit 32 bits for windows of up to 2^23 pixels. */

#define POOL(name, T, A, FIRST, TAP, LAST)                                                                   \
  void name(const lrt_pool_params *p_, const void *in_, void *out_, int64_t begin, int64_t end) {            \
    const lrt_pool_params local = *p_, *const p = &local;                                                    \
    A acc[STRIP];                                                                                            \
    for (int64_t row = begin; row < end; row++) {                                                            \
      const T *picture = (const T *)in_ + row / p->out_height * p->in_height * p->in_width * p->channels;    \
      for (int64_t ox = 0; ox < p->out_width; ox++) {                                                        \
        const lrt_pool_window w = lrt_pool_window_of(p, row % p->out_height, ox);                            \
        const int64_t n = (w.y1 - w.y0) * (w.x1 - w.x0);                                                     \
        (void)n;                                                                                             \
        T *out = (T *)out_ + (row * p->out_width + ox) * p->channels;                                        \
        for (int64_t c0 = 0; c0 < p->channels; c0 += STRIP) {                                                \
          const int64_t count = p->channels - c0 < STRIP ? p->channels - c0 : STRIP;                         \
          for (int64_t c = 0; c < count; c++) acc[c] = FIRST;                                                \
          for (int64_t y = w.y0; y < w.y1; y++) {                                                            \
            for (int64_t xx = w.x0; xx < w.x1; xx++) {                                                       \
              const T *in = picture + (y * p->in_width + xx) * p->channels + c0;                             \
              for (int64_t c = 0; c < count; c++) {                                                          \
                const T x = in[c];                                                                           \
                acc[c] = TAP;                                                                                \
              }                                                                                              \
            }                                                                                                \
          }                                                                                                  \
          for (int64_t c = 0; c < count; c++) {                                                              \
            const A sum = acc[c];                                                                            \
            out[c0 + c] = (T)(LAST);                                                                         \
          }                                                                                                  \
        }                                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
  }

static inline float clamp_f(const lrt_pool_params *p, float v) {
  v = v < p->low ? p->low : v;
  return v > p->high ? p->high : v;
}
static inline int32_t clamp_i(const lrt_pool_params *p, int32_t v) {
  return v < p->int_low ? p->int_low : v > p->int_high ? p->int_high : v;
}
/* Exact for any window that lies in memory: |sum| + n/2 < 2^53 and the quotient is at least 1/n away from the next integer
 * unless it is one. */
static inline int32_t mean_of(int64_t sum, int64_t n) {
  const double half = (double)(n / 2);
  return n == 0 ? 0 : (int32_t)(((double)sum + (sum > 0 ? half : -half)) / (double)n);
}

POOL(LEVEL(lrt_pool_average_f32), float, float, 0.0f, acc[c] + x, clamp_f(p, n == 0 ? 0.0f : sum / (float)n))
POOL(LEVEL(lrt_pool_max_f32), float, float, -INFINITY, acc[c] < x ? x : acc[c], clamp_f(p, sum))
#define INT_POOL(s, T, A)                                                                                    \
  POOL(LEVEL(lrt_pool_average_##s), T, A, 0, acc[c] + x, clamp_i(p, mean_of(sum, n)))                        \
  POOL(LEVEL(lrt_pool_max_##s), T, T, lowest, (T)(acc[c] < x ? x : acc[c]),                                  \
       clamp_i(p, n == 0 ? p->int_low : sum))
#define lowest INT8_MIN
INT_POOL(i8, int8_t, int32_t)
#undef lowest
#define lowest 0
INT_POOL(u8, uint8_t, int32_t)
#undef lowest
#define lowest INT16_MIN
INT_POOL(i16, int16_t, int64_t)
#undef lowest
