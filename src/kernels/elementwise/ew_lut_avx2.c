/* ew_lut_avx2.c: 256-entry tables read 32 bytes at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "kernels/elementwise/ew_lut.h"

/* The table is sixteen rows of sixteen bytes. A byte shuffle gives 0 where its index has the top bit set, so that for
 * row k the indices x - 16 k are pushed there unless they lie within the row; the rows' results are joined by OR. */
void lrt_unary_lut8__avx2(const uint8_t table[256], const void *in_, void *out_, size_t count) {
  const uint8_t *in = in_;
  uint8_t *out = out_;
  __m256i row[16];
  const __m256i sixteen = _mm256_set1_epi8(16), push = _mm256_set1_epi8(0x70);
  for (int k = 0; k < 16; k++)
    row[k] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(table + 16 * k)));
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    __m256i x0 = _mm256_loadu_si256((const __m256i *)(in + i)),
            x1 = _mm256_loadu_si256((const __m256i *)(in + i + 32));
    __m256i y0 = _mm256_setzero_si256(), y1 = y0;
    for (int k = 0; k < 16; k++) {
      y0 = _mm256_or_si256(y0, _mm256_shuffle_epi8(row[k], _mm256_adds_epu8(x0, push)));
      y1 = _mm256_or_si256(y1, _mm256_shuffle_epi8(row[k], _mm256_adds_epu8(x1, push)));
      x0 = _mm256_sub_epi8(x0, sixteen);
      x1 = _mm256_sub_epi8(x1, sixteen);
    }
    _mm256_storeu_si256((__m256i *)(out + i), y0);
    _mm256_storeu_si256((__m256i *)(out + i + 32), y1);
  }
  for (; i < count; i++) out[i] = table[in[i]];
}
