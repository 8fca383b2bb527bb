/* test_text.c: LSH_PROJECTION and SKIP_GRAM against results of ai-edge-litert 2.3.0, both resolvers alike. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "one_op.h"

static const float seeds[6] = {-0.6f, -0.35f, -0.1f, 0.15f, 0.4f, 0.65f}, weights[3] = {1, -2.5f, 0.75f};
static const int32_t rows[6] = {7, -3, 100, 5, 6, 8};

#define SEEDS                                                                                                \
  { .type = LRT_FLOAT32, .shape = {2, {2, 3}}, .data = seeds }
#define ROWS                                                                                                 \
  { .type = LRT_INT32, .shape = {2, {3, 2}}, .data = rows }

static void test_projection(void) {
  static const lrt_lsh_projection_options sparse = {1}, dense = {2}, neither = {0};
  const one_operand in[] = {SEEDS, ROWS, {.type = LRT_FLOAT32, .shape = {1, {3}}, .data = weights}};
  const one_operand few[] = {SEEDS, ROWS, {.type = LRT_FLOAT32, .shape = {1, {2}}, .data = weights}};
  const one_operand many[] = {{.type = LRT_FLOAT32, .shape = {2, {0, 33}}, .data = seeds}, ROWS};
  const one_operand none[] = {SEEDS, {.type = LRT_INT32, .shape = {2, {0, 2}}, .data = rows}};
  one_op_expect(LRT_INT32, LRT_OP_LSH_PROJECTION, &sparse, in, 3, build_shape(1, 2), (int32_t[]){6, 8});
  one_op_expect(LRT_INT32, LRT_OP_LSH_PROJECTION, &dense, in, 3, build_shape(1, 6),
                (int32_t[]){1, 1, 0, 0, 0, 0});
  one_op_expect(LRT_INT32, LRT_OP_LSH_PROJECTION, &neither, in, 3, ONE_OP_REFUSED, NULL);
  one_op_expect(LRT_INT32, LRT_OP_LSH_PROJECTION, &sparse, few, 3, ONE_OP_REFUSED, NULL);
  one_op_expect(LRT_INT32, LRT_OP_LSH_PROJECTION, &sparse, many, 2, ONE_OP_REFUSED, NULL);
  one_op_expect(LRT_INT32, LRT_OP_LSH_PROJECTION, &sparse, none, 2, ONE_OP_REFUSED, NULL);
  one_op_expect(LRT_FLOAT32, LRT_OP_LSH_PROJECTION, &sparse, in, 3, ONE_OP_REFUSED, NULL);
}

/* Runs on one sentence; the result's strings joined by '|' into `out`. */
static lrt_status grams(const lrt_skip_gram_options *options, const char *text, char *out, size_t size) {
  const size_t length = strlen(text);
  const one_operand result = {.type = LRT_STRING, .shape = {1, {1}}};
  const one_operand in = {.type = LRT_STRING, .shape = {1, {1}}, .variable = true};
  one_op o;
  out[0] = '\0';
  memset(&o, 0, sizeof o);
  build_subgraph *b = &o.subgraph;
  const int32_t x = build_tensor(b, LRT_STRING, in.shape), y = build_tensor(b, LRT_STRING, result.shape);
  build_node(b, LRT_OP_SKIP_GRAM, options, 1, &x, 1, &y);
  build_input(b, x), build_output(b, y);
  CHECK_INT(build_finish(&o.model, &b, 1), LRT_OK);
  lrt_status status = build_open(&o.model, NULL, &o.session, &o.error);
  if (status == LRT_OK) status = lrt_interpreter_set_strings(o.session.it, 0, x, 1, &text, &length, &o.error);
  if (status == LRT_OK) status = lrt_interpreter_invoke(o.session.it, 0, &o.error);
  if (status == LRT_OK) {
    const lrt_tensor_view view = build_view(&o.session, y);
    const int32_t *table = view.data;
    CHECK(view.shape.rank == 1 && view.shape.dims[0] == table[0]);
    for (int32_t i = 0; i < table[0]; i++)
      snprintf(out + strlen(out), size - strlen(out), "%s%.*s", i > 0 ? "|" : "", table[2 + i] - table[1 + i],
               (const char *)view.data + table[1 + i]);
  }
  one_op_close(&o);
  return status;
}

static void test_grams(void) {
  static const struct {
    lrt_skip_gram_options options;
    const char *text, *expected;
  } cases[] = {
      {{2, 1, 0}, "one two  three four", "one two|one three|two three|two four|three four"},
      {{3, 2, 1},
       "one two  three four",
       "one two three|one two four|one two|one three four|one three|one four|one|two three four|two "
       "three|two "
       "four|two|three four|three|four"},
      {{9, 1, 0}, "one two  three four", ""},
      {{2, 0, 0}, " one two three", "two three"},
      {{1, 0, 0}, "", ""},
  };
  char out[400];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    CHECK_INT(grams(&cases[i].options, cases[i].text, out, sizeof out), LRT_OK);
    CHECK(strcmp(out, cases[i].expected) == 0);
  }
}

/* 200 words have more runs of 100 than there are atoms. */
static void test_too_many_grams(void) {
  static const lrt_skip_gram_options wide = {100, 100, 0}, empty = {0, 1, 0};
  char text[401], out[40];
  for (int i = 0; i < 400; i++) text[i] = i % 2 == 0 ? 'a' : ' ';
  text[400] = '\0';
  CHECK_INT(grams(&wide, text, out, sizeof out), LRT_RUN_FAILED);
  CHECK_INT(grams(&empty, "a b", out, sizeof out), LRT_INVALID_MODEL);
}

int main(int argc, char **argv) {
  RUN(test_projection);
  RUN(test_grams);
  RUN(test_too_many_grams);
  DONE();
}
