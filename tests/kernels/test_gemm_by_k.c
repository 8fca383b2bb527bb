/* test_gemm_by_k.c: products whose weights are [k][n] equal those of the same weights turned. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "check.h"
#include "kernels/gemm/gemm_core.h"
#include "kernels/gemm/gemm_transpose.h"

enum { M = 5, N = 37, K = 21 };

static char scratch[1 << 20] __attribute__((aligned(64)));

static void run_f32(const float *a, const float *w, bool by_k, bool ref, float *c) {
  lrt_gemm_f32 g = {.a = {.data = a, .m = M, .taps = 1, .kc = K, .ld = K},
                    .groups = 1,
                    .n = N,
                    .w = w,
                    .w_type = LRT_FLOAT32,
                    .by_k = by_k,
                    .lo = -INFINITY,
                    .hi = INFINITY,
                    .c = c,
                    .ldc = N,
                    .ref = ref};
  lrt_gemm_f32_plan(&g, 1);
  CHECK(lrt_gemm_f32_scratch(&g) <= sizeof scratch);
  lrt_gemm_f32_run(&g, 0, lrt_gemm_f32_tiles(&g), scratch);
}

static void run_int(const int8_t *a, const int8_t *w, bool by_k, bool ref, int32_t *c) {
  int32_t sums[N];
  lrt_gemm_int g = {.a = {.data = a, .m = M, .taps = 1, .kc = K, .ld = K},
                    .a_type = LRT_INT8,
                    .a_zero = 3,
                    .groups = 1,
                    .n = N,
                    .w = w,
                    .w_type = LRT_INT8,
                    .by_k = by_k,
                    .w_sums = sums,
                    .out_type = LRT_INT32,
                    .c = c,
                    .ldc = N,
                    .rows_per_scale = 1,
                    .ref = ref};
  lrt_gemm_int_sums(&g, sums);
  lrt_gemm_int_plan(&g, 1);
  CHECK(lrt_gemm_int_scratch(&g) <= sizeof scratch);
  lrt_gemm_int_run(&g, 0, lrt_gemm_int_tiles(&g), scratch);
}

static void floats_by_k(void) {
  float a[M * K], w[N * K], turned[N * K], c[2][M * N];
  for (int i = 0; i < M * K; i++) a[i] = (float)(i % 13 - 6);
  for (int i = 0; i < N * K; i++) w[i] = (float)(i % 11 - 5);
  lrt_gemm_transpose(w, N, K, sizeof(float), turned);
  for (int ref = 0; ref < 2; ref++) {
    run_f32(a, w, false, ref != 0, c[0]);
    run_f32(a, turned, true, ref != 0, c[1]);
    CHECK(memcmp(c[0], c[1], sizeof c[0]) == 0);
  }
}

static void integers_by_k(void) {
  int8_t a[M * K], w[N * K], turned[N * K];
  int32_t c[2][M * N];
  for (int i = 0; i < M * K; i++) a[i] = (int8_t)(i * 37 % 255 - 127);
  for (int i = 0; i < N * K; i++) w[i] = (int8_t)(i * 91 % 255 - 127);
  lrt_gemm_transpose(w, N, K, 1, turned);
  for (int ref = 0; ref < 2; ref++) {
    run_int(a, w, false, ref != 0, c[0]);
    run_int(a, turned, true, ref != 0, c[1]);
    CHECK(memcmp(c[0], c[1], sizeof c[0]) == 0);
  }
}

int main(int argc, char **argv) {
  RUN(floats_by_k);
  RUN(integers_by_k);
  DONE();
}
