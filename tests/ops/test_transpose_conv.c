/* test_transpose_conv.c: TRANSPOSE_CONV, CONV_3D and CONV_3D_TRANSPOSE on numbers worked out by hand, and refusals. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "one_op.h"

static const float ones[64] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                               1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const float counted[8] = {1, 2, 3, 4, 5, 6, 7, 8};

#define FILTER(...)                                                                                          \
  { .shape = __VA_ARGS__, .data = ones, .constant = true }
#define DATA(...)                                                                                            \
  { .shape = __VA_ARGS__, .data = counted }

static void test_floats(void) {
  const lrt_transpose_conv_options two = {.padding = LRT_PADDING_VALID, .stride_w = 2, .stride_h = 2};
  const one_operand in[] = {ONE_I32(1, 4, 4, 1), FILTER({4, {1, 2, 2, 1}}), DATA({4, {1, 2, 2, 1}})};
  one_op_expect(LRT_FLOAT32, LRT_OP_TRANSPOSE_CONV, &two, in, 3, build_shape(4, 1, 4, 4, 1),
                (float[]){1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4});
  const lrt_transpose_conv_options one = {
      .padding = LRT_PADDING_SAME, .stride_w = 1, .stride_h = 1, .activation = LRT_ACT_RELU6};
  const one_operand same[] = {ONE_I32(1, 2, 2, 1),
                              FILTER({4, {1, 3, 3, 1}}),
                              DATA({4, {1, 2, 2, 1}}),
                              {.shape = {1, {1}}, .data = counted, .constant = true}};
  one_op_expect(LRT_FLOAT32, LRT_OP_TRANSPOSE_CONV, &one, same, 4, build_shape(4, 1, 2, 2, 1),
                (float[]){6, 6, 6, 6});
}

static void test_integers(void) {
  static const int8_t x[] = {1, 2, 3, 4}, w[] = {1, 1, 1, 1},
                      expected[] = {1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4};
  static const int16_t wide[] = {1, 2, 3, 4},
                       wide_expected[] = {1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4};
  const lrt_transpose_conv_options two = {.padding = LRT_PADDING_VALID, .stride_w = 2, .stride_h = 2};
  static const lrt_mode modes[] = {LRT_MODE_REF, LRT_MODE_FAST};
  for (int i = 0; i < 4; i++) {
    const lrt_type type = i / 2 == 0 ? LRT_INT8 : LRT_INT16;
    const one_operand in[] = {
        ONE_I32(1, 4, 4, 1),
        {.type = LRT_INT8, .shape = {4, {1, 2, 2, 1}}, .data = w, .constant = true, .scale = 0.5f},
        {.type = type,
         .shape = {4, {1, 2, 2, 1}},
         .data = i / 2 == 0 ? (const void *)x : wide,
         .scale = 0.5f}};
    const one_operand out = {.type = type, .scale = 0.25f};
    one_op o;
    CHECK_INT(one_op_run(&o, modes[i % 2], LRT_OP_TRANSPOSE_CONV, &two, in, 3, &out, 1), LRT_OK);
    CHECK(
        one_op_gave(&o, 0, build_shape(4, 1, 4, 4, 1), i / 2 == 0 ? (const void *)expected : wide_expected));
    one_op_close(&o);
  }
}

static void test_volumes(void) {
  const lrt_conv_3d_options options = {.padding = LRT_PADDING_VALID,
                                       .stride_d = 1,
                                       .stride_w = 1,
                                       .stride_h = 1,
                                       .dilation_d_factor = 1,
                                       .dilation_w_factor = 1,
                                       .dilation_h_factor = 1};
  const one_operand in[] = {DATA({5, {1, 2, 2, 2, 1}}), FILTER({5, {2, 1, 2, 1, 1}})};
  one_op_expect(LRT_FLOAT32, LRT_OP_CONV_3D, &options, in, 2, build_shape(5, 1, 1, 2, 1, 1),
                (float[]){14, 22});
  const one_operand back[] = {ONE_I32(1, 2, 2, 2, 1), FILTER({5, {2, 1, 2, 1, 1}}),
                              DATA({5, {1, 1, 2, 1, 1}})};
  one_op_expect(LRT_FLOAT32, LRT_OP_CONV_3D_TRANSPOSE, &options, back, 3, build_shape(5, 1, 2, 2, 2, 1),
                (float[]){1, 1, 2, 2, 1, 1, 2, 2});
  const one_operand misfit[] = {DATA({5, {1, 2, 2, 2, 1}}), FILTER({5, {2, 1, 2, 2, 1}})};
  const one_operand flat[] = {DATA({4, {1, 2, 2, 2}}), FILTER({5, {2, 1, 2, 2, 1}})};
  const one_operand other[] = {ONE_I32(1, 2, 2, 3, 1), FILTER({5, {2, 1, 2, 1, 1}}),
                               DATA({5, {1, 1, 2, 1, 1}})};
  one_op_expect(LRT_FLOAT32, LRT_OP_CONV_3D, &options, misfit, 2, ONE_OP_REFUSED, NULL);
  one_op_expect(LRT_FLOAT32, LRT_OP_CONV_3D, &options, flat, 2, ONE_OP_REFUSED, NULL);
  one_op_expect(LRT_FLOAT32, LRT_OP_CONV_3D_TRANSPOSE, &options, other, 3, ONE_OP_REFUSED, NULL);
}

/* The custom operator: raw options (2 = VALID, strides), the output's size from the input's, one bias per channel. */
static lrt_status run_with_bias(one_op *o, const int32_t *raw, uint64_t bytes) {
  static const float bias[] = {10};
  build_subgraph *b = &o->subgraph;
  memset(o, 0, sizeof *o);
  const int32_t x = build_tensor(b, LRT_FLOAT32, build_shape(4, 1, 2, 2, 1));
  const int32_t w = build_constant(b, LRT_FLOAT32, build_shape(4, 1, 2, 2, 1), ones);
  const int32_t c = build_constant(b, LRT_FLOAT32, build_shape(1, 1), bias);
  const int32_t y = build_tensor(b, LRT_FLOAT32, build_shape(4, 1, 4, 4, 1));
  lrt_node *node = build_node(b, LRT_OP_CUSTOM, NULL, 3, (int32_t[]){x, w, c}, 1, &y);
  node->custom_name = "Convolution2DTransposeBias";
  node->custom_options = (const uint8_t *)raw;
  node->custom_options_size = bytes;
  build_input(b, x);
  build_output(b, y);
  o->inputs = 3;
  CHECK_INT(build_finish(&o->model, &b, 1), LRT_OK);
  LRT_TRY(build_open(&o->model, NULL, &o->session, &o->error));
  memcpy(build_view(&o->session, x).data, counted, 16);
  return lrt_interpreter_invoke(o->session.it, 0, &o->error);
}

static void test_with_bias(void) {
  static const int32_t good[] = {2, 2, 2}, padding[] = {3, 2, 2}, still[] = {2, 0, 2};
  static const float expected[] = {11, 11, 12, 12, 11, 11, 12, 12, 13, 13, 14, 14, 13, 13, 14, 14};
  one_op o;
  CHECK_INT(run_with_bias(&o, good, sizeof good), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(4, 1, 4, 4, 1), expected));
  one_op_close(&o);
  CHECK_INT(run_with_bias(&o, padding, sizeof padding), LRT_INVALID_MODEL);
  one_op_close(&o);
  CHECK_INT(run_with_bias(&o, still, sizeof still), LRT_INVALID_MODEL);
  one_op_close(&o);
  CHECK_INT(run_with_bias(&o, good, 8), LRT_INVALID_MODEL);
  one_op_close(&o);
}

static void refuse(one_operand shape, lrt_shape filter, lrt_shape input, int stride) {
  const lrt_transpose_conv_options options = {
      .padding = LRT_PADDING_SAME, .stride_w = stride, .stride_h = stride};
  const one_operand in[] = {
      shape, {.shape = filter, .data = ones, .constant = true}, {.shape = input, .data = counted}};
  one_op_expect(LRT_FLOAT32, LRT_OP_TRANSPOSE_CONV, &options, in, 3, ONE_OP_REFUSED, NULL);
}

static void test_refusals(void) {
  const lrt_shape filter = build_shape(4, 1, 2, 2, 1), input = build_shape(4, 1, 2, 2, 1);
  refuse((one_operand)ONE_I32(1, 4, 4), filter, input, 2);
  refuse((one_operand)ONE_I32(1, -4, 4, 1), filter, input, 2);
  refuse((one_operand)ONE_I32(2, 4, 4, 1), filter, input, 2);
  refuse((one_operand)ONE_I32(1, 4, 4, 2), filter, input, 2);
  refuse((one_operand)ONE_I32(1, 65536, 65536, 1), build_shape(4, 1, 2, 2, 2), input, 2);
  refuse((one_operand)ONE_I32(1, 4, 4, 1), filter, input, 0);
  refuse((one_operand)ONE_I32(1, 4, 4, 1), build_shape(3, 1, 2, 2), input, 2);
  refuse((one_operand)ONE_I32(1, 4, 4, 1), build_shape(4, 1, 0, 2, 1), input, 2);
}

int main(int argc, char **argv) {
  RUN(test_floats);
  RUN(test_integers);
  RUN(test_volumes);
  RUN(test_with_bias);
  RUN(test_refusals);
  DONE();
}
