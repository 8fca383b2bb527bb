/* test_softmax.c: softmax variants against the reference; exact and table forms of quantized rows; norms. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/cpu.h"
#include "kernels/softmax/softmax_decl.h"

static void f32_variants(void) {
  size_t count;
  const lrt_softmax_variant *all = lrt_softmax_variants(&count);
  static float in[3 * 1001 + 1], a[3 * 1001 + 1], b[3 * 1001 + 1];
  const int depths[] = {1, 2, 15, 16, 17, 33, 1001};
  for (int i = 0; i < 3 * 1001 + 1; i++) in[i] = sinf((float)i * 1.7f) * 9.0f;
  for (size_t i = 0; i < count; i++) {
    const lrt_softmax_variant *v = &all[i];
    if (v->ref || !lrt_cpu_has((lrt_cpu_level)v->level)) continue;
    const bool log = v->op == LRT_SOFTMAX_LOG_SOFTMAX;
    for (size_t d = 0; d < sizeof depths / sizeof depths[0]; d++) {
      v->fn(in + 1, a + 1, depths[d], 1.3f, 0, 3);
      (log ? lrt_log_softmax_f32_pick(true) : lrt_softmax_f32_pick(true))(in + 1, b + 1, depths[d], 1.3f, 0,
                                                                          3);
      for (int k = 1; k <= 3 * depths[d]; k++) CHECK_NEAR(a[k], b[k], 5e-7 + 2e-6 * fabsf(b[k]));
    }
  }
  const float special[4] = {INFINITY, 1.0f, NAN, -INFINITY};
  lrt_softmax_f32_pick(false)(special, a, 4, 1.0f, 0, 1);
  CHECK(isnan(a[2]));
  const float far[3] = {-1e30f, 0.0f, -INFINITY};
  lrt_softmax_f32_pick(false)(far, a, 3, 1.0f, 0, 1);
  CHECK(a[0] == 0.0f && a[1] == 1.0f && a[2] == 0.0f);
}

static void quantized(void) {
  static lrt_softmax_quant exact, table;
  int8_t in[200], a[200], b[200];
  int16_t in16[200], out16[200];
  for (int i = 0; i < 200; i++) in[i] = (int8_t)(i * 37), in16[i] = (int16_t)(i * 4111);
  const float scales[] = {0.01f, 0.1f, 0.5f};
  for (int s = 0; s < 3; s++) {
    REQUIRE(lrt_softmax_quant_make(LRT_INT8, LRT_INT8, 8, scales[s], 1.0f, true, &exact));
    REQUIRE(lrt_softmax_quant_make(LRT_INT8, LRT_INT8, 8, scales[s], 1.0f, false, &table));
    lrt_softmax_quant_run(&exact, in, a, 40, 0, 5);
    lrt_softmax_quant_run(&table, in, b, 40, 0, 5);
    for (int i = 0; i < 200; i++) CHECK_NEAR(a[i], b[i], 1);
    REQUIRE(lrt_log_softmax_quant_make(LRT_INT8, scales[s], true, &exact));
    REQUIRE(lrt_log_softmax_quant_make(LRT_INT8, scales[s], false, &table));
    lrt_log_softmax_quant_run(&exact, in, a, 40, 0, 5);
    lrt_log_softmax_quant_run(&table, in, b, 40, 0, 5);
    for (int i = 0; i < 200; i++) CHECK_NEAR(a[i], b[i], 1);
    REQUIRE(lrt_softmax_quant_make(LRT_INT16, LRT_INT16, 15, scales[s] / 100, 1.0f, true, &exact));
    lrt_softmax_quant_run(&exact, in16, out16, 40, 0, 5);
    int sum = 0;
    for (int i = 0; i < 40; i++) sum += out16[i];
    CHECK_NEAR(sum, 32768, 60);
  }
}

static void norms(void) {
  const float x[4] = {3.0f, 4.0f, 0.0f, 0.0f};
  float y[4];
  lrt_l2_normalize_f32(x, y, 2, 0, 2);
  CHECK(y[0] == 0.6f && y[1] == 0.8f && y[2] == 0.0f);
  const int8_t q[3] = {13, 14, 10};
  int8_t r[3];
  lrt_l2_normalize_quant(q, r, LRT_INT8, 10, 3, 0, 1);
  CHECK(r[0] == 77 && r[1] == 102 && r[2] == 0);
  const float z[3] = {1.0f, 2.0f, 3.0f};
  lrt_local_response_normalize(z, y, 3, 1, 1.0f, 0.5f, 1.0f, 0, 1);
  CHECK_NEAR(y[0], 1.0 / 3.5, 1e-6);
  CHECK_NEAR(y[1], 2.0 / 8.0, 1e-6);
}

int main(int argc, char **argv) {
  RUN(f32_variants);
  RUN(quantized);
  RUN(norms);
  DONE();
}
