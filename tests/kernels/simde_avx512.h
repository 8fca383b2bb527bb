/* simde_avx512.h: AVX-512 kernels on machines without it: SIMDe's emulation and the few functions that it lacks. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_SIMDE_AVX512_H
#define LRT_TESTS_SIMDE_AVX512_H

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#include <math.h>
#include <string.h>

#undef _mm512_madd_epi16 /* SIMDe 0.7.4 gives this name to the masked form */
#define _mm512_madd_epi16(a, b) simde_mm512_madd_epi16(a, b)

#define EMULATE_MAP(name, in_type, in_lane, out_type, out_lane, count, expression)                           \
  static inline out_type name(in_type v) {                                                                   \
    in_lane x[count];                                                                                        \
    out_lane y[count];                                                                                       \
    out_type result;                                                                                         \
    memcpy(x, &v, sizeof x);                                                                                 \
    for (int i = 0; i < count; i++) y[i] = expression;                                                       \
    memcpy(&result, y, sizeof result);                                                                       \
    return result;                                                                                           \
  }
static inline int32_t emulated_round(float v) {
  return v >= 2147483648.0f || v < -2147483648.0f ? INT32_MIN : (int32_t)lrintf(v);
}
EMULATE_MAP(emulated_cvtepi32_ps, __m512i, int32_t, __m512, float, 16, (float)x[i])
EMULATE_MAP(emulated_cvtps_epi32, __m512, float, __m512i, int32_t, 16, emulated_round(x[i]))
#define _mm512_cvtepi32_ps(v) emulated_cvtepi32_ps(v)
#define _mm512_cvtps_epi32(v) emulated_cvtps_epi32(v)

static inline __m512 emulated_cvtph_ps(__m256i v) {
  const __m256 halves[2] = {_mm256_cvtph_ps(_mm256_castsi256_si128(v)),
                            _mm256_cvtph_ps(_mm256_extracti128_si256(v, 1))};
  __m512 result;
  memcpy(&result, halves, sizeof result);
  return result;
}
#define _mm512_cvtph_ps(v) emulated_cvtph_ps(v)

static inline __m512i emulated_srav(__m512i v, __m512i count) {
  int32_t x[16], n[16];
  memcpy(x, &v, sizeof x);
  memcpy(n, &count, sizeof n);
  for (int i = 0; i < 16; i++) x[i] >>= n[i] > 31 ? 31 : n[i];
  memcpy(&v, x, sizeof x);
  return v;
}
#define _mm512_srav_epi32(v, count) emulated_srav(v, count)

static inline float emulated_sum_ps(__m512 v) {
  float x[16];
  memcpy(x, &v, sizeof x);
  for (int step = 8; step > 0; step /= 2) {
    for (int i = 0; i < step; i++) x[i] += x[i + step];
  }
  return x[0];
}
static inline int32_t emulated_sum_epi32(__m512i v) {
  int32_t x[16];
  uint32_t sum = 0;
  memcpy(x, &v, sizeof x);
  for (int i = 0; i < 16; i++) sum += (uint32_t)x[i];
  return (int32_t)sum;
}
#define _mm512_reduce_add_ps(v) emulated_sum_ps(v)
#define _mm512_reduce_add_epi32(v) emulated_sum_epi32(v)

/* Masked memory is touched only where the mask says so: guard pages notice. */
#define EMULATE_MASKED(lane, count, vector, load_name, store_name)                                           \
  static inline vector load_name(uint64_t mask, const void *from) {                                          \
    lane x[count] = {0};                                                                                     \
    vector v;                                                                                                \
    for (int i = 0; i < count; i++) {                                                                        \
      if (mask >> i & 1) memcpy(x + i, (const lane *)from + i, sizeof(lane));                                \
    }                                                                                                        \
    memcpy(&v, x, sizeof v);                                                                                 \
    return v;                                                                                                \
  }                                                                                                          \
  static inline void store_name(void *to, uint64_t mask, vector v) {                                         \
    lane x[count];                                                                                           \
    memcpy(x, &v, sizeof v);                                                                                 \
    for (int i = 0; i < count; i++) {                                                                        \
      if (mask >> i & 1) memcpy((lane *)to + i, x + i, sizeof(lane));                                        \
    }                                                                                                        \
  }
EMULATE_MASKED(float, 16, __m512, emulated_load_ps, emulated_store_ps)
EMULATE_MASKED(uint8_t, 16, __m128i, emulated_load_epi8, emulated_store_epi8)
EMULATE_MASKED(uint16_t, 16, __m256i, emulated_load_epi16, emulated_store_epi16)
EMULATE_MASKED(uint8_t, 64, __m512i, emulated_load512_epi8, emulated_store512_epi8)
EMULATE_MASKED(int32_t, 4, __m128i, emulated_load_epi32, emulated_store_epi32)
#define _mm512_maskz_loadu_epi8(mask, from) emulated_load512_epi8(mask, from)
#define _mm_mask_storeu_epi32(to, mask, v) emulated_store_epi32(to, mask, v)
#define _mm512_maskz_loadu_ps(mask, from) emulated_load_ps(mask, from)
#define _mm512_mask_storeu_ps(to, mask, v) emulated_store_ps(to, mask, v)
#define _mm_maskz_loadu_epi8(mask, from) emulated_load_epi8(mask, from)
#define _mm_mask_storeu_epi8(to, mask, v) emulated_store_epi8(to, mask, v)
#define _mm256_maskz_loadu_epi16(mask, from) emulated_load_epi16(mask, from)
#define _mm256_mask_storeu_epi16(to, mask, v) emulated_store_epi16(to, mask, v)

#endif
