/* test_hostile_plans.c: files and calls that aim at memory: sizes that change, failures half way, shared variables. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "build_model.h"
#include "litert/state.h"

static const lrt_add_options plain_add = {.pot_scale_int16 = 1};
static build_subgraph graphs[40];

static build_subgraph *fresh(build_model *m) {
  memset(graphs, 0, sizeof graphs);
  memset(m, 0, sizeof *m);
  return graphs;
}

/* A deferred FILL whose result is a variable: a refused size must not be believed the second time. */
static void variables_keep_their_size(void) {
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  build_subgraph *b = fresh(&m);
  static const float one = 1;
  const int32_t dims = build_tensor(b, LRT_INT32, build_shape(1, 1)),
                v = build_tensor(b, LRT_FLOAT32, build_shape(1, 2));
  const int32_t value = build_constant(b, LRT_FLOAT32, build_shape(0), &one);
  b->tensors[v].is_variable = true;
  build_node(b, LRT_OP_FILL, NULL, 2, (int32_t[]){dims, value}, 1, (int32_t[]){v});
  build_input(b, dims), build_output(b, v);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){b}, 1), LRT_OK);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  for (int round = 0; round < 3; round++) {
    *(int32_t *)build_view(&s, dims).data = 4000;
    CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_RUN_FAILED);
    CHECK_INT(build_view(&s, v).bytes, 8);
    *(int32_t *)build_view(&s, dims).data = 2;
    CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
    CHECK_NEAR(((const float *)build_view(&s, v).data)[1], 1, 0);
  }
  build_close(&s);
  build_clear(&m);
}

/* SHAPE of a tensor of unknown rank, into a variable of one number: its contents are computed by prepare. */
static void computed_contents_fit_variables(void) {
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  build_subgraph *b = fresh(&m);
  static const float one = 1;
  static const lrt_shape_options options = {.out_type = LRT_INT32};
  const int32_t dims = build_tensor(b, LRT_INT32, build_shape(1, 8)),
                x = build_tensor(b, LRT_FLOAT32, build_shape(1, 2));
  const int32_t value = build_constant(b, LRT_FLOAT32, build_shape(0), &one);
  const int32_t v = build_tensor(b, LRT_INT32, build_shape(1, 1));
  b->tensors[v].is_variable = true;
  build_node(b, LRT_OP_FILL, NULL, 2, (int32_t[]){dims, value}, 1, (int32_t[]){x});
  build_node(b, LRT_OP_SHAPE, &options, 1, (int32_t[]){x}, 1, (int32_t[]){v});
  build_input(b, dims), build_output(b, v);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){b}, 1), LRT_OK);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  for (int i = 0; i < 8; i++) ((int32_t *)build_view(&s, dims).data)[i] = 1;
  for (int round = 0; round < 2; round++) CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_RUN_FAILED);
  build_close(&s);
  build_clear(&m);
}

/* A result that grew, then failed to grow, must not show more bytes than it has. */
static void refused_growth_keeps_the_old_size(void) {
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  build_subgraph *b = fresh(&m);
  static const float one = 1;
  const int32_t dims = build_tensor(b, LRT_INT32, build_shape(1, 1)),
                y = build_tensor(b, LRT_FLOAT32, build_shape(1, 2));
  const int32_t value = build_constant(b, LRT_FLOAT32, build_shape(0), &one);
  build_node(b, LRT_OP_FILL, NULL, 2, (int32_t[]){dims, value}, 1, (int32_t[]){y});
  build_input(b, dims), build_output(b, y);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){b}, 1), LRT_OK);
  const lrt_interpreter_options options = {.limits = {.bytes = 1 << 20}};
  CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  *(int32_t *)build_view(&s, dims).data = 5;
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
  *(int32_t *)build_view(&s, dims).data = 1 << 24;
  CHECK(lrt_interpreter_invoke(s.it, 0, &err) != LRT_OK);
  const lrt_tensor_view view = build_view(&s, y);
  CHECK_INT(view.bytes, 20);
  CHECK_INT(view.shape.dims[0], 5);
  float sum = 0;
  for (size_t i = 0; i < view.bytes / 4; i++) sum += ((const float *)view.data)[i];
  CHECK_NEAR(sum, 5, 0);
  build_close(&s);
  build_clear(&m);
}

/* y = x + x; u = UNIQUE(y); z = FILL(u, 1): with u never computed because the budget ended before, the sizing point
 * after it must not look at it. */
static void sizing_stops_after_a_failure(void) {
  for (int threads = 1; threads <= 3; threads++) {
    for (int steps = 0; steps < 2; steps++) {
      build_model m;
      build_session s;
      lrt_error err = {LRT_OK, ""};
      build_subgraph *b = fresh(&m);
      static const float one = 1;
      static const lrt_unique_options options = {.idx_out_type = LRT_INT32};
      const int32_t x = build_tensor(b, LRT_INT32, build_shape(1, 2)),
                    y = build_tensor(b, LRT_INT32, build_shape(1, 2));
      const int32_t u = build_tensor(b, LRT_INT32, build_shape(1, 2)),
                    i = build_tensor(b, LRT_INT32, build_shape(1, 2));
      const int32_t z = build_tensor(b, LRT_FLOAT32, build_shape(1, 2));
      const int32_t value = build_constant(b, LRT_FLOAT32, build_shape(0), &one);
      build_node(b, LRT_OP_ADD, &plain_add, 2, (int32_t[]){x, x}, 1, (int32_t[]){y});
      build_node(b, LRT_OP_UNIQUE, &options, 1, (int32_t[]){y}, 2, (int32_t[]){u, i});
      build_node(b, LRT_OP_FILL, NULL, 2, (int32_t[]){u, value}, 1, (int32_t[]){z});
      build_input(b, x), build_output(b, z);
      CHECK_INT(build_finish(&m, (build_subgraph *[]){b}, 1), LRT_OK);
      const lrt_interpreter_options with = {
          .num_threads = threads, .limits = {.steps = steps == 0 ? 1 : 0}, .preserve_all_tensors = steps};
      CHECK_INT(build_open(&m, &with, &s, &err), LRT_OK);
      REQUIRE(s.it != NULL);
      memcpy(build_view(&s, x).data, (int32_t[]){1, 2}, 8);
      if (steps == 0)
        CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OVER_BUDGET);
      else
        CHECK_INT(lrt_interpreter_invoke_steps(s.it, 0, 2, 1, &err), LRT_RUN_FAILED);
      build_close(&s);
      build_clear(&m);
    }
  }
}

/* A branch whose input is a constant of the file: nothing may be copied over it. */
static void constants_are_not_inputs(void) {
  static const lrt_if_options choice = {.then_subgraph_index = 1, .else_subgraph_index = 1};
  static const float two[2] = {1, 2};
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  build_subgraph *b = fresh(&m);
  const int32_t c = build_tensor(b, LRT_BOOL, build_shape(0)),
                x = build_tensor(b, LRT_FLOAT32, build_shape(1, 2));
  const int32_t y = build_tensor(b, LRT_FLOAT32, build_shape(1, 2));
  build_node(b, LRT_OP_IF, &choice, 2, (int32_t[]){c, x}, 1, (int32_t[]){y});
  build_input(b, c), build_input(b, x), build_output(b, y);
  const int32_t k = build_constant(&b[1], LRT_FLOAT32, build_shape(1, 2), two);
  build_input(&b[1], k), build_output(&b[1], k);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b[0], &b[1]}, 2), LRT_OK);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_INVALID_MODEL);
  CHECK(strstr(err.message, "is a constant") != NULL);
  build_close(&s);
  build_clear(&m);
}

/* Strings that nobody set reach a branch. */
static void unset_strings_are_refused(void) {
  static const lrt_if_options choice = {.then_subgraph_index = 1, .else_subgraph_index = 1};
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  build_subgraph *b = fresh(&m);
  const int32_t c = build_tensor(b, LRT_BOOL, build_shape(0)),
                x = build_tensor(b, LRT_STRING, build_shape(1, 2));
  const int32_t y = build_tensor(b, LRT_STRING, build_shape(1, 2));
  build_node(b, LRT_OP_IF, &choice, 2, (int32_t[]){c, x}, 1, (int32_t[]){y});
  build_input(b, c), build_input(b, x), build_output(b, y);
  const int32_t k = build_tensor(&b[1], LRT_STRING, build_shape(1, 2));
  build_input(&b[1], k), build_output(&b[1], k);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b[0], &b[1]}, 2), LRT_OK);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_RUN_FAILED);
  CHECK_INT(
      lrt_interpreter_set_strings(s.it, 0, x, 2, (const char *const[]){"a", "bc"}, (size_t[]){1, 2}, &err),
      LRT_OK);
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
  CHECK_INT(build_view(&s, y).bytes, 4 * 4 + 3);
  build_close(&s);
  build_clear(&m);
}

/* Composites: a result left out, and bodies that hold nothing but sixteen more composites each. */
static void composites_are_bounded(void) {
  static lrt_stablehlo_composite_options options[8];
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  build_subgraph *b = fresh(&m);
  for (int i = 0; i < 8; i++)
    options[i] = (lrt_stablehlo_composite_options){.name = "c", .decomposition_subgraph_index = i + 1};
  const int32_t x = build_tensor(b, LRT_FLOAT32, build_shape(1, 2));
  build_node(b, LRT_OP_STABLEHLO_COMPOSITE, &options[0], 1, (int32_t[]){x}, 1, (int32_t[]){-1});
  build_input(b, x), build_output(b, x);
  const int32_t k = build_tensor(&b[1], LRT_FLOAT32, build_shape(1, 2)),
                k2 = build_tensor(&b[1], LRT_FLOAT32, build_shape(1, 2));
  build_node(&b[1], LRT_OP_ADD, &plain_add, 2, (int32_t[]){k, k}, 1, (int32_t[]){k2});
  build_input(&b[1], k), build_output(&b[1], k2);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b[0], &b[1]}, 2), LRT_OK);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_OK);
  build_close(&s);
  build_clear(&m);

  b = fresh(&m);
  for (int g = 0; g < 8; g++) {
    build_tensor(&b[g], LRT_FLOAT32, build_shape(1, 2));
    build_input(&b[g], 0);
    for (int i = 0; i < 16 && g < 7; i++)
      build_node(&b[g], LRT_OP_STABLEHLO_COMPOSITE, &options[g], 1, (int32_t[]){0}, 0, (int32_t[]){0});
  }
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &b[6], &b[7]}, 8),
            LRT_OK);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_INVALID_MODEL);
  CHECK(strstr(err.message, "too large") != NULL);
  build_close(&s);
  build_clear(&m);
}

/* WHILE whose condition and body are one subgraph that answers with a variable: b = !b. */
static void one_subgraph_as_condition_and_body(void) {
  static const lrt_while_options loop = {.cond_subgraph_index = 1, .body_subgraph_index = 1};
  build_model m;
  lrt_error err = {LRT_OK, ""};
  build_subgraph *b = fresh(&m);
  const int32_t x = build_tensor(b, LRT_BOOL, build_shape(0)), y = build_tensor(b, LRT_BOOL, build_shape(0));
  build_node(b, LRT_OP_WHILE, &loop, 1, (int32_t[]){x}, 1, (int32_t[]){y});
  build_input(b, x), build_output(b, y);
  const int32_t v = build_tensor(&b[1], LRT_BOOL, build_shape(0)),
                w = build_tensor(&b[1], LRT_BOOL, build_shape(0));
  b[1].tensors[v].is_variable = true;
  build_node(&b[1], LRT_OP_LOGICAL_NOT, NULL, 1, (int32_t[]){v}, 1, (int32_t[]){w});
  build_input(&b[1], v), build_output(&b[1], v);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b[0], &b[1]}, 2), LRT_OK);
  for (int threads = 1; threads <= 3; threads++) {
    const lrt_interpreter_options options = {.num_threads = threads, .limits = {.steps = 500}};
    build_session s;
    CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
    REQUIRE(s.it != NULL);
    for (int round = 0; round < 20; round++) {
      *(uint8_t *)build_view(&s, x).data = round % 2 == 0;
      CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), round % 2 == 0 ? LRT_OVER_BUDGET : LRT_OK);
    }
    build_close(&s);
  }
  build_clear(&m);
}

/* less = s < x with s two numbers of four bytes, the result eight bools: as large, but s is read four times. */
static void broadcast_operands_are_not_overwritten(void) {
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  build_subgraph *b = fresh(&m);
  const int32_t a = build_tensor(b, LRT_INT32, build_shape(1, 2)),
                x = build_tensor(b, LRT_INT32, build_shape(2, 4, 2));
  const int32_t t = build_tensor(b, LRT_INT32, build_shape(1, 2)),
                l = build_tensor(b, LRT_BOOL, build_shape(2, 4, 2));
  const int32_t n = build_tensor(b, LRT_BOOL, build_shape(2, 4, 2));
  build_node(b, LRT_OP_ADD, &plain_add, 2, (int32_t[]){a, a}, 1, (int32_t[]){t});
  build_node(b, LRT_OP_LESS, NULL, 2, (int32_t[]){t, x}, 1, (int32_t[]){l});
  build_node(b, LRT_OP_LOGICAL_NOT, NULL, 1, (int32_t[]){l}, 1, (int32_t[]){n});
  build_input(b, a), build_input(b, x), build_output(b, n);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){b}, 1), LRT_OK);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  memset(build_view(&s, a).data, 0, 8);
  memcpy(build_view(&s, x).data, (int32_t[]){1, 1, 1, 1, 1, 1, 1, 1}, 32);
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
  for (int i = 0; i < 8; i++) CHECK_INT(((const uint8_t *)build_view(&s, n).data)[i], 0);
  build_close(&s);
  build_clear(&m);
}

int main(int argc, char **argv) {
  RUN(variables_keep_their_size);
  RUN(computed_contents_fit_variables);
  RUN(refused_growth_keeps_the_old_size);
  RUN(sizing_stops_after_a_failure);
  RUN(constants_are_not_inputs);
  RUN(unset_strings_are_refused);
  RUN(composites_are_bounded);
  RUN(one_subgraph_as_condition_and_body);
  RUN(broadcast_operands_are_not_overwritten);
  DONE();
}
