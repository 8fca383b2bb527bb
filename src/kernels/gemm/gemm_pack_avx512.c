/* gemm_pack_avx512.c: turns rows of weights into panels sixteen rows at a time by transposing registers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "kernels/gemm/gemm_core.h"

/* Four dwords of rows 0, 4, 8 and 12 from `w` on, a row in each quarter. The quarters come from memory, which spares the
 * exchanges between them that transposing whole registers takes. */
static inline __m512 load_quarters(const char *w, int64_t row_bytes) {
  __m512 v = _mm512_castps128_ps512(_mm_loadu_ps((const float *)(const void *)w));
  v = _mm512_insertf32x4(v, _mm_loadu_ps((const float *)(const void *)(w + 4 * row_bytes)), 1);
  v = _mm512_insertf32x4(v, _mm_loadu_ps((const float *)(const void *)(w + 8 * row_bytes)), 2);
  return _mm512_insertf32x4(v, _mm_loadu_ps((const float *)(const void *)(w + 12 * row_bytes)), 3);
}

/* Dwords [4 * groups][nr] from rows [nr] of them; nr is a multiple of 16. */
static void pack_dwords(const char *w, int64_t row_bytes, int64_t groups, int nr, char *panel) {
  const int64_t line = 4 * (int64_t)nr;
  for (int j = 0; j < nr; j += 16) {
    const char *rows = w + j * row_bytes;
    char *out = panel + 4 * j;
    for (int64_t i = 0; i < groups; i++, rows += 16, out += 4 * line) {
      const __m512 a = load_quarters(rows, row_bytes), b = load_quarters(rows + row_bytes, row_bytes);
      const __m512 c = load_quarters(rows + 2 * row_bytes, row_bytes),
                   d = load_quarters(rows + 3 * row_bytes, row_bytes);
      const __m512d ab = _mm512_castps_pd(_mm512_unpacklo_ps(a, b)),
                    cd = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
      const __m512d ab2 = _mm512_castps_pd(_mm512_unpackhi_ps(a, b)),
                    cd2 = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));
      _mm512_storeu_pd(out, _mm512_unpacklo_pd(ab, cd));
      _mm512_storeu_pd(out + line, _mm512_unpackhi_pd(ab, cd));
      _mm512_storeu_pd(out + 2 * line, _mm512_unpacklo_pd(ab2, cd2));
      _mm512_storeu_pd(out + 3 * line, _mm512_unpackhi_pd(ab2, cd2));
    }
  }
}

int64_t lrt_gemm_pack_floats__avx512(const void *w, int64_t ldw, int64_t k, int nr, void *panel) {
  pack_dwords(w, ldw * 4, k / 4, nr, panel);
  return k / 4 * 4;
}

/* int8 in fours. */
int64_t lrt_gemm_pack_quads__avx512(const void *w, int64_t ldw, int64_t k, int nr, void *panel) {
  pack_dwords(w, ldw, k / 16, nr, panel);
  return k / 16 * 16;
}
