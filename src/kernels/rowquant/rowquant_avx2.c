/* rowquant_avx2.c: row quantizers for AVX2, equal to the reference bit by bit. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels/rowquant/rowquant.h"

static float fold_min(__m256 v) {
  __m128 s = _mm_min_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_min_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_min_ss(s, _mm_movehdup_ps(s)));
}

/* x * 0 is NaN exactly for values that are not finite. */
static bool find_range(const float *x, int64_t count, float *low, float *high) {
  const __m256 zero = _mm256_setzero_ps();
  __m256 least = zero, most = zero, odd = zero; /* a range always includes 0 */
  __m256 least1 = zero, most1 = zero, odd1 = zero, least2 = zero, most2 = zero, odd2 = zero;
  int64_t i = 0;
  for (; i + 24 <= count; i += 24) { /* three chains hide the latency of each */
    const __m256 v = _mm256_loadu_ps(x + i), v1 = _mm256_loadu_ps(x + i + 8),
                 v2 = _mm256_loadu_ps(x + i + 16);
    least = _mm256_min_ps(least, v), least1 = _mm256_min_ps(least1, v1), least2 = _mm256_min_ps(least2, v2);
    most = _mm256_max_ps(most, v), most1 = _mm256_max_ps(most1, v1), most2 = _mm256_max_ps(most2, v2);
    odd = _mm256_fmadd_ps(v, zero, odd), odd1 = _mm256_fmadd_ps(v1, zero, odd1);
    odd2 = _mm256_fmadd_ps(v2, zero, odd2);
  }
  least = _mm256_min_ps(least, _mm256_min_ps(least1, least2));
  most = _mm256_max_ps(most, _mm256_max_ps(most1, most2));
  odd = _mm256_add_ps(odd, _mm256_add_ps(odd1, odd2));
  for (; i + 8 <= count; i += 8) {
    const __m256 v = _mm256_loadu_ps(x + i);
    least = _mm256_min_ps(least, v);
    most = _mm256_max_ps(most, v);
    odd = _mm256_fmadd_ps(v, zero, odd);
  }
  *low = fold_min(least);
  *high = -fold_min(_mm256_sub_ps(zero, most));
  bool finite = _mm256_movemask_ps(_mm256_cmp_ps(odd, odd, _CMP_UNORD_Q)) == 0;
  for (; i < count; i++) {
    finite = finite && isfinite(x[i]);
    if (x[i] < *low) *low = x[i];
    if (x[i] > *high) *high = x[i];
  }
  return finite;
}

/* Half away from zero: the fraction that truncation cuts off is exact. */
static inline __m256i round_away(__m256 v) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  const __m256 whole = _mm256_round_ps(v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
  const __m256 rest = _mm256_andnot_ps(sign, _mm256_sub_ps(v, whole));
  const __m256 one = _mm256_or_ps(_mm256_and_ps(sign, v), _mm256_set1_ps(1.0f));
  const __m256 up = _mm256_and_ps(_mm256_cmp_ps(rest, _mm256_set1_ps(0.5f), _CMP_GE_OQ), one);
  return _mm256_cvttps_epi32(_mm256_add_ps(whole, up));
}

static inline __m256i quantize8(const float *x, __m256 inverse, __m256i zero, bool even) {
  const __m256 v = _mm256_mul_ps(_mm256_loadu_ps(x), inverse);
  return _mm256_add_epi32(zero, even ? _mm256_cvtps_epi32(v) : round_away(v));
}

/* q = zero + round(x * inverse) within [low, 127], halves to even or away from zero; rows are finite, so the sum stays near
 * the int8 range. */
static inline __attribute__((always_inline)) void
quantize_by(const float *x, int64_t count, float inverse, int32_t zero, int8_t low, bool even, int8_t *q) {
  const __m256 vi = _mm256_set1_ps(inverse);
  const __m256i vz = _mm256_set1_epi32(zero);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7), least = _mm256_set1_epi8(low);
  int64_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i a = _mm256_packs_epi32(quantize8(x + i, vi, vz, even), quantize8(x + i + 8, vi, vz, even));
    const __m256i b =
        _mm256_packs_epi32(quantize8(x + i + 16, vi, vz, even), quantize8(x + i + 24, vi, vz, even));
    const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(a, b), order);
    _mm256_storeu_si256((__m256i *)(q + i), _mm256_max_epi8(bytes, least));
  }
  for (; i < count; i += 8) {
    float part[8] = {0};
    const int64_t rest = count - i < 8 ? count - i : 8;
    memcpy(part, x + i, (size_t)rest * sizeof *part);
    const __m256i v = quantize8(part, vi, vz, even);
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    const __m128i bytes = _mm_max_epi8(_mm_packs_epi16(words, words), _mm256_castsi256_si128(least));
    memcpy(q + i, &bytes, (size_t)rest);
  }
}

static void quantize(const float *x, int64_t count, float inverse, int32_t zero, int8_t low, int8_t *q) {
  quantize_by(x, count, inverse, zero, low, false, q);
}

void lrt_rowquant_asymmetric__avx2(const float *x, int64_t count, int8_t *q, float *scale, int32_t *zero) {
  float low, high;
  const bool finite = find_range(x, count, &low, &high);
  if (!finite || !lrt_rowquant_asymmetric_range(low, high, scale, zero)) {
    lrt_rowquant_flat(count, finite, q, scale, zero);
    return;
  }
  quantize(x, count, 1.0f / *scale, *zero, -128, q);
}

void lrt_rowquant_symmetric__avx2(const float *x, int64_t count, int8_t *q, float *scale, int32_t *zero) {
  float low, high;
  const bool finite = find_range(x, count, &low, &high);
  if (!finite || !lrt_rowquant_symmetric_range(low, high, scale)) {
    lrt_rowquant_flat(count, finite, q, scale, zero);
    return;
  }
  *zero = 0;
  quantize(x, count, 127.0f / fmaxf(fabsf(low), fabsf(high)), 0, -127, q);
}

void lrt_rowquant_nearest__avx2(const float *x, int64_t count, int8_t *q, float *scale, int32_t *zero) {
  float low, high, factor;
  const bool finite = find_range(x, count, &low, &high);
  if (!finite || !lrt_rowquant_nearest_range(low, high, &factor, scale, zero)) {
    lrt_rowquant_flat(count, finite, q, scale, zero);
    return;
  }
  quantize_by(x, count, factor, *zero, -128, true, q);
}
