/* gemm_avx512vnni.c: integer products with the dot-product instructions: 7x32 tiles of bytes and of int16 pairs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>
#include <string.h>

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
#define POINTER(r) const uint8_t *a##r = apart > 0 ? rows[0] + r * apart : rows[r];
void lrt_gemm_direct_7x32__avx512vnni(const uint8_t *const *rows, int64_t apart, int64_t taps, int64_t kc,
                                      uint32_t flip, const int8_t *panel, int32_t *acc, int nr) {
  const __m512i turn = _mm512_set1_epi32((int32_t)flip);
  const int step = apart > 0 ? 1 : 7;
  ROWS(ZERO_LEFT)
  if (nr <= 16) {
    for (int64_t t = 0; t < taps; t++, rows += step) {
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
  for (int64_t t = 0; t < taps; t++, rows += step) {
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

/* 128 weights, four blocks of 32: lanes 4b..4b+3 belong to block b. Nibbles stay in the upper half of their byte: the sums
 * are 16 times as large as they should be. */
static inline __m512i nibbles128(__m512i w, __m512i even, __m512i odd) {
  const __m512i mask = _mm512_set1_epi8((char)0xf0);
  const __m512i low = _mm512_and_si512(_mm512_slli_epi16(w, 4), mask), high = _mm512_and_si512(w, mask);
  return _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), even, low), odd, high);
}

/* Sums of the four lanes of each quarter: row r's in lane r of the quarter. */
static inline __m512i sum_rows(__m512i r0, __m512i r1, __m512i r2, __m512i r3) {
  const __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(r0, r1), _mm512_unpackhi_epi32(r0, r1));
  const __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(r2, r3), _mm512_unpackhi_epi32(r2, r3));
  return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

/* Scales of up to four neighbouring blocks of four rows: quarter b has block b's four; missing blocks have 0. */
static inline __m512 scales4x4(const uint16_t *const rows[4], int64_t at, size_t count) {
  __m128i r[4];
  for (int q = 0; q < 4; q++) {
    uint64_t bits = 0;
    memcpy(&bits, rows[q] + at, count == 4 ? 8 : 2 * count);
    r[q] = _mm_cvtsi64_si128((long long)bits);
  }
  const __m128i a = _mm_unpacklo_epi16(r[0], r[1]), b = _mm_unpacklo_epi16(r[2], r[3]);
  return _mm512_cvtph_ps(_mm256_set_m128i(_mm_unpackhi_epi32(a, b), _mm_unpacklo_epi32(a, b)));
}

/* The halves of four blocks' 32 bytes: even elements of all four, odd ones of all four. The first `bytes` are there. */
static inline void split128(const void *p, int64_t bytes, __m512i *even, __m512i *odd) {
  const __mmask64 first = bytes < 64 ? (1ull << bytes) - 1 : ~0ull;
  const __mmask64 second = bytes < 64 ? 0 : bytes < 128 ? (1ull << (bytes - 64)) - 1 : ~0ull;
  const __m512i a = _mm512_maskz_loadu_epi8(first, p),
                b = _mm512_maskz_loadu_epi8(second, (const char *)p + 64);
  *even = _mm512_permutex2var_epi64(a, _mm512_set_epi64(13, 12, 9, 8, 5, 4, 1, 0), b);
  *odd = _mm512_permutex2var_epi64(a, _mm512_set_epi64(15, 14, 11, 10, 7, 6, 3, 2), b);
}

/* Four rows, `size` (32, 64, 96 or 128) elements at i: each block's sum times its scale, one block after the other. */
static inline __attribute__((always_inline)) __m128 add_blocks(const uint8_t *x, const uint8_t *const w[4],
                                                               const uint16_t *const scale[4], int64_t i,
                                                               int64_t size, __m128 sum) {
  const __mmask64 there = size == 128 ? ~0ull : (1ull << (size / 2)) - 1;
  __m512i even, odd, dots[4];
  split128(x + i, size, &even, &odd);
  for (int q = 0; q < 4; q++) dots[q] = nibbles128(_mm512_maskz_loadu_epi8(there, w[q] + i / 2), even, odd);
  const __m512 acc = _mm512_cvtepi32_ps(sum_rows(dots[0], dots[1], dots[2], dots[3]));
  const __m512 by =
      _mm512_mul_ps(scales4x4(scale, i / 32, (size_t)size / 32), _mm512_set1_ps(0.0625f)); /* exact */
  sum = _mm_fmadd_ps(_mm512_castps512_ps128(acc), _mm512_castps512_ps128(by), sum);
  sum = _mm_fmadd_ps(_mm512_extractf32x4_ps(acc, 1), _mm512_extractf32x4_ps(by, 1), sum);
  sum = _mm_fmadd_ps(_mm512_extractf32x4_ps(acc, 2), _mm512_extractf32x4_ps(by, 2), sum);
  return _mm_fmadd_ps(_mm512_extractf32x4_ps(acc, 3), _mm512_extractf32x4_ps(by, 3), sum);
}

void lrt_gemm_i4b__avx512vnni(const uint8_t *x, int64_t k, int64_t block, const uint8_t *w,
                              const uint16_t *scale, int64_t n, float *y) {
  if (block != 32) {
    lrt_gemm_i4b__avx2(x, k, block, w, scale, n, y);
    return;
  }
  for (int64_t j = 0; j < n; j += 4) {
    const int64_t rows = n - j < 4 ? n - j : 4;
    const uint8_t *wr[4];
    const uint16_t *sr[4];
    float four[4] = {0};
    for (int64_t q = 0; q < 4; q++) {
      wr[q] = w + (j + (q < rows ? q : 0)) * (k / 2);
      sr[q] = scale + (j + (q < rows ? q : 0)) * (k / 32);
    }
    memcpy(four, y + j, (size_t)rows * sizeof *four);
    __m128 sum = _mm_loadu_ps(four);
    int64_t i = 0;
    for (; i + 128 <= k; i += 128) {
      const char *ahead = (const char *)wr[0] + 2 * i + PREFETCH;
      for (int64_t line = 0; line < 256; line += 64) _mm_prefetch(ahead + line, _MM_HINT_T0);
      sum = add_blocks(x, wr, sr, i, 128, sum);
    }
    if (i < k) sum = add_blocks(x, wr, sr, i, k - i, sum);
    _mm_storeu_ps(four, sum);
    memcpy(y + j, four, (size_t)rows * sizeof *four);
  }
}

void lrt_gemm_i4b_add__avx512vnni(const int32_t *acc, const int32_t *sums, const float *scale, float *sum,
                                  int mr, int nr) {
  lrt_gemm_i4b_add__avx2(acc, sums, scale, sum, mr, nr);
}
