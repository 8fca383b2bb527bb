/* test_random.c: random numbers: the published sequences, and that invokes go on where the last one ended. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "one_op.h"
#include "ops/philox.h"

/* The known answers of the generators' authors. */
static void test_known_answers(void) {
  const uint32_t zero[4] = {0}, ones[4] = {~0u, ~0u, ~0u, ~0u};
  const uint32_t philox_zero[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  const uint32_t philox_ones[4] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
  const uint32_t threefry_zero[2] = {0x6b200159, 0x99ba4efe}, threefry_ones[2] = {0x1cb996fc, 0xbb002be7};
  uint32_t out[4];
  lrt_philox_bits(zero, zero, out);
  CHECK(memcmp(out, philox_zero, sizeof out) == 0);
  lrt_philox_bits(ones, ones, out);
  CHECK(memcmp(out, philox_ones, sizeof out) == 0);
  lrt_threefry_bits(zero, zero, out);
  CHECK(memcmp(out, threefry_zero, 8) == 0);
  lrt_threefry_bits(ones, ones, out);
  CHECK(memcmp(out, threefry_ones, 8) == 0);
}

static void test_skip(void) {
  lrt_philox a = lrt_philox_make(1, 2), b = a;
  uint32_t out[4];
  a.counter[0] = b.counter[0] = a.counter[1] = b.counter[1] = ~0u;
  for (int i = 0; i < 3; i++) lrt_philox_next(&a, out);
  lrt_philox_skip(&b, 3);
  CHECK(memcmp(&a, &b, sizeof a) == 0);
}

static void test_uniform(void) {
  const lrt_random_options seeds = {7, 11};
  const one_operand in[] = {ONE_I32(3, 3)}, out = {.type = LRT_FLOAT32};
  float first[9];
  one_op o;
  REQUIRE(one_op_run(&o, LRT_MODE_FAST, LRT_OP_RANDOM_UNIFORM, &seeds, in, 1, &out, 1) == LRT_OK);
  const float *numbers = one_op_result(&o, 0).data;
  for (int i = 0; i < 9; i++) CHECK(numbers[i] >= 0.0f && numbers[i] < 1.0f);
  memcpy(first, numbers, sizeof first);
  CHECK_INT(lrt_interpreter_invoke(o.session.it, 0, NULL), LRT_OK);
  CHECK(memcmp(first, numbers, sizeof first) != 0);
  one_op_close(&o);
  REQUIRE(one_op_run(&o, LRT_MODE_REF, LRT_OP_RANDOM_UNIFORM, &seeds, in, 1, &out, 1) == LRT_OK);
  CHECK(memcmp(first, one_op_result(&o, 0).data, sizeof first) == 0);
  one_op_close(&o);
}

/* The reference interpreter's numbers for these seeds. */
static void test_normal(void) {
  const lrt_random_options seeds = {7, 11};
  const one_operand in[] = {ONE_I32(5)}, minus[] = {ONE_I32(-5)}, out = {.type = LRT_FLOAT32};
  const float expected[5] = {1.60560369f, 2.22495437f, -0.536034465f, -0.916499913f, 1.21825969f};
  one_op o;
  REQUIRE(one_op_run(&o, LRT_MODE_FAST, LRT_OP_RANDOM_STANDARD_NORMAL, &seeds, in, 1, &out, 1) == LRT_OK);
  for (int i = 0; i < 5; i++) CHECK_NEAR(((const float *)one_op_result(&o, 0).data)[i], expected[i], 1e-5);
  one_op_close(&o);
  one_op_expect(LRT_FLOAT32, LRT_OP_RANDOM_STANDARD_NORMAL, &seeds, minus, 1, ONE_OP_REFUSED, NULL);
}

/* Of two classes one has no chance. */
static void test_multinomial(void) {
  const lrt_random_options seeds = {3, 4};
  const float logits[2] = {1.0f, -200.0f};
  const one_operand in[] = {{.type = LRT_FLOAT32, .shape = {2, {1, 2}}, .data = logits}, ONE_I32(5)};
  const one_operand minus[] = {in[0], ONE_I32(-5)};
  one_op_expect(LRT_INT32, LRT_OP_MULTINOMIAL, &seeds, in, 2, build_shape(2, 1, 5),
                (int32_t[]){0, 0, 0, 0, 0});
  one_op_expect(LRT_INT32, LRT_OP_MULTINOMIAL, &seeds, minus, 2, ONE_OP_REFUSED, NULL);
}

int main(int argc, char **argv) {
  RUN(test_known_answers);
  RUN(test_skip);
  RUN(test_uniform);
  RUN(test_normal);
  RUN(test_multinomial);
  DONE();
}
