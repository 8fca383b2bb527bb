/* test_rowquant.c: row quantizers against the reference and against values worked out by hand. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "guard.h"
#include "kernels/rowquant/rowquant.h"

static void same_as_reference(void) {
  int count;
  const lrt_rowquant_kernel *table = lrt_rowquant_table(&count), *ref = table + count - 1;
  for (int round = 0; round < 400; round++) {
    const int n = round < 80 ? round : guard_between(1, 300);
    guard x = guard_make((size_t)n * 4), got = guard_make((size_t)n), want = guard_make((size_t)n);
    float *values = x.data;
    const float size = ldexpf(1.0f, guard_between(-125, 60));
    for (int i = 0; i < n; i++) values[i] = (guard_float() + (float)(round % 3 - 1)) * size;
    if (n > 3 && round % 50 == 7) values[n / 2] = round % 100 == 7 ? NAN : -INFINITY;
    if (round % 20 == 9) memset(values, 0, (size_t)n * 4);
    for (int v = 0; v < count; v++) {
      if (!lrt_cpu_has(table[v].level)) continue;
      lrt_rowquant_fn *const fast[] = {table[v].symmetric, table[v].asymmetric, table[v].nearest};
      lrt_rowquant_fn *const reference[] = {ref->symmetric, ref->asymmetric, ref->nearest};
      for (int rule = 0; rule < 3; rule++) {
        float scale = 0, expected_scale = 0;
        int32_t zero = 9, expected_zero = 9;
        fast[rule](values, n, got.data, &scale, &zero);
        reference[rule](values, n, want.data, &expected_scale, &expected_zero);
        CHECK(memcmp(&scale, &expected_scale, sizeof scale) == 0 || (isnan(scale) && isnan(expected_scale)));
        CHECK_INT(zero, expected_zero);
        CHECK(memcmp(got.data, want.data, (size_t)n) == 0);
      }
    }
    guard_free(&x), guard_free(&got), guard_free(&want);
  }
}

static void worked_out(void) {
  static const float x[] = {-1.0f, 0.0f, 0.5f, 1.55f};
  const lrt_rowquant_kernel *kernel = lrt_rowquant_pick(true);
  int8_t q[4];
  float scale;
  int32_t zero;
  kernel->asymmetric(x, 4, q, &scale, &zero); /* 255 steps of 0.01 */
  CHECK_NEAR(scale, 0.01, 1e-9);
  CHECK_INT(zero, -28);
  CHECK_INT(q[0], -128);
  CHECK_INT(q[1], -28);
  CHECK_INT(q[2], 22);
  CHECK_INT(q[3], 127);
  static const float ties[] = {0.0f, 2.5f, 3.5f, 255.0f};
  kernel->nearest(ties, 4, q, &scale, &zero); /* 255 steps of 1 */
  CHECK(scale == 1.0f);
  CHECK_INT(zero, -128);
  CHECK_INT(q[1], -126);
  CHECK_INT(q[2], -124);
  CHECK_INT(q[3], 127);
  kernel->symmetric(x, 4, q, &scale, &zero);
  CHECK_NEAR(scale, 1.55 / 127, 1e-8);
  CHECK_INT(zero, 0);
  CHECK_INT(q[0], -82);
  CHECK_INT(q[3], 127);
}

int main(int argc, char **argv) {
  RUN(same_as_reference);
  RUN(worked_out);
  DONE();
}
