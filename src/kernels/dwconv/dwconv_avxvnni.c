/* dwconv_avxvnni.c: int8 3x3 depthwise rows with the dot-product instruction on registers of 32 and 16 bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "kernels/dwconv/dwconv_core.h"

#define NAME(x) x##_32
#define WIDTH 32
#define VEC __m256i
#define FLOATS __m256
#define LOAD(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define STORE(p, v) _mm256_storeu_si256((__m256i *)(void *)(p), v)
#define XOR(a, b) _mm256_xor_si256(a, b)
#define SET8(v) _mm256_set1_epi8(v)
#define SET16(v) _mm256_set1_epi16(v)
#define LO8(a, b) _mm256_unpacklo_epi8(a, b)
#define HI8(a, b) _mm256_unpackhi_epi8(a, b)
#define LO16(a, b) _mm256_unpacklo_epi16(a, b)
#define HI16(a, b) _mm256_unpackhi_epi16(a, b)
#define DOT(s, u, v) _mm256_dpbusd_avx_epi32(s, u, v)
#define LOADF(p) _mm256_loadu_ps(p)
#define MULF(a, b) _mm256_mul_ps(a, b)
#define MINF(a, b) _mm256_min_ps(a, b)
#define SETF(v) _mm256_set1_ps(v)
#define TO_FLOAT(v) _mm256_cvtepi32_ps(v)
#define TO_INT(v) _mm256_cvtps_epi32(v)
#define PACK32(a, b) _mm256_packs_epi32(a, b)
#define PACK16(a, b) _mm256_packs_epi16(a, b)
#define ADDS16(a, b) _mm256_adds_epi16(a, b)
#define MAX8(a, b) _mm256_max_epi8(a, b)
#include "kernels/dwconv/dwconv_bytes.h"

#define NAME(x) x##_16
#define WIDTH 16
#define VEC __m128i
#define FLOATS __m128
#define LOAD(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define STORE(p, v) _mm_storeu_si128((__m128i *)(void *)(p), v)
#define XOR(a, b) _mm_xor_si128(a, b)
#define SET8(v) _mm_set1_epi8(v)
#define SET16(v) _mm_set1_epi16(v)
#define LO8(a, b) _mm_unpacklo_epi8(a, b)
#define HI8(a, b) _mm_unpackhi_epi8(a, b)
#define LO16(a, b) _mm_unpacklo_epi16(a, b)
#define HI16(a, b) _mm_unpackhi_epi16(a, b)
#define DOT(s, u, v) _mm_dpbusd_avx_epi32(s, u, v)
#define LOADF(p) _mm_loadu_ps(p)
#define MULF(a, b) _mm_mul_ps(a, b)
#define MINF(a, b) _mm_min_ps(a, b)
#define SETF(v) _mm_set1_ps(v)
#define TO_FLOAT(v) _mm_cvtepi32_ps(v)
#define TO_INT(v) _mm_cvtps_epi32(v)
#define PACK32(a, b) _mm_packs_epi32(a, b)
#define PACK16(a, b) _mm_packs_epi16(a, b)
#define ADDS16(a, b) _mm_adds_epi16(a, b)
#define MAX8(a, b) _mm_max_epi8(a, b)
#include "kernels/dwconv/dwconv_bytes.h"

void lrt_dwconv_i8_3x3__avxvnni(const lrt_dwconv_bytes *row, const void *packed, int8_t *c) {
  const int8_t *w = packed;
  int64_t c0;
  for (int64_t at = 0, n; at < row->channels; at += n, w += n * LRT_DWCONV_BLOCK_BYTES) {
    n = lrt_dwconv_next_block(at, row->channels, 32, &c0);
    (n == 32 ? block_32 : block_16)(row, c0, w, c);
  }
}
