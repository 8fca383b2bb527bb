/* test_limits.c: time limits and cancellation reach into planning, folding and steps that a hostile file makes long. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "build_model.h"

#define SIDE 40000 /* a window of SIDE x SIDE over one number: about a minute of work in one unit */
#define PATIENCE 20.0

static build_subgraph graphs[3];
static const int64_t window[2] = {SIDE, SIDE}, padding[4] = {SIDE - 1, 0, SIDE - 1, 0};
static const lrt_stablehlo_reduce_window_options endless = {
    .window_dimensions = {window, 2}, .padding = {padding, 4}, .body_subgraph_index = 1};

/* y[1,1] = sum of a padded window around x[1,1]; x is an input or a constant. */
static void make_window(build_model *m, bool constant) {
  static const float one = 1;
  memset(graphs, 0, sizeof graphs);
  memset(m, 0, sizeof *m);
  build_subgraph *b = graphs, *add = graphs + 1;
  const int32_t x = constant ? build_constant(b, LRT_FLOAT32, build_shape(2, 1, 1), &one)
                             : build_tensor(b, LRT_FLOAT32, build_shape(2, 1, 1));
  const int32_t start = build_constant(b, LRT_FLOAT32, build_shape(0), &one);
  const int32_t y = build_tensor(b, LRT_FLOAT32, build_shape(2, 1, 1));
  build_node(b, LRT_OP_STABLEHLO_REDUCE_WINDOW, &endless, 2, (int32_t[]){x, start}, 1, &y);
  if (!constant) build_input(b, x);
  build_output(b, y);
  const int32_t l = build_tensor(add, LRT_FLOAT32, build_shape(0)),
                r = build_tensor(add, LRT_FLOAT32, build_shape(0)),
                s = build_tensor(add, LRT_FLOAT32, build_shape(0));
  build_node(add, LRT_OP_STABLEHLO_ADD, NULL, 2, (int32_t[]){l, r}, 1, &s);
  build_input(add, l), build_input(add, r), build_output(add, s);
  CHECK_INT(build_finish(m, (build_subgraph *[]){b, add}, 2), LRT_OK);
}

static void folding_stops(void) {
  const lrt_interpreter_options options = {.limits = {.seconds = 0.05}};
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  make_window(&m, true);
  const double began = lrt_clock_seconds();
  CHECK_INT(build_open(&m, &options, &s, &err), LRT_OVER_BUDGET);
  CHECK(lrt_clock_seconds() - began < PATIENCE);
  CHECK_TEXT(err.message, "planning takes longer than the allowed 0.05 seconds");
  build_close(&s);
  build_clear(&m);
}

static void long_steps_stop(void) {
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  make_window(&m, false);
  for (int threads = 1; threads <= 2; threads++) {
    const lrt_interpreter_options options = {.num_threads = threads, .limits = {.seconds = 0.05}};
    CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
    REQUIRE(s.it != NULL);
    const double began = lrt_clock_seconds();
    CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OVER_BUDGET);
    CHECK(lrt_clock_seconds() - began < PATIENCE);
    CHECK_TEXT(err.message, "the run takes longer than the allowed 0.05 seconds");
    build_close(&s);
  }
  build_clear(&m);
}

static void *cancel_soon(void *it) {
  usleep(20000);
  lrt_interpreter_cancel(it);
  return NULL;
}

/* Without any limit: cancelling alone reaches into the step. */
static void long_steps_are_cancelled(void) {
  build_model m;
  build_session s;
  pthread_t thread;
  lrt_error err = {LRT_OK, ""};
  make_window(&m, false);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL && pthread_create(&thread, NULL, cancel_soon, s.it) == 0);
  const double began = lrt_clock_seconds();
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_CANCELLED);
  CHECK(lrt_clock_seconds() - began < PATIENCE);
  pthread_join(thread, NULL);
  build_close(&s);
  build_clear(&m);
}

/* Non-maximum suppression of boxes that do not touch: each is compared with all before. */
static void quadratic_steps_stop(void) {
  enum { BOXES = 400000 };
  static const int32_t all = BOXES;
  static const float overlap = 0.5f, score = -1;
  const lrt_interpreter_options options = {.limits = {.seconds = 0.05}};
  build_model m = {0};
  build_session s;
  lrt_error err = {LRT_OK, ""};
  memset(graphs, 0, sizeof graphs);
  build_subgraph *b = graphs;
  const int32_t boxes = build_tensor(b, LRT_FLOAT32, build_shape(2, BOXES, 4)),
                scores = build_tensor(b, LRT_FLOAT32, build_shape(1, BOXES));
  const int32_t limit = build_constant(b, LRT_INT32, build_shape(0), &all),
                share = build_constant(b, LRT_FLOAT32, build_shape(0), &overlap),
                least = build_constant(b, LRT_FLOAT32, build_shape(0), &score);
  const int32_t chosen = build_tensor(b, LRT_INT32, build_shape(1, BOXES)),
                count = build_tensor(b, LRT_INT32, build_shape(0));
  build_node(b, LRT_OP_NON_MAX_SUPPRESSION_V4, NULL, 5, (int32_t[]){boxes, scores, limit, share, least}, 2,
             (int32_t[]){chosen, count});
  build_input(b, boxes), build_input(b, scores), build_output(b, chosen), build_output(b, count);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){b}, 1), LRT_OK);
  CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  float *box = build_view(&s, boxes).data;
  for (int i = 0; i < BOXES; i++)
    for (int k = 0; k < 4; k++) box[4 * i + k] = (float)(2 * i + (k > 1));
  const double began = lrt_clock_seconds();
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OVER_BUDGET);
  CHECK(lrt_clock_seconds() - began < PATIENCE);
  build_close(&s);
  build_clear(&m);
}

/* A composite is inlined and a node planned only while there is time. */
static void planning_stops(void) {
  static lrt_stablehlo_composite_options inner = {.name = "c", .decomposition_subgraph_index = 1};
  const lrt_interpreter_options options = {.limits = {.seconds = 1e-9}};
  build_model m = {0};
  build_session s;
  lrt_error err = {LRT_OK, ""};
  memset(graphs, 0, sizeof graphs);
  build_subgraph *b = graphs;
  const int32_t x = build_tensor(b, LRT_FLOAT32, build_shape(1, 2)),
                y = build_tensor(b, LRT_FLOAT32, build_shape(1, 2));
  build_node(b, LRT_OP_STABLEHLO_COMPOSITE, &inner, 1, &x, 1, &y);
  build_input(b, x), build_output(b, y);
  const int32_t k = build_tensor(b + 1, LRT_FLOAT32, build_shape(1, 2)),
                l = build_tensor(b + 1, LRT_FLOAT32, build_shape(1, 2));
  build_node(b + 1, LRT_OP_NEG, NULL, 1, &k, 1, &l);
  build_input(b + 1, k), build_output(b + 1, l);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){b, b + 1}, 2), LRT_OK);
  CHECK_INT(build_open(&m, &options, &s, &err), LRT_OVER_BUDGET);
  CHECK_TEXT(err.message, "planning takes longer than the allowed 1e-09 seconds");
  build_close(&s);
  build_clear(&m);
}

/* The limit counts per call: an interpreter that ran out of time plans and runs again. */
static void each_call_has_its_own_time(void) {
  const lrt_interpreter_options options = {.limits = {.seconds = 0.5}};
  static const lrt_add_options plain_add = {.pot_scale_int16 = 1};
  build_model m = {0};
  build_session s;
  lrt_error err = {LRT_OK, ""};
  memset(graphs, 0, sizeof graphs);
  const int32_t x = build_tensor(graphs, LRT_FLOAT32, build_shape(1, 2)),
                y = build_tensor(graphs, LRT_FLOAT32, build_shape(1, 2));
  build_node(graphs, LRT_OP_ADD, &plain_add, 2, (int32_t[]){x, x}, 1, &y);
  build_input(graphs, x), build_output(graphs, y);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){graphs}, 1), LRT_OK);
  CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  for (int i = 0; i < 3; i++) {
    usleep(250000);
    CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
  }
  build_close(&s);
  build_clear(&m);
}

int main(int argc, char **argv) {
  RUN(folding_stops);
  RUN(long_steps_stop);
  RUN(long_steps_are_cancelled);
  RUN(quadratic_steps_stop);
  RUN(planning_stops);
  RUN(each_call_has_its_own_time);
  DONE();
}
