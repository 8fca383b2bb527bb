/* dwconv_avx2.c: depthwise kernels for AVX2: eight channels per register, two taps per multiply-add for integers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "kernels/dwconv/dwconv_core.h"

/* max(lo, v) keeps a NaN in v: the second operand wins. */
static inline __m256 clamp(__m256 v, __m256 lo, __m256 hi) {
  return _mm256_min_ps(hi, _mm256_max_ps(lo, v));
}

static inline float clamp1(float v, float lo, float hi) {
  v = v < lo ? lo : v;
  return v > hi ? hi : v;
}

static void tail_f32(const float *const *rows, int64_t taps, int64_t from, int64_t channels, const float *w,
                     const float *bias, float lo, float hi, float *c) {
  for (int64_t i = from; i < channels; i++) {
    float sum = bias[i];
    for (int64_t t = 0; t < taps; t++) sum = __builtin_fmaf(rows[t][i], w[t * channels + i], sum);
    c[i] = clamp1(sum, lo, hi);
  }
}

void lrt_dwconv_f32__avx2(const float *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                          const float *w, const float *bias, float lo, float hi, float *c, int64_t ldc) {
  const __m256 vlo = _mm256_set1_ps(lo), vhi = _mm256_set1_ps(hi);
  for (int64_t p = 0; p < pixels; p++, rows += taps, c += ldc) {
    int64_t i = 0;
    for (; i + 32 <= channels; i += 32) {
      __m256 s0 = _mm256_loadu_ps(bias + i), s1 = _mm256_loadu_ps(bias + i + 8);
      __m256 s2 = _mm256_loadu_ps(bias + i + 16), s3 = _mm256_loadu_ps(bias + i + 24);
      for (int64_t t = 0; t < taps; t++) {
        const float *x = rows[t] + i, *y = w + t * channels + i;
        s0 = _mm256_fmadd_ps(_mm256_loadu_ps(x), _mm256_loadu_ps(y), s0);
        s1 = _mm256_fmadd_ps(_mm256_loadu_ps(x + 8), _mm256_loadu_ps(y + 8), s1);
        s2 = _mm256_fmadd_ps(_mm256_loadu_ps(x + 16), _mm256_loadu_ps(y + 16), s2);
        s3 = _mm256_fmadd_ps(_mm256_loadu_ps(x + 24), _mm256_loadu_ps(y + 24), s3);
      }
      _mm256_storeu_ps(c + i, clamp(s0, vlo, vhi));
      _mm256_storeu_ps(c + i + 8, clamp(s1, vlo, vhi));
      _mm256_storeu_ps(c + i + 16, clamp(s2, vlo, vhi));
      _mm256_storeu_ps(c + i + 24, clamp(s3, vlo, vhi));
    }
    for (; i + 8 <= channels; i += 8) {
      __m256 sum = _mm256_loadu_ps(bias + i);
      for (int64_t t = 0; t < taps; t++) {
        sum = _mm256_fmadd_ps(_mm256_loadu_ps(rows[t] + i), _mm256_loadu_ps(w + t * channels + i), sum);
      }
      _mm256_storeu_ps(c + i, clamp(sum, vlo, vhi));
    }
    tail_f32(rows, taps, i, channels, w, bias, lo, hi, c);
  }
}

/* One row of the windows of four neighbouring outputs, stride 1: six inputs, twelve products. */
#define QUAD(x, y)                                                                                           \
  {                                                                                                          \
    const __m256 w0 = _mm256_loadu_ps(y), w1 = _mm256_loadu_ps((y) + n), w2 = _mm256_loadu_ps((y) + 2 * n);  \
    const __m256 v1 = _mm256_loadu_ps((x) + n), v2 = _mm256_loadu_ps((x) + 2 * n);                           \
    const __m256 v3 = _mm256_loadu_ps((x) + 3 * n), v4 = _mm256_loadu_ps((x) + 4 * n);                       \
    s0 = _mm256_fmadd_ps(_mm256_loadu_ps(x), w0, s0);                                                        \
    s1 = _mm256_fmadd_ps(v1, w0, s1);                                                                        \
    s2 = _mm256_fmadd_ps(v2, w0, s2);                                                                        \
    s3 = _mm256_fmadd_ps(v3, w0, s3);                                                                        \
    s0 = _mm256_fmadd_ps(v1, w1, s0);                                                                        \
    s1 = _mm256_fmadd_ps(v2, w1, s1);                                                                        \
    s2 = _mm256_fmadd_ps(v3, w1, s2);                                                                        \
    s3 = _mm256_fmadd_ps(v4, w1, s3);                                                                        \
    s0 = _mm256_fmadd_ps(v2, w2, s0);                                                                        \
    s1 = _mm256_fmadd_ps(v3, w2, s1);                                                                        \
    s2 = _mm256_fmadd_ps(v4, w2, s2);                                                                        \
    s3 = _mm256_fmadd_ps(_mm256_loadu_ps((x) + 5 * n), w2, s3);                                              \
  }
static void four_outputs(const float *const *top, int64_t n, const float *w, const float *bias, __m256 lo,
                         __m256 hi, float *c, int64_t ldc) {
  const float *x0 = top[0], *x1 = top[1], *x2 = top[2];
#pragma GCC unroll 1 /* unrolled, the addresses no longer fit into registers */
  for (int64_t i = 0; i + 8 <= n; i += 8) {
    __m256 s0 = _mm256_loadu_ps(bias + i), s1 = s0, s2 = s0, s3 = s0;
    QUAD(x0 + i, w + i)
    QUAD(x1 + i, w + 3 * n + i)
    QUAD(x2 + i, w + 6 * n + i)
    _mm256_storeu_ps(c + i, clamp(s0, lo, hi));
    _mm256_storeu_ps(c + ldc + i, clamp(s1, lo, hi));
    _mm256_storeu_ps(c + 2 * ldc + i, clamp(s2, lo, hi));
    _mm256_storeu_ps(c + 3 * ldc + i, clamp(s3, lo, hi));
  }
}

/* The same for two outputs, stride 2: five inputs, six products. */
#define PAIR(x, y)                                                                                           \
  {                                                                                                          \
    const __m256 w0 = _mm256_loadu_ps(y), w1 = _mm256_loadu_ps((y) + n), w2 = _mm256_loadu_ps((y) + 2 * n);  \
    const __m256 v2 = _mm256_loadu_ps((x) + 2 * n);                                                          \
    s0 = _mm256_fmadd_ps(_mm256_loadu_ps(x), w0, s0);                                                        \
    s1 = _mm256_fmadd_ps(v2, w0, s1);                                                                        \
    s0 = _mm256_fmadd_ps(_mm256_loadu_ps((x) + n), w1, s0);                                                  \
    s1 = _mm256_fmadd_ps(_mm256_loadu_ps((x) + 3 * n), w1, s1);                                              \
    s0 = _mm256_fmadd_ps(v2, w2, s0);                                                                        \
    s1 = _mm256_fmadd_ps(_mm256_loadu_ps((x) + 4 * n), w2, s1);                                              \
  }
static void two_outputs(const float *const *top, int64_t n, const float *w, const float *bias, __m256 lo,
                        __m256 hi, float *c, int64_t ldc) {
  const float *x0 = top[0], *x1 = top[1], *x2 = top[2];
#pragma GCC unroll 1
  for (int64_t i = 0; i + 8 <= n; i += 8) {
    __m256 s0 = _mm256_loadu_ps(bias + i), s1 = s0;
    PAIR(x0 + i, w + i)
    PAIR(x1 + i, w + 3 * n + i)
    PAIR(x2 + i, w + 6 * n + i)
    _mm256_storeu_ps(c + i, clamp(s0, lo, hi));
    _mm256_storeu_ps(c + ldc + i, clamp(s1, lo, hi));
  }
}

void lrt_dwconv_f32_3x3__avx2(const lrt_dwconv_window *window, int64_t pixels, int64_t channels,
                              const float *w, const float *bias, float lo, float hi, float *c, int64_t ldc) {
  const __m256 vlo = _mm256_set1_ps(lo), vhi = _mm256_set1_ps(hi);
  const int64_t block = window->stride == 1 ? 4 : 2, whole = channels / 8 * 8;
  const float *top[3] = {window->top[0], window->top[1], window->top[2]};
  for (int64_t p = 0; p < pixels;) {
    const int64_t count = pixels - p < block ? 1 : block;
    if (count == block) {
      (block == 4 ? four_outputs : two_outputs)(top, channels, w, bias, vlo, vhi, c, ldc);
    }
    for (int64_t q = 0; q < count && (count < block || whole < channels); q++) {
      const float *rows[9];
      for (int t = 0; t < 9; t++) rows[t] = top[t / 3] + q * window->next[t / 3] + t % 3 * channels;
      if (count < block)
        lrt_dwconv_f32__avx2(rows, 1, 9, channels, w, bias, lo, hi, c, ldc);
      else
        tail_f32(rows, 9, whole, channels, w, bias, lo, hi, c + q * ldc);
    }
    for (int r = 0; r < 3; r++) top[r] += count * window->next[r];
    c += count * ldc;
    p += count;
  }
}

static inline __m128i load8(const void *p) {
  return _mm_loadl_epi64((const __m128i *)p);
}

/* Eight channels of two taps as pairs of int16. */
static inline __m256i pairs_s8(const void *a, const void *b, int64_t i) {
  return _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(load8((const int8_t *)a + i), load8((const int8_t *)b + i)));
}
static inline __m256i pairs_u8(const void *a, const void *b, int64_t i) {
  return _mm256_cvtepu8_epi16(
      _mm_unpacklo_epi8(load8((const uint8_t *)a + i), load8((const uint8_t *)b + i)));
}
static inline __m256i pairs_s16(const void *a, const void *b, int64_t i) {
  const __m128i x = _mm_loadu_si128((const __m128i *)((const int16_t *)a + i));
  const __m128i y = _mm_loadu_si128((const __m128i *)((const int16_t *)b + i));
  return _mm256_set_m128i(_mm_unpackhi_epi16(x, y), _mm_unpacklo_epi16(x, y));
}

/* The last odd tap is paired with itself; its partner's weight is 0. */
#define STEP(PAIRS, a, b, index)                                                                             \
  sum = _mm256_add_epi32(sum, _mm256_madd_epi16(PAIRS(a, b, i), _mm256_loadu_si256(column + (index))));
#define TAIL(TYPE, from)                                                                                     \
  for (int64_t j = from; j < channels; j++) {                                                                \
    const int16_t *y = w + j / 8 * ((taps + 1) / 2) * 16 + j % 8 * 2;                                        \
    int32_t total = 0;                                                                                       \
    for (int64_t t = 0; t < taps; t++) total += ((const TYPE *)rows[t])[j] * y[t / 2 * 16 + t % 2];          \
    acc[j] = total;                                                                                          \
  }
#define INT_BODY(TYPE, PAIRS)                                                                                \
  const int64_t pairs = (taps + 1) / 2;                                                                      \
  for (int64_t p = 0; p < pixels; p++, rows += taps, acc += ld_acc) {                                        \
    const __m256i *column = (const __m256i *)w;                                                              \
    int64_t i = 0;                                                                                           \
    if (taps == 9) {                                                                                         \
      const void *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3], *r4 = rows[4];                  \
      const void *r5 = rows[5], *r6 = rows[6], *r7 = rows[7], *r8 = rows[8];                                 \
      for (; i + 8 <= channels; i += 8, column += 5) {                                                       \
        __m256i sum = _mm256_madd_epi16(PAIRS(r0, r1, i), _mm256_loadu_si256(column));                       \
        STEP(PAIRS, r2, r3, 1)                                                                               \
        STEP(PAIRS, r4, r5, 2)                                                                               \
        STEP(PAIRS, r6, r7, 3) STEP(PAIRS, r8, r8, 4) _mm256_storeu_si256((__m256i *)(acc + i), sum);        \
      }                                                                                                      \
    } else {                                                                                                 \
      for (; i + 8 <= channels; i += 8, column += pairs) {                                                   \
        __m256i sum = _mm256_setzero_si256();                                                                \
        for (int64_t t = 0; t < taps; t += 2) {                                                              \
          STEP(PAIRS, rows[t], rows[t + 1 < taps ? t + 1 : t], t / 2)                                        \
        }                                                                                                    \
        _mm256_storeu_si256((__m256i *)(acc + i), sum);                                                      \
      }                                                                                                      \
    }                                                                                                        \
    TAIL(TYPE, i)                                                                                            \
  }

void lrt_dwconv_s8__avx2(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                         const int16_t *w, int32_t *acc, int64_t ld_acc) {
  INT_BODY(int8_t, pairs_s8)
}

void lrt_dwconv_u8__avx2(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                         const int16_t *w, int32_t *acc, int64_t ld_acc) {
  INT_BODY(uint8_t, pairs_u8)
}

void lrt_dwconv_s16__avx2(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                          const int16_t *w, int32_t *acc, int64_t ld_acc) {
  INT_BODY(int16_t, pairs_s16)
}
