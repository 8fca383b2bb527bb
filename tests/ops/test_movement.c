/* test_movement.c: operators that only move data: results, packed types, strings, refusals. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "one_op.h"

static const int32_t counted[24] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                    12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};

#define expect(...) one_op_expect(LRT_INT32, __VA_ARGS__)
#define REFUSED ONE_OP_REFUSED
#define IN(...)                                                                                              \
  { .type = LRT_INT32, .shape = __VA_ARGS__, .data = counted }

static void test_reshape(void) {
  const one_operand good[] = {IN({2, {2, 3}}), ONE_I32(3, -1)}, bad[] = {IN({2, {2, 3}}), ONE_I32(4, -1)};
  const one_operand huge[] = {IN({2, {2, 3}}), ONE_I32(65536, 65536, 65536, 65536)};
  const one_operand twice[] = {IN({2, {2, 3}}), ONE_I32(-1, -1)};
  expect(LRT_OP_RESHAPE, NULL, good, 2, build_shape(2, 3, 2), counted);
  expect(LRT_OP_RESHAPE, NULL, bad, 2, REFUSED, NULL);
  expect(LRT_OP_RESHAPE, NULL, huge, 2, REFUSED, NULL);
  expect(LRT_OP_RESHAPE, NULL, twice, 2, REFUSED, NULL);
  const lrt_squeeze_options squeeze = {{(int32_t[]){-1}, 1}}, wrong = {{(int32_t[]){0}, 1}};
  const one_operand one[] = {IN({3, {2, 3, 1}})};
  expect(LRT_OP_SQUEEZE, &squeeze, one, 1, build_shape(2, 2, 3), counted);
  expect(LRT_OP_SQUEEZE, &wrong, one, 1, REFUSED, NULL);
  const one_operand expand[] = {IN({2, {2, 3}}), ONE_I32(-1)}, far[] = {IN({2, {2, 3}}), ONE_I32(4)};
  expect(LRT_OP_EXPAND_DIMS, NULL, expand, 2, build_shape(3, 2, 3, 1), counted);
  expect(LRT_OP_EXPAND_DIMS, NULL, far, 2, REFUSED, NULL);
}

/* A narrower type adds a dimension, a wider one needs it. */
static void test_bitcast(void) {
  static const float one[2] = {1, -2};
  static const int32_t bits[2] = {0x3f800000, -0x40000000};
  static const uint8_t bytes[8] = {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0};
  const one_operand floats = {.type = LRT_FLOAT32, .shape = {1, {2}}, .data = one};
  const one_operand narrow = {.type = LRT_UINT8, .shape = {2, {2, 4}}, .data = bytes};
  const one_operand odd = {.type = LRT_UINT8, .shape = {2, {4, 2}}, .data = bytes};
  one_op_expect(LRT_INT32, LRT_OP_BITCAST, NULL, &floats, 1, build_shape(1, 2), bits);
  one_op_expect(LRT_UINT8, LRT_OP_BITCAST, NULL, &floats, 1, build_shape(2, 2, 4), bytes);
  one_op_expect(LRT_FLOAT32, LRT_OP_BITCAST, NULL, &narrow, 1, build_shape(1, 2), one);
  one_op_expect(LRT_FLOAT32, LRT_OP_BITCAST, NULL, &odd, 1, REFUSED, NULL);
}

static void test_shape(void) {
  const lrt_shape_options options = {LRT_INT32};
  const one_operand in[] = {IN({3, {2, 3, 4}})};
  expect(LRT_OP_SHAPE, &options, in, 1, build_shape(1, 3), (int32_t[]){2, 3, 4});
  expect(LRT_OP_RANK, NULL, in, 1, build_shape(0), (int32_t[]){3});
  const one_operand fit[] = {ONE_I32(2, 1, 3), ONE_I32(4, 1)}, misfit[] = {ONE_I32(2, 3), ONE_I32(4)};
  expect(LRT_OP_BROADCAST_ARGS, NULL, fit, 2, build_shape(1, 3), (int32_t[]){2, 4, 3});
  expect(LRT_OP_BROADCAST_ARGS, NULL, misfit, 2, REFUSED, NULL);
}

static void test_transpose(void) {
  const one_operand in[] = {IN({3, {2, 3, 2}}), ONE_I32(2, 0, 1)}, twice[] = {IN({2, {2, 3}}), ONE_I32(0, 0)};
  const one_operand few[] = {IN({3, {2, 3, 2}}), ONE_I32(1, 0)};
  expect(LRT_OP_TRANSPOSE, NULL, in, 2, build_shape(3, 2, 2, 3),
         (int32_t[]){0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11});
  expect(LRT_OP_TRANSPOSE, NULL, twice, 2, REFUSED, NULL);
  expect(LRT_OP_TRANSPOSE, NULL, few, 2, REFUSED, NULL);
}

/* Sizes around the kernel's blocks of four and thirty-two. */
static void test_transpose_sizes(void) {
  static int32_t in[70 * 37], expected[70 * 37];
  static const int sizes[][2] = {{3, 5}, {4, 4}, {5, 33}, {37, 70}, {64, 36}};
  for (int s = 0; s < 5; s++) {
    const int rows = sizes[s][0], columns = sizes[s][1];
    for (int i = 0; i < rows * columns; i++) {
      in[i] = i * 7;
      expected[i % columns * rows + i / columns] = in[i];
    }
    const one_operand operands[] = {{.type = LRT_INT32, .shape = {2, {rows, columns}}, .data = in},
                                    ONE_I32(1, 0)};
    expect(LRT_OP_TRANSPOSE, NULL, operands, 2, build_shape(2, columns, rows), expected);
  }
}

/* A packed type with an odd number of elements: 3 x 3 int4. */
static void test_transpose_int4(void) {
  const uint8_t in[5] = {0x10, 0x32, 0x54, 0x76, 0x08}, expected[5] = {0x30, 0x16, 0x74, 0x52, 0x08};
  const one_operand operands[] = {{.type = LRT_INT4, .shape = {2, {3, 3}}, .data = in}, ONE_I32(1, 0)};
  const one_operand out = {.type = LRT_INT4};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_REF, LRT_OP_TRANSPOSE, NULL, operands, 2, &out, 1), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(2, 3, 3), expected));
  one_op_close(&o);
}

#define PADS(...)                                                                                            \
  { .type = LRT_INT32, .shape = {2, {2, 2}}, .data = (int32_t[]){__VA_ARGS__}, .constant = true }

static void test_pad(void) {
  const lrt_mirror_pad_options reflect = {0}, symmetric = {1};
  const one_operand in[] = {IN({2, {2, 3}}), PADS(0, 1, 1, 0), ONE_I32(9)},
                    minus[] = {IN({2, {2, 3}}), PADS(0, 1, -1, 0)};
  const one_operand far[] = {IN({2, {2, 3}}), PADS(0, 1, INT32_MAX, INT32_MAX)};
  expect(LRT_OP_PAD, NULL, in, 2, build_shape(2, 3, 4), (int32_t[]){0, 0, 1, 2, 0, 3, 4, 5, 0, 0, 0, 0});
  expect(LRT_OP_PADV2, NULL, in, 3, build_shape(2, 3, 4), (int32_t[]){9, 0, 1, 2, 9, 3, 4, 5, 9, 9, 9, 9});
  expect(LRT_OP_PAD, NULL, minus, 2, REFUSED, NULL);
  expect(LRT_OP_PAD, NULL, far, 2, REFUSED, NULL);
  expect(LRT_OP_MIRROR_PAD, &reflect, in, 2, build_shape(2, 3, 4),
         (int32_t[]){1, 0, 1, 2, 4, 3, 4, 5, 1, 0, 1, 2});
  expect(LRT_OP_MIRROR_PAD, &symmetric, in, 2, build_shape(2, 3, 4),
         (int32_t[]){0, 0, 1, 2, 3, 3, 4, 5, 3, 3, 4, 5});
  const one_operand wide[] = {IN({2, {2, 3}}), PADS(0, 0, 3, 0)};
  expect(LRT_OP_MIRROR_PAD, &reflect, wide, 2, REFUSED, NULL);
  expect(LRT_OP_MIRROR_PAD, &symmetric, wide, 2, build_shape(2, 2, 6),
         (int32_t[]){2, 1, 0, 0, 1, 2, 5, 4, 3, 3, 4, 5});
}

static void test_slice(void) {
  const one_operand in[] = {IN({2, {3, 4}}), ONE_I32(1, 1), ONE_I32(2, -1)},
                    far[] = {IN({2, {3, 4}}), ONE_I32(2, 1), ONE_I32(2, 1)};
  expect(LRT_OP_SLICE, NULL, in, 3, build_shape(2, 2, 3), (int32_t[]){5, 6, 7, 9, 10, 11});
  expect(LRT_OP_SLICE, NULL, far, 3, REFUSED, NULL);
}

static void test_strided_slice(void) {
  const lrt_strided_slice_options plain = {0}, shrink = {.shrink_axis_mask = 1, .end_mask = 2};
  const lrt_strided_slice_options dots = {.ellipsis_mask = 1, .new_axis_mask = 4}, offset = {.offset = 1};
  const one_operand back[] = {IN({2, {3, 4}}), ONE_I32(2, 3), ONE_I32(0, -5), ONE_I32(-1, -2)};
  const one_operand row[] = {IN({2, {3, 4}}), ONE_I32(-1, 1), ONE_I32(0, 0), ONE_I32(1, 2)};
  const one_operand more[] = {IN({2, {3, 4}}), ONE_I32(0, 1, 0), ONE_I32(0, 2, 0), ONE_I32(1, 1, 1)};
  const one_operand zero[] = {IN({2, {3, 4}}), ONE_I32(0, 0), ONE_I32(1, 1), ONE_I32(1, 0)};
  const one_operand out[] = {IN({2, {3, 4}}), ONE_I32(3, 0), ONE_I32(4, 4), ONE_I32(1, 1)};
  const one_operand from[] = {IN({2, {3, 4}}), ONE_I32(1, 1), ONE_I32(2, 2), ONE_I32(1, 1)};
  expect(LRT_OP_STRIDED_SLICE, &plain, back, 4, build_shape(2, 2, 2), (int32_t[]){11, 9, 7, 5});
  expect(LRT_OP_STRIDED_SLICE, &shrink, row, 4, build_shape(1, 2), (int32_t[]){9, 11});
  expect(LRT_OP_STRIDED_SLICE, &dots, more, 4, build_shape(3, 3, 1, 1), (int32_t[]){1, 5, 9});
  expect(LRT_OP_STRIDED_SLICE, &plain, zero, 4, REFUSED, NULL);
  expect(LRT_OP_STRIDED_SLICE, &shrink, out, 4, REFUSED, NULL);
  expect(LRT_OP_STRIDED_SLICE, &offset, from, 4, build_shape(2, 2, 2), (int32_t[]){5, 6, 9, 10});
}

static void test_join(void) {
  const lrt_concatenation_options last = {-1, LRT_ACT_NONE}, outside = {2, LRT_ACT_NONE};
  const one_operand in[] = {IN({2, {2, 2}}), IN({2, {2, 1}})}, misfit[] = {IN({2, {2, 2}}), IN({2, {1, 1}})};
  expect(LRT_OP_CONCATENATION, &last, in, 2, build_shape(2, 2, 3), (int32_t[]){0, 1, 0, 2, 3, 1});
  expect(LRT_OP_CONCATENATION, &last, misfit, 2, REFUSED, NULL);
  expect(LRT_OP_CONCATENATION, &outside, in, 2, REFUSED, NULL);
  const lrt_pack_options pack = {2, 1}, three = {3, 1};
  const one_operand same[] = {IN({1, {3}}), IN({1, {3}})};
  expect(LRT_OP_PACK, &pack, same, 2, build_shape(2, 3, 2), (int32_t[]){0, 0, 1, 1, 2, 2});
  expect(LRT_OP_PACK, &three, same, 2, REFUSED, NULL);
}

/* Bytes of other scales are brought to the output's. */
static void test_concatenation_rescale(void) {
  const lrt_concatenation_options options = {0, LRT_ACT_NONE};
  const uint8_t a[2] = {10, 200}, b[2] = {128, 255};
  const one_operand in[] = {
      {.type = LRT_UINT8, .shape = {1, {2}}, .data = a, .scale = 0.5f, .zero_point = 0},
      {.type = LRT_UINT8, .shape = {1, {2}}, .data = b, .scale = 1.0f, .zero_point = 128}};
  const one_operand out = {.type = LRT_UINT8, .scale = 1.0f, .zero_point = 10};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_REF, LRT_OP_CONCATENATION, &options, in, 2, &out, 1), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(1, 4), (uint8_t[]){15, 110, 10, 137}));
  one_op_close(&o);
}

static void test_split(void) {
  const lrt_split_options two = {2};
  const lrt_split_v_options sizes = {2};
  const lrt_unpack_options unpack = {2, 0};
  const one_operand out[] = {{.type = LRT_INT32}, {.type = LRT_INT32}};
  const one_operand in[] = {ONE_I32(1), IN({2, {2, 4}})}, odd[] = {ONE_I32(0), IN({2, {3, 2}})};
  const one_operand cut[] = {IN({2, {2, 3}}), ONE_I32(1, -1), ONE_I32(1)};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_SPLIT, &two, in, 2, out, 2), LRT_OK);
  CHECK(one_op_gave(&o, 1, build_shape(2, 2, 2), (int32_t[]){2, 3, 6, 7}));
  one_op_close(&o);
  CHECK(one_op_run(&o, LRT_MODE_FAST, LRT_OP_SPLIT, &two, odd, 2, out, 2) != LRT_OK);
  one_op_close(&o);
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_SPLIT_V, &sizes, cut, 3, out, 2), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(2, 2, 1), (int32_t[]){0, 3}));
  CHECK(one_op_gave(&o, 1, build_shape(2, 2, 2), (int32_t[]){1, 2, 4, 5}));
  one_op_close(&o);
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_UNPACK, &unpack, cut, 1, out, 2), LRT_OK);
  CHECK(one_op_gave(&o, 1, build_shape(1, 3), (int32_t[]){3, 4, 5}));
  one_op_close(&o);
}

static void test_gather(void) {
  const lrt_gather_options axis = {1, 0}, batched = {1, 1};
  const one_operand in[] = {IN({2, {2, 3}}), ONE_I32(2, 0)}, outside[] = {IN({2, {2, 3}}), ONE_I32(3)};
  const one_operand minus[] = {IN({2, {2, 3}}), ONE_I32(-1)};
  expect(LRT_OP_GATHER, &axis, in, 2, build_shape(2, 2, 2), (int32_t[]){2, 0, 5, 3});
  expect(LRT_OP_GATHER, &axis, outside, 2, REFUSED, NULL);
  expect(LRT_OP_GATHER, &axis, minus, 2, REFUSED, NULL);
  const one_operand rows[] = {IN({2, {2, 3}}), PADS(2, 1, 0, 2)};
  expect(LRT_OP_GATHER, &batched, rows, 2, build_shape(2, 2, 2), (int32_t[]){2, 1, 3, 5});
  const one_operand pairs[] = {IN({2, {2, 3}}), PADS(1, 2, 0, 1)},
                    wrong[] = {IN({2, {2, 3}}), PADS(1, 3, 0, 1)};
  expect(LRT_OP_GATHER_ND, NULL, pairs, 2, build_shape(1, 2), (int32_t[]){5, 1});
  expect(LRT_OP_GATHER_ND, NULL, wrong, 2, REFUSED, NULL);
}

/* Strings "ab", "", "c" transposed and picked. */
static void test_strings(void) {
  static const int32_t table[6] = {3, 20, 22, 22, 23, 0x636261};
  const lrt_gather_options axis = {0, 0};
  const one_operand out = {.type = LRT_STRING};
  const one_operand in[] = {{.type = LRT_STRING, .shape = {1, {3}}, .data = table, .constant = true},
                            ONE_I32(2, 0)};
  one_op o;
  memset(&o, 0, sizeof o);
  build_subgraph *b = &o.subgraph;
  const int32_t from = build_constant(b, LRT_STRING, in[0].shape, table);
  b->tensors[from].bytes = 23;
  const int32_t index = build_constant(b, LRT_INT32, in[1].shape, in[1].data);
  const int32_t to = build_tensor(b, out.type, build_shape(0));
  build_node(b, LRT_OP_GATHER, &axis, 2, (int32_t[]){from, index}, 1, &to);
  build_output(b, to);
  o.inputs = 2;
  CHECK_INT(build_finish(&o.model, &b, 1), LRT_OK);
  CHECK_INT(build_open(&o.model, NULL, &o.session, &o.error), LRT_OK);
  CHECK_INT(lrt_interpreter_invoke(o.session.it, 0, &o.error), LRT_OK);
  const lrt_tensor_view view = one_op_result(&o, 0);
  CHECK_INT(view.bytes, 19);
  CHECK(view.bytes == 19 && memcmp((const char *)view.data + 16, "cab", 3) == 0);
  one_op_close(&o);
}

/* A string input that nobody filled. */
static void test_unset_strings(void) {
  const one_operand in[] = {{.type = LRT_STRING, .shape = {1, {2}}}}, out = {.type = LRT_STRING};
  one_op o;
  memset(&o, 0, sizeof o);
  build_subgraph *b = &o.subgraph;
  const int32_t from = build_tensor(b, in[0].type, in[0].shape),
                to = build_tensor(b, out.type, build_shape(1, 2));
  build_node(b, LRT_OP_SQUEEZE, NULL, 1, &from, 1, &to);
  build_input(b, from);
  build_output(b, to);
  CHECK_INT(build_finish(&o.model, &b, 1), LRT_OK);
  CHECK_INT(build_open(&o.model, NULL, &o.session, &o.error), LRT_OK);
  CHECK(lrt_interpreter_invoke(o.session.it, 0, &o.error) != LRT_OK);
  one_op_close(&o);
}

static void test_resize(void) {
  const lrt_resize_bilinear_options plain = {0}, both = {.align_corners = 1, .half_pixel_centers = 1};
  const lrt_resize_nearest_neighbor_options nearest = {0};
  const int8_t pixels[4] = {0, 100, -100, 20};
  const one_operand in[] = {{.type = LRT_INT8, .shape = {4, {1, 2, 2, 1}}, .data = pixels}, ONE_I32(2, 4)};
  const one_operand none[] = {in[0], ONE_I32(0, 4)}, out = {.type = LRT_INT8};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_REF, LRT_OP_RESIZE_BILINEAR, &plain, in, 2, &out, 1), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(4, 1, 2, 4, 1), (int8_t[]){0, 50, 100, 100, -100, -40, 20, 20}));
  one_op_close(&o);
  CHECK_INT(one_op_run(&o, LRT_MODE_REF, LRT_OP_RESIZE_NEAREST_NEIGHBOR, &nearest, in, 2, &out, 1), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(4, 1, 2, 4, 1), (int8_t[]){0, 0, 100, 100, -100, -100, 20, 20}));
  one_op_close(&o);
  CHECK(one_op_run(&o, LRT_MODE_REF, LRT_OP_RESIZE_BILINEAR, &both, in, 2, &out, 1) != LRT_OK);
  one_op_close(&o);
  CHECK(one_op_run(&o, LRT_MODE_REF, LRT_OP_RESIZE_BILINEAR, &plain, none, 2, &out, 1) != LRT_OK);
  one_op_close(&o);
}

/* Both modes on odd sizes: bytes equal, reals within rounding. */
static void test_resize_modes(void) {
  static int8_t bytes[2 * 5 * 7 * 9];
  static float reals[2 * 5 * 7 * 9];
  for (int i = 0; i < 630; i++) {
    bytes[i] = (int8_t)(i * 37 % 251 - 128);
    reals[i] = (float)(i * 37 % 251) - 100.0f;
  }
  for (int option = 0; option < 6; option++) {
    const lrt_resize_bilinear_options options = {.align_corners = option % 3 == 1,
                                                 .half_pixel_centers = option % 3 == 2};
    const bool real = option >= 3;
    const one_operand in[] = {{.type = real ? LRT_FLOAT32 : LRT_INT8,
                               .shape = {4, {2, 5, 7, 9}},
                               .data = real ? (const void *)reals : bytes},
                              ONE_I32(11, 3)};
    const one_operand out = {.type = in[0].type};
    one_op ref, fast;
    CHECK_INT(one_op_run(&ref, LRT_MODE_REF, LRT_OP_RESIZE_BILINEAR, &options, in, 2, &out, 1), LRT_OK);
    CHECK_INT(one_op_run(&fast, LRT_MODE_FAST, LRT_OP_RESIZE_BILINEAR, &options, in, 2, &out, 1), LRT_OK);
    const void *a = one_op_result(&ref, 0).data, *b = one_op_result(&fast, 0).data;
    REQUIRE(a != NULL && b != NULL);
    for (int i = 0; i < 2 * 11 * 3 * 9; i++) {
      if (real)
        CHECK_NEAR(((const float *)b)[i], ((const float *)a)[i], 1e-4);
      else
        CHECK_INT(((const int8_t *)b)[i], ((const int8_t *)a)[i]);
    }
    one_op_close(&ref);
    one_op_close(&fast);
  }
}

int main(int argc, char **argv) {
  RUN(test_reshape);
  RUN(test_bitcast);
  RUN(test_shape);
  RUN(test_transpose);
  RUN(test_transpose_sizes);
  RUN(test_transpose_int4);
  RUN(test_pad);
  RUN(test_slice);
  RUN(test_strided_slice);
  RUN(test_join);
  RUN(test_concatenation_rescale);
  RUN(test_split);
  RUN(test_gather);
  RUN(test_strings);
  RUN(test_unset_strings);
  RUN(test_resize);
  RUN(test_resize_modes);
  DONE();
}
