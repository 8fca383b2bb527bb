/* gemm_avx512vnni.c: integer products with the dot-product instructions: 7x32 tiles of bytes and of int16 pairs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "base/half.h"
#include "kernels/gemm/gemm_strip.h"

#define PREFETCH 4096

/* Seven rows times one or two registers of columns. */
#define ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6)
#define ZERO_LEFT(r) __m512i l##r = _mm512_setzero_si512();
#define ZERO_RIGHT(r) __m512i h##r = _mm512_setzero_si512();
#define STORE_LEFT(r) _mm512_storeu_si512(acc + 32 * r, l##r);
#define STORE_RIGHT(r) _mm512_storeu_si512(acc + 32 * r + 16, h##r);
#define BROADCAST(r)                                                                                         \
  int32_t word;                                                                                              \
  memcpy(&word, a##r + i, sizeof word);                                                                      \
  const __m512i v = _mm512_set1_epi32(word);

/* Unsigned bytes of A (int8 plus 128) by signed ones of B, four k per step. */
#define STEP1(r)                                                                                             \
  { BROADCAST(r) l##r = _mm512_dpbusd_epi32(l##r, v, b0); }
#define STEP2(r)                                                                                             \
  {                                                                                                          \
    BROADCAST(r) l##r = _mm512_dpbusd_epi32(l##r, v, b0);                                                    \
    h##r = _mm512_dpbusd_epi32(h##r, v, b1);                                                                 \
  }
void lrt_gemm_int_U8_7x32__avx512vnni(const void *strip, int64_t lda, int64_t kp, const int8_t *panel,
                                      int32_t *acc, int nr) {
  const uint8_t *a0 = strip, *a1 = a0 + lda, *a2 = a1 + lda, *a3 = a2 + lda, *a4 = a3 + lda, *a5 = a4 + lda;
  const uint8_t *a6 = a5 + lda;
  ROWS(ZERO_LEFT)
  if (nr <= 16) {
    for (int64_t i = 0; i < kp; i += 4, panel += 128) {
      const __m512i b0 = _mm512_loadu_si512(panel);
      ROWS(STEP1)
    }
    ROWS(STORE_LEFT)
    return;
  }
  ROWS(ZERO_RIGHT)
  for (int64_t i = 0; i < kp; i += 4, panel += 128) {
    const __m512i b0 = _mm512_loadu_si512(panel), b1 = _mm512_loadu_si512(panel + 64);
    ROWS(STEP2)
  }
  ROWS(STORE_LEFT)
  ROWS(STORE_RIGHT)
}
#undef STEP1
#undef STEP2

/* The same from rows by pointer, the sign flipped on the way: there is room for it beside two products. */
#define FLIPPED(r)                                                                                           \
  int32_t word;                                                                                              \
  memcpy(&word, a##r + i, sizeof word);                                                                      \
  const __m512i v = _mm512_xor_si512(_mm512_set1_epi32(word), turn);
#define STEP1(r)                                                                                             \
  { FLIPPED(r) l##r = _mm512_dpbusd_epi32(l##r, v, b0); }
#define STEP2(r)                                                                                             \
  {                                                                                                          \
    FLIPPED(r) l##r = _mm512_dpbusd_epi32(l##r, v, b0);                                                      \
    h##r = _mm512_dpbusd_epi32(h##r, v, b1);                                                                 \
  }
#define POINTER(r) const uint8_t *a##r = rows[r];
void lrt_gemm_direct_7x32__avx512vnni(const uint8_t *const *rows, int64_t taps, int64_t kc, uint32_t flip,
                                      const int8_t *panel, int32_t *acc, int nr) {
  const __m512i turn = _mm512_set1_epi32((int32_t)flip);
  ROWS(ZERO_LEFT)
  if (nr <= 16) {
    for (int64_t t = 0; t < taps; t++, rows += 7) {
      ROWS(POINTER)
      for (int64_t i = 0; i < kc; i += 4, panel += 128) {
        const __m512i b0 = _mm512_loadu_si512(panel);
        ROWS(STEP1)
      }
    }
    ROWS(STORE_LEFT)
    return;
  }
  ROWS(ZERO_RIGHT)
  for (int64_t t = 0; t < taps; t++, rows += 7) {
    ROWS(POINTER)
    for (int64_t i = 0; i < kc; i += 4, panel += 128) {
      const __m512i b0 = _mm512_loadu_si512(panel), b1 = _mm512_loadu_si512(panel + 64);
      ROWS(STEP2)
    }
  }
  ROWS(STORE_LEFT)
  ROWS(STORE_RIGHT)
}
#undef STEP1
#undef STEP2

/* Pairs of int16 of A by int8 of B widened on the way, two k per step. */
#define WIDEN(p) _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(p)))
#define STEP1(r)                                                                                             \
  { BROADCAST(r) l##r = _mm512_dpwssd_epi32(l##r, v, b0); }
#define STEP2(r)                                                                                             \
  {                                                                                                          \
    BROADCAST(r) l##r = _mm512_dpwssd_epi32(l##r, v, b0);                                                    \
    h##r = _mm512_dpwssd_epi32(h##r, v, b1);                                                                 \
  }
void lrt_gemm_int_S16_7x32__avx512vnni(const void *strip, int64_t lda, int64_t kp, const int8_t *panel,
                                       int32_t *acc, int nr) {
  const int16_t *a0 = strip, *a1 = a0 + lda, *a2 = a1 + lda, *a3 = a2 + lda, *a4 = a3 + lda, *a5 = a4 + lda;
  const int16_t *a6 = a5 + lda;
  ROWS(ZERO_LEFT)
  if (nr <= 16) {
    for (int64_t i = 0; i < kp; i += 2, panel += 64) {
      const __m512i b0 = WIDEN(panel);
      ROWS(STEP1)
    }
    ROWS(STORE_LEFT)
    return;
  }
  ROWS(ZERO_RIGHT)
  for (int64_t i = 0; i < kp; i += 2, panel += 64) {
    const __m512i b0 = WIDEN(panel), b1 = WIDEN(panel + 32);
    ROWS(STEP2)
  }
  ROWS(STORE_LEFT)
  ROWS(STORE_RIGHT)
}

/* The sums of the lanes of four registers. */
static inline __m128i fold4(__m512i s0, __m512i s1, __m512i s2, __m512i s3) {
#define HALF(v) _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1))
  const __m256i low = _mm256_hadd_epi32(HALF(s0), HALF(s1)), high = _mm256_hadd_epi32(HALF(s2), HALF(s3));
  const __m256i all = _mm256_hadd_epi32(low, high);
  return _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
#undef HALF
}

#define DOT(s, w) s = _mm512_dpbusd_epi32(s, x, _mm512_loadu_si512((w) + i));
#define DOT_HEAD(s, w) s = _mm512_dpbusd_epi32(s, x, _mm512_maskz_loadu_epi8(rest, (w) + i));
void lrt_gemm_gemv_U8__avx512vnni(const void *strip, int64_t k, const int8_t *w, int64_t ldw, int rows,
                                  int32_t *acc) {
  const uint8_t *a = strip;
  const __mmask64 rest = (UINT64_C(1) << (k % 64)) - 1;
  for (int r = 0; r < rows; r += 4) {
    const int count = rows - r < 4 ? rows - r : 4;
    const int8_t *w0 = w + r * ldw, *w1 = count > 1 ? w0 + ldw : w0;
    const int8_t *w2 = count > 2 ? w1 + ldw : w0, *w3 = count > 3 ? w2 + ldw : w0;
    __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
    int64_t i = 0;
    for (; i + 64 <= k; i += 64) {
      const __m512i x = _mm512_loadu_si512(a + i);
      const char *ahead = (const char *)w0 + 4 * i + PREFETCH; /* the four rows lie one after the other */
      for (int line = 0; line < 4; line++) _mm_prefetch(ahead + 64 * line, _MM_HINT_T0);
      DOT(s0, w0)
      DOT(s1, w1)
      DOT(s2, w2)
      DOT(s3, w3)
    }
    if (rest != 0) {
      const __m512i x = _mm512_maskz_loadu_epi8(rest, a + i);
      DOT_HEAD(s0, w0)
      DOT_HEAD(s1, w1)
      DOT_HEAD(s2, w2)
      DOT_HEAD(s3, w3)
    }
    _mm_mask_storeu_epi32(acc + r, (__mmask8)((1 << count) - 1), fold4(s0, s1, s2, s3));
  }
}

/* int8 plus 128 is the byte with its sign flipped; uint8 rows flip twice. Ends overlap the step before. */
static inline void copy(uint8_t *dst, const uint8_t *src, int64_t count, uint8_t flip) {
  const uint8_t turn = flip ^ 0x80;
  const __m256i v = _mm256_set1_epi8((char)turn);
  int64_t i = 0;
  if (count >= 32) {
    for (; i + 32 <= count; i += 32) {
      _mm256_storeu_si256((__m256i *)(dst + i),
                          _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(src + i)), v));
    }
    if (i < count) {
      const __m256i end = _mm256_loadu_si256((const __m256i *)(src + count - 32));
      _mm256_storeu_si256((__m256i *)(dst + count - 32), _mm256_xor_si256(end, v));
    }
    return;
  }
  for (; i + 8 <= count; i += 8) {
    const __m128i part = _mm_loadl_epi64((const __m128i *)(src + i));
    _mm_storel_epi64((__m128i *)(dst + i), _mm_xor_si128(part, _mm256_castsi256_si128(v)));
  }
  for (; i < count; i++) dst[i] = src[i] ^ turn;
}

void lrt_gemm_fill_U8__avx512vnni(const lrt_gemm_strip_args *args) {
  LRT_GEMM_STRIP_FILL(copy, uint8_t, 128)
}

void lrt_gemm_fill_S16__avx512vnni(const lrt_gemm_strip_args *args) {
  lrt_gemm_fill_S16__avx2(args);
}

void lrt_gemm_gemv_S16__avx512vnni(const void *strip, int64_t k, const int8_t *w, int64_t ldw, int rows,
                                   int32_t *acc) {
  lrt_gemm_gemv_S16__avx2(strip, k, w, ldw, rows, acc);
}

/* 128 weights, four blocks of 32: lanes 4b..4b+3 belong to block b. `start` takes the 8 off unsigned nibbles. */
static inline __m512 nibbles128(const uint8_t *w, __m512i even, __m512i odd, __m512i start) {
  const __m512i raw = _mm512_xor_si512(_mm512_loadu_si512(w), _mm512_set1_epi8((char)0x88));
  const __m512i mask = _mm512_set1_epi8(15);
  const __m512i low = _mm512_and_si512(raw, mask), high = _mm512_and_si512(_mm512_srli_epi16(raw, 4), mask);
  return _mm512_cvtepi32_ps(_mm512_dpbusd_epi32(_mm512_dpbusd_epi32(start, low, even), high, odd));
}

static inline __m512 scales4(const uint16_t *scale) {
  const __m128 four = _mm_cvtph_ps(_mm_loadl_epi64((const __m128i *)scale));
  const __m512i order = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
  return _mm512_permutexvar_ps(order, _mm512_castps128_ps512(four));
}

/* The halves of four blocks' 32 bytes: even elements of all four, odd ones of all four. */
static inline void split128(const void *p, __m512i *even, __m512i *odd) {
  const __m512i a = _mm512_loadu_si512(p), b = _mm512_loadu_si512((const char *)p + 64);
  *even = _mm512_permutex2var_epi64(a, _mm512_set_epi64(13, 12, 9, 8, 5, 4, 1, 0), b);
  *odd = _mm512_permutex2var_epi64(a, _mm512_set_epi64(15, 14, 11, 10, 7, 6, 3, 2), b);
}

void lrt_gemm_i4b__avx512vnni(const int8_t *x, const int16_t *corr, int64_t k, int64_t block,
                              const uint8_t *w, const uint16_t *scale, int64_t n, float *y) {
  if (block != 32 || k % 128 != 0) {
    lrt_gemm_i4b__avx2(x, corr, k, block, w, scale, n, y);
    return;
  }
  const int64_t blocks = k / 32, ldw = k / 2;
  for (int64_t j = 0; j < n; j += 2) {
    const int64_t other = j + 1 < n ? 1 : 0;
    const uint8_t *w0 = w + j * ldw, *w1 = w0 + other * ldw;
    const uint16_t *scale0 = scale + j * blocks, *scale1 = scale0 + other * blocks;
    __m512 s0 = _mm512_setzero_ps(), s1 = s0;
    for (int64_t i = 0; i < k; i += 128) {
      __m512i even, odd, c0, c1;
      split128(x + i, &even, &odd);
      split128(corr + i / 2, &c0, &c1); /* 16 words per block: 8 and 8 */
      const char *ahead = (const char *)w0 + i + PREFETCH;
      _mm_prefetch(ahead, _MM_HINT_T0);
      _mm_prefetch(ahead + 64, _MM_HINT_T0);
      const __m512i start = _mm512_madd_epi16(_mm512_add_epi16(c0, c1), _mm512_set1_epi16(1));
      s0 = _mm512_fmadd_ps(nibbles128(w0 + i / 2, even, odd, start), scales4(scale0 + i / 32), s0);
      s1 = _mm512_fmadd_ps(nibbles128(w1 + i / 2, even, odd, start), scales4(scale1 + i / 32), s1);
    }
    y[j] = _mm512_reduce_add_ps(s0);
    if (other) y[j + 1] = _mm512_reduce_add_ps(s1);
  }
}

void lrt_gemm_i4b_add__avx512vnni(const int32_t *acc, const int32_t *sums, const float *scale, float *sum,
                                  int mr, int nr) {
  lrt_gemm_i4b_add__avx2(acc, sums, scale, sum, mr, nr);
}
