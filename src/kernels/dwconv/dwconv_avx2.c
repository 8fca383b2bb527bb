/* dwconv_avx2.c: depthwise kernels for AVX2: eight channels per register, two taps per multiply-add for integers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "kernels/dwconv/dwconv_core.h"

/* max(lo, v) keeps a NaN in v: the second operand wins. */
static inline __m256 clamp(__m256 v, __m256 lo, __m256 hi) { return _mm256_min_ps(hi, _mm256_max_ps(lo, v)); }

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

void lrt_dwconv_f32__avx2(const float *const *rows, int64_t pixels, int64_t taps, int64_t channels, const float *w,
                          const float *bias, float lo, float hi, float *c, int64_t ldc) {
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

/* Pixels whose inputs stay in L1 while the channels go by. */
#define SEGMENT 32

/* One row of the windows of two neighbouring pixels: four inputs, six products. */
#define PAIR(x, step, wa, wb, wc)                                                                            \
  {                                                                                                          \
    const __m256 v1 = _mm256_loadu_ps(x + step), v2 = _mm256_loadu_ps(x + 2 * step);                         \
    s = _mm256_fmadd_ps(_mm256_loadu_ps(x), wa, s);                                                          \
    r = _mm256_fmadd_ps(v1, wa, r);                                                                          \
    s = _mm256_fmadd_ps(v1, wb, s);                                                                          \
    r = _mm256_fmadd_ps(v2, wb, r);                                                                          \
    s = _mm256_fmadd_ps(v2, wc, s);                                                                          \
    r = _mm256_fmadd_ps(_mm256_loadu_ps(x + 3 * step), wc, r);                                               \
  }
/* The nine weights of eight channels stay in registers; inputs are memory operands. */
static void __attribute__((noinline)) columns_3x3(const lrt_dwconv_window *v, int64_t pixels, int64_t i,
                                                  int64_t channels, const float *w, const float *bias, __m256 lo,
                                                  __m256 hi, float *c, int64_t ldc) {
  const __m256 w0 = _mm256_loadu_ps(w + i), w1 = _mm256_loadu_ps(w + channels + i);
  const __m256 w2 = _mm256_loadu_ps(w + 2 * channels + i), w3 = _mm256_loadu_ps(w + 3 * channels + i);
  const __m256 w4 = _mm256_loadu_ps(w + 4 * channels + i), w5 = _mm256_loadu_ps(w + 5 * channels + i);
  const __m256 w6 = _mm256_loadu_ps(w + 6 * channels + i), w7 = _mm256_loadu_ps(w + 7 * channels + i);
  const __m256 w8 = _mm256_loadu_ps(w + 8 * channels + i), start = _mm256_loadu_ps(bias + i);
  const float *x0 = v->top[0] + i, *x1 = v->top[1] + i, *x2 = v->top[2] + i;
  const int64_t t0 = v->tap_step[0], t1 = v->tap_step[1], t2 = v->tap_step[2];
  int64_t p = 0;
  if (v->pixel_step[1] == t1 && v->pixel_step[0] == t0 && v->pixel_step[2] == t2) { /* stride 1: neighbours share */
#pragma GCC unroll 1 /* unrolled, the addresses no longer fit into registers */
    for (; p + 2 <= pixels; p += 2) {
      __m256 s = start, r = start;
      PAIR(x0, t0, w0, w1, w2)
      PAIR(x1, t1, w3, w4, w5)
      PAIR(x2, t2, w6, w7, w8)
      _mm256_storeu_ps(c + p * ldc + i, clamp(s, lo, hi));
      _mm256_storeu_ps(c + (p + 1) * ldc + i, clamp(r, lo, hi));
      x0 += 2 * t0;
      x1 += 2 * t1;
      x2 += 2 * t2;
    }
  }
#pragma GCC unroll 1
  for (; p < pixels; p++) {
    __m256 s = _mm256_fmadd_ps(_mm256_loadu_ps(x0), w0, start);
    __m256 r = _mm256_mul_ps(_mm256_loadu_ps(x1), w3);
    s = _mm256_fmadd_ps(_mm256_loadu_ps(x0 + t0), w1, s);
    r = _mm256_fmadd_ps(_mm256_loadu_ps(x1 + t1), w4, r);
    s = _mm256_fmadd_ps(_mm256_loadu_ps(x0 + 2 * t0), w2, s);
    r = _mm256_fmadd_ps(_mm256_loadu_ps(x1 + 2 * t1), w5, r);
    s = _mm256_fmadd_ps(_mm256_loadu_ps(x2), w6, s);
    r = _mm256_fmadd_ps(_mm256_loadu_ps(x2 + t2), w7, r);
    s = _mm256_fmadd_ps(_mm256_loadu_ps(x2 + 2 * t2), w8, s);
    _mm256_storeu_ps(c + p * ldc + i, clamp(_mm256_add_ps(s, r), lo, hi));
    x0 += v->pixel_step[0];
    x1 += v->pixel_step[1];
    x2 += v->pixel_step[2];
  }
}

void lrt_dwconv_f32_3x3__avx2(const lrt_dwconv_window *window, int64_t pixels, int64_t channels, const float *w,
                              const float *bias, float lo, float hi, float *c, int64_t ldc) {
  const __m256 vlo = _mm256_set1_ps(lo), vhi = _mm256_set1_ps(hi);
  lrt_dwconv_window v = *window;
  for (int64_t p = 0; p < pixels; p += SEGMENT, c += SEGMENT * ldc) {
    const int64_t count = pixels - p < SEGMENT ? pixels - p : SEGMENT;
    int64_t i = 0;
    for (; i + 8 <= channels; i += 8) columns_3x3(&v, count, i, channels, w, bias, vlo, vhi, c, ldc);
    for (int64_t q = 0; i < channels && q < count; q++) {
      const float *rows[9];
      for (int t = 0; t < 9; t++) {
        rows[t] = v.top[t / 3] + q * v.pixel_step[t / 3] + t % 3 * v.tap_step[t / 3];
      }
      tail_f32(rows, 9, i, channels, w, bias, lo, hi, c + q * ldc);
    }
    for (int r = 0; r < 3; r++) v.top[r] += SEGMENT * v.pixel_step[r];
  }
}

static inline __m128i load8(const void *p) { return _mm_loadl_epi64((const __m128i *)p); }

/* Eight channels of two taps as pairs of int16. */
static inline __m256i pairs_s8(const void *a, const void *b, int64_t i) {
  return _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(load8((const int8_t *)a + i), load8((const int8_t *)b + i)));
}
static inline __m256i pairs_u8(const void *a, const void *b, int64_t i) {
  return _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(load8((const uint8_t *)a + i), load8((const uint8_t *)b + i)));
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
        STEP(PAIRS, r2, r3, 1) STEP(PAIRS, r4, r5, 2) STEP(PAIRS, r6, r7, 3) STEP(PAIRS, r8, r8, 4)          \
        _mm256_storeu_si256((__m256i *)(acc + i), sum);                                                      \
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

void lrt_dwconv_s8__avx2(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels, const int16_t *w,
                         int32_t *acc, int64_t ld_acc) {
  INT_BODY(int8_t, pairs_s8)
}

void lrt_dwconv_u8__avx2(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels, const int16_t *w,
                         int32_t *acc, int64_t ld_acc) {
  INT_BODY(uint8_t, pairs_u8)
}

void lrt_dwconv_s16__avx2(const void *const *rows, int64_t pixels, int64_t taps, int64_t channels, const int16_t *w,
                          int32_t *acc, int64_t ld_acc) {
  INT_BODY(int16_t, pairs_s16)
}
