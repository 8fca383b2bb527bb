/* test_scalesearch.c: searches of scales against the reference, against all scales, and at their edges. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/half.h"
#include "check.h"
#include "guard.h"
#include "kernels/scalesearch/scalesearch.h"

static const lrt_scalesearch_range ranges[] = {{-8, 7, true},     {-8, 7, false}, {-127, 127, false},
                                               {-127, 127, true}, {-7, 7, true},  {-2, 1, true}};

static void same_as_reference(void) {
  int count;
  const lrt_scalesearch_kernel *table = lrt_scalesearch_table(&count), *ref = table + count - 1;
  for (int round = 0; round < 600; round++) {
    const int n = round < 100 ? round : guard_between(1, 300);
    const lrt_scalesearch_range *range = &ranges[round % 6];
    guard w = guard_make((size_t)n * 4), importance = guard_make((size_t)n * 4);
    guard got = guard_make((size_t)n), want = guard_make((size_t)n);
    const float size = ldexpf(1.0f, round % 7 == 0 ? guard_between(-130, 100) : guard_between(-10, 2));
    for (int i = 0; i < n; i++) {
      ((float *)w.data)[i] = guard_float() * guard_float() * size;
      ((float *)importance.data)[i] = fabsf(guard_float());
    }
    const float *weight = round % 3 == 0 ? NULL : importance.data;
    float scale = 0, expected = 0;
    const float wanted = ref->run(w.data, weight, n, range, want.data, &expected);
    for (int v = 0; v < count; v++) {
      if (!lrt_cpu_has(table[v].level)) continue;
      const float error = table[v].run(w.data, weight, n, range, got.data, &scale);
      CHECK(memcmp(&scale, &expected, sizeof scale) == 0 && memcmp(&error, &wanted, sizeof error) == 0);
      CHECK(memcmp(got.data, want.data, (size_t)n) == 0);
    }
    guard_free(&w), guard_free(&importance), guard_free(&got), guard_free(&want);
  }
}

static double error_of(const float *w, const float *importance, int n, const lrt_scalesearch_range *range,
                       float scale) {
  double sum = 0;
  for (int i = 0; i < n; i++) {
    double code = rint((double)w[i] / (double)scale);
    code = fmin(fmax(code, range->low), range->high);
    const double off = (double)w[i] - (double)scale * code;
    sum += (double)importance[i] * off * off;
  }
  return sum;
}

/* Never worse than the plain scale of the largest weight, and near the best of all float16 scales. */
static void near_the_best(void) {
  float w[32], importance[32];
  int8_t codes[32];
  double excess = 0, plain_excess = 0;
  for (int round = 0; round < 100; round++) {
    const lrt_scalesearch_range *range = &ranges[0];
    float scale = 0, widest = 0;
    for (int i = 0; i < 32; i++) {
      w[i] = guard_float() + guard_float() * guard_float();
      importance[i] = fabsf(guard_float());
      widest = fmaxf(widest, w[i] > 0 ? w[i] / 7 : w[i] / -8);
    }
    const double found = (double)lrt_scalesearch_pick(false)(w, importance, 32, range, codes, &scale);
    CHECK_NEAR(found, error_of(w, importance, 32, range, scale), 1e-5);
    const double plain = error_of(w, importance, 32, range, widest);
    CHECK(found <= plain * 1.0001);
    double best = plain;
    for (uint16_t h = lrt_half_from_float(widest * 0.5f); h < lrt_half_from_float(widest * 1.2f); h++)
      best = fmin(best, error_of(w, importance, 32, range, lrt_half_to_float(h)));
    excess += found / best - 1;
    plain_excess += plain / best - 1;
  }
  printf("error above the best float16 scale: %.1f %% on average, %.1f %% for the plain scale\n", excess,
         plain_excess);
  CHECK(excess < 2 && plain_excess > 10); /* sums of 100 rounds, so per cent on average */
}

static void edges(void) {
  int8_t codes[4];
  float scale = 0;
  lrt_scalesearch_fn *run = lrt_scalesearch_pick(false);
  const float zeros[4] = {0, 0, 0, 0}, lattice[4] = {-4, 3.5f, 1, 0}, tiny[4] = {1e-30f, -1e-30f, 0, 0};
  const float huge[4] = {3e38f, -3e38f, 1e38f, 0}, nothing[4] = {0, 0, 0, 0};
  CHECK_NEAR(run(zeros, NULL, 4, &ranges[0], codes, &scale), 0, 0);
  CHECK(scale == 1.0f && codes[0] == 0 && codes[3] == 0);
  /* What lies on a lattice stays exact, the whole range -8 … 7 included. */
  CHECK_NEAR(run(lattice, NULL, 4, &ranges[0], codes, &scale), 0, 0);
  CHECK(scale == 0.5f && codes[0] == -8 && codes[1] == 7 && codes[2] == 2);
  /* Beyond float16 on either side: a usable scale, codes of what is left. */
  run(tiny, NULL, 4, &ranges[0], codes, &scale);
  CHECK(scale == 1.0f && codes[0] == 0);
  run(huge, NULL, 4, &ranges[0], codes, &scale);
  CHECK(scale > 0 && isfinite(scale));
  run(lattice, nothing, 4, &ranges[0], codes, &scale);
  CHECK(scale > 0 && isfinite(scale));
}

int main(int argc, char **argv) {
  RUN(same_as_reference);
  RUN(near_the_best);
  RUN(edges);
  DONE();
}
