/* test_spread.c: operators that repeat, reverse, regroup, choose, fill, scatter, sort and sum. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "one_op.h"

static const int32_t counted[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

#define expect(...) one_op_expect(LRT_INT32, __VA_ARGS__)
#define REFUSED ONE_OP_REFUSED
#define IN(...)                                                                                              \
  { .type = LRT_INT32, .shape = __VA_ARGS__, .data = counted }
#define ARRAY(rank, a, b, ...)                                                                               \
  { .type = LRT_INT32, .shape = {rank, {a, b}}, .data = (int32_t[]){__VA_ARGS__}, .constant = true }

static void test_tile(void) {
  const one_operand in[] = {IN({2, {2, 2}}), ONE_I32(1, 2)},
                    huge[] = {IN({2, {2, 2}}), ONE_I32(1 << 30, 1 << 30)};
  expect(LRT_OP_TILE, NULL, in, 2, build_shape(2, 2, 4), (int32_t[]){0, 1, 0, 1, 2, 3, 2, 3});
  expect(LRT_OP_TILE, NULL, huge, 2, REFUSED, NULL);
  const one_operand wide[] = {IN({2, {2, 1}}), ONE_I32(2, 2, 2)}, wrong[] = {IN({1, {3}}), ONE_I32(2)};
  expect(LRT_OP_BROADCAST_TO, NULL, wide, 2, build_shape(3, 2, 2, 2), (int32_t[]){0, 0, 1, 1, 0, 0, 1, 1});
  expect(LRT_OP_BROADCAST_TO, NULL, wrong, 2, REFUSED, NULL);
}

static void test_reverse(void) {
  const lrt_reverse_sequence_options sequence = {1, 0};
  const one_operand in[] = {IN({2, {2, 3}}), ONE_I32(1)}, twice[] = {IN({2, {2, 3}}), ONE_I32(1, -1)};
  const one_operand lengths[] = {IN({2, {2, 3}}), ONE_I32(2, 3)}, longer[] = {IN({2, {2, 3}}), ONE_I32(2, 4)};
  expect(LRT_OP_REVERSE_V2, NULL, in, 2, build_shape(2, 2, 3), (int32_t[]){2, 1, 0, 5, 4, 3});
  expect(LRT_OP_REVERSE_V2, NULL, twice, 2, REFUSED, NULL);
  expect(LRT_OP_REVERSE_SEQUENCE, &sequence, lengths, 2, build_shape(2, 2, 3), (int32_t[]){1, 0, 2, 5, 4, 3});
  expect(LRT_OP_REVERSE_SEQUENCE, &sequence, longer, 2, REFUSED, NULL);
}

static void test_blocks(void) {
  const lrt_space_to_depth_options two = {2}, zero = {0};
  const lrt_depth_to_space_options back = {2};
  const one_operand space[] = {IN({4, {1, 2, 4, 1}})}, depth[] = {IN({4, {1, 1, 2, 4}})};
  expect(LRT_OP_SPACE_TO_DEPTH, &two, space, 1, build_shape(4, 1, 1, 2, 4),
         (int32_t[]){0, 1, 4, 5, 2, 3, 6, 7});
  expect(LRT_OP_SPACE_TO_DEPTH, &zero, space, 1, REFUSED, NULL);
  expect(LRT_OP_DEPTH_TO_SPACE, &back, depth, 1, build_shape(4, 1, 2, 4, 1),
         (int32_t[]){0, 1, 4, 5, 2, 3, 6, 7});
  const one_operand batch[] = {IN({4, {1, 2, 2, 1}}), ONE_I32(2, 2), ARRAY(2, 2, 2, 0, 0, 2, 0)};
  const one_operand odd[] = {IN({4, {1, 2, 2, 1}}), ONE_I32(2, 2), ARRAY(2, 2, 2, 0, 1, 0, 0)};
  const one_operand from[] = {IN({4, {4, 1, 2, 1}}), ONE_I32(2, 2), ARRAY(2, 2, 2, 0, 0, 2, 0)};
  expect(LRT_OP_SPACE_TO_BATCH_ND, NULL, batch, 3, build_shape(4, 4, 1, 2, 1),
         (int32_t[]){0, 0, 0, 1, 0, 2, 0, 3});
  expect(LRT_OP_SPACE_TO_BATCH_ND, NULL, odd, 3, REFUSED, NULL);
  expect(LRT_OP_BATCH_TO_SPACE_ND, NULL, from, 3, build_shape(4, 1, 2, 2, 1), (int32_t[]){1, 3, 5, 7});
}

static void test_select(void) {
  const uint8_t flags[4] = {1, 0, 0, 1};
  const one_operand rows[] = {
      {.type = LRT_BOOL, .shape = {1, {2}}, .data = flags}, IN({2, {2, 2}}), ARRAY(2, 2, 2, 9, 9, 9, 9)};
  const one_operand wide[] = {
      {.type = LRT_BOOL, .shape = {2, {2, 2}}, .data = flags}, IN({1, {2}}), ONE_I32(9)};
  expect(LRT_OP_SELECT, NULL, rows, 3, build_shape(2, 2, 2), (int32_t[]){0, 1, 9, 9});
  expect(LRT_OP_SELECT_V2, NULL, wide, 3, build_shape(2, 2, 2), (int32_t[]){0, 9, 9, 1});
  expect(LRT_OP_SELECT, NULL, wide, 3, REFUSED, NULL);
  const one_operand where[] = {{.type = LRT_BOOL, .shape = {2, {2, 2}}, .data = flags}};
  one_op_expect(LRT_INT64, LRT_OP_WHERE, NULL, where, 1, build_shape(2, 2, 2), (int64_t[]){0, 0, 1, 1});
}

static void test_fill(void) {
  const lrt_one_hot_options last = {-1};
  const one_operand fill[] = {ONE_I32(2, 2), ONE_I32(7)}, minus[] = {ONE_I32(2, -2), ONE_I32(7)};
  expect(LRT_OP_FILL, NULL, fill, 2, build_shape(2, 2, 2), (int32_t[]){7, 7, 7, 7});
  expect(LRT_OP_FILL, NULL, minus, 2, REFUSED, NULL);
  expect(LRT_OP_ZEROS_LIKE, NULL, (one_operand[]){IN({1, {3}})}, 1, build_shape(1, 3), (int32_t[]){0, 0, 0});
  const one_operand hot[] = {ONE_I32(1, 5), ONE_I32(2), ONE_I32(8), ONE_I32(9)};
  expect(LRT_OP_ONE_HOT, &last, hot, 4, build_shape(2, 2, 2), (int32_t[]){9, 8, 9, 9});
  const one_operand range[] = {ONE_I32(1), ONE_I32(6), ONE_I32(2)},
                    away[] = {ONE_I32(1), ONE_I32(6), ONE_I32(-2)};
  expect(LRT_OP_RANGE, NULL, range, 3, build_shape(1, 3), (int32_t[]){1, 3, 5});
  expect(LRT_OP_RANGE, NULL, away, 3, REFUSED, NULL);
}

/* A shape that only the run knows: FILL with computed dimensions. */
static void test_deferred_fill(void) {
  const int32_t dims[1] = {3};
  const one_operand fill[] = {{.type = LRT_INT32, .shape = {1, {1}}, .data = dims}, ONE_I32(7)};
  expect(LRT_OP_FILL, NULL, fill, 2, build_shape(1, 3), (int32_t[]){7, 7, 7});
}

static void test_scatter(void) {
  const one_operand in[] = {ARRAY(2, 2, 1, 1, 1), ONE_I32(3, 4), ONE_I32(3)},
                    far[] = {ARRAY(2, 2, 1, 1, 3), ONE_I32(3, 4), ONE_I32(3)};
  expect(LRT_OP_SCATTER_ND, NULL, in, 3, build_shape(1, 3), (int32_t[]){0, 7, 0});
  expect(LRT_OP_SCATTER_ND, NULL, far, 3, REFUSED, NULL);
  const one_operand sparse[] = {ARRAY(2, 2, 2, 0, 1, 1, 0), ONE_I32(2, 2), ONE_I32(5, 6), ONE_I32(9)};
  const one_operand out[] = {ARRAY(2, 2, 2, 0, 1, 2, 0), ONE_I32(2, 2), ONE_I32(5, 6), ONE_I32(9)};
  expect(LRT_OP_SPARSE_TO_DENSE, NULL, sparse, 4, build_shape(2, 2, 2), (int32_t[]){9, 5, 6, 9});
  expect(LRT_OP_SPARSE_TO_DENSE, NULL, out, 4, REFUSED, NULL);
  const one_operand dilate[] = {IN({2, {2, 2}}), ONE_I32(2, 1), ONE_I32(9)},
                    none[] = {IN({2, {2, 2}}), ONE_I32(0, 1), ONE_I32(9)};
  expect(LRT_OP_DILATE, NULL, dilate, 3, build_shape(2, 3, 2), (int32_t[]){0, 1, 9, 9, 2, 3});
  expect(LRT_OP_DILATE, NULL, none, 3, REFUSED, NULL);
}

static void test_update(void) {
  const one_operand in[] = {IN({2, {2, 3}}), ARRAY(2, 1, 2, 8, 9), ONE_I32(5, 1)},
                    large[] = {IN({1, {2}}), ONE_I32(1, 2, 3), ONE_I32(0)};
  expect(LRT_OP_DYNAMIC_UPDATE_SLICE, NULL, in, 3, build_shape(2, 2, 3), (int32_t[]){0, 1, 2, 3, 8, 9});
  expect(LRT_OP_DYNAMIC_UPDATE_SLICE, NULL, large, 3, REFUSED, NULL);
}

static void test_sort_and_sum(void) {
  const lrt_cumsum_options reverse = {1, 1};
  const one_operand in[] = {IN({2, {2, 3}}), ONE_I32(1)};
  expect(LRT_OP_CUMSUM, &reverse, in, 2, build_shape(2, 2, 3), (int32_t[]){3, 2, 0, 9, 5, 0});
  const one_operand rows[] = {ARRAY(2, 1, 4, 1, 3, 3, 2), ONE_I32(2)},
                    many[] = {ARRAY(2, 1, 4, 1, 3, 3, 2), ONE_I32(5)};
  const one_operand out[] = {{.type = LRT_INT32}, {.type = LRT_INT32}};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_TOPK_V2, NULL, rows, 2, out, 2), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(2, 1, 2), (int32_t[]){3, 3}));
  CHECK(one_op_gave(&o, 1, build_shape(2, 1, 2), (int32_t[]){1, 2}));
  one_op_close(&o);
  CHECK(one_op_run(&o, LRT_MODE_FAST, LRT_OP_TOPK_V2, NULL, many, 2, out, 2) != LRT_OK);
  one_op_close(&o);
}

int main(int argc, char **argv) {
  RUN(test_tile);
  RUN(test_reverse);
  RUN(test_blocks);
  RUN(test_select);
  RUN(test_fill);
  RUN(test_deferred_fill);
  RUN(test_scatter);
  RUN(test_update);
  RUN(test_sort_and_sum);
  DONE();
}
