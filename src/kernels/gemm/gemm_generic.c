/* gemm_generic.c: product kernels in portable C, laid out so that compilers use whatever vectors there are. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/half.h"
#include "kernels/gemm/gemm_strip.h"
#include "kernels/requant/fixed.h"

typedef float vec4 __attribute__((vector_size(16)));

static vec4 load4(const float *p) {
  vec4 v;
  memcpy(&v, p, sizeof v);
  return v;
}

static float clamp(float v, float lo, float hi) {
  v = v < lo ? lo : v;
  return v > hi ? hi : v;
}

static void store_row(vec4 left, vec4 right, const float *bias, float lo, float hi, float *c, int nr) {
  float row[8];
  memcpy(row, &left, sizeof left);
  memcpy(row + 4, &right, sizeof right);
  for (int j = 0; j < nr; j++) c[j] = clamp(row[j] + bias[j], lo, hi);
}

/* Eight named accumulators: arrays of vectors would live on the stack with gcc. */
#define STEP(r)                                                                                              \
  {                                                                                                          \
    const float x = a##r[i];                                                                                 \
    const vec4 v = {x, x, x, x};                                                                             \
    c##r##0 += v * b0;                                                                                       \
    c##r##1 += v * b1;                                                                                       \
  }
void lrt_gemm_f32_4x8__generic(const float *const *rows, int64_t taps, int64_t kc, const float *panel,
                               const float *bias, float lo, float hi, float *c, int64_t ldc, int mr, int nr) {
  const vec4 zero = {0, 0, 0, 0};
  vec4 c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
  for (int64_t t = 0; t < taps; t++, rows += 4) {
    const float *a0 = rows[0], *a1 = rows[1], *a2 = rows[2], *a3 = rows[3];
    for (int64_t i = 0; i < kc; i++, panel += 8) {
      const vec4 b0 = load4(panel), b1 = load4(panel + 4);
      STEP(0) STEP(1) STEP(2) STEP(3)
    }
  }
  store_row(c00, c01, bias, lo, hi, c, nr);
  if (mr > 1) store_row(c10, c11, bias, lo, hi, c + ldc, nr);
  if (mr > 2) store_row(c20, c21, bias, lo, hi, c + 2 * ldc, nr);
  if (mr > 3) store_row(c30, c31, bias, lo, hi, c + 3 * ldc, nr);
}
#undef STEP

static float dot_f32(const float *x, const float *w, int64_t k) {
  vec4 s0 = {0, 0, 0, 0}, s1 = s0;
  int64_t i = 0;
  for (; i + 8 <= k; i += 8) {
    s0 += load4(x + i) * load4(w + i);
    s1 += load4(x + i + 4) * load4(w + i + 4);
  }
  s0 += s1;
  float sum = (s0[0] + s0[1]) + (s0[2] + s0[3]);
  for (; i < k; i++) sum += x[i] * w[i];
  return sum;
}

void lrt_gemm_gemv_f32__generic(const float *x, int64_t k, const void *w, int64_t ldw, int64_t n,
                                const float *bias, float lo, float hi, float *y) {
  for (int64_t j = 0; j < n; j++) {
    const float sum = dot_f32(x, (const float *)w + j * ldw, k);
    y[j] = clamp(sum + (bias != NULL ? bias[j] : 0), lo, hi);
  }
}

void lrt_gemm_gemv_f16__generic(const float *x, int64_t k, const void *w, int64_t ldw, int64_t n,
                                const float *bias, float lo, float hi, float *y) {
  float wide[256];
  for (int64_t j = 0; j < n; j++) {
    const uint16_t *row = (const uint16_t *)w + j * ldw;
    float sum = 0;
    for (int64_t i = 0; i < k; i += 256) {
      const int64_t count = k - i < 256 ? k - i : 256;
      lrt_half_to_float_array(row + i, wide, (size_t)count);
      sum += dot_f32(x + i, wide, count);
    }
    y[j] = clamp(sum + (bias != NULL ? bias[j] : 0), lo, hi);
  }
}

/* Pairs of k side by side: the shape of x86's multiply-add and of NEON's pairwise adds. */
void lrt_gemm_int_S16_2x16__generic(const void *strip, int64_t lda, int64_t kp, const int8_t *panel,
                                    int32_t *acc, int nr) {
  (void)nr;
  const int16_t *a0 = strip, *a1 = a0 + lda;
  uint32_t s0[16] = {0}, s1[16] = {0};
  for (int64_t i = 0; i < kp; i += 2, panel += 32) {
    const int32_t x0 = a0[i], x1 = a0[i + 1], y0 = a1[i], y1 = a1[i + 1];
    for (int j = 0; j < 16; j++) {
      s0[j] += (uint32_t)(x0 * panel[2 * j] + x1 * panel[2 * j + 1]);
      s1[j] += (uint32_t)(y0 * panel[2 * j] + y1 * panel[2 * j + 1]);
    }
  }
  memcpy(acc, s0, sizeof s0);
  memcpy(acc + 16, s1, sizeof s1);
}

void lrt_gemm_gemv_S16__generic(const void *strip, int64_t k, const int8_t *w, int64_t ldw, int rows,
                                int32_t *acc) {
  const int16_t *a = strip;
  for (int r = 0; r < rows; r++) {
    const int8_t *row = w + r * ldw;
    uint32_t sum = 0;
    for (int64_t i = 0; i < k; i++) sum += (uint32_t)(a[i] * row[i]);
    acc[r] = (int32_t)sum;
  }
}

static void copy(int16_t *restrict dst, const uint8_t *restrict src, int64_t count, uint8_t flip) {
  for (int64_t i = 0; i < count; i++) dst[i] = (int8_t)(src[i] ^ flip);
}

void lrt_gemm_fill_S16__generic(const lrt_gemm_strip_args *args) {
  LRT_GEMM_STRIP_FILL(copy, int16_t, 0)
}

static int32_t folded(const lrt_gemm_epilogue_args *e, int r, int j) {
  const int32_t sum = lrt_fixed_add(e->acc[r * e->ld_acc + j], e->fold[j]);
  return lrt_fixed_add(sum, e->row_add != NULL ? e->row_add[r] : 0);
}

/* lrt_multiplier_apply without branches: both halves of its rounding are (product + 2^30) >> 31. */
static inline int32_t rescale(int32_t x, int32_t mult, int32_t shift) {
  const int left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
  const int64_t product = (int64_t)lrt_fixed_shl(x, left) * mult;
  const int32_t high = (int32_t)((product + (INT64_C(1) << 30)) >> 31);
  const int32_t mask = (int32_t)((INT64_C(1) << right) - 1);
  return (high >> right) + ((high & mask) > (mask >> 1) + (high < 0));
}

void lrt_gemm_exact__generic(const lrt_gemm_epilogue_args *e) {
  for (int r = 0; r < e->mr; r++) {
    uint8_t *c = (uint8_t *)e->c + r * e->ldc;
    for (int j = 0; j < e->nr; j++) {
      const int64_t v = (int64_t)rescale(folded(e, r, j), e->mult[j], e->shift[j]) + e->zero;
      c[j] = (uint8_t)((v < e->lo ? e->lo : v > e->hi ? e->hi : v) ^ e->flip);
    }
  }
}

/* Adding 1.5 * 2^23 rounds half to even where lrintf would be a call; the clamp keeps |v| far below 2^22. */
void lrt_gemm_fast__generic(const lrt_gemm_epilogue_args *e) {
  const float lo = (float)(e->lo - e->zero), hi = (float)(e->hi - e->zero), magic = 12582912.0f;
  for (int r = 0; r < e->mr; r++) {
    uint8_t *c = (uint8_t *)e->c + r * e->ldc;
    for (int j = 0; j < e->nr; j++) {
      const float v = clamp((float)folded(e, r, j) * e->scale[j], lo, hi) + magic;
      c[j] = (uint8_t)(((int32_t)(v - magic) + e->zero) ^ e->flip);
    }
  }
}

void lrt_gemm_hybrid__generic(const lrt_gemm_epilogue_args *e) {
  for (int r = 0; r < e->mr; r++) {
    float *c = (float *)e->c + r * e->ldc;
    for (int j = 0; j < e->nr; j++) {
      const uint32_t correction = (uint32_t)e->a_zeros[r] * (uint32_t)e->w_sums[j];
      const int32_t acc = (int32_t)((uint32_t)e->acc[r * e->ld_acc + j] - correction);
      c[j] = clamp((float)acc * (e->a_scale[r] * e->scale[j]) + e->bias[j], e->flo, e->fhi);
    }
  }
}

void lrt_gemm_int16__generic(const lrt_gemm_epilogue_args *e) {
  lrt_gemm_int16__ref(e);
}

void lrt_gemm_i4b__generic(const uint8_t *x, int64_t k, int64_t block, const uint8_t *w,
                           const uint16_t *scale, int64_t n, float *y) {
  for (int64_t j = 0; j < n; j++) {
    const uint8_t *row = w + j * (k / 2);
    float sum = y[j];
    for (int64_t b = 0; b < k; b += block) {
      int32_t acc = 0;
      for (int64_t i = b; i < b + block; i += 32) { /* nibbles shifted up: 16 times too large */
        for (int p = 0; p < 16; p++) {
          const uint8_t byte = row[i / 2 + p];
          acc += x[i + p] * (int8_t)(uint8_t)(byte << 4) + x[i + 16 + p] * (int8_t)(byte & 0xf0);
        }
      }
      sum += (float)acc * (lrt_half_to_float(scale[j * (k / block) + b / block]) * 0.0625f);
    }
    y[j] = sum;
  }
}

void lrt_gemm_i4b_add__generic(const int32_t *restrict acc, const int32_t *restrict sums,
                               const float *restrict scale, float *restrict sum, int mr, int nr) {
  for (int r = 0; r < mr; r++, acc += nr, sum += nr) {
    for (int j = 0; j < nr; j++) sum[j] += (float)(acc[j] - sums[j]) * scale[j];
  }
}
