/* test_numbers.c: diagonals, segments, complex parts, buckets, unique elements, suppression of boxes, transforms. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "one_op.h"

#define expect(...) one_op_expect(LRT_INT32, __VA_ARGS__)
#define REFUSED ONE_OP_REFUSED
#define ARRAY(rank, a, b, ...)                                                                               \
  { .type = LRT_INT32, .shape = {rank, {a, b}}, .data = (int32_t[]){__VA_ARGS__}, .constant = true }
#define REALS(rank, a, b, ...)                                                                               \
  { .type = LRT_FLOAT32, .shape = {rank, {a, b}}, .data = (float[]){__VA_ARGS__}, .constant = true }

static void test_diag(void) {
  const one_operand in[] = {ONE_I32(1, 2)}, set[] = {ARRAY(2, 2, 3, 1, 2, 3, 4, 5, 6), ONE_I32(8, 9)};
  const one_operand wrong[] = {ARRAY(2, 2, 3, 1, 2, 3, 4, 5, 6), ONE_I32(7, 8, 9)};
  expect(LRT_OP_MATRIX_DIAG, NULL, in, 1, build_shape(2, 2, 2), (int32_t[]){1, 0, 0, 2});
  expect(LRT_OP_MATRIX_SET_DIAG, NULL, set, 2, build_shape(2, 2, 3), (int32_t[]){8, 2, 3, 4, 9, 6});
  expect(LRT_OP_MATRIX_SET_DIAG, NULL, wrong, 2, REFUSED, NULL);
}

static void test_segments(void) {
  const one_operand in[] = {ARRAY(2, 3, 2, 1, 2, 3, 4, 5, 6), ONE_I32(0, 0, 2)},
                    falls[] = {ARRAY(2, 3, 2, 1, 2, 3, 4, 5, 6), ONE_I32(1, 0, 2)};
  expect(LRT_OP_SEGMENT_SUM, NULL, in, 2, build_shape(2, 3, 2), (int32_t[]){4, 6, 0, 0, 5, 6});
  expect(LRT_OP_SEGMENT_SUM, NULL, falls, 2, REFUSED, NULL);
  const one_operand any[] = {ARRAY(2, 3, 2, 1, 2, 3, 4, 5, 6), ONE_I32(1, -1, 1), ONE_I32(2)};
  const one_operand far[] = {ARRAY(2, 3, 2, 1, 2, 3, 4, 5, 6), ONE_I32(1, 2, 1), ONE_I32(2)};
  expect(LRT_OP_UNSORTED_SEGMENT_SUM, NULL, any, 3, build_shape(2, 2, 2), (int32_t[]){0, 0, 6, 8});
  expect(LRT_OP_UNSORTED_SEGMENT_PROD, NULL, any, 3, build_shape(2, 2, 2), (int32_t[]){1, 1, 5, 12});
  expect(LRT_OP_UNSORTED_SEGMENT_MAX, NULL, any, 3, build_shape(2, 2, 2),
         (int32_t[]){INT32_MIN, INT32_MIN, 5, 6});
  expect(LRT_OP_UNSORTED_SEGMENT_MIN, NULL, any, 3, build_shape(2, 2, 2),
         (int32_t[]){INT32_MAX, INT32_MAX, 1, 2});
  expect(LRT_OP_UNSORTED_SEGMENT_SUM, NULL, far, 3, REFUSED, NULL);
}

static void test_complex(void) {
  const float numbers[4] = {3, -4, 0, 2};
  const one_operand in[] = {{.type = LRT_COMPLEX64, .shape = {1, {2}}, .data = numbers}};
  one_op_expect(LRT_FLOAT32, LRT_OP_REAL, NULL, in, 1, build_shape(1, 2), (float[]){3, 0});
  one_op_expect(LRT_FLOAT32, LRT_OP_IMAG, NULL, in, 1, build_shape(1, 2), (float[]){-4, 2});
  one_op_expect(LRT_FLOAT32, LRT_OP_COMPLEX_ABS, NULL, in, 1, build_shape(1, 2), (float[]){5, 2});
  one_op_expect(LRT_FLOAT64, LRT_OP_REAL, NULL, in, 1, REFUSED, NULL);
}

static void test_bucketize(void) {
  const float limits[] = {0, 10, 100};
  const lrt_bucketize_options options = {{limits, 3}}, wrong = {{(const float[]){1, 0}, 2}};
  const one_operand in[] = {REALS(1, 4, 0, -5, 0, 10, 1000)};
  expect(LRT_OP_BUCKETIZE, &options, in, 1, build_shape(1, 4), (int32_t[]){0, 1, 2, 3});
  expect(LRT_OP_BUCKETIZE, &wrong, in, 1, REFUSED, NULL);
}

static void test_unique(void) {
  const lrt_unique_options options = {LRT_INT32};
  const one_operand in[] = {ONE_I32(5, 3, 5, 7, 3)}, out[] = {{.type = LRT_INT32}, {.type = LRT_INT32}};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_UNIQUE, &options, in, 1, out, 2), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(1, 3), (int32_t[]){5, 3, 7}));
  CHECK(one_op_gave(&o, 1, build_shape(1, 5), (int32_t[]){0, 1, 0, 2, 1}));
  one_op_close(&o);
}

/* A result of unknown size does not fit a variable tensor, whose memory outlives the plan. */
static void test_unique_into_variable(void) {
  const lrt_unique_options options = {LRT_INT32};
  one_op o;
  memset(&o, 0, sizeof o);
  build_subgraph *b = &o.subgraph;
  const int32_t in = build_tensor(b, LRT_INT32, build_shape(1, 4)),
                out = build_tensor(b, LRT_INT32, build_shape(1, 4));
  const int32_t index = build_tensor(b, LRT_INT32, build_shape(1, 4));
  b->tensors[out].is_variable = true;
  build_node(b, LRT_OP_UNIQUE, &options, 1, &in, 2, (int32_t[]){out, index});
  build_input(b, in);
  build_output(b, index);
  CHECK_INT(build_finish(&o.model, &b, 1), LRT_OK);
  const lrt_status status = build_open(&o.model, NULL, &o.session, &o.error);
  CHECK(status != LRT_OK || lrt_interpreter_invoke(o.session.it, 0, &o.error) != LRT_OK);
  one_op_close(&o);
}

/* Boxes 0 and 1 overlap by 0.8, box 2 lies elsewhere. */
static void test_suppression(void) {
  const one_operand in[] = {REALS(2, 3, 4, 0, 0, 1, 1, 0, 0, 1, 0.8f, 5, 5, 6, 6),
                            REALS(1, 3, 0, 0.9f, 0.8f, 0.7f),
                            ONE_I32(3),
                            REALS(0, 0, 0, 0.5f),
                            REALS(0, 0, 0, 0.1f),
                            REALS(0, 0, 0, 0.5f)};
  const one_operand hard[] = {{.type = LRT_INT32}, {.type = LRT_INT32}};
  const one_operand soft[] = {{.type = LRT_INT32}, {.type = LRT_FLOAT32}, {.type = LRT_INT32}};
  one_operand lenient[6];
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_NON_MAX_SUPPRESSION_V4, NULL, in, 5, hard, 2), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(1, 3), (int32_t[]){0, 2, 0}));
  CHECK(one_op_gave(&o, 1, build_shape(0), (int32_t[]){2}));
  one_op_close(&o);
  memcpy(lenient, in, sizeof in);
  lenient[3].data = (float[]){1.0f};
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_NON_MAX_SUPPRESSION_V5, NULL, lenient, 6, soft, 3), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(1, 3), (int32_t[]){0, 2, 1}));
  const float *scores = one_op_result(&o, 1).data;
  CHECK_NEAR(scores[2], 0.8 * exp(-0.64), 1e-6);
  one_op_close(&o);
  lenient[2] = (one_operand)ONE_I32(-1);
  CHECK(one_op_run(&o, LRT_MODE_FAST, LRT_OP_NON_MAX_SUPPRESSION_V5, NULL, lenient, 6, soft, 3) != LRT_OK);
  one_op_close(&o);
}

/* A 2 x 4 grid against the sum that defines the transform. */
static void test_rfft2d(void) {
  const float grid[8] = {1, 2, 3, 4, -1, 0, 5, 7};
  const one_operand in[] = {{.type = LRT_FLOAT32, .shape = {2, {2, 4}}, .data = grid}, ONE_I32(2, 4)};
  const one_operand odd[] = {in[0], ONE_I32(2, 3)}, out = {.type = LRT_COMPLEX64};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_REF, LRT_OP_RFFT2D, NULL, in, 2, &out, 1), LRT_OK);
  const lrt_tensor_view view = one_op_result(&o, 0);
  REQUIRE(view.bytes == 2 * 3 * 8);
  for (int v = 0; v < 2; v++) {
    for (int u = 0; u < 3; u++) {
      double re = 0, im = 0;
      for (int y = 0; y < 2; y++) {
        for (int x = 0; x < 4; x++) {
          const double angle = -2 * 3.14159265358979323846 * (u * x / 4.0 + v * y / 2.0);
          re += (double)grid[y * 4 + x] * cos(angle);
          im += (double)grid[y * 4 + x] * sin(angle);
        }
      }
      CHECK_NEAR(((const float *)view.data)[(v * 3 + u) * 2], re, 1e-5);
      CHECK_NEAR(((const float *)view.data)[(v * 3 + u) * 2 + 1], im, 1e-5);
    }
  }
  one_op_close(&o);
  CHECK(one_op_run(&o, LRT_MODE_REF, LRT_OP_RFFT2D, NULL, odd, 2, &out, 1) != LRT_OK);
  one_op_close(&o);
}

int main(int argc, char **argv) {
  RUN(test_diag);
  RUN(test_segments);
  RUN(test_complex);
  RUN(test_bucketize);
  RUN(test_unique);
  RUN(test_unique_into_variable);
  RUN(test_suppression);
  RUN(test_rfft2d);
  DONE();
}
