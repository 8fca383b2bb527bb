/* gemm_pack_avx2.c: turns rows of weights into panels eight rows at a time by transposing registers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "kernels/gemm/gemm_core.h"

/* Eight registers of eight dwords: rows become columns. */
static inline void transpose8(__m256 *r) {
  const __m256 t0 = _mm256_unpacklo_ps(r[0], r[1]), t1 = _mm256_unpackhi_ps(r[0], r[1]);
  const __m256 t2 = _mm256_unpacklo_ps(r[2], r[3]), t3 = _mm256_unpackhi_ps(r[2], r[3]);
  const __m256 t4 = _mm256_unpacklo_ps(r[4], r[5]), t5 = _mm256_unpackhi_ps(r[4], r[5]);
  const __m256 t6 = _mm256_unpacklo_ps(r[6], r[7]), t7 = _mm256_unpackhi_ps(r[6], r[7]);
  const __m256 u0 = _mm256_shuffle_ps(t0, t2, 0x44), u1 = _mm256_shuffle_ps(t0, t2, 0xEE);
  const __m256 u2 = _mm256_shuffle_ps(t1, t3, 0x44), u3 = _mm256_shuffle_ps(t1, t3, 0xEE);
  const __m256 u4 = _mm256_shuffle_ps(t4, t6, 0x44), u5 = _mm256_shuffle_ps(t4, t6, 0xEE);
  const __m256 u6 = _mm256_shuffle_ps(t5, t7, 0x44), u7 = _mm256_shuffle_ps(t5, t7, 0xEE);
  r[0] = _mm256_permute2f128_ps(u0, u4, 0x20);
  r[1] = _mm256_permute2f128_ps(u1, u5, 0x20);
  r[2] = _mm256_permute2f128_ps(u2, u6, 0x20);
  r[3] = _mm256_permute2f128_ps(u3, u7, 0x20);
  r[4] = _mm256_permute2f128_ps(u0, u4, 0x31);
  r[5] = _mm256_permute2f128_ps(u1, u5, 0x31);
  r[6] = _mm256_permute2f128_ps(u2, u6, 0x31);
  r[7] = _mm256_permute2f128_ps(u3, u7, 0x31);
}

/* Dwords [k][nr] from rows [nr] of them; `ldw` and `k` in dwords. */
static int64_t pack_dwords(const float *w, int64_t ldw, int64_t k, int nr, float *panel) {
  const int64_t whole = k / 8 * 8;
  for (int j = 0; j < nr; j += 8) {
    const float *rows = w + j * ldw;
    for (int64_t i = 0; i < whole; i += 8) {
      __m256 r[8];
      for (int q = 0; q < 8; q++) r[q] = _mm256_loadu_ps(rows + q * ldw + i);
      transpose8(r);
      for (int q = 0; q < 8; q++) _mm256_storeu_ps(panel + (i + q) * nr + j, r[q]);
    }
  }
  return whole;
}

int64_t lrt_gemm_pack_floats__avx2(const void *w, int64_t ldw, int64_t k, int nr, void *panel) {
  return pack_dwords(w, ldw, k, nr, panel);
}

/* int8 in fours: rows may start anywhere, so they are read byte by byte as far as the language is concerned. */
int64_t lrt_gemm_pack_quads__avx2(const void *w, int64_t ldw, int64_t k, int nr, void *panel) {
  const int64_t whole = k / 32 * 32;
  for (int j = 0; j < nr; j += 8) {
    const int8_t *rows = (const int8_t *)w + j * ldw;
    for (int64_t i = 0; i < whole; i += 32) {
      __m256 r[8];
      for (int q = 0; q < 8; q++) {
        r[q] = _mm256_castsi256_ps(_mm256_loadu_si256((const __m256i *)(rows + q * ldw + i)));
      }
      transpose8(r);
      int8_t *out = (int8_t *)panel + i * nr + 4 * j;
      for (int q = 0; q < 8; q++)
        _mm256_storeu_si256((__m256i *)(out + 4 * q * nr), _mm256_castps_si256(r[q]));
    }
  }
  return whole;
}

/* int8 in pairs: eight rows of eight words. */
int64_t lrt_gemm_pack_pairs__avx2(const void *w, int64_t ldw, int64_t k, int nr, void *panel) {
  const int64_t whole = k / 16 * 16;
  for (int j = 0; j < nr; j += 8) {
    const int8_t *rows = (const int8_t *)w + j * ldw;
    for (int64_t i = 0; i < whole; i += 16) {
      __m128i r[8], t[8], u[8];
      for (int q = 0; q < 8; q++) r[q] = _mm_loadu_si128((const __m128i *)(rows + q * ldw + i));
      for (int q = 0; q < 4; q++) {
        t[2 * q] = _mm_unpacklo_epi16(r[2 * q], r[2 * q + 1]);
        t[2 * q + 1] = _mm_unpackhi_epi16(r[2 * q], r[2 * q + 1]);
      }
      for (int q = 0; q < 2; q++) {
        u[4 * q] = _mm_unpacklo_epi32(t[4 * q], t[4 * q + 2]);
        u[4 * q + 1] = _mm_unpackhi_epi32(t[4 * q], t[4 * q + 2]);
        u[4 * q + 2] = _mm_unpacklo_epi32(t[4 * q + 1], t[4 * q + 3]);
        u[4 * q + 3] = _mm_unpackhi_epi32(t[4 * q + 1], t[4 * q + 3]);
      }
      int8_t *out = (int8_t *)panel + i * nr + 2 * j;
      for (int q = 0; q < 4; q++) {
        _mm_storeu_si128((__m128i *)(out + 4 * q * nr), _mm_unpacklo_epi64(u[q], u[q + 4]));
        _mm_storeu_si128((__m128i *)(out + (4 * q + 2) * nr), _mm_unpackhi_epi64(u[q], u[q + 4]));
      }
    }
  }
  return whole;
}
