/* test_control.c: IF, STABLEHLO_CASE and WHILE as sub-plans, limits and cancellation of loops, results of unknown shape. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <unistd.h>

#include "build_model.h"

static const lrt_add_options plain_add = {.pot_scale_int16 = 1};
static const lrt_mul_options plain_mul = {0};
static const lrt_while_options loop = {.cond_subgraph_index = 1, .body_subgraph_index = 2};
static const lrt_if_options choice = {.then_subgraph_index = 1, .else_subgraph_index = 2};

/* WHILE (i < limit) { i += 1; x = x + x } over int32 i and float x[3]. */
static void make_loop(build_model *m, build_subgraph b[3], const int32_t *limit, const int32_t *step) {
  const int32_t i = build_tensor(&b[0], LRT_INT32, build_shape(0)),
                x = build_tensor(&b[0], LRT_FLOAT32, build_shape(1, 3));
  const int32_t i2 = build_tensor(&b[0], LRT_INT32, build_shape(0)),
                x2 = build_tensor(&b[0], LRT_FLOAT32, build_shape(1, 3));
  build_node(&b[0], LRT_OP_WHILE, &loop, 2, (int32_t[]){i, x}, 2, (int32_t[]){i2, x2});
  build_input(&b[0], i), build_input(&b[0], x), build_output(&b[0], i2), build_output(&b[0], x2);

  const int32_t ci = build_tensor(&b[1], LRT_INT32, build_shape(0)),
                cx = build_tensor(&b[1], LRT_FLOAT32, build_shape(1, 3));
  const int32_t cl = build_constant(&b[1], LRT_INT32, build_shape(0), limit);
  const int32_t cond = build_tensor(&b[1], LRT_BOOL, build_shape(0));
  build_node(&b[1], LRT_OP_LESS, NULL, 2, (int32_t[]){ci, cl}, 1, (int32_t[]){cond});
  build_input(&b[1], ci), build_input(&b[1], cx), build_output(&b[1], cond);

  const int32_t bi = build_tensor(&b[2], LRT_INT32, build_shape(0)),
                bx = build_tensor(&b[2], LRT_FLOAT32, build_shape(1, 3));
  const int32_t one = build_constant(&b[2], LRT_INT32, build_shape(0), step);
  const int32_t bi2 = build_tensor(&b[2], LRT_INT32, build_shape(0)),
                bx2 = build_tensor(&b[2], LRT_FLOAT32, build_shape(1, 3));
  build_node(&b[2], LRT_OP_ADD, &plain_add, 2, (int32_t[]){bi, one}, 1, (int32_t[]){bi2});
  build_node(&b[2], LRT_OP_ADD, &plain_add, 2, (int32_t[]){bx, bx}, 1, (int32_t[]){bx2});
  build_input(&b[2], bi), build_input(&b[2], bx), build_output(&b[2], bi2), build_output(&b[2], bx2);
  CHECK_INT(build_finish(m, (build_subgraph *[]){&b[0], &b[1], &b[2]}, 3), LRT_OK);
}

static build_subgraph graphs[3];

static void reset(build_model *m) {
  memset(graphs, 0, sizeof graphs);
  memset(m, 0, sizeof *m);
}

static void while_counts(void) {
  static const int32_t limit = 5, one = 1;
  build_model m;
  lrt_error err = {LRT_OK, ""};
  reset(&m);
  make_loop(&m, graphs, &limit, &one);
  for (int threads = 1; threads <= 3; threads++) {
    const lrt_interpreter_options options = {.num_threads = threads};
    build_session s;
    CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
    for (int round = 0; round < 2 && s.it != NULL; round++) {
      *(int32_t *)build_view(&s, 0).data = 0;
      memcpy(build_view(&s, 1).data, (float[]){1, 2, 3}, 12);
      CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
      CHECK_INT(*(int32_t *)build_view(&s, 2).data, 5);
      CHECK_NEAR(((float *)build_view(&s, 3).data)[2], 96, 0);
      *(int32_t *)build_view(&s, 0).data = 9; /* no round at all */
      CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
      CHECK_INT(*(int32_t *)build_view(&s, 2).data, 9);
      CHECK_NEAR(((float *)build_view(&s, 3).data)[2], 3, 0);
    }
    build_close(&s);
  }
  build_clear(&m);
}

/* A loop that never ends (step 0) must stop at each kind of limit. */
static void endless_loop_stops(void) {
  static const int32_t limit = 5, zero = 0;
  static const lrt_limits limits[2] = {{.steps = 1000}, {.seconds = 0.05}};
  build_model m;
  lrt_error err = {LRT_OK, ""};
  reset(&m);
  make_loop(&m, graphs, &limit, &zero);
  for (int l = 0; l < 2; l++) {
    for (int threads = 1; threads <= 2; threads++) {
      const lrt_interpreter_options options = {.num_threads = threads, .limits = limits[l]};
      build_session s;
      CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
      CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OVER_BUDGET);
      CHECK(strstr(err.message, "allowed") != NULL);
      build_close(&s);
    }
  }
  build_clear(&m);
}

static void *cancel_soon(void *it) {
  usleep(20000);
  lrt_interpreter_cancel(it);
  return NULL;
}

static void endless_loop_is_cancelled(void) {
  static const int32_t limit = 5, zero = 0;
  build_model m;
  lrt_error err = {LRT_OK, ""};
  build_session s;
  pthread_t thread;
  reset(&m);
  make_loop(&m, graphs, &limit, &zero);
  const lrt_interpreter_options options = {.num_threads = 2, .limits = {.seconds = 60}};
  CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
  REQUIRE(pthread_create(&thread, NULL, cancel_soon, s.it) == 0);
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_CANCELLED);
  pthread_join(thread, NULL);
  build_close(&s);
  build_clear(&m);
}

/* IF (c) x + x else x * x. */
static void if_chooses(void) {
  build_model m;
  lrt_error err = {LRT_OK, ""};
  build_session s;
  reset(&m);
  build_subgraph *b = graphs;
  const int32_t c = build_tensor(&b[0], LRT_BOOL, build_shape(0)),
                x = build_tensor(&b[0], LRT_FLOAT32, build_shape(1, 2));
  const int32_t y = build_tensor(&b[0], LRT_FLOAT32, build_shape(1, 2));
  build_node(&b[0], LRT_OP_IF, &choice, 2, (int32_t[]){c, x}, 1, (int32_t[]){y});
  build_input(&b[0], c), build_input(&b[0], x), build_output(&b[0], y);
  for (int k = 1; k <= 2; k++) {
    const int32_t in = build_tensor(&b[k], LRT_FLOAT32, build_shape(1, 2));
    const int32_t out = build_tensor(&b[k], LRT_FLOAT32, build_shape(1, 2));
    if (k == 1)
      build_node(&b[k], LRT_OP_ADD, &plain_add, 2, (int32_t[]){in, in}, 1, (int32_t[]){out});
    else
      build_node(&b[k], LRT_OP_MUL, &plain_mul, 2, (int32_t[]){in, in}, 1, (int32_t[]){out});
    build_input(&b[k], in), build_output(&b[k], out);
  }
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b[0], &b[1], &b[2]}, 3), LRT_OK);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  for (int yes = 0; yes < 2; yes++) {
    *(uint8_t *)build_view(&s, c).data = (uint8_t)yes;
    memcpy(build_view(&s, x).data, (float[]){3, 5}, 8);
    CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
    CHECK_NEAR(((float *)build_view(&s, y).data)[1], yes ? 10 : 25, 0);
  }
  build_close(&s);
  build_clear(&m);
}

/* CALL_ONCE sets v = 7 on the first invoke only; each invoke adds one to it. */
static void call_once_calls_once(void) {
  static const lrt_call_once_options init = {.init_subgraph_index = 1};
  static const lrt_var_handle_options variable = {NULL, "v"};
  static const int32_t seven = 7, one = 1;
  build_model m;
  lrt_error err = {LRT_OK, ""};
  build_session s;
  int32_t handle[2];
  reset(&m);
  build_subgraph *b = graphs;
  for (int k = 0; k < 2; k++) {
    handle[k] = build_tensor(&b[k], LRT_RESOURCE, build_shape(1, 1));
    build_node(&b[k], LRT_OP_VAR_HANDLE, &variable, 0, handle, 1, &handle[k]);
  }
  const int32_t start = build_constant(&b[1], LRT_INT32, build_shape(0), &seven);
  build_node(&b[1], LRT_OP_ASSIGN_VARIABLE, NULL, 2, (int32_t[]){handle[1], start}, 0, handle);

  const int32_t add = build_constant(&b[0], LRT_INT32, build_shape(0), &one);
  const int32_t x = build_tensor(&b[0], LRT_INT32, build_shape(0)),
                y = build_tensor(&b[0], LRT_INT32, build_shape(0));
  build_node(&b[0], LRT_OP_CALL_ONCE, &init, 0, handle, 0, handle);
  build_node(&b[0], LRT_OP_READ_VARIABLE, NULL, 1, &handle[0], 1, &x);
  build_node(&b[0], LRT_OP_ADD, &plain_add, 2, (int32_t[]){x, add}, 1, &y);
  build_node(&b[0], LRT_OP_ASSIGN_VARIABLE, NULL, 2, (int32_t[]){handle[0], y}, 0, handle);
  build_output(&b[0], y);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b[0], &b[1]}, 2), LRT_OK);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_OK);
  for (int round = 0; round < 3 && s.it != NULL; round++) {
    CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
    const lrt_tensor_view view = build_view(&s, y);
    CHECK(view.bytes == 4 && *(const int32_t *)view.data == 8 + round);
  }
  build_close(&s);
  build_clear(&m);
}

/* A composite runs as the subgraph that it names: 2 x. With another number of operands it is refused. */
static void composite_runs_its_subgraph(void) {
  static const lrt_stablehlo_composite_options twice = {.name = "twice", .decomposition_subgraph_index = 1};
  for (int operands = 1; operands <= 2; operands++) {
    build_model m;
    lrt_error err = {LRT_OK, ""};
    build_session s;
    reset(&m);
    int32_t t[2][2];
    for (int k = 0; k < 2; k++) {
      for (int i = 0; i < 2; i++) t[k][i] = build_tensor(&graphs[k], LRT_FLOAT32, build_shape(1, 2));
      build_input(&graphs[k], t[k][0]), build_output(&graphs[k], t[k][1]);
    }
    build_node(&graphs[0], LRT_OP_STABLEHLO_COMPOSITE, &twice, operands, (int32_t[]){t[0][0], t[0][0]}, 1,
               &t[0][1]);
    build_node(&graphs[1], LRT_OP_ADD, &plain_add, 2, (int32_t[]){t[1][0], t[1][0]}, 1, &t[1][1]);
    CHECK_INT(build_finish(&m, (build_subgraph *[]){&graphs[0], &graphs[1]}, 2), LRT_OK);
    CHECK_INT(build_open(&m, NULL, &s, &err), operands == 1 ? LRT_OK : LRT_INVALID_MODEL);
    if (s.it != NULL && operands == 1) {
      memcpy(build_view(&s, t[0][0]).data, (float[]){3, 5}, 8);
      CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
      CHECK_NEAR(((float *)build_view(&s, t[0][1]).data)[1], 10, 0);
    }
    build_close(&s);
    build_clear(&m);
  }
}

/* Branch 0 adds x to itself, branch 1 squares it, and so does every other number: as in ai-edge-litert 2.3.0. */
static void case_chooses(void) {
  const lrt_stablehlo_case_options both = {{(int32_t[]){1, 2}, 2}}, none = {{NULL, 0}};
  const lrt_stablehlo_case_options outside = {{(int32_t[]){1, 3}, 2}};
  const lrt_stablehlo_case_options *const options[] = {&both, &none, &outside};
  for (int kind = 0; kind < 3; kind++) {
    build_model m;
    lrt_error err = {LRT_OK, ""};
    build_session s;
    reset(&m);
    const int32_t c = build_tensor(&graphs[0], LRT_INT32, build_shape(0)),
                  x = build_tensor(&graphs[0], LRT_FLOAT32, build_shape(1, 2)),
                  y = build_tensor(&graphs[0], LRT_FLOAT32, build_shape(1, 2));
    build_node(&graphs[0], LRT_OP_STABLEHLO_CASE, options[kind], 2, (int32_t[]){c, x}, 1, &y);
    build_input(&graphs[0], c), build_input(&graphs[0], x), build_output(&graphs[0], y);
    for (int k = 1; k <= 2; k++) {
      const int32_t in = build_tensor(&graphs[k], LRT_FLOAT32, build_shape(1, 2)),
                    out = build_tensor(&graphs[k], LRT_FLOAT32, build_shape(1, 2));
      build_node(&graphs[k], k == 1 ? LRT_OP_ADD : LRT_OP_MUL,
                 k == 1 ? (const void *)&plain_add : (const void *)&plain_mul, 2, (int32_t[]){in, in}, 1,
                 &out);
      build_input(&graphs[k], in), build_output(&graphs[k], out);
    }
    CHECK_INT(build_finish(&m, (build_subgraph *[]){&graphs[0], &graphs[1], &graphs[2]}, 3), LRT_OK);
    for (int threads = 1; threads <= 2; threads++) {
      const lrt_interpreter_options two = {.num_threads = threads};
      CHECK_INT(build_open(&m, &two, &s, &err), kind == 0 ? LRT_OK : LRT_INVALID_MODEL);
      for (int32_t index = -1; index <= 2 && kind == 0 && s.it != NULL; index++) {
        *(int32_t *)build_view(&s, c).data = index;
        memcpy(build_view(&s, x).data, (float[]){3, 5}, 8);
        CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
        CHECK_NEAR(((float *)build_view(&s, y).data)[1], index == 0 ? 10 : 25, 0);
      }
      build_close(&s);
    }
    build_clear(&m);
  }
}

/* Strings that nobody has set cannot be handed to a branch. */
static void unset_strings_are_refused(void) {
  build_model m;
  lrt_error err = {LRT_OK, ""};
  build_session s;
  reset(&m);
  build_subgraph *b = graphs;
  const int32_t c = build_tensor(&b[0], LRT_BOOL, build_shape(0)),
                x = build_tensor(&b[0], LRT_STRING, build_shape(1, 2));
  const int32_t y = build_tensor(&b[0], LRT_STRING, build_shape(1, 2));
  build_node(&b[0], LRT_OP_IF, &choice, 2, (int32_t[]){c, x}, 1, &y);
  build_input(&b[0], c), build_input(&b[0], x), build_output(&b[0], y);
  for (int k = 1; k <= 2; k++) {
    const int32_t in = build_tensor(&b[k], LRT_STRING, build_shape(1, 2));
    build_input(&b[k], in), build_output(&b[k], in);
  }
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b[0], &b[1], &b[2]}, 3), LRT_OK);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_RUN_FAILED);
  CHECK(strstr(err.message, "never given contents") != NULL);
  build_close(&s);
  build_clear(&m);
}

/* A subgraph that calls itself without end, and branches that do not fit, are refused. */
static void bad_calls_are_refused(void) {
  static const lrt_if_options self = {0, 0}, outside = {1, 7};
  build_model m;
  lrt_error err = {LRT_OK, ""};
  for (int kind = 0; kind < 2; kind++) {
    build_session s;
    reset(&m);
    const int32_t c = build_tensor(&graphs[0], LRT_BOOL, build_shape(0)),
                  y = build_tensor(&graphs[0], LRT_BOOL, build_shape(0));
    build_node(&graphs[0], LRT_OP_IF, kind == 0 ? &self : &outside, 2, (int32_t[]){c, c}, 1, (int32_t[]){y});
    build_input(&graphs[0], c), build_output(&graphs[0], y);
    const int32_t d = build_tensor(&graphs[1], LRT_BOOL, build_shape(0));
    build_input(&graphs[1], d), build_output(&graphs[1], d);
    CHECK_INT(build_finish(&m, (build_subgraph *[]){&graphs[0], &graphs[1]}, 2), LRT_OK);
    CHECK_INT(build_open(&m, NULL, &s, &err), LRT_INVALID_MODEL);
    CHECK(strstr(err.message, kind == 0 ? "nested" : "subgraph 7") != NULL);
    build_close(&s);
    build_clear(&m);
  }
}

int main(int argc, char **argv) {
  RUN(while_counts);
  RUN(endless_loop_stops);
  RUN(endless_loop_is_cancelled);
  RUN(if_chooses);
  RUN(case_chooses);
  RUN(call_once_calls_once);
  RUN(composite_runs_its_subgraph);
  RUN(unset_strings_are_refused);
  RUN(bad_calls_are_refused);
  DONE();
}
