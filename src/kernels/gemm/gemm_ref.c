/* gemm_ref.c: scalar reference of the product kernels: what every other variant must compute. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/half.h"
#include "kernels/gemm/gemm_strip.h"
#include "kernels/requant/fixed.h"

static float clamp(float v, float lo, float hi) {
  v = v < lo ? lo : v;
  return v > hi ? hi : v;
}

void lrt_gemm_f32_1x4__ref(const float *const *rows, int64_t taps, int64_t kc, const float *panel,
                           const float *bias, float lo, float hi, float *c, int64_t ldc, int mr, int nr) {
  (void)ldc;
  (void)mr; /* 1 */
  for (int j = 0; j < nr; j++) {
    float acc = 0;
    for (int64_t t = 0; t < taps; t++) {
      for (int64_t i = 0; i < kc; i++) acc += rows[t][i] * panel[(t * kc + i) * 4 + j];
    }
    c[j] = clamp(acc + bias[j], lo, hi);
  }
}

void lrt_gemm_gemv_f32__ref(const float *x, int64_t k, const void *w, int64_t ldw, int64_t n,
                            const float *bias, float lo, float hi, float *y) {
  for (int64_t j = 0; j < n; j++) {
    const float *row = (const float *)w + j * ldw;
    float acc = 0;
    for (int64_t i = 0; i < k; i++) acc += x[i] * row[i];
    y[j] = clamp(acc + (bias != NULL ? bias[j] : 0), lo, hi);
  }
}

void lrt_gemm_gemv_f16__ref(const float *x, int64_t k, const void *w, int64_t ldw, int64_t n,
                            const float *bias, float lo, float hi, float *y) {
  for (int64_t j = 0; j < n; j++) {
    const uint16_t *row = (const uint16_t *)w + j * ldw;
    float acc = 0;
    for (int64_t i = 0; i < k; i++) acc += x[i] * lrt_half_to_float(row[i]);
    y[j] = clamp(acc + (bias != NULL ? bias[j] : 0), lo, hi);
  }
}

/* Sums wrap modulo 2^32, as they do in vector registers. */
void lrt_gemm_int_S16_1x16__ref(const void *strip, int64_t lda, int64_t kp, const int8_t *panel, int32_t *acc,
                                int nr) {
  (void)nr;
  (void)lda; /* one row */
  const int16_t *a = strip;
  for (int j = 0; j < 16; j++) {
    uint32_t sum = 0;
    for (int64_t i = 0; i < kp; i++) sum += (uint32_t)(a[i] * panel[i * 16 + j]);
    acc[j] = (int32_t)sum;
  }
}

void lrt_gemm_gemv_S16__ref(const void *strip, int64_t k, const int8_t *w, int64_t ldw, int rows,
                            int32_t *acc) {
  const int16_t *a = strip;
  for (int r = 0; r < rows; r++) {
    uint32_t sum = 0;
    for (int64_t i = 0; i < k; i++) sum += (uint32_t)(a[i] * w[r * ldw + i]);
    acc[r] = (int32_t)sum;
  }
}

static void copy(int16_t *dst, const uint8_t *src, int64_t count, uint8_t flip) {
  for (int64_t i = 0; i < count; i++) dst[i] = (int8_t)(src[i] ^ flip);
}

void lrt_gemm_fill_S16__ref(const lrt_gemm_strip_args *args) {
  LRT_GEMM_STRIP_FILL(copy, int16_t, 0)
}

static int32_t folded(const lrt_gemm_epilogue_args *e, int r, int j) {
  const int32_t sum = lrt_fixed_add(e->acc[r * e->ld_acc + j], e->fold[j]);
  return lrt_fixed_add(sum, e->row_add != NULL ? e->row_add[r] : 0);
}

void lrt_gemm_exact__ref(const lrt_gemm_epilogue_args *e) {
  for (int r = 0; r < e->mr; r++) {
    uint8_t *c = (uint8_t *)e->c + r * e->ldc;
    for (int j = 0; j < e->nr; j++) {
      const lrt_multiplier m = {e->mult[j], e->shift[j]};
      const int32_t v = lrt_fixed_saturate((int64_t)lrt_multiplier_apply(folded(e, r, j), m) + e->zero);
      c[j] = (uint8_t)(lrt_fixed_clamp(v, e->lo, e->hi) ^ e->flip);
    }
  }
}

/* One rounding, half to even. */
void lrt_gemm_fast__ref(const lrt_gemm_epilogue_args *e) {
  const float lo = (float)(e->lo - e->zero), hi = (float)(e->hi - e->zero);
  for (int r = 0; r < e->mr; r++) {
    uint8_t *c = (uint8_t *)e->c + r * e->ldc;
    for (int j = 0; j < e->nr; j++) {
      const float v = clamp((float)folded(e, r, j) * e->scale[j], lo, hi);
      c[j] = (uint8_t)(((int32_t)lrintf(v) + e->zero) ^ e->flip);
    }
  }
}

void lrt_gemm_hybrid__ref(const lrt_gemm_epilogue_args *e) {
  for (int r = 0; r < e->mr; r++) {
    float *c = (float *)e->c + r * e->ldc;
    for (int j = 0; j < e->nr; j++) {
      const uint32_t correction = (uint32_t)e->a_zeros[r] * (uint32_t)e->w_sums[j];
      const int32_t acc = (int32_t)((uint32_t)e->acc[r * e->ld_acc + j] - correction);
      c[j] = clamp((float)acc * (e->a_scale[r] * e->scale[j]) + e->bias[j], e->flo, e->fhi);
    }
  }
}

void lrt_gemm_int16__ref(const lrt_gemm_epilogue_args *e) {
  for (int r = 0; r < e->mr; r++) {
    int16_t *c = (int16_t *)e->c + r * e->ldc;
    for (int j = 0; j < e->nr; j++) {
      const lrt_multiplier m = {e->mult[j], e->shift[j]};
      const int64_t acc = e->acc64 != NULL ? e->acc64[r * e->ld_acc + j] : e->acc[r * e->ld_acc + j];
      int64_t v;
      if (e->bias64 == NULL)
        v = lrt_multiplier_apply((int32_t)((uint32_t)acc + (uint32_t)e->fold[j]), m);
      else
        v = lrt_multiplier_apply64((int64_t)((uint64_t)acc + (uint64_t)e->bias64[j]), m);
      c[j] = (int16_t)lrt_fixed_clamp(lrt_fixed_saturate(v + e->zero), e->lo, e->hi);
    }
  }
}

void lrt_gemm_i4b__ref(const uint8_t *x, int64_t k, int64_t block, const uint8_t *w, const uint16_t *scale,
                       int64_t n, float *y) {
  for (int64_t j = 0; j < n; j++) {
    const uint8_t *row = w + j * (k / 2);
    float sum = y[j];
    for (int64_t b = 0; b < k / block; b++) {
      int32_t acc = 0;
      for (int64_t i = b * block; i < (b + 1) * block; i += 2) {
        const uint8_t *pair =
            x + i / 32 * 32 + i % 32 / 2; /* even element here, its odd neighbour 16 further */
        acc += pair[0] * (((row[i / 2] & 15) ^ 8) - 8) + pair[16] * (((row[i / 2] >> 4) ^ 8) - 8);
      }
      sum += (float)acc * lrt_half_to_float(scale[j * (k / block) + b]);
    }
    y[j] = sum;
  }
}

void lrt_gemm_i4b_add__ref(const int32_t *acc, const int32_t *sums, const float *scale, float *sum, int mr,
                           int nr) {
  for (int r = 0; r < mr; r++, acc += nr, sum += nr) {
    for (int j = 0; j < nr; j++) sum[j] += (float)(acc[j] - sums[j]) * scale[j];
  }
}
