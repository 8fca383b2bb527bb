/* gemm_avxvnni.c: int8 products with the 256-bit dot-product instruction: 6x16 tiles, matrix times vector. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "kernels/gemm/gemm_strip.h"

#define PREFETCH 4096

/* Six rows times two registers of columns; `turn` makes bytes of the rows unsigned. */
#define ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define ZERO(r) __m256i l##r = _mm256_setzero_si256(), h##r = l##r;
#define STORE(r)                                                                                             \
  _mm256_storeu_si256((__m256i *)(acc + 16 * r), l##r);                                                      \
  _mm256_storeu_si256((__m256i *)(acc + 16 * r + 8), h##r);
#define STEP(r)                                                                                              \
  {                                                                                                          \
    int32_t word;                                                                                            \
    memcpy(&word, a##r + i, sizeof word);                                                                    \
    const __m256i v = _mm256_xor_si256(_mm256_set1_epi32(word), turn);                                       \
    l##r = _mm256_dpbusd_avx_epi32(l##r, v, b0);                                                             \
    h##r = _mm256_dpbusd_avx_epi32(h##r, v, b1);                                                             \
  }
#define POINTER(r) const uint8_t *a##r = apart > 0 ? rows[0] + r * apart : rows[r];

void lrt_gemm_direct_6x16__avxvnni(const uint8_t *const *rows, int64_t apart, int64_t taps, int64_t kc,
                                   uint32_t flip, const int8_t *panel, int32_t *acc, int nr) {
  const __m256i turn = _mm256_set1_epi32((int32_t)flip);
  const int step = apart > 0 ? 1 : 6;
  (void)nr;
  ROWS(ZERO)
  for (int64_t t = 0; t < taps; t++, rows += step) {
    ROWS(POINTER)
    for (int64_t i = 0; i < kc; i += 4, panel += 64) {
      const __m256i b0 = _mm256_loadu_si256((const __m256i *)panel);
      const __m256i b1 = _mm256_loadu_si256((const __m256i *)(panel + 32));
      ROWS(STEP)
    }
  }
  ROWS(STORE)
}

void lrt_gemm_int_U8_6x16__avxvnni(const void *strip, int64_t lda, int64_t kp, const int8_t *panel,
                                   int32_t *acc, int nr) {
  const uint8_t *a = strip;
  const uint8_t *const rows[6] = {a, a + lda, a + 2 * lda, a + 3 * lda, a + 4 * lda, a + 5 * lda};
  lrt_gemm_direct_6x16__avxvnni(rows, 0, 1, kp, 0, panel, acc, nr);
}

static inline int32_t fold(__m256i v) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1)));
}

static int32_t dot_tail(__m256i sum, const uint8_t *a, const int8_t *w, int64_t from, int64_t k) {
  uint32_t total = (uint32_t)fold(sum);
  for (int64_t i = from; i < k; i++) total += (uint32_t)(a[i] * w[i]);
  return (int32_t)total;
}

#define DOT(s, w) s = _mm256_dpbusd_avx_epi32(s, x, _mm256_loadu_si256((const __m256i *)((w) + i)));
void lrt_gemm_gemv_U8__avxvnni(const void *strip, int64_t k, const int8_t *w, int64_t ldw, int rows,
                               int32_t *acc) {
  const uint8_t *a = strip;
  for (int r = 0; r < rows; r += 4) {
    const int count = rows - r < 4 ? rows - r : 4;
    const int8_t *w0 = w + r * ldw, *w1 = count > 1 ? w0 + ldw : w0;
    const int8_t *w2 = count > 2 ? w1 + ldw : w0, *w3 = count > 3 ? w2 + ldw : w0;
    __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
    int64_t i = 0;
    for (; i + 32 <= k; i += 32) {
      const __m256i x = _mm256_loadu_si256((const __m256i *)(a + i));
      const char *ahead = (const char *)w0 + 4 * i + PREFETCH; /* the four rows lie one after the other */
      _mm_prefetch(ahead, _MM_HINT_T0);
      _mm_prefetch(ahead + 64, _MM_HINT_T0);
      DOT(s0, w0)
      DOT(s1, w1)
      DOT(s2, w2)
      DOT(s3, w3)
    }
    acc[r] = dot_tail(s0, a, w0, i, k);
    if (count > 1) acc[r + 1] = dot_tail(s1, a, w1, i, k);
    if (count > 2) acc[r + 2] = dot_tail(s2, a, w2, i, k);
    if (count > 3) acc[r + 3] = dot_tail(s3, a, w3, i, k);
  }
}

static inline void copy(uint8_t *dst, const uint8_t *src, int64_t count, uint8_t flip) {
  const uint8_t turn = flip ^ 0x80;
  const __m256i v = _mm256_set1_epi8((char)turn);
  int64_t i = 0;
  for (; i + 32 <= count; i += 32)
    _mm256_storeu_si256((__m256i *)(dst + i),
                        _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(src + i)), v));
  for (; i < count; i++) dst[i] = src[i] ^ turn;
}

void lrt_gemm_fill_U8__avxvnni(const lrt_gemm_strip_args *args) {
  LRT_GEMM_STRIP_FILL(copy, uint8_t, 128)
}
