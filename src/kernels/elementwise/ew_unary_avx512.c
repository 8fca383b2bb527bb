/* ew_unary_avx512.c: fast one-operand rows compiled for AVX-512. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#define LRT_UNARY_FAST_SIMPLE
#define LRT_UNARY_OWN_RSQRT
#define LEVEL(name) name##__avx512
#include "kernels/elementwise/ew_unary_fast.h"

/* The processor's 14 bits and one step of Newton's method, y - y / 2 (x y^2 - 1), each operation rounded by itself: within
 * two units of the last place, and what XNNPACK gives (kernels/reduce/lane_sum.h says why that matters). */
void lrt_unary_rsqrt_f32__avx512(const lrt_unary_params *p, const void *in_, void *out_, size_t count) {
  const float *in = in_;
  float *out = out_;
  (void)p;
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 here = (__mmask16)(count - i < 16 ? (1u << (count - i)) - 1 : 0xffff);
    const __m512 x = _mm512_maskz_loadu_ps(here, in + i), y = _mm512_rsqrt14_ps(x);
    const __m512 off = _mm512_sub_ps(_mm512_mul_ps(x, _mm512_mul_ps(y, y)), _mm512_set1_ps(1.0f));
    const __m512 half = _mm512_mul_ps(_mm512_set1_ps(0.5f), y);
    __m512 r = _mm512_sub_ps(y, _mm512_mul_ps(off, half));
    const __mmask16 plain = _mm512_cmp_ps_mask(r, r, _CMP_EQ_OQ);
    if (plain != 0xffff) /* zeros, denormals, infinities, negative numbers */
      r = _mm512_mask_div_ps(r, (__mmask16)~plain, _mm512_set1_ps(1.0f), _mm512_sqrt_ps(x));
    _mm512_mask_storeu_ps(out + i, here, r);
  }
}
