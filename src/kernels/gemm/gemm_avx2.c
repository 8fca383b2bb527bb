/* gemm_avx2.c: product kernels for AVX2, FMA and F16C: 6x16 tiles of f32 and of int16 pairs, matrix times vector. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#include "base/half.h"
#include "kernels/gemm/gemm_strip.h"

/* Rows ahead of the read position that are asked for early: the memory latency at the machine's bandwidth. */
#define PREFETCH 4096

static __m256i head_mask(int count) { /* lanes [0, count) set */
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* max(lo, v) keeps a NaN in v: the second operand wins. */
static __m256 clamp(__m256 v, __m256 lo, __m256 hi) {
  return _mm256_min_ps(hi, _mm256_max_ps(lo, v));
}

static inline void store_row(__m256 left, __m256 right, __m256 lo, __m256 hi, float *c, int nr) {
  left = clamp(left, lo, hi);
  right = clamp(right, lo, hi);
  if (nr == 16) {
    _mm256_storeu_ps(c, left);
    _mm256_storeu_ps(c + 8, right);
  } else {
    _mm256_maskstore_ps(c, head_mask(nr), left);
    if (nr > 8) _mm256_maskstore_ps(c + 8, head_mask(nr - 8), right);
  }
}

#define STEP(r)                                                                                              \
  {                                                                                                          \
    const __m256 v = _mm256_broadcast_ss(a##r + i);                                                          \
    l##r = _mm256_fmadd_ps(v, b0, l##r);                                                                     \
    h##r = _mm256_fmadd_ps(v, b1, h##r);                                                                     \
  }
/* Up to eight columns: the last panel of layers with 8, 24, 40 ... channels. */
#define STEP_LEFT(r) l##r = _mm256_fmadd_ps(_mm256_broadcast_ss(a##r + i), b0, l##r);
static void left_half(const float *const *rows, int64_t taps, int64_t kc, const float *panel,
                      const float *bias, float lo, float hi, float *c, int64_t ldc, int mr, int nr) {
  __m256 l0 = _mm256_loadu_ps(bias), l1 = l0, l2 = l0, l3 = l0, l4 = l0, l5 = l0;
  for (int64_t t = 0; t < taps; t++, rows += 6) {
    const float *a0 = rows[0], *a1 = rows[1], *a2 = rows[2], *a3 = rows[3], *a4 = rows[4], *a5 = rows[5];
    for (int64_t i = 0; i < kc; i++, panel += 16) {
      const __m256 b0 = _mm256_load_ps(panel);
      STEP_LEFT(0) STEP_LEFT(1) STEP_LEFT(2) STEP_LEFT(3) STEP_LEFT(4) STEP_LEFT(5)
    }
  }
  const __m256 vlo = _mm256_set1_ps(lo), vhi = _mm256_set1_ps(hi);
  store_row(l0, l0, vlo, vhi, c, nr);
  if (mr > 1) store_row(l1, l1, vlo, vhi, c + ldc, nr);
  if (mr > 2) store_row(l2, l2, vlo, vhi, c + 2 * ldc, nr);
  if (mr > 3) store_row(l3, l3, vlo, vhi, c + 3 * ldc, nr);
  if (mr > 4) store_row(l4, l4, vlo, vhi, c + 4 * ldc, nr);
  if (mr > 5) store_row(l5, l5, vlo, vhi, c + 5 * ldc, nr);
}

void lrt_gemm_f32_6x16__avx2(const float *const *rows, int64_t taps, int64_t kc, const float *panel,
                             const float *bias, float lo, float hi, float *c, int64_t ldc, int mr, int nr) {
  if (nr <= 8) {
    left_half(rows, taps, kc, panel, bias, lo, hi, c, ldc, mr, nr);
    return;
  }
  __m256 l0 = _mm256_loadu_ps(bias), h0 = _mm256_loadu_ps(bias + 8);
  __m256 l1 = l0, l2 = l0, l3 = l0, l4 = l0, l5 = l0, h1 = h0, h2 = h0, h3 = h0, h4 = h0, h5 = h0;
  for (int64_t t = 0; t < taps; t++, rows += 6) {
    const float *a0 = rows[0], *a1 = rows[1], *a2 = rows[2], *a3 = rows[3], *a4 = rows[4], *a5 = rows[5];
    for (int64_t i = 0; i < kc; i++, panel += 16) {
      const __m256 b0 = _mm256_load_ps(panel), b1 = _mm256_load_ps(panel + 8);
      STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5)
    }
  }
  const __m256 vlo = _mm256_set1_ps(lo), vhi = _mm256_set1_ps(hi);
  store_row(l0, h0, vlo, vhi, c, nr);
  if (mr > 1) store_row(l1, h1, vlo, vhi, c + ldc, nr);
  if (mr > 2) store_row(l2, h2, vlo, vhi, c + 2 * ldc, nr);
  if (mr > 3) store_row(l3, h3, vlo, vhi, c + 3 * ldc, nr);
  if (mr > 4) store_row(l4, h4, vlo, vhi, c + 4 * ldc, nr);
  if (mr > 5) store_row(l5, h5, vlo, vhi, c + 5 * ldc, nr);
}
#undef STEP

static float sum8(__m256 v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

static inline float finish(__m256 sum, float tail, const float *bias, int64_t j, float lo, float hi) {
  float v = sum8(sum) + tail + (bias != NULL ? bias[j] : 0);
  v = v < lo ? lo : v;
  return v > hi ? hi : v;
}

/* Four rows of weights share each load of x; every row of a group is summed in the same order whatever the group. */
#define GEMV_BODY(TYPE, LOAD, WIDEN)                                                                         \
  for (int64_t j = 0; j < n; j += 4) {                                                                       \
    const int rows = n - j < 4 ? (int)(n - j) : 4;                                                           \
    const TYPE *w0 = (const TYPE *)w + j * ldw, *w1 = rows > 1 ? w0 + ldw : w0;                              \
    const TYPE *w2 = rows > 2 ? w1 + ldw : w0, *w3 = rows > 3 ? w2 + ldw : w0;                               \
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;                                              \
    int64_t i = 0;                                                                                           \
    for (; i + 8 <= k; i += 8) {                                                                             \
      const __m256 v = _mm256_loadu_ps(x + i);                                                               \
      if (i % 32 == 0) { /* the four rows lie one after the other: 4 * 32 elements further on in line */     \
        const char *ahead = (const char *)w0 + 4 * i * (int64_t)sizeof(TYPE) + PREFETCH;                     \
        for (int line = 0; line < 2 * (int)sizeof(TYPE); line++)                                             \
          _mm_prefetch(ahead + 64 * line, _MM_HINT_T0);                                                      \
      }                                                                                                      \
      s0 = _mm256_fmadd_ps(v, LOAD(w0 + i), s0);                                                             \
      s1 = _mm256_fmadd_ps(v, LOAD(w1 + i), s1);                                                             \
      s2 = _mm256_fmadd_ps(v, LOAD(w2 + i), s2);                                                             \
      s3 = _mm256_fmadd_ps(v, LOAD(w3 + i), s3);                                                             \
    }                                                                                                        \
    float t0 = 0, t1 = 0, t2 = 0, t3 = 0;                                                                    \
    for (; i < k; i++) {                                                                                     \
      t0 += x[i] * WIDEN(w0[i]);                                                                             \
      t1 += x[i] * WIDEN(w1[i]);                                                                             \
      t2 += x[i] * WIDEN(w2[i]);                                                                             \
      t3 += x[i] * WIDEN(w3[i]);                                                                             \
    }                                                                                                        \
    y[j] = finish(s0, t0, bias, j, lo, hi);                                                                  \
    if (rows > 1) y[j + 1] = finish(s1, t1, bias, j + 1, lo, hi);                                            \
    if (rows > 2) y[j + 2] = finish(s2, t2, bias, j + 2, lo, hi);                                            \
    if (rows > 3) y[j + 3] = finish(s3, t3, bias, j + 3, lo, hi);                                            \
  }
#define WIDEN_NONE(v) (v)
#define LOAD_HALF(p) _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p)))
#define WIDEN_HALF(v) _cvtsh_ss(v)

void lrt_gemm_gemv_f32__avx2(const float *x, int64_t k, const void *w, int64_t ldw, int64_t n,
                             const float *bias, float lo, float hi, float *y) {
  GEMV_BODY(float, _mm256_loadu_ps, WIDEN_NONE)
}

void lrt_gemm_gemv_f16__avx2(const float *x, int64_t k, const void *w, int64_t ldw, int64_t n,
                             const float *bias, float lo, float hi, float *y) {
  GEMV_BODY(uint16_t, LOAD_HALF, WIDEN_HALF)
}

/* Two k per step: a pair of int16 of A is broadcast against eight columns of pairs; vpmaddwd is exact in int32. */
#define STEP(r)                                                                                              \
  {                                                                                                          \
    int32_t pair;                                                                                            \
    memcpy(&pair, a##r + i, sizeof pair);                                                                    \
    const __m256i v = _mm256_set1_epi32(pair);                                                               \
    l##r = _mm256_add_epi32(l##r, _mm256_madd_epi16(v, b0));                                                 \
    h##r = _mm256_add_epi32(h##r, _mm256_madd_epi16(v, b1));                                                 \
  }
#undef STEP_LEFT
#define STEP_LEFT(r)                                                                                         \
  {                                                                                                          \
    int32_t pair;                                                                                            \
    memcpy(&pair, a##r + i, sizeof pair);                                                                    \
    l##r = _mm256_add_epi32(l##r, _mm256_madd_epi16(_mm256_set1_epi32(pair), b0));                           \
  }
#define STORE_LEFT(r) _mm256_storeu_si256((__m256i *)(acc + r * 16), l##r);
#define STORE(r)                                                                                             \
  _mm256_storeu_si256((__m256i *)(acc + r * 16), l##r);                                                      \
  _mm256_storeu_si256((__m256i *)(acc + r * 16 + 8), h##r);
void lrt_gemm_int_S16_6x16__avx2(const void *strip, int64_t lda, int64_t kp, const int8_t *panel,
                                 int32_t *acc, int nr) {
  const int16_t *a0 = strip, *a1 = a0 + lda, *a2 = a1 + lda, *a3 = a2 + lda, *a4 = a3 + lda, *a5 = a4 + lda;
  __m256i l0 = _mm256_setzero_si256(), l1 = l0, l2 = l0, l3 = l0, l4 = l0, l5 = l0;
  if (nr <= 8) { /* the right half of the panel is padding */
    for (int64_t i = 0; i < kp; i += 2, panel += 32) {
      const __m256i b0 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)panel));
      STEP_LEFT(0) STEP_LEFT(1) STEP_LEFT(2) STEP_LEFT(3) STEP_LEFT(4) STEP_LEFT(5)
    }
    STORE_LEFT(0) STORE_LEFT(1) STORE_LEFT(2) STORE_LEFT(3) STORE_LEFT(4) STORE_LEFT(5) return;
  }
  __m256i h0 = l0, h1 = l0, h2 = l0, h3 = l0, h4 = l0, h5 = l0;
  for (int64_t i = 0; i < kp; i += 2, panel += 32) {
    const __m256i b0 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)panel));
    const __m256i b1 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(panel + 16)));
    STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5)
  }
  STORE(0) STORE(1) STORE(2) STORE(3) STORE(4) STORE(5)
}

static int32_t sum8i(__m256i v) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1)));
}

static inline __m128i sum8i_of_4(__m256i s0, __m256i s1, __m256i s2, __m256i s3) {
  const __m256i s = _mm256_hadd_epi32(_mm256_hadd_epi32(s0, s1), _mm256_hadd_epi32(s2, s3));
  return _mm_add_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
}

static inline __m256i madd_row(__m256i sum, __m256i x, const int8_t *w) {
  const __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)w));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(x, wide));
}

static int32_t dot_tail(const int16_t *a, const int8_t *w, int64_t from, int64_t k) {
  uint32_t sum = 0;
  for (int64_t i = from; i < k; i++) sum += (uint32_t)(a[i] * w[i]);
  return (int32_t)sum;
}

static int32_t add_wrap(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a + (uint32_t)b);
}

void lrt_gemm_gemv_S16__avx2(const void *strip, int64_t k, const int8_t *w, int64_t ldw, int rows,
                             int32_t *acc) {
  const int16_t *a = strip;
  for (int r = 0; r < rows; r += 4) {
    const int count = rows - r < 4 ? rows - r : 4;
    const int8_t *w0 = w + r * ldw, *w1 = count > 1 ? w0 + ldw : w0;
    const int8_t *w2 = count > 2 ? w1 + ldw : w0, *w3 = count > 3 ? w2 + ldw : w0;
    __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
    int64_t i = 0;
    for (; i + 16 <= k; i += 16) {
      const __m256i x = _mm256_loadu_si256((const __m256i *)(a + i));
      _mm_prefetch((const char *)w0 + 4 * i + PREFETCH, _MM_HINT_T0);
      s0 = madd_row(s0, x, w0 + i);
      s1 = madd_row(s1, x, w1 + i);
      s2 = madd_row(s2, x, w2 + i);
      s3 = madd_row(s3, x, w3 + i);
    }
    if (count == 4 && i == k) {
      _mm_storeu_si128((__m128i *)(acc + r), sum8i_of_4(s0, s1, s2, s3));
      continue;
    }
    acc[r] = add_wrap(sum8i(s0), dot_tail(a, w0, i, k));
    if (count > 1) acc[r + 1] = add_wrap(sum8i(s1), dot_tail(a, w1, i, k));
    if (count > 2) acc[r + 2] = add_wrap(sum8i(s2), dot_tail(a, w2, i, k));
    if (count > 3) acc[r + 3] = add_wrap(sum8i(s3), dot_tail(a, w3, i, k));
  }
}

static inline void copy8(int16_t *dst, const uint8_t *src, __m128i flip) {
  const __m128i v = _mm_xor_si128(_mm_loadl_epi64((const __m128i *)src), flip);
  _mm_storeu_si128((__m128i *)dst, _mm_cvtepi8_epi16(v));
}

/* Sizes that are no multiple of 16 end with a step that overlaps the one before. */
static inline void copy(int16_t *dst, const uint8_t *src, int64_t count, uint8_t flip_byte) {
  const __m128i flip = _mm_set1_epi8((char)flip_byte);
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m128i v = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(src + i)), flip);
    _mm256_storeu_si256((__m256i *)(dst + i), _mm256_cvtepi8_epi16(v));
  }
  if (count >= 8) {
    if (i + 8 <= count) copy8(dst + i, src + i, flip);
    if (count % 8 != 0) copy8(dst + count - 8, src + count - 8, flip);
  } else {
    for (; i < count; i++) dst[i] = (int8_t)(src[i] ^ flip_byte);
  }
}

void lrt_gemm_fill_S16__avx2(const lrt_gemm_strip_args *args) {
  LRT_GEMM_STRIP_FILL(copy, int16_t, 0)
}

/* Stores the first nr of 16 bytes. */
static inline void store_bytes(__m128i v, uint8_t *c, int nr) {
  if (nr >= 16) {
    _mm_storeu_si128((__m128i *)c, v);
    return;
  }
  if (nr & 8) {
    _mm_storel_epi64((__m128i *)c, v);
    v = _mm_unpackhi_epi64(v, v);
    c += 8;
  }
  uint64_t rest = (uint64_t)_mm_cvtsi128_si64(v);
  for (int j = 0; j < (nr & 7); j++, rest >>= 8) c[j] = (uint8_t)rest;
}

static inline __m256i load(const int32_t *p) {
  return _mm256_loadu_si256((const __m256i *)p);
}

static inline __m256i row_sums(const lrt_gemm_epilogue_args *e, int r, int j, __m256i fold) {
  const __m256i acc =
      _mm256_add_epi32(_mm256_loadu_si256((const __m256i *)(e->acc + r * e->ld_acc + j)), fold);
  return e->row_add != NULL ? _mm256_add_epi32(acc, _mm256_set1_epi32(e->row_add[r])) : acc;
}

/* How int32 values become bytes. */
typedef struct narrowing {
  __m256i zero;         /* words */
  __m256i lo, hi, flip; /* bytes */
  __m256i order;
} narrowing;

static inline narrowing narrowing_of(const lrt_gemm_epilogue_args *e) {
  return (narrowing){_mm256_set1_epi16((short)e->zero), _mm256_set1_epi8((char)e->lo),
                     _mm256_set1_epi8((char)e->hi), _mm256_set1_epi8((char)e->flip),
                     _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)};
}

/* Two rows of 16 int32 (two registers each) to bytes with zero point, clamp and sign flip; `second` may be false. */
static inline void narrow_rows(const lrt_gemm_epilogue_args *e, const narrowing *n, int r, int j, __m256i a0,
                               __m256i b0, __m256i a1, __m256i b1, bool second) {
  const __m256i words0 = _mm256_adds_epi16(_mm256_packs_epi32(a0, b0), n->zero);
  const __m256i words1 = _mm256_adds_epi16(_mm256_packs_epi32(a1, b1), n->zero);
  __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(words0, words1), n->order);
  bytes = _mm256_xor_si256(_mm256_min_epi8(_mm256_max_epi8(bytes, n->lo), n->hi), n->flip);
  uint8_t *c = (uint8_t *)e->c + r * e->ldc + j;
  store_bytes(_mm256_castsi256_si128(bytes), c, e->nr - j);
  if (second) store_bytes(_mm256_extracti128_si256(bytes, 1), c + e->ldc, e->nr - j);
}

/* High halves of the doubled products, rounded: (x * mult + 2^30) >> 31 lane by lane. */
static inline __m256i high_mul(__m256i x, __m256i mult) {
  const __m256i nudge = _mm256_set1_epi64x(INT64_C(1) << 30);
  const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, mult), nudge);
  const __m256i odd =
      _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(mult, 32)), nudge);
  return _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xAA);
}

/* The rescaling of eight columns. */
typedef struct exact_columns {
  __m256i fold, mult, left, right, mask, half;
} exact_columns;

static inline exact_columns exact_columns_at(const lrt_gemm_epilogue_args *e, int j) {
  const __m256i one = _mm256_set1_epi32(1), shift = load(e->shift + j);
  const __m256i left = _mm256_max_epi32(shift, _mm256_setzero_si256()), right = _mm256_sub_epi32(left, shift);
  const __m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, right), one);
  return (exact_columns){load(e->fold + j), load(e->mult + j), left, right, mask, _mm256_srli_epi32(mask, 1)};
}

static inline __m256i exact8(const lrt_gemm_epilogue_args *e, int r, int j, const exact_columns *c) {
  const __m256i high = high_mul(_mm256_sllv_epi32(row_sums(e, r, j, c->fold), c->left), c->mult);
  const __m256i threshold = _mm256_sub_epi32(c->half, _mm256_srai_epi32(high, 31));
  const __m256i up = _mm256_cmpgt_epi32(_mm256_and_si256(high, c->mask), threshold);
  return _mm256_sub_epi32(_mm256_srav_epi32(high, c->right), up);
}

void lrt_gemm_exact__avx2(const lrt_gemm_epilogue_args *e) {
  const narrowing n = narrowing_of(e);
  for (int j = 0; j < e->nr; j += 16) {
    const exact_columns a = exact_columns_at(e, j), b = exact_columns_at(e, j + 8);
    for (int r = 0; r < e->mr; r += 2) {
      const int next = r + 1 < e->mr ? r + 1 : r;
      narrow_rows(e, &n, r, j, exact8(e, r, j, &a), exact8(e, r, j + 8, &b), exact8(e, next, j, &a),
                  exact8(e, next, j + 8, &b), next != r);
    }
  }
}

static inline __m256i fast8(const lrt_gemm_epilogue_args *e, int r, int j, __m256i fold, __m256 scale,
                            __m256 hi) {
  const __m256 v = _mm256_mul_ps(_mm256_cvtepi32_ps(row_sums(e, r, j, fold)), scale);
  return _mm256_cvtps_epi32(_mm256_min_ps(v, hi)); /* far below: INT32_MIN, which the packs saturate */
}

void lrt_gemm_fast__avx2(const lrt_gemm_epilogue_args *e) {
  const narrowing n = narrowing_of(e);
  const __m256 hi = _mm256_set1_ps((float)(e->hi - e->zero));
  for (int j = 0; j < e->nr; j += 16) {
    const __m256i f0 = load(e->fold + j), f1 = load(e->fold + j + 8);
    const __m256 s0 = _mm256_loadu_ps(e->scale + j), s1 = _mm256_loadu_ps(e->scale + j + 8);
    for (int r = 0; r < e->mr; r += 2) {
      const int next = r + 1 < e->mr ? r + 1 : r;
      narrow_rows(e, &n, r, j, fast8(e, r, j, f0, s0, hi), fast8(e, r, j + 8, f1, s1, hi),
                  fast8(e, next, j, f0, s0, hi), fast8(e, next, j + 8, f1, s1, hi), next != r);
    }
  }
}

void lrt_gemm_hybrid__avx2(const lrt_gemm_epilogue_args *e) {
  const __m256 lo = _mm256_set1_ps(e->flo), hi = _mm256_set1_ps(e->fhi);
  for (int r = 0; r < e->mr; r++) {
    const __m256i za = _mm256_set1_epi32(e->a_zeros[r]);
    const __m256 sa = _mm256_set1_ps(e->a_scale[r]);
    float *c = (float *)e->c + r * e->ldc;
    for (int j = 0; j < e->nr; j += 8) {
      const __m256i sums = _mm256_loadu_si256((const __m256i *)(e->w_sums + j));
      const __m256i raw = _mm256_loadu_si256((const __m256i *)(e->acc + r * e->ld_acc + j));
      const __m256i acc = _mm256_sub_epi32(raw, _mm256_mullo_epi32(za, sums));
      const __m256 scale = _mm256_mul_ps(sa, _mm256_loadu_ps(e->scale + j));
      __m256 v = _mm256_mul_ps(_mm256_cvtepi32_ps(acc), scale);
      v = clamp(_mm256_add_ps(v, _mm256_loadu_ps(e->bias + j)), lo, hi);
      if (e->nr - j >= 8)
        _mm256_storeu_ps(c + j, v);
      else
        _mm256_maskstore_ps(c + j, head_mask(e->nr - j), v);
    }
  }
}

/* floor((acc + bias) * factor + 1/2): every step is exact, see lrt_gemm_int16_factors. */
static inline __m128i int16_quad(const lrt_gemm_epilogue_args *e, int r, int j, __m256d lo, __m256d hi) {
  const __m256d acc = _mm256_cvtepi32_pd(_mm_loadu_si128((const __m128i *)(e->acc + r * e->ld_acc + j)));
  const __m256d sum = _mm256_add_pd(acc, _mm256_loadu_pd(e->start + j));
  const __m256d v = _mm256_fmadd_pd(sum, _mm256_loadu_pd(e->factor + j), _mm256_set1_pd(0.5));
  return _mm256_cvttpd_epi32(_mm256_min_pd(_mm256_max_pd(_mm256_floor_pd(v), lo), hi));
}

void lrt_gemm_int16__avx2(const lrt_gemm_epilogue_args *e) {
  if (e->acc64 != NULL || e->bias64 == NULL || e->start == NULL) {
    lrt_gemm_int16__ref(e);
    return;
  }
  const __m256d lo = _mm256_set1_pd(e->lo - e->zero), hi = _mm256_set1_pd(e->hi - e->zero);
  const __m128i zero = _mm_set1_epi32(e->zero);
  for (int r = 0; r < e->mr; r++) {
    int16_t *c = (int16_t *)e->c + r * e->ldc;
    for (int j = 0; j < e->nr; j += 8) {
      const __m128i a = _mm_add_epi32(int16_quad(e, r, j, lo, hi), zero);
      const __m128i b = _mm_add_epi32(int16_quad(e, r, j + 4, lo, hi), zero);
      const __m128i v = _mm_packs_epi32(a, b);
      if (e->nr - j >= 8)
        _mm_storeu_si128((__m128i *)(c + j), v);
      else
        memcpy(c + j, &v, (size_t)(e->nr - j) * 2);
    }
  }
}

/* Signed nibbles by their bits. */
static inline __m256i nibble_values(void) {
  return _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1));
}

/* One block of 32: low nibbles beside high ones against the split activations. */
static inline __m256i nibbles32(const uint8_t *w, __m256i x) {
  const __m128i raw = _mm_loadu_si128((const __m128i *)w), mask = _mm_set1_epi8(15);
  const __m128i low = _mm_and_si128(raw, mask), high = _mm_and_si128(_mm_srli_epi16(raw, 4), mask);
  const __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
  const __m256i pairs = _mm256_maddubs_epi16(x, _mm256_shuffle_epi8(nibble_values(), both));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

/* Two blocks of 32: lanes 0..3 belong to the first, 4..7 to the second. Four products fit 16 bits: 4 * 255 * 8. */
static inline __m256i nibbles64(const uint8_t *w, __m256i even, __m256i odd) {
  const __m256i raw = _mm256_loadu_si256((const __m256i *)w), mask = _mm256_set1_epi8(15);
  const __m256i low = _mm256_and_si256(raw, mask), high = _mm256_and_si256(_mm256_srli_epi16(raw, 4), mask);
  const __m256i pairs =
      _mm256_add_epi16(_mm256_maddubs_epi16(even, _mm256_shuffle_epi8(nibble_values(), low)),
                       _mm256_maddubs_epi16(odd, _mm256_shuffle_epi8(nibble_values(), high)));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

/* Sums of the four lanes of each half: row r's in lane r of the half. */
static inline __m256i sum_rows(__m256i r0, __m256i r1, __m256i r2, __m256i r3) {
  const __m256i a = _mm256_add_epi32(_mm256_unpacklo_epi32(r0, r1), _mm256_unpackhi_epi32(r0, r1));
  const __m256i b = _mm256_add_epi32(_mm256_unpacklo_epi32(r2, r3), _mm256_unpackhi_epi32(r2, r3));
  return _mm256_add_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
}

static inline int32_t scale_bits2(const uint16_t *scale) {
  int32_t bits;
  memcpy(&bits, scale, sizeof bits);
  return bits;
}

/* Scales of two neighbouring blocks of four rows: the first block's four, the second block's. */
static inline __m256 scales2x4(const uint16_t *s0, const uint16_t *s1, const uint16_t *s2,
                               const uint16_t *s3) {
  const __m128i pairs = _mm_setr_epi32(scale_bits2(s0), scale_bits2(s1), scale_bits2(s2), scale_bits2(s3));
  const __m128i order = _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
  return _mm256_cvtph_ps(_mm_shuffle_epi8(pairs, order));
}

void lrt_gemm_i4b__avx2(const uint8_t *x, int64_t k, int64_t block, const uint8_t *w, const uint16_t *scale,
                        int64_t n, float *y) {
  const int64_t blocks = k / block, ldw = k / 2;
  for (int64_t j = 0; j < n; j += 4) {
    const size_t rows = n - j < 4 ? (size_t)(n - j) : 4;
    const uint8_t *w0 = w + j * ldw, *w1 = rows > 1 ? w0 + ldw : w0;
    const uint8_t *w2 = rows > 2 ? w1 + ldw : w0, *w3 = rows > 3 ? w2 + ldw : w0;
    const uint16_t *scale0 = scale + j * blocks, *scale1 = rows > 1 ? scale0 + blocks : scale0;
    const uint16_t *scale2 = rows > 2 ? scale1 + blocks : scale0,
                   *scale3 = rows > 3 ? scale2 + blocks : scale0;
    float four[4] = {0};
    memcpy(four, y + j, rows * sizeof *four);
    __m128 sum = _mm_loadu_ps(four);
    int64_t i = 0;
    for (; block == 32 && i + 64 <= k; i += 64) {
      const __m256i x0 = _mm256_loadu_si256((const __m256i *)(x + i));
      const __m256i x1 = _mm256_loadu_si256((const __m256i *)(x + i + 32));
      const __m256i even = _mm256_permute2x128_si256(x0, x1, 0x20),
                    odd = _mm256_permute2x128_si256(x0, x1, 0x31);
      _mm_prefetch((const char *)w0 + 2 * i + PREFETCH, _MM_HINT_T0);
      _mm_prefetch((const char *)w0 + 2 * i + PREFETCH + 64, _MM_HINT_T0);
      const __m256 acc =
          _mm256_cvtepi32_ps(sum_rows(nibbles64(w0 + i / 2, even, odd), nibbles64(w1 + i / 2, even, odd),
                                      nibbles64(w2 + i / 2, even, odd), nibbles64(w3 + i / 2, even, odd)));
      const __m256 by = scales2x4(scale0 + i / 32, scale1 + i / 32, scale2 + i / 32, scale3 + i / 32);
      sum = _mm_fmadd_ps(_mm256_castps256_ps128(acc), _mm256_castps256_ps128(by), sum);
      sum = _mm_fmadd_ps(_mm256_extractf128_ps(acc, 1), _mm256_extractf128_ps(by, 1), sum);
    }
    while (i < k) {
      const int64_t b = i / block;
      __m256i acc = _mm256_setzero_si256();
      for (const int64_t end = i + block; i < end; i += 32) {
        const __m256i act = _mm256_loadu_si256((const __m256i *)(x + i));
        acc = _mm256_add_epi32(acc, sum_rows(nibbles32(w0 + i / 2, act), nibbles32(w1 + i / 2, act),
                                             nibbles32(w2 + i / 2, act), nibbles32(w3 + i / 2, act)));
      }
      const __m128i whole = _mm_add_epi32(_mm256_castsi256_si128(acc), _mm256_extracti128_si256(acc, 1));
      const __m128 by =
          _mm_setr_ps(_cvtsh_ss(scale0[b]), _cvtsh_ss(scale1[b]), _cvtsh_ss(scale2[b]), _cvtsh_ss(scale3[b]));
      sum = _mm_fmadd_ps(_mm_cvtepi32_ps(whole), by, sum);
    }
    _mm_storeu_ps(four, sum);
    memcpy(y + j, four, rows * sizeof *four);
  }
}

void lrt_gemm_i4b_add__avx2(const int32_t *acc, const int32_t *sums, const float *scale, float *sum, int mr,
                            int nr) {
  for (int j = 0; j < nr; j += 8) {
    const __m256i less = load(sums + j);
    const __m256 by = _mm256_loadu_ps(scale + j);
    for (int r = 0; r < mr; r++) {
      const __m256 part = _mm256_cvtepi32_ps(_mm256_sub_epi32(load(acc + r * nr + j), less));
      _mm256_storeu_ps(sum + r * nr + j, _mm256_fmadd_ps(part, by, _mm256_loadu_ps(sum + r * nr + j)));
    }
  }
}
