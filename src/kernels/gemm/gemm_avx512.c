/* gemm_avx512.c: f32 product kernels (7x32 tiles, matrix times vector) and epilogues for AVX-512. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "kernels/gemm/gemm_strip.h"

#define PREFETCH 4096

/* Columns [0, nr) of 16. */
static inline __mmask16 head(int nr) {
  return (__mmask16)(nr >= 16 ? 0xFFFF : (1 << nr) - 1);
}

/* max(lo, v) keeps a NaN in v: the second operand wins. */
static inline __m512 clamp(__m512 v, __m512 lo, __m512 hi) {
  return _mm512_min_ps(hi, _mm512_max_ps(lo, v));
}

#define FMA(r, half, b) half##r = _mm512_fmadd_ps(_mm512_set1_ps(a##r[i]), b, half##r);
#define FMA2(r) FMA(r, l, b0) FMA(r, h, b1)
#define FMA1(r) FMA(r, l, b0)
#define ROWS                                                                                                 \
  const float *a0 = rows[0], *a1 = rows[1], *a2 = rows[2], *a3 = rows[3], *a4 = rows[4], *a5 = rows[5],      \
              *a6 = rows[6];
#define STORE_LEFT(r)                                                                                        \
  if (mr > r) _mm512_mask_storeu_ps(c + r * ldc, head(nr), clamp(l##r, vlo, vhi));
#define STORE_RIGHT(r)                                                                                       \
  if (mr > r) _mm512_mask_storeu_ps(c + r * ldc + 16, head(nr - 16), clamp(h##r, vlo, vhi));

static void left_half(const float *const *rows, int64_t taps, int64_t kc, const float *panel,
                      const float *bias, float lo, float hi, float *c, int64_t ldc, int mr, int nr) {
  __m512 l0 = _mm512_loadu_ps(bias), l1 = l0, l2 = l0, l3 = l0, l4 = l0, l5 = l0, l6 = l0;
  for (int64_t t = 0; t < taps; t++, rows += 7) {
    ROWS for (int64_t i = 0; i < kc; i++, panel += 32) {
      const __m512 b0 = _mm512_loadu_ps(panel);
      FMA1(0) FMA1(1) FMA1(2) FMA1(3) FMA1(4) FMA1(5) FMA1(6)
    }
  }
  const __m512 vlo = _mm512_set1_ps(lo), vhi = _mm512_set1_ps(hi);
  STORE_LEFT(0) STORE_LEFT(1) STORE_LEFT(2) STORE_LEFT(3) STORE_LEFT(4) STORE_LEFT(5) STORE_LEFT(6)
}

/* Up to four rows, as of attention with few tokens: nothing is computed for rows that are not there. */
static void few_rows(const float *const *rows, int64_t taps, int64_t kc, const float *panel,
                     const float *bias, float lo, float hi, float *c, int64_t ldc, int mr, int nr) {
  __m512 l0 = _mm512_loadu_ps(bias), l1 = l0, l2 = l0, l3 = l0;
  __m512 h0 = _mm512_loadu_ps(bias + 16), h1 = h0, h2 = h0, h3 = h0;
  for (int64_t t = 0; t < taps; t++, rows += 7) {
    const float *a0 = rows[0], *a1 = rows[1], *a2 = rows[2], *a3 = rows[3];
    for (int64_t i = 0; i < kc; i++, panel += 32) {
      const __m512 b0 = _mm512_loadu_ps(panel), b1 = _mm512_loadu_ps(panel + 16);
      FMA2(0) FMA2(1) FMA2(2) FMA2(3)
    }
  }
  const __m512 vlo = _mm512_set1_ps(lo), vhi = _mm512_set1_ps(hi);
  STORE_LEFT(0)
  STORE_LEFT(1) STORE_LEFT(2) STORE_LEFT(3) STORE_RIGHT(0) STORE_RIGHT(1) STORE_RIGHT(2) STORE_RIGHT(3)
}

void lrt_gemm_f32_7x32__avx512(const float *const *rows, int64_t taps, int64_t kc, const float *panel,
                               const float *bias, float lo, float hi, float *c, int64_t ldc, int mr, int nr) {
  if (nr <= 16) {
    left_half(rows, taps, kc, panel, bias, lo, hi, c, ldc, mr, nr);
    return;
  }
  if (mr <= 4) {
    few_rows(rows, taps, kc, panel, bias, lo, hi, c, ldc, mr, nr);
    return;
  }
  __m512 l0 = _mm512_loadu_ps(bias), l1 = l0, l2 = l0, l3 = l0, l4 = l0, l5 = l0, l6 = l0;
  __m512 h0 = _mm512_loadu_ps(bias + 16), h1 = h0, h2 = h0, h3 = h0, h4 = h0, h5 = h0, h6 = h0;
  for (int64_t t = 0; t < taps; t++, rows += 7) {
    ROWS for (int64_t i = 0; i < kc; i++, panel += 32) {
      const __m512 b0 = _mm512_loadu_ps(panel), b1 = _mm512_loadu_ps(panel + 16);
      FMA2(0) FMA2(1) FMA2(2) FMA2(3) FMA2(4) FMA2(5) FMA2(6)
    }
  }
  const __m512 vlo = _mm512_set1_ps(lo), vhi = _mm512_set1_ps(hi);
  STORE_LEFT(0)
  STORE_LEFT(1)
  STORE_LEFT(2)
  STORE_LEFT(3)
  STORE_LEFT(4)
  STORE_LEFT(5)
  STORE_LEFT(6)
  STORE_RIGHT(0) STORE_RIGHT(1) STORE_RIGHT(2) STORE_RIGHT(3) STORE_RIGHT(4) STORE_RIGHT(5) STORE_RIGHT(6)
}

static inline float finish(__m512 sum, const float *bias, int64_t j, float lo, float hi) {
  float v = _mm512_reduce_add_ps(sum) + (bias != NULL ? bias[j] : 0);
  v = v < lo ? lo : v;
  return v > hi ? hi : v;
}

/* Four rows of weights share each load of x; the end of a row is read under a mask. */
#define GEMV_BODY(TYPE, LOAD, LOAD_HEAD)                                                                     \
  for (int64_t j = 0; j < n; j += 4) {                                                                       \
    const int rows = n - j < 4 ? (int)(n - j) : 4;                                                           \
    const TYPE *w0 = (const TYPE *)w + j * ldw, *w1 = rows > 1 ? w0 + ldw : w0;                              \
    const TYPE *w2 = rows > 2 ? w1 + ldw : w0, *w3 = rows > 3 ? w2 + ldw : w0;                               \
    __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;                                              \
    int64_t i = 0;                                                                                           \
    for (; i + 16 <= k; i += 16) {                                                                           \
      const __m512 v = _mm512_loadu_ps(x + i);                                                               \
      const char *ahead = (const char *)w0 + 4 * i * (int64_t)sizeof(TYPE) + PREFETCH;                       \
      for (int line = 0; line < (int)sizeof(TYPE); line++) _mm_prefetch(ahead + 64 * line, _MM_HINT_T0);     \
      s0 = _mm512_fmadd_ps(v, LOAD(w0 + i), s0);                                                             \
      s1 = _mm512_fmadd_ps(v, LOAD(w1 + i), s1);                                                             \
      s2 = _mm512_fmadd_ps(v, LOAD(w2 + i), s2);                                                             \
      s3 = _mm512_fmadd_ps(v, LOAD(w3 + i), s3);                                                             \
    }                                                                                                        \
    if (i < k) {                                                                                             \
      const __mmask16 rest = head((int)(k - i));                                                             \
      const __m512 v = _mm512_maskz_loadu_ps(rest, x + i);                                                   \
      s0 = _mm512_fmadd_ps(v, LOAD_HEAD(rest, w0 + i), s0);                                                  \
      s1 = _mm512_fmadd_ps(v, LOAD_HEAD(rest, w1 + i), s1);                                                  \
      s2 = _mm512_fmadd_ps(v, LOAD_HEAD(rest, w2 + i), s2);                                                  \
      s3 = _mm512_fmadd_ps(v, LOAD_HEAD(rest, w3 + i), s3);                                                  \
    }                                                                                                        \
    y[j] = finish(s0, bias, j, lo, hi);                                                                      \
    if (rows > 1) y[j + 1] = finish(s1, bias, j + 1, lo, hi);                                                \
    if (rows > 2) y[j + 2] = finish(s2, bias, j + 2, lo, hi);                                                \
    if (rows > 3) y[j + 3] = finish(s3, bias, j + 3, lo, hi);                                                \
  }
#define LOAD_HALF(p) _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(p)))
#define LOAD_HALF_HEAD(mask, p) _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, p))

void lrt_gemm_gemv_f32__avx512(const float *x, int64_t k, const void *w, int64_t ldw, int64_t n,
                               const float *bias, float lo, float hi, float *y) {
  GEMV_BODY(float, _mm512_loadu_ps, _mm512_maskz_loadu_ps)
}

void lrt_gemm_gemv_f16__avx512(const float *x, int64_t k, const void *w, int64_t ldw, int64_t n,
                               const float *bias, float lo, float hi, float *y) {
  GEMV_BODY(uint16_t, LOAD_HALF, LOAD_HALF_HEAD)
}

static inline __m512i folded(const lrt_gemm_epilogue_args *e, int r, int j) {
  const __m512i acc =
      _mm512_add_epi32(_mm512_loadu_si512(e->acc + r * e->ld_acc + j), _mm512_loadu_si512(e->fold + j));
  return e->row_add != NULL ? _mm512_add_epi32(acc, _mm512_set1_epi32(e->row_add[r])) : acc;
}

/* int32 values far from the limits, or saturated ones, to bytes. */
static inline void store_bytes(const lrt_gemm_epilogue_args *e, int r, int j, __m512i v) {
  const __m128i bytes = _mm512_cvtsepi32_epi8(v);
  const __m128i flipped = _mm_xor_si128(bytes, _mm_set1_epi8((char)e->flip));
  _mm_mask_storeu_epi8((uint8_t *)e->c + r * e->ldc + j, head(e->nr - j), flipped);
}

static inline __m512i clamp_int(__m512i v, int32_t lo, int32_t hi) {
  return _mm512_min_epi32(_mm512_max_epi32(v, _mm512_set1_epi32(lo)), _mm512_set1_epi32(hi));
}

/* (x * mult + 2^30) >> 31 lane by lane. */
static inline __m512i high_mul(__m512i x, __m512i mult) {
  const __m512i nudge = _mm512_set1_epi64(INT64_C(1) << 30);
  const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(x, mult), nudge);
  const __m512i odd =
      _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(x, 32), _mm512_srli_epi64(mult, 32)), nudge);
  return _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 31), _mm512_slli_epi64(odd, 1));
}

void lrt_gemm_exact__avx512(const lrt_gemm_epilogue_args *e) {
  const __m512i one = _mm512_set1_epi32(1);
  for (int j = 0; j < e->nr; j += 16) {
    const __m512i shift = _mm512_loadu_si512(e->shift + j), mult = _mm512_loadu_si512(e->mult + j);
    const __m512i left = _mm512_max_epi32(shift, _mm512_setzero_si512()),
                  right = _mm512_sub_epi32(left, shift);
    const __m512i mask = _mm512_sub_epi32(_mm512_sllv_epi32(one, right), one),
                  half = _mm512_srli_epi32(mask, 1);
    for (int r = 0; r < e->mr; r++) {
      const __m512i high = high_mul(_mm512_sllv_epi32(folded(e, r, j), left), mult);
      const __m512i negative = _mm512_srli_epi32(high, 31), rest = _mm512_and_si512(high, mask);
      const __mmask16 up = _mm512_cmpgt_epi32_mask(rest, _mm512_add_epi32(half, negative));
      const __m512i down = _mm512_srav_epi32(high, right);
      /* the clamp is moved in front of adding the zero point, which could overflow */
      const __m512i v =
          clamp_int(_mm512_mask_add_epi32(down, up, down, one), e->lo - e->zero, e->hi - e->zero);
      store_bytes(e, r, j, _mm512_add_epi32(v, _mm512_set1_epi32(e->zero)));
    }
  }
}

/* Sixteen columns, row by row. */
static void fast_column(const lrt_gemm_epilogue_args *e, int j) {
  const __m512 lo = _mm512_set1_ps((float)(e->lo - e->zero)), hi = _mm512_set1_ps((float)(e->hi - e->zero));
  const __m512i zero = _mm512_set1_epi32(e->zero);
  const __m512 scale = _mm512_loadu_ps(e->scale + j);
  for (int r = 0; r < e->mr; r++) {
    const __m512 v = clamp(_mm512_mul_ps(_mm512_cvtepi32_ps(folded(e, r, j)), scale), lo, hi);
    store_bytes(e, r, j, _mm512_add_epi32(_mm512_cvtps_epi32(v), zero));
  }
}

/* Four rows at a time: packing with saturation replaces most of the clamp and brings each row's 16 bytes together. Floats
 * above the range are cut before they are converted; what lies below comes out as INT32_MIN and stays lowest. */
static void fast_quads(const lrt_gemm_epilogue_args *e, int whole) {
  const __m512 hi = _mm512_set1_ps((float)(e->hi - e->zero));
  const __m512i zero = _mm512_set1_epi16((int16_t)e->zero), lo = _mm512_set1_epi8((char)e->lo);
  const __m512i flip = _mm512_set1_epi8((char)e->flip);
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const int64_t ld = e->ld_acc, ldc = e->ldc;
  const int32_t *row_add = e->row_add;
  const int mr = e->mr;
  for (int j = 0; j < whole; j += 16) {
    const __m512 scale = _mm512_loadu_ps(e->scale + j);
    const __m512i fold = _mm512_loadu_si512(e->fold + j);
    for (int r = 0; r < mr; r += 4) {
      if (r + 4 > mr) r = mr - 4; /* the last four overlap those before */
      const int32_t *acc = e->acc + r * ld + j;
      __m512i v[4];
      for (int i = 0; i < 4; i++) {
        __m512i sum = _mm512_add_epi32(_mm512_loadu_si512(acc + i * ld), fold);
        if (row_add != NULL) sum = _mm512_add_epi32(sum, _mm512_set1_epi32(row_add[r + i]));
        v[i] = _mm512_cvtps_epi32(_mm512_min_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale), hi));
      }
      const __m512i a = _mm512_adds_epi16(_mm512_packs_epi32(v[0], v[1]), zero);
      const __m512i b = _mm512_adds_epi16(_mm512_packs_epi32(v[2], v[3]), zero);
      const __m512i bytes = _mm512_xor_si512(_mm512_max_epi8(_mm512_packs_epi16(a, b), lo), flip);
      const __m512i rows = _mm512_permutexvar_epi32(order, bytes);
      char *c = (char *)e->c + r * ldc + j;
      _mm_storeu_si128((__m128i *)c, _mm512_castsi512_si128(rows));
      _mm_storeu_si128((__m128i *)(c + ldc), _mm512_extracti32x4_epi32(rows, 1));
      _mm_storeu_si128((__m128i *)(c + 2 * ldc), _mm512_extracti32x4_epi32(rows, 2));
      _mm_storeu_si128((__m128i *)(c + 3 * ldc), _mm512_extracti32x4_epi32(rows, 3));
    }
  }
}

void lrt_gemm_fast__avx512(const lrt_gemm_epilogue_args *e) {
  const lrt_gemm_epilogue_args args = *e; /* the stores below cannot change it */
  const int whole = args.mr >= 4 ? args.nr / 16 * 16 : 0;
  if (whole > 0) fast_quads(&args, whole);
  for (int j = whole; j < args.nr; j += 16) fast_column(&args, j);
}

void lrt_gemm_hybrid__avx512(const lrt_gemm_epilogue_args *e_) {
  const lrt_gemm_epilogue_args args = *e_, *const e = &args; /* the stores below cannot change it */
  const __m512 lo = _mm512_set1_ps(e->flo), hi = _mm512_set1_ps(e->fhi);
  for (int r = 0; r < e->mr; r++) {
    const __m512i za = _mm512_set1_epi32(e->a_zeros[r]);
    const __m512 sa = _mm512_set1_ps(e->a_scale[r]);
    for (int j = 0; j < e->nr; j += 16) {
      const __m512i sums = _mm512_loadu_si512(e->w_sums + j);
      const __m512i raw = _mm512_loadu_si512(e->acc + r * e->ld_acc + j);
      const __m512i acc = _mm512_sub_epi32(raw, _mm512_mullo_epi32(za, sums));
      const __m512 scale = _mm512_mul_ps(sa, _mm512_loadu_ps(e->scale + j));
      const __m512 v =
          _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(acc), scale), _mm512_loadu_ps(e->bias + j));
      _mm512_mask_storeu_ps((float *)e->c + r * e->ldc + j, head(e->nr - j), clamp(v, lo, hi));
    }
  }
}

/* Four doubles or eight make no difference to this rule; see gemm_avx2.c. */
void lrt_gemm_int16__avx512(const lrt_gemm_epilogue_args *e) {
  lrt_gemm_int16__avx2(e);
}
