/* test_stablehlo.c: the STABLEHLO operators that run. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "one_op.h"

#define expect(...) one_op_expect(LRT_INT32, __VA_ARGS__)

static const int32_t counted[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

static void test_elementwise(void) {
  const one_operand in[] = {ONE_I32(INT32_MAX, 6, -3), ONE_I32(1, 3, 40)}, misfit[] = {ONE_I32(1, 2), ONE_I32(1)};
  const lrt_shape three = build_shape(1, 3);
  expect(LRT_OP_STABLEHLO_ADD, NULL, in, 2, three, (int32_t[]){INT32_MIN, 9, 37});
  expect(LRT_OP_STABLEHLO_MULTIPLY, NULL, in, 2, three, (int32_t[]){INT32_MAX, 18, -120});
  expect(LRT_OP_STABLEHLO_MAXIMUM, NULL, in, 2, three, (int32_t[]){INT32_MAX, 6, 40});
  expect(LRT_OP_STABLEHLO_MINIMUM, NULL, in, 2, three, (int32_t[]){1, 3, -3});
  expect(LRT_OP_STABLEHLO_AND, NULL, in, 2, three, (int32_t[]){1, 2, 40});
  expect(LRT_OP_STABLEHLO_SHIFT_LEFT, NULL, in, 2, three, (int32_t[]){-2, 48, 0});
  expect(LRT_OP_STABLEHLO_ADD, NULL, misfit, 2, ONE_OP_REFUSED, NULL);
}

#define VECTOR(...) {(int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / 8}

static void test_pad(void) {
  const lrt_stablehlo_pad_options grow = {VECTOR(1, 0), VECTOR(0, 1), VECTOR(0, 1)};
  const lrt_stablehlo_pad_options cut = {VECTOR(0, -2), VECTOR(-1, 0), VECTOR(0, 0)};
  const lrt_stablehlo_pad_options gone = {VECTOR(-5, 0), VECTOR(0, 0), VECTOR(0, 0)};
  const lrt_stablehlo_pad_options wrong = {VECTOR(0, 0), VECTOR(0, 0), VECTOR(0, -1)};
  const one_operand in[] = {{.type = LRT_INT32, .shape = {2, {2, 3}}, .data = counted}, ONE_I32(9)};
  expect(LRT_OP_STABLEHLO_PAD, &grow, in, 2, build_shape(2, 3, 6),
         (int32_t[]){9, 9, 9, 9, 9, 9, 0, 9, 1, 9, 2, 9, 3, 9, 4, 9, 5, 9});
  expect(LRT_OP_STABLEHLO_PAD, &cut, in, 2, build_shape(2, 1, 1), (int32_t[]){2});
  expect(LRT_OP_STABLEHLO_PAD, &gone, in, 2, build_shape(2, 0, 3), NULL);
  expect(LRT_OP_STABLEHLO_PAD, &wrong, in, 2, ONE_OP_REFUSED, NULL);
}

/* Rows of a 3 x 4 tensor at clamped starts, cut to two columns. */
static void test_gather(void) {
  const lrt_stablehlo_gather_options rows = {VECTOR(1), VECTOR(0), VECTOR(0), 1, VECTOR(1, 2), 0};
  const lrt_stablehlo_gather_options wide = {VECTOR(1), VECTOR(0), VECTOR(0), 1, VECTOR(1, 5), 0};
  const lrt_stablehlo_gather_options lost = {VECTOR(1), VECTOR(0), VECTOR(2), 1, VECTOR(1, 2), 0};
  const lrt_stablehlo_gather_options deep = {VECTOR(1), VECTOR(0), VECTOR(0), 7, VECTOR(1, 2), 0};
  const one_operand in[] = {{.type = LRT_INT32, .shape = {2, {3, 4}}, .data = counted},
                            {.type = LRT_INT32, .shape = {2, {3, 1}}, .data = (int32_t[]){2, -7, 99}}};
  expect(LRT_OP_STABLEHLO_GATHER, &rows, in, 2, build_shape(2, 3, 2), (int32_t[]){8, 9, 0, 1, 8, 9});
  expect(LRT_OP_STABLEHLO_GATHER, &wide, in, 2, ONE_OP_REFUSED, NULL);
  expect(LRT_OP_STABLEHLO_GATHER, &lost, in, 2, ONE_OP_REFUSED, NULL);
  expect(LRT_OP_STABLEHLO_GATHER, &deep, in, 2, ONE_OP_REFUSED, NULL);
}

/* Zero key and counter: the known answers of the generators. */
static void test_bits(void) {
  const lrt_stablehlo_rng_bit_generator_options philox = {1}, threefry = {2}, unknown = {3};
  const uint64_t zero[2] = {0, 0};
  const one_operand in[] = {{.type = LRT_UINT64, .shape = {1, {2}}, .data = zero}};
  const one_operand out[] = {{.type = LRT_UINT64}, {.type = LRT_UINT32, .shape = {1, {3}}}};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_STABLEHLO_RNG_BIT_GENERATOR, &philox, in, 1, out, 2), LRT_OK);
  CHECK(one_op_gave(&o, 1, build_shape(1, 3), (uint32_t[]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c}));
  CHECK(one_op_gave(&o, 0, build_shape(1, 2), (uint64_t[]){0, 1}));
  one_op_close(&o);
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_STABLEHLO_RNG_BIT_GENERATOR, &threefry, in, 1, out, 2), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(1, 2), (uint64_t[]){0, 2}));
  CHECK(*(const uint32_t *)one_op_result(&o, 1).data == 0x6b200159);
  one_op_close(&o);
  CHECK(one_op_run(&o, LRT_MODE_FAST, LRT_OP_STABLEHLO_RNG_BIT_GENERATOR, &unknown, in, 1, out, 2) != LRT_OK);
  one_op_close(&o);
}

int main(int argc, char **argv) {
  RUN(test_elementwise);
  RUN(test_pad);
  RUN(test_gather);
  RUN(test_bits);
  DONE();
}
