/* test_reduce.c: reductions over every set of axes against a direct loop; quantized rules; arg-max; cumulative sums. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/cpu.h"
#include "kernels/reduce/reduce_levels.h"

static void every_axis_set(void) {
  const lrt_shape in = {4, {3, 2, 5, 4}};
  int32_t x[120];
  for (int i = 0; i < 120; i++) x[i] = (i * 7919) % 101 - 50;
  for (int mask = 0; mask < 16; mask++) {
    int32_t axes[4], n = 0;
    for (int d = 0; d < 4; d++) {
      if (mask >> d & 1) axes[n++] = d % 2 ? d - 4 : d; /* negative ones too */
    }
    lrt_shape out;
    lrt_reduce_space s;
    CHECK_INT(lrt_reduce_make(&in, axes, n, true, &out, &s, NULL), LRT_OK);
    CHECK_INT(lrt_shape_count(&out), s.outputs);
    int32_t sum[120] = {0}, max[120], got[120];
    for (int i = 0; i < 120; i++) max[i] = INT32_MIN;
    for (int i = 0; i < 120; i++) {
      const int index[4] = {i / 40, i / 20 % 2, i / 4 % 5, i % 4};
      int at = 0;
      for (int d = 0; d < 4; d++) at = at * out.dims[d] + (out.dims[d] == 1 ? 0 : index[d]);
      sum[at] += x[i];
      max[at] = x[i] > max[at] ? x[i] : max[at];
    }
    const lrt_reduce_params p = {0};
    for (int64_t at = 0; at < s.outputs; at += 7) {
      const int64_t end = at + 7 < s.outputs ? at + 7 : s.outputs;
      lrt_reduce_pick(LRT_REDUCE_SUM, LRT_INT32, false)(&s, &p, x, got, at, end);
    }
    CHECK(memcmp(got, sum, (size_t)s.outputs * 4) == 0);
    lrt_reduce_pick(LRT_REDUCE_MAX, LRT_INT32, false)(&s, &p, x, got, 0, s.outputs);
    CHECK(memcmp(got, max, (size_t)s.outputs * 4) == 0);
  }
  const int32_t bad = 4;
  lrt_shape out;
  lrt_reduce_space s;
  CHECK_INT(lrt_reduce_make(&in, &bad, 1, false, &out, &s, NULL), LRT_INVALID_MODEL);
}

static void edges(void) {
  const lrt_shape empty = {2, {2, 0}};
  const int32_t axis = 1;
  lrt_shape out;
  lrt_reduce_space s;
  const lrt_reduce_params p = {0};
  float r[2];
  CHECK_INT(lrt_reduce_make(&empty, &axis, 1, false, &out, &s, NULL), LRT_OK);
  CHECK_INT(s.outputs, 2);
  lrt_reduce_pick(LRT_REDUCE_SUM, LRT_FLOAT32, false)(&s, &p, r, r, 0, 2);
  CHECK(r[0] == 0.0f && r[1] == 0.0f);
  lrt_reduce_pick(LRT_REDUCE_MEAN, LRT_FLOAT32, false)(&s, &p, r, r, 0, 2);
  CHECK(isnan(r[0]));
  lrt_reduce_pick(LRT_REDUCE_PROD, LRT_FLOAT32, false)(&s, &p, r, r, 0, 2);
  CHECK(r[0] == 1.0f);
  CHECK(lrt_reduce_pick(LRT_REDUCE_ANY, LRT_FLOAT32, false) == NULL);
}

/* Rows long enough for partial results. */
static void long_rows(void) {
  enum { ROW = 1003 };
  static float x[2 * ROW];
  static int8_t q[2 * ROW];
  const lrt_shape in = {2, {2, ROW}};
  const int32_t axis = 1;
  lrt_shape out;
  lrt_reduce_space s;
  lrt_reduce_params p = {0};
  double sum[2] = {0}, best[2] = {-1e30, -1e30};
  int64_t total[2] = {0};
  for (int i = 0; i < 2 * ROW; i++) {
    x[i] = (float)((i * 7919) % 2003) / 64 - 15;
    q[i] = (int8_t)(i * 31);
    sum[i / ROW] += (double)x[i];
    total[i / ROW] += q[i];
    best[i / ROW] = (double)x[i] > best[i / ROW] ? (double)x[i] : best[i / ROW];
  }
  x[5] = NAN;
  float r[2];
  CHECK_INT(lrt_reduce_make(&in, &axis, 1, false, &out, &s, NULL), LRT_OK);
  lrt_reduce_pick(LRT_REDUCE_MAX, LRT_FLOAT32, false)(&s, &p, x, r, 0, 2);
  CHECK(r[0] == (float)best[0] && r[1] == (float)best[1]);
  lrt_reduce_pick(LRT_REDUCE_SUM, LRT_FLOAT32, false)(&s, &p, x, r, 0, 2);
  CHECK(isnan(r[0]));
  CHECK_NEAR(r[1], sum[1], 1e-3);
  int8_t mean[2];
  lrt_reduce_quant(LRT_REDUCE_MEAN, LRT_INT8, 0.1f, 0, 0.1f, 0, ROW, &p);
  lrt_reduce_pick(LRT_REDUCE_MEAN, LRT_INT8, true)(&s, &p, q, mean, 0, 2);
  for (int i = 0; i < 2; i++) CHECK_NEAR(mean[i], (double)total[i] / ROW, 0.51);
}

static void quantized(void) {
  const lrt_shape in = {2, {2, 7}};
  const int32_t axis = -1;
  lrt_shape out;
  lrt_reduce_space s;
  lrt_reduce_params p;
  int8_t x[14], r[2];
  for (int i = 0; i < 14; i++) x[i] = (int8_t)(i * 9 - 60);
  CHECK_INT(lrt_reduce_make(&in, &axis, 1, false, &out, &s, NULL), LRT_OK);
  for (int op = LRT_REDUCE_SUM; op <= LRT_REDUCE_MEAN; op++) {
    lrt_reduce_quant((lrt_reduce_op)op, LRT_INT8, 0.05f, -3, 0.2f, 10, s.per_output, &p);
    lrt_reduce_pick((lrt_reduce_op)op, LRT_INT8, true)(&s, &p, x, r, 0, 2);
    for (int k = 0; k < 2; k++) {
      double sum = 0;
      for (int i = 0; i < 7; i++) sum += 0.05 * (x[7 * k + i] + 3);
      double v = (op == LRT_REDUCE_MEAN ? sum / 7 : sum) / 0.2 + 10;
      v = v < -128 ? -128 : v > 127 ? 127 : v;
      CHECK_NEAR(r[k], v, 0.51);
    }
  }
}

static void along_an_axis(void) {
  const float x[12] = {1, 5, 5, 2, 7, NAN, 0, 7, 3, 3, 3, 3};
  int32_t at[4];
  CHECK(lrt_arg_extreme(x, LRT_FLOAT32, true, 4, 1, at, LRT_INT32, 0, 3));
  CHECK(at[0] == 1 && at[1] == 0 && at[2] == 0);
  const float gap[3] = {NAN, 1, 0};
  CHECK(lrt_arg_extreme(gap, LRT_FLOAT32, true, 3, 1, at, LRT_INT32, 0, 1));
  CHECK_INT(at[0], 1);
  const int32_t y[6] = {1, 2, 3, 4, 5, 6}; /* [3][2] along the first axis */
  int32_t r[6];
  CHECK(lrt_cumsum(y, r, LRT_INT32, 3, 2, false, false, 0, 2));
  CHECK(r[0] == 1 && r[1] == 2 && r[2] == 4 && r[3] == 6 && r[4] == 9 && r[5] == 12);
  CHECK(lrt_cumsum(y, r, LRT_INT32, 3, 2, true, true, 0, 2));
  CHECK(r[0] == 8 && r[1] == 10 && r[2] == 5 && r[3] == 6 && r[4] == 0 && r[5] == 0);
}

/* Every instruction set gives the bits of the portable code, for rows, columns and blocks in between. */
static void levels_agree(void) {
  static const lrt_type types[] = {LRT_FLOAT32, LRT_INT8, LRT_UINT8, LRT_INT16, LRT_INT32, LRT_INT64};
  static int64_t x[7 * 33 * 19], expected[7 * 33 * 19], got[7 * 33 * 19];
  const lrt_shape in = {3, {7, 33, 19}};
  const lrt_reduce_level *last = &lrt_reduce_levels[lrt_reduce_level_count - 1];
  int compared = 0;
  for (int mask = 1; mask < 8; mask++) {
    int32_t axes[3], n = 0;
    for (int d = 0; d < 3; d++)
      if (mask >> d & 1) axes[n++] = d;
    lrt_shape out;
    lrt_reduce_space s;
    CHECK_INT(lrt_reduce_make(&in, axes, n, false, &out, &s, NULL), LRT_OK);
    for (int t = 0; t < 6; t++) {
      for (size_t i = 0; i < sizeof x / sizeof x[0]; i++) {
        if (types[t] == LRT_FLOAT32)
          ((float *)(void *)x)[i] = (float)((int)(i * 7919 % 1009) - 504) / 77;
        else if (types[t] == LRT_INT64)
          x[i] = (int64_t)(i * 2654435761U) - 1000000;
        else
          ((uint8_t *)x)[i] = (uint8_t)(i * 73 % 251);
      }
      for (int op = LRT_REDUCE_SUM; op <= LRT_REDUCE_MIN; op++) {
        for (int quantized = 0; quantized < 2; quantized++) {
          lrt_reduce_params p = {0};
          const lrt_reduce_fn reference = last->pick((lrt_reduce_op)op, types[t], quantized);
          if (reference == NULL) continue;
          if (quantized) lrt_reduce_quant((lrt_reduce_op)op, types[t], 0.1f, 3, 0.2f, 5, s.per_output, &p);
          reference(&s, &p, x, expected, 0, s.outputs);
          for (int l = 0; l < lrt_reduce_level_count; l++) {
            if (!lrt_cpu_has((lrt_cpu_level)lrt_reduce_levels[l].level)) continue;
            lrt_reduce_levels[l].pick((lrt_reduce_op)op, types[t], quantized)(&s, &p, x, got, 0, s.outputs);
            CHECK(memcmp(got, expected, (size_t)s.outputs * lrt_type_bits(types[t]) / 8) == 0);
            compared++;
          }
        }
      }
    }
  }
  CHECK(compared > 0);
}

/* The rows of one length, all of them at every level against the portable code. */
static void compare_rows(lrt_reduce_op op, lrt_type type, const void *x, int32_t rows, int32_t length) {
  const lrt_reduce_level *last = &lrt_reduce_levels[lrt_reduce_level_count - 1];
  const lrt_shape in = {2, {rows, length}};
  const int32_t axis = 1;
  const lrt_reduce_params p = {0};
  int64_t expected[8], got[8];
  lrt_shape out;
  lrt_reduce_space s;
  CHECK_INT(lrt_reduce_make(&in, &axis, 1, false, &out, &s, NULL), LRT_OK);
  last->pick(op, type, false)(&s, &p, x, expected, 0, rows);
  for (const lrt_reduce_level *level = lrt_reduce_levels; level < last; level++) {
    if (!lrt_cpu_has((lrt_cpu_level)level->level)) continue;
    level->pick(op, type, false)(&s, &p, x, got, 0, rows);
    CHECK(memcmp(got, expected, (size_t)rows * lrt_type_bits(type) / 8) == 0);
  }
}

/* Lengths on both sides of what is done in lanes. The extremes are met where nothing is beyond a zero of either sign, and
 * where NaN comes first, last and in between. */
static void long_rows_agree(void) {
  enum { ROWS = 5, MOST = 1100 };
  static const int32_t lengths[] = {31, 63, 64, 65, 96, 131, 511, 512, 513, 1003, MOST};
  static const lrt_type integers[] = {LRT_INT8, LRT_UINT8, LRT_INT16, LRT_INT32, LRT_INT64};
  static float high[ROWS * MOST], low[ROWS * MOST];
  static int64_t x[ROWS * MOST];
  for (int i = 0; i < ROWS * MOST; i++) {
    const float zero = i * 7919 % 13 < 6 ? 0.0f : -0.0f;
    const bool nan = i * 131 % 17 == 0;
    high[i] = nan ? NAN : i % 5 == 0 ? zero : -(float)(i % 7);
    low[i] = nan ? NAN : i % 5 == 0 ? zero : (float)(i % 7);
    x[i] = (int64_t)((uint64_t)i * 0x9e3779b97f4a7c15u);
  }
  for (size_t n = 0; n < sizeof lengths / sizeof lengths[0]; n++) {
    compare_rows(LRT_REDUCE_MAX, LRT_FLOAT32, high, ROWS, lengths[n]);
    compare_rows(LRT_REDUCE_MIN, LRT_FLOAT32, low, ROWS, lengths[n]);
    for (int t = 0; t < 5; t++)
      for (int op = LRT_REDUCE_SUM; op <= LRT_REDUCE_MIN; op++)
        compare_rows((lrt_reduce_op)op, integers[t], x, ROWS, lengths[n]);
  }
}

int main(int argc, char **argv) {
  RUN(every_axis_set);
  RUN(edges);
  RUN(long_rows);
  RUN(quantized);
  RUN(along_an_axis);
  RUN(levels_agree);
  RUN(long_rows_agree);
  DONE();
}
