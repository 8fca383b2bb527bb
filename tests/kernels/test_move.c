/* test_move.c: rearrangements against index arithmetic, checked indices, selection, resizing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "check.h"

#include "kernels/move/move.h"

static void transposes(void) {
  const lrt_shape in = {4, {3, 5, 37, 6}};
  const int32_t perms[][4] = {{0, 1, 2, 3}, {0, 3, 1, 2}, {3, 2, 1, 0},
                              {1, 0, 2, 3}, {0, 2, 3, 1}, {2, 3, 0, 1}};
  enum { COUNT = 3 * 5 * 37 * 6 };
  static uint8_t a[COUNT * 16], b[COUNT * 16];
  for (int i = 0; i < COUNT * 16; i++) a[i] = (uint8_t)(i * 31 + i / 256);
  const size_t sizes[] = {1, 2, 4, 8, 16};
  for (size_t k = 0; k < sizeof perms / sizeof perms[0]; k++) {
    for (int z = 0; z < 5; z++) {
      const size_t size = sizes[z];
      lrt_move m;
      lrt_move_transpose(&m, &in, perms[k], size);
      const int64_t units = lrt_move_units(&m), cut = units / 3;
      lrt_move_run(&m, a, b, 0, cut);
      lrt_move_run(&m, a, b, cut, units);
      int wrong = 0;
      for (int o = 0; o < COUNT; o++) {
        int index[4], rest = o, from = 0;
        for (int d = 3; d >= 0; d--)
          index[perms[k][d]] = rest % in.dims[perms[k][d]], rest /= in.dims[perms[k][d]];
        for (int d = 0; d < 4; d++) from = from * in.dims[d] + index[d];
        wrong += memcmp(b + (size_t)o * size, a + (size_t)from * size, size) != 0;
      }
      CHECK_INT(wrong, 0);
    }
  }
}

static void run_all(const lrt_move *m, const void *in, void *out) {
  lrt_move_run(m, in, out, 0, lrt_move_units(m));
}

static void builders(void) {
  const lrt_shape s23 = {2, {2, 3}}, s46 = {2, {4, 6}}, row = {1, {3}}, s22 = {2, {2, 2}}, s43 = {2, {4, 3}};
  const int32_t x[6] = {1, 2, 3, 4, 5, 6};
  int32_t out[24] = {0};
  lrt_move m;
  lrt_move_tile(&m, &s23, (const int32_t[]){2, 2}, 4);
  run_all(&m, x, out);
  for (int i = 0; i < 24; i++) CHECK_INT(out[i], x[i / 6 % 2 * 3 + i % 3]);
  lrt_move_broadcast(&m, &row, &s43, 4);
  run_all(&m, x, out);
  for (int i = 0; i < 12; i++) CHECK_INT(out[i], x[i % 3]);
  /* x[::-1, ::2] */
  lrt_move_slice(&m, &s23, (const int32_t[]){1, 0}, (const int32_t[]){-1, 2}, &s22, 4);
  run_all(&m, x, out);
  CHECK(out[0] == 4 && out[1] == 6 && out[2] == 1 && out[3] == 3);
  const int32_t fill = -1;
  lrt_move_fill(out, &fill, 4, 24);
  lrt_move_into(&m, &s23, &s46, (const int32_t[]){1, 2}, 4);
  run_all(&m, x, out);
  CHECK(out[0] == -1 && out[8] == 1 && out[10] == 3 && out[14] == 4 && out[17] == -1);
  const lrt_shape depth = {4, {1, 1, 2, 4}};
  const int32_t d[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  lrt_move_depth_to_space(&m, &depth, 2, 4);
  run_all(&m, d, out);
  const int32_t space[8] = {0, 1, 4, 5, 2, 3, 6, 7};
  CHECK(memcmp(out, space, sizeof space) == 0);
  int32_t back[8];
  const lrt_shape wide = {4, {1, 2, 4, 1}};
  lrt_move_space_to_depth(&m, &wide, 2, 4);
  run_all(&m, out, back);
  CHECK(memcmp(back, d, sizeof d) == 0);
  const lrt_shape none = {2, {0, 3}};
  lrt_move_tile(&m, &none, (const int32_t[]){2, 2}, 4);
  run_all(&m, x, out);
  const lrt_shape scalar = {0, {0}};
  lrt_move_transpose(&m, &scalar, NULL, 4);
  run_all(&m, x, out);
  CHECK_INT(out[0], 1);
}

static void padding(void) {
  const lrt_shape in = {2, {2, 3}}, out_shape = {2, {4, 7}};
  const uint8_t x[6] = {1, 2, 3, 4, 5, 6};
  const int32_t pads[2][2] = {{1, 1}, {2, 2}};
  uint8_t out[28];
  lrt_mirror_pad(x, &in, pads, 1, out, &out_shape, 1, 0, 4);
  const uint8_t reflect[28] = {6, 5, 4, 5, 6, 5, 4, 3, 2, 1, 2, 3, 2, 1,
                               6, 5, 4, 5, 6, 5, 4, 3, 2, 1, 2, 3, 2, 1};
  CHECK(memcmp(out, reflect, 28) == 0);
  lrt_mirror_pad(x, &in, pads, 0, out, &out_shape, 1, 0, 4);
  const uint8_t symmetric[14] = {2, 1, 1, 2, 3, 3, 2, 2, 1, 1, 2, 3, 3, 2};
  CHECK(memcmp(out, symmetric, 14) == 0);
  const lrt_blocks b = {1, 3, 3, 2, 2, 0, 1, 2, 2, 1, 1};
  const uint8_t picture[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  uint8_t cells[16], again[9] = {0};
  const uint8_t zero = 0;
  lrt_space_to_batch(&b, picture, &zero, cells);
  const uint8_t expected[16] = {0, 2, 0, 8, 1, 3, 7, 9, 0, 5, 0, 0, 4, 6, 0, 0};
  CHECK(memcmp(cells, expected, 16) == 0);
  lrt_batch_to_space(&b, cells, again);
  CHECK(memcmp(again, picture, 9) == 0);
  const lrt_reverse_sequence r = {1, 2, 1, 3, 1, false};
  const int32_t lengths[2] = {2, 3}, wrong[2] = {4, 0};
  CHECK_INT(lrt_reverse_sequence_run(&r, x, lengths, LRT_INT32, out, NULL), LRT_OK);
  const uint8_t reversed[6] = {2, 1, 3, 6, 5, 4};
  CHECK(memcmp(out, reversed, 6) == 0);
  CHECK_INT(lrt_reverse_sequence_run(&r, x, wrong, LRT_INT32, out, NULL), LRT_RUN_FAILED);
}

static void indices(void) {
  const int32_t x[6] = {10, 11, 20, 21, 30, 31};
  const int64_t pick[2] = {2, 0}, bad[1] = {3}, negative[1] = {-1};
  int32_t out[12];
  lrt_gather g = {1, 1, 3, 2, 8};
  CHECK_INT(lrt_gather_run(&g, x, pick, LRT_INT64, out, NULL), LRT_OK);
  CHECK(out[0] == 30 && out[1] == 31 && out[2] == 10);
  g.count = 1;
  CHECK_INT(lrt_gather_run(&g, x, bad, LRT_INT64, out, NULL), LRT_RUN_FAILED);
  CHECK_INT(lrt_gather_run(&g, x, negative, LRT_INT64, out, NULL), LRT_RUN_FAILED);
  const int32_t dims[2] = {3, 2}, nd[4] = {1, 1, 2, 0};
  CHECK_INT(lrt_gather_nd_run(x, dims, 2, nd, LRT_INT32, 2, 4, out, NULL), LRT_OK);
  CHECK(out[0] == 21 && out[1] == 30);
  memset(out, 0, sizeof out);
  const int32_t rows[3] = {1, 1, 0};
  CHECK_INT(lrt_scatter_nd_run(rows, LRT_INT32, 3, 1, dims, x, LRT_INT32, 2, out, NULL), LRT_OK);
  CHECK(out[0] == 30 && out[2] == 30 && out[3] == 32 && out[4] == 0);
  const float on = 2.0f, off = -1.0f;
  float hot[6];
  const int32_t classes[2] = {1, 7};
  CHECK(lrt_one_hot(classes, LRT_INT32, 2, 3, 1, &on, &off, 4, hot));
  CHECK(hot[0] == -1.0f && hot[1] == 2.0f && hot[4] == -1.0f);
}

static void selection(void) {
  const lrt_shape s = {2, {2, 3}}, one = {1, {1}}, column = {2, {2, 1}};
  const lrt_shape *shapes[3] = {&column, &s, &one};
  const uint8_t cond[2] = {0, 1};
  const int16_t a[6] = {1, 2, 3, 4, 5, 6}, b = 9;
  int16_t out[6];
  lrt_broadcast space;
  CHECK_INT(lrt_broadcast_make(shapes, 3, &space, NULL), LRT_OK);
  lrt_select_run(&space, cond, a, &b, out, 2, 0, 6);
  CHECK(out[0] == 9 && out[2] == 9 && out[3] == 4 && out[5] == 6);
  const float x[6] = {0.0f, 1.0f, 0.0f, -1.0f, NAN, 0.0f};
  int64_t where[6];
  CHECK_INT(lrt_where_count(x, LRT_FLOAT32, 6), 3);
  lrt_where_run(x, LRT_FLOAT32, &s, where);
  CHECK(where[0] == 0 && where[1] == 1 && where[2] == 1 && where[3] == 0 && where[4] == 1 && where[5] == 1);
  const int8_t top[8] = {3, 9, 1, 9, 5, 3, 9, 0};
  int8_t values[5];
  int32_t at[5];
  CHECK(lrt_topk(top, LRT_INT8, 8, 5, values, at, 0, 1));
  CHECK(at[0] == 1 && at[1] == 3 && at[2] == 6 && at[3] == 4 && at[4] == 0 && values[3] == 5);
  CHECK(!lrt_topk(top, LRT_INT8, 8, 9, values, at, 0, 1));
  const float odd[6] = {1.0f, NAN, -INFINITY, NAN, INFINITY, 2.0f};
  float sorted[6];
  int32_t places[6];
  CHECK(lrt_topk(odd, LRT_FLOAT32, 6, 6, sorted, places, 0, 1)); /* NaN comes last */
  CHECK(places[0] == 4 && places[1] == 5 && places[2] == 0 && places[3] == 2);
  CHECK(places[4] == 1 && places[5] == 3 && isnan(sorted[4]));
  const int32_t from = 3, to = -4, by = -2, wrong = 2;
  CHECK_INT(lrt_range_count(&from, &to, &by, LRT_INT32), 4);
  CHECK_INT(lrt_range_count(&from, &to, &wrong, LRT_INT32), -1);
  int32_t range[4];
  lrt_range_run(&from, &by, LRT_INT32, 4, range);
  CHECK(range[0] == 3 && range[3] == -3);
}

static void resizing(void) {
  const lrt_resize r = {1, 2, 2, 3, 3, 1, true, false};
  const float f[4] = {0, 1, 2, 3};
  const int8_t q[4] = {0, 10, 20, 30};
  float out[9];
  int8_t out8[9];
  CHECK(lrt_resize_bilinear(&r, f, LRT_FLOAT32, out, 0, 3));
  CHECK(lrt_resize_bilinear(&r, q, LRT_INT8, out8, 0, 3));
  for (int i = 0; i < 9; i++) {
    CHECK_NEAR(out[i], i / 3 + i % 3 * 0.5, 1e-6);
    CHECK_INT(out8[i], i / 3 * 10 + i % 3 * 5);
  }
  const lrt_resize n = {1, 2, 2, 4, 4, 1, false, false};
  uint8_t in[4] = {1, 2, 3, 4}, big[16];
  lrt_resize_nearest(&n, in, 1, big, 0, 4);
  for (int i = 0; i < 16; i++) CHECK_INT(big[i], in[i / 8 * 2 + i % 4 / 2]);
}

int main(int argc, char **argv) {
  RUN(transposes);
  RUN(builders);
  RUN(padding);
  RUN(indices);
  RUN(selection);
  RUN(resizing);
  DONE();
}
