/* test_stablehlo.c: the STABLEHLO operators that run. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "one_op.h"

#define expect(...) one_op_expect(LRT_INT32, __VA_ARGS__)

static const int32_t counted[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

static void test_elementwise(void) {
  const one_operand in[] = {ONE_I32(INT32_MAX, 6, -3), ONE_I32(1, 3, 40)},
                    misfit[] = {ONE_I32(1, 2), ONE_I32(1)};
  const lrt_shape three = build_shape(1, 3);
  expect(LRT_OP_STABLEHLO_ADD, NULL, in, 2, three, (int32_t[]){INT32_MIN, 9, 37});
  expect(LRT_OP_STABLEHLO_MULTIPLY, NULL, in, 2, three, (int32_t[]){INT32_MAX, 18, -120});
  expect(LRT_OP_STABLEHLO_MAXIMUM, NULL, in, 2, three, (int32_t[]){INT32_MAX, 6, 40});
  expect(LRT_OP_STABLEHLO_MINIMUM, NULL, in, 2, three, (int32_t[]){1, 3, -3});
  expect(LRT_OP_STABLEHLO_AND, NULL, in, 2, three, (int32_t[]){1, 2, 40});
  expect(LRT_OP_STABLEHLO_SHIFT_LEFT, NULL, in, 2, three, (int32_t[]){-2, 48, 0});
  expect(LRT_OP_STABLEHLO_ADD, NULL, misfit, 2, ONE_OP_REFUSED, NULL);
}

#define VECTOR(...)                                                                                          \
  { (int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / 8 }

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

/* Rows [10,20] and [30,40] added to rows 2 and 0 of a 3 x 2 tensor; a third update falls outside. */
static void scatter(int32_t computation, int32_t subgraph, bool valid, const int32_t *expected) {
  const lrt_stablehlo_scatter_options options = {0, VECTOR(1), VECTOR(0), VECTOR(0), 1, 0, subgraph};
  static const int32_t starts[3] = {2, 0, 3}, updates[6] = {10, 20, 30, 40, 50, 60};
  build_subgraph *both[2] = {calloc(1, sizeof **both), calloc(1, sizeof **both)}, *b = both[0], *c = both[1];
  one_op o;
  REQUIRE(b != NULL && c != NULL);
  memset(&o, 0, sizeof o);
  const int32_t in = build_constant(b, LRT_INT32, build_shape(2, 3, 2), counted);
  const int32_t indices = build_constant(b, LRT_INT32, build_shape(2, 3, 1), starts);
  const int32_t rows = build_constant(b, LRT_INT32, build_shape(2, 3, 2), updates);
  const int32_t out = build_tensor(b, LRT_INT32, build_shape(2, 3, 2));
  build_node(b, LRT_OP_STABLEHLO_SCATTER, &options, 3, (int32_t[]){in, indices, rows}, 1, &out);
  build_output(b, out);
  const int32_t x = build_tensor(c, LRT_INT32, build_shape(0)),
                y = build_tensor(c, LRT_INT32, build_shape(0));
  const int32_t z = build_tensor(c, LRT_INT32, build_shape(0));
  if (computation >= 0) build_node(c, computation, NULL, 2, (int32_t[]){x, y}, 1, &z);
  build_input(c, x);
  build_input(c, y);
  build_output(c, computation >= 0 ? z : y);
  o.inputs = 3;
  CHECK_INT(build_finish(&o.model, both, 2), LRT_OK);
  lrt_status status = build_open(&o.model, NULL, &o.session, &o.error);
  if (status == LRT_OK) status = lrt_interpreter_invoke(o.session.it, 0, &o.error);
  CHECK(valid ? status == LRT_OK && one_op_gave(&o, 0, build_shape(2, 3, 2), expected) : status != LRT_OK);
  one_op_close(&o);
  free(b);
  free(c);
}

static void test_scatter(void) {
  scatter(LRT_OP_STABLEHLO_ADD, 1, true, (int32_t[]){30, 41, 2, 3, 14, 25});
  scatter(LRT_OP_STABLEHLO_MULTIPLY, 1, true, (int32_t[]){0, 40, 2, 3, 40, 100});
  scatter(-1, 1, true, (int32_t[]){30, 40, 2, 3, 10, 20});
  scatter(LRT_OP_STABLEHLO_AND, 1, false, NULL);
  scatter(-1, 2, false, NULL);
  scatter(-1, -1, false, NULL);
}

/* Pairs with a stride of 2 over [0,1,2,3,4] padded by one in front. */
static void test_reduce_window(void) {
  const int subgraphs[] = {1, 2};
  for (int i = 0; i < 2; i++) {
    const lrt_stablehlo_reduce_window_options options = {VECTOR(2), VECTOR(2),    VECTOR(1),
                                                         VECTOR(1), VECTOR(1, 0), subgraphs[i]};
    static const int32_t init[1] = {100};
    build_subgraph *both[2] = {calloc(1, sizeof **both), calloc(1, sizeof **both)}, *b = both[0],
                   *c = both[1];
    one_op o;
    REQUIRE(b != NULL && c != NULL);
    memset(&o, 0, sizeof o);
    const int32_t in = build_constant(b, LRT_INT32, build_shape(1, 5), counted);
    const int32_t start = build_constant(b, LRT_INT32, build_shape(0), init);
    const int32_t out = build_tensor(b, LRT_INT32, build_shape(1, 3));
    build_node(b, LRT_OP_STABLEHLO_REDUCE_WINDOW, &options, 2, (int32_t[]){in, start}, 1, &out);
    build_output(b, out);
    const int32_t x = build_tensor(c, LRT_INT32, build_shape(0)),
                  z = build_tensor(c, LRT_INT32, build_shape(0));
    build_node(c, LRT_OP_STABLEHLO_ADD, NULL, 2, (int32_t[]){x, x}, 1, &z);
    build_input(c, x);
    build_output(c, z);
    o.inputs = 2;
    CHECK_INT(build_finish(&o.model, both, 2), LRT_OK);
    lrt_status status = build_open(&o.model, NULL, &o.session, &o.error);
    if (status == LRT_OK) status = lrt_interpreter_invoke(o.session.it, 0, &o.error);
    if (i == 0)
      CHECK(status == LRT_OK && one_op_gave(&o, 0, build_shape(1, 3), (int32_t[]){100, 103, 107}));
    else
      CHECK(status != LRT_OK);
    one_op_close(&o);
    free(b);
    free(c);
  }
}

/* The deprecated operator: 2 x 2 entries, columns two apart. Results of ai-edge-litert 2.3.0, both resolvers alike. */
static void test_deprecated_window(void) {
  static const int32_t data[12] = {3, -1, 2, 4, 1, 5, -2, 0, 7, 1, 0, 0}, starts[6] = {3, 3, 3, 3, 3, 0};
  static const int64_t window[2] = {2, 2}, ones[2] = {1, 1}, gaps[2] = {1, 2}, none[2] = {0, 1};
  static const int32_t expected[6][4] = {{7, 11, 9, 9}, {-36, 0, 0, 0}, {-2, -1, -2, 0},
                                         {3, 5, 7, 5},  {1, 0, 0, 0},   {1, 1, 1, 1}};
  for (int32_t f = 0; f <= 7; f++) {
    const lrt_reduce_window_options options = {f};
    one_operand in[] = {{.type = LRT_INT32, .shape = {2, {3, 4}}, .data = data},
                        {.type = LRT_INT32, .shape = {0, {0}}, .data = &starts[f < 1 || f > 6 ? 0 : f - 1]},
                        {.type = LRT_INT64, .shape = {1, {2}}, .data = window, .constant = true},
                        {.type = LRT_INT64, .shape = {1, {2}}, .data = ones, .constant = true},
                        {.type = LRT_INT64, .shape = {1, {2}}, .data = gaps, .constant = true}};
    if (f >= 1 && f <= 6)
      expect(LRT_OP_REDUCE_WINDOW, &options, in, 5, build_shape(2, 2, 2), expected[f - 1]);
    else
      expect(LRT_OP_REDUCE_WINDOW, &options, in, 5, ONE_OP_REFUSED, NULL);
    in[3].data = none;
    expect(LRT_OP_REDUCE_WINDOW, &options, in, 5, ONE_OP_REFUSED, NULL);
  }
}

/* Zero key and counter: the known answers of the generators. */
static void test_bits(void) {
  const lrt_stablehlo_rng_bit_generator_options philox = {1}, threefry = {2}, unknown = {3};
  const uint64_t zero[2] = {0, 0};
  const one_operand in[] = {{.type = LRT_UINT64, .shape = {1, {2}}, .data = zero}};
  const one_operand out[] = {{.type = LRT_UINT64}, {.type = LRT_UINT32, .shape = {1, {3}}}};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_STABLEHLO_RNG_BIT_GENERATOR, &philox, in, 1, out, 2),
            LRT_OK);
  CHECK(one_op_gave(&o, 1, build_shape(1, 3), (uint32_t[]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c}));
  CHECK(one_op_gave(&o, 0, build_shape(1, 2), (uint64_t[]){0, 1}));
  one_op_close(&o);
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_STABLEHLO_RNG_BIT_GENERATOR, &threefry, in, 1, out, 2),
            LRT_OK);
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
  RUN(test_scatter);
  RUN(test_reduce_window);
  RUN(test_deprecated_window);
  RUN(test_bits);
  DONE();
}
