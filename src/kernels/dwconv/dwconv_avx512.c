/* dwconv_avx512.c: f32 depthwise pixels for AVX-512: four pixels share each load of weights. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "kernels/dwconv/dwconv_core.h"

/* max(lo, v) keeps a NaN in v: the second operand wins. */
static inline __m512 clamp(__m512 v, __m512 lo, __m512 hi) {
  return _mm512_min_ps(hi, _mm512_max_ps(lo, v));
}

/* Channels [i, i + 16) of 32, under a mask, of pixels p0 … p3. */
typedef struct quad {
  const float *const *p0, *const *p1, *const *p2, *const *p3;
  int64_t taps, channels;
  const float *w, *bias;
  float *c0, *c1, *c2, *c3;
} quad;

#define LOAD(m, p) _mm512_maskz_loadu_ps(m, p)
#define TAP(r)                                                                                               \
  l##r = _mm512_fmadd_ps(LOAD(left, q->p##r[t] + i), w0, l##r);                                              \
  h##r = _mm512_fmadd_ps(LOAD(right, q->p##r[t] + i + 16), w1, h##r);
#define STORE(r)                                                                                             \
  _mm512_mask_storeu_ps(q->c##r + i, left, clamp(l##r, lo, hi));                                             \
  _mm512_mask_storeu_ps(q->c##r + i + 16, right, clamp(h##r, lo, hi));

static void four_pixels(const quad *q, __m512 lo, __m512 hi) {
  for (int64_t i = 0; i < q->channels; i += 32) {
    const int64_t rest = q->channels - i;
    const __mmask16 left = (__mmask16)(rest >= 16 ? 0xFFFF : (1 << rest) - 1);
    const __mmask16 right = (__mmask16)(rest >= 32 ? 0xFFFF : rest <= 16 ? 0 : (1 << (rest - 16)) - 1);
    __m512 l0 = LOAD(left, q->bias + i), l1 = l0, l2 = l0, l3 = l0;
    __m512 h0 = LOAD(right, q->bias + i + 16), h1 = h0, h2 = h0, h3 = h0;
    const float *w = q->w + i;
    for (int64_t t = 0; t < q->taps; t++, w += q->channels) {
      const __m512 w0 = LOAD(left, w), w1 = LOAD(right, w + 16);
      TAP(0) TAP(1) TAP(2) TAP(3)
    }
    STORE(0) STORE(1) STORE(2) STORE(3)
  }
}

void lrt_dwconv_f32__avx512(const float *const *rows, int64_t pixels, int64_t taps, int64_t channels,
                            const float *w, const float *bias, float lo, float hi, float *c, int64_t ldc) {
  const __m512 vlo = _mm512_set1_ps(lo), vhi = _mm512_set1_ps(hi);
  for (int64_t p = 0; p < pixels; p += 4, rows += 4 * taps, c += 4 * ldc) {
    const int64_t left = pixels - p; /* missing pixels repeat the first */
    const int64_t a = left > 1, b = left > 2 ? 2 : 0, d = left > 3 ? 3 : 0;
    const quad q = {rows, rows + a * taps, rows + b * taps, rows + d * taps, taps, channels, w, bias,
                    c,    c + a * ldc,     c + b * ldc,     c + d * ldc};
    four_pixels(&q, vlo, vhi);
  }
}
