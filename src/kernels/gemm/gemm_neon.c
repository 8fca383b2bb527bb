/* gemm_neon.c: product kernels for AArch64: 6x8 tiles of f32, 4x16 of int16, matrix times vector, epilogues. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <arm_neon.h>

#include "kernels/gemm/gemm_strip.h"

static inline float32x4_t clamp(float32x4_t v, float32x4_t lo, float32x4_t hi) {
  return vminq_f32(vmaxq_f32(v, lo), hi); /* NaN stays NaN */
}

static inline void store_row(float32x4_t left, float32x4_t right, float lo, float hi, float *c, int nr) {
  const float32x4_t vlo = vdupq_n_f32(lo), vhi = vdupq_n_f32(hi);
  left = clamp(left, vlo, vhi);
  right = clamp(right, vlo, vhi);
  if (nr == 8) {
    vst1q_f32(c, left);
    vst1q_f32(c + 4, right);
  } else {
    float row[8];
    vst1q_f32(row, left);
    vst1q_f32(row + 4, right);
    for (int j = 0; j < nr; j++) c[j] = row[j];
  }
}

#define STEP(r)                                                                                              \
  {                                                                                                          \
    const float32x4_t v = vld1q_dup_f32(a##r + i);                                                           \
    l##r = vfmaq_f32(l##r, v, b0);                                                                           \
    h##r = vfmaq_f32(h##r, v, b1);                                                                           \
  }
void lrt_gemm_f32_6x8__neon(const float *const *rows, int64_t taps, int64_t kc, const float *panel,
                            const float *bias, float lo, float hi, float *c, int64_t ldc, int mr, int nr) {
  float32x4_t l0 = vld1q_f32(bias), h0 = vld1q_f32(bias + 4);
  float32x4_t l1 = l0, l2 = l0, l3 = l0, l4 = l0, l5 = l0, h1 = h0, h2 = h0, h3 = h0, h4 = h0, h5 = h0;
  for (int64_t t = 0; t < taps; t++, rows += 6) {
    const float *a0 = rows[0], *a1 = rows[1], *a2 = rows[2], *a3 = rows[3], *a4 = rows[4], *a5 = rows[5];
    for (int64_t i = 0; i < kc; i++, panel += 8) {
      const float32x4_t b0 = vld1q_f32(panel), b1 = vld1q_f32(panel + 4);
      STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5)
    }
  }
  store_row(l0, h0, lo, hi, c, nr);
  if (mr > 1) store_row(l1, h1, lo, hi, c + ldc, nr);
  if (mr > 2) store_row(l2, h2, lo, hi, c + 2 * ldc, nr);
  if (mr > 3) store_row(l3, h3, lo, hi, c + 3 * ldc, nr);
  if (mr > 4) store_row(l4, h4, lo, hi, c + 4 * ldc, nr);
  if (mr > 5) store_row(l5, h5, lo, hi, c + 5 * ldc, nr);
}
#undef STEP

static inline float finish(float32x4_t sum, float tail, const float *bias, int64_t j, float lo, float hi) {
  float v = vaddvq_f32(sum) + tail + (bias != NULL ? bias[j] : 0);
  v = v < lo ? lo : v;
  return v > hi ? hi : v;
}

/* Four rows of weights share each load of x. */
#define GEMV_BODY(TYPE, LOAD)                                                                                \
  for (int64_t j = 0; j < n; j += 4) {                                                                       \
    const int rows = n - j < 4 ? (int)(n - j) : 4;                                                           \
    const TYPE *w0 = (const TYPE *)w + j * ldw, *w1 = rows > 1 ? w0 + ldw : w0;                              \
    const TYPE *w2 = rows > 2 ? w1 + ldw : w0, *w3 = rows > 3 ? w2 + ldw : w0;                               \
    float32x4_t s0 = vdupq_n_f32(0), s1 = s0, s2 = s0, s3 = s0;                                              \
    int64_t i = 0;                                                                                           \
    for (; i + 4 <= k; i += 4) {                                                                             \
      const float32x4_t v = vld1q_f32(x + i);                                                                \
      s0 = vfmaq_f32(s0, v, LOAD(w0 + i));                                                                   \
      s1 = vfmaq_f32(s1, v, LOAD(w1 + i));                                                                   \
      s2 = vfmaq_f32(s2, v, LOAD(w2 + i));                                                                   \
      s3 = vfmaq_f32(s3, v, LOAD(w3 + i));                                                                   \
    }                                                                                                        \
    float t0 = 0, t1 = 0, t2 = 0, t3 = 0;                                                                    \
    for (; i < k; i++) {                                                                                     \
      t0 += x[i] * (float)w0[i];                                                                             \
      t1 += x[i] * (float)w1[i];                                                                             \
      t2 += x[i] * (float)w2[i];                                                                             \
      t3 += x[i] * (float)w3[i];                                                                             \
    }                                                                                                        \
    y[j] = finish(s0, t0, bias, j, lo, hi);                                                                  \
    if (rows > 1) y[j + 1] = finish(s1, t1, bias, j + 1, lo, hi);                                            \
    if (rows > 2) y[j + 2] = finish(s2, t2, bias, j + 2, lo, hi);                                            \
    if (rows > 3) y[j + 3] = finish(s3, t3, bias, j + 3, lo, hi);                                            \
  }
#define LOAD_HALF(p) vcvt_f32_f16(vld1_f16(p))

void lrt_gemm_gemv_f32__neon(const float *x, int64_t k, const void *w, int64_t ldw, int64_t n,
                             const float *bias, float lo, float hi, float *y) {
  GEMV_BODY(float, vld1q_f32)
}

void lrt_gemm_gemv_f16__neon(const float *x, int64_t k, const void *w, int64_t ldw, int64_t n,
                             const float *bias, float lo, float hi, float *y) {
  GEMV_BODY(__fp16, LOAD_HALF)
}

#define ROW(r)                                                                                               \
  {                                                                                                          \
    const int16x4_t v = vld1_dup_s16(a##r + i);                                                              \
    s##r##0 = vmlal_s16(s##r##0, vget_low_s16(b0), v);                                                       \
    s##r##1 = vmlal_s16(s##r##1, vget_high_s16(b0), v);                                                      \
    s##r##2 = vmlal_s16(s##r##2, vget_low_s16(b1), v);                                                       \
    s##r##3 = vmlal_s16(s##r##3, vget_high_s16(b1), v);                                                      \
  }
#define STORE(r)                                                                                             \
  vst1q_s32(acc + 16 * r, s##r##0);                                                                          \
  vst1q_s32(acc + 16 * r + 4, s##r##1);                                                                      \
  vst1q_s32(acc + 16 * r + 8, s##r##2);                                                                      \
  vst1q_s32(acc + 16 * r + 12, s##r##3);
void lrt_gemm_int_S16_4x16__neon(const void *strip, int64_t lda, int64_t kp, const int8_t *panel,
                                 int32_t *acc, int nr) {
  (void)nr;
  const int16_t *a0 = strip, *a1 = a0 + lda, *a2 = a1 + lda, *a3 = a2 + lda;
  int32x4_t s00 = vdupq_n_s32(0), s01 = s00, s02 = s00, s03 = s00, s10 = s00, s11 = s00, s12 = s00, s13 = s00;
  int32x4_t s20 = s00, s21 = s00, s22 = s00, s23 = s00, s30 = s00, s31 = s00, s32 = s00, s33 = s00;
  for (int64_t i = 0; i < kp; i++, panel += 16) {
    const int8x16_t b = vld1q_s8(panel);
    const int16x8_t b0 = vmovl_s8(vget_low_s8(b)), b1 = vmovl_high_s8(b);
    ROW(0) ROW(1) ROW(2) ROW(3)
  }
  STORE(0) STORE(1) STORE(2) STORE(3)
}

void lrt_gemm_gemv_S16__neon(const void *strip, int64_t k, const int8_t *w, int64_t ldw, int rows,
                             int32_t *acc) {
  const int16_t *a = strip;
  for (int r = 0; r < rows; r++) {
    const int8_t *row = w + r * ldw;
    int32x4_t s0 = vdupq_n_s32(0), s1 = s0;
    int64_t i = 0;
    for (; i + 8 <= k; i += 8) {
      const int16x8_t x = vld1q_s16(a + i), y = vmovl_s8(vld1_s8(row + i));
      s0 = vmlal_s16(s0, vget_low_s16(x), vget_low_s16(y));
      s1 = vmlal_high_s16(s1, x, y);
    }
    uint32_t sum = (uint32_t)vaddvq_s32(vaddq_s32(s0, s1));
    for (; i < k; i++) sum += (uint32_t)(a[i] * row[i]);
    acc[r] = (int32_t)sum;
  }
}

static void copy(int16_t *restrict dst, const uint8_t *restrict src, int64_t count, uint8_t flip) {
  for (int64_t i = 0; i < count; i++) dst[i] = (int8_t)(src[i] ^ flip);
}

void lrt_gemm_fill_S16__neon(const lrt_gemm_strip_args *args) {
  LRT_GEMM_STRIP_FILL(copy, int16_t, 0)
}

static inline int32x4_t folded(const lrt_gemm_epilogue_args *e, int r, int j) {
  const int32x4_t row_add = vdupq_n_s32(e->row_add != NULL ? e->row_add[r] : 0);
  return vaddq_s32(vaddq_s32(vld1q_s32(e->acc + r * e->ld_acc + j), vld1q_s32(e->fold + j)), row_add);
}

/* Doubling high multiply rounds half up as the rule asks; the right shift needs ties away from zero. */
static inline int32x4_t exact4(const lrt_gemm_epilogue_args *e, int r, int j) {
  const int32x4_t zero = vdupq_n_s32(0), shift = vld1q_s32(e->shift + j);
  const int32x4_t left = vmaxq_s32(shift, zero), right = vminq_s32(shift, zero);
  const int32x4_t high = vqrdmulhq_s32(vshlq_s32(folded(e, r, j), left), vld1q_s32(e->mult + j));
  const int32x4_t fix = vshrq_n_s32(vandq_s32(high, right), 31);
  return vrshlq_s32(vqaddq_s32(high, fix), right);
}

static inline int32x4_t fast4(const lrt_gemm_epilogue_args *e, int r, int j) {
  const float32x4_t hi = vdupq_n_f32((float)(e->hi - e->zero));
  const float32x4_t v = vmulq_f32(vcvtq_f32_s32(folded(e, r, j)), vld1q_f32(e->scale + j));
  return vcvtnq_s32_f32(vminq_f32(v, hi));
}

static inline void store_bytes(const lrt_gemm_epilogue_args *e, int r, int j, int32x4_t a, int32x4_t b,
                               int32x4_t c, int32x4_t d) {
  const int16x8_t zero = vdupq_n_s16((int16_t)e->zero);
  const int16x8_t low = vqaddq_s16(vcombine_s16(vqmovn_s32(a), vqmovn_s32(b)), zero);
  const int16x8_t high = vqaddq_s16(vcombine_s16(vqmovn_s32(c), vqmovn_s32(d)), zero);
  int8x16_t v = vcombine_s8(vqmovn_s16(low), vqmovn_s16(high));
  v = vminq_s8(vmaxq_s8(v, vdupq_n_s8((int8_t)e->lo)), vdupq_n_s8((int8_t)e->hi));
  const uint8x16_t bytes = veorq_u8(vreinterpretq_u8_s8(v), vdupq_n_u8(e->flip));
  uint8_t *out = (uint8_t *)e->c + r * e->ldc + j;
  if (e->nr - j >= 16) {
    vst1q_u8(out, bytes);
  } else {
    uint8_t part[16];
    vst1q_u8(part, bytes);
    memcpy(out, part, (size_t)(e->nr - j));
  }
}

void lrt_gemm_exact__neon(const lrt_gemm_epilogue_args *e) {
  for (int r = 0; r < e->mr; r++) {
    for (int j = 0; j < e->nr; j += 16) {
      store_bytes(e, r, j, exact4(e, r, j), exact4(e, r, j + 4), exact4(e, r, j + 8), exact4(e, r, j + 12));
    }
  }
}

void lrt_gemm_fast__neon(const lrt_gemm_epilogue_args *e) {
  for (int r = 0; r < e->mr; r++) {
    for (int j = 0; j < e->nr; j += 16) {
      store_bytes(e, r, j, fast4(e, r, j), fast4(e, r, j + 4), fast4(e, r, j + 8), fast4(e, r, j + 12));
    }
  }
}

void lrt_gemm_hybrid__neon(const lrt_gemm_epilogue_args *e) {
  const float32x4_t lo = vdupq_n_f32(e->flo), hi = vdupq_n_f32(e->fhi);
  for (int r = 0; r < e->mr; r++) {
    const int32x4_t za = vdupq_n_s32(e->a_zeros[r]);
    const float32x4_t sa = vdupq_n_f32(e->a_scale[r]);
    float *c = (float *)e->c + r * e->ldc;
    for (int j = 0; j < e->nr; j += 4) {
      const int32x4_t acc = vmlsq_s32(vld1q_s32(e->acc + r * e->ld_acc + j), za, vld1q_s32(e->w_sums + j));
      const float32x4_t scale = vmulq_f32(sa, vld1q_f32(e->scale + j));
      const float32x4_t scaled = vmulq_f32(vcvtq_f32_s32(acc), scale);
      const float32x4_t v = clamp(vaddq_f32(scaled, vld1q_f32(e->bias + j)), lo, hi);
      if (e->nr - j >= 4) {
        vst1q_f32(c + j, v);
      } else {
        float part[4];
        vst1q_f32(part, v);
        memcpy(c + j, part, (size_t)(e->nr - j) * sizeof *part);
      }
    }
  }
}

/* floor((acc + bias) * factor + 1/2): every step is exact, see lrt_gemm_int16_factors. */
static inline int32x2_t int16_pair(const lrt_gemm_epilogue_args *e, int r, int j, float64x2_t lo,
                                   float64x2_t hi) {
  const float64x2_t acc = vcvtq_f64_s64(vmovl_s32(vld1_s32(e->acc + r * e->ld_acc + j)));
  const float64x2_t sum = vaddq_f64(acc, vld1q_f64(e->start + j));
  const float64x2_t v = vrndmq_f64(vfmaq_f64(vdupq_n_f64(0.5), sum, vld1q_f64(e->factor + j)));
  return vmovn_s64(vcvtq_s64_f64(vminq_f64(vmaxq_f64(v, lo), hi)));
}

void lrt_gemm_int16__neon(const lrt_gemm_epilogue_args *e) {
  if (e->acc64 != NULL || e->bias64 == NULL || e->start == NULL) {
    lrt_gemm_int16__ref(e);
    return;
  }
  const float64x2_t lo = vdupq_n_f64(e->lo - e->zero), hi = vdupq_n_f64(e->hi - e->zero);
  const int32x4_t zero = vdupq_n_s32(e->zero);
  for (int r = 0; r < e->mr; r++) {
    int16_t *c = (int16_t *)e->c + r * e->ldc;
    for (int j = 0; j < e->nr; j += 4) {
      const int32x4_t v = vcombine_s32(int16_pair(e, r, j, lo, hi), int16_pair(e, r, j + 2, lo, hi));
      const int16x4_t words = vqmovn_s32(vaddq_s32(v, zero));
      if (e->nr - j >= 4) {
        vst1_s16(c + j, words);
      } else {
        int16_t part[4];
        vst1_s16(part, words);
        memcpy(c + j, part, (size_t)(e->nr - j) * sizeof *part);
      }
    }
  }
}
