/* half_avx2.c: half to float and back, eight at a time, by the processor's conversion instructions. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "base/half.h"
#include "kernels/quantize/half_convert.h"

void lrt_half_widen__avx2(const uint16_t *half, float *out, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(half + i))));
  }
  for (; i < count; i++) out[i] = lrt_half_to_float(half[i]);
}

void lrt_half_narrow__avx2(const float *in, uint16_t *out, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m128i h = _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm_storeu_si128((__m128i *)(void *)(out + i), h);
  }
  for (; i < count; i++) out[i] = lrt_half_from_float(in[i]);
}
