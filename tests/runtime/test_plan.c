/* test_plan.c: memory of plans, order and ownership of tensors, limits, sharing, refused allocations. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/team.h"
#include "build_model.h"
#include "litert/counters.h"

static const lrt_add_options plain_add = {.pot_scale_int16 = 1};
static const lrt_mul_options plain_mul = {0};
static build_subgraph graph;

/* y = (((x + x) * x) + x) * … : a chain of `nodes` elementwise nodes over [1,1000]. */
static void make_chain(build_model *m, int nodes) {
  memset(&graph, 0, sizeof graph);
  memset(m, 0, sizeof *m);
  const int32_t x = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 1000));
  int32_t last = x;
  build_input(&graph, x);
  for (int i = 0; i < nodes; i++) {
    const int32_t y = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 1000));
    if (i % 2 == 0)
      build_node(&graph, LRT_OP_ADD, &plain_add, 2, (int32_t[]){last, x}, 1, (int32_t[]){y});
    else
      build_node(&graph, LRT_OP_MUL, &plain_mul, 2, (int32_t[]){last, x}, 1, (int32_t[]){y});
    last = y;
  }
  build_output(&graph, last);
  CHECK_INT(build_finish(m, (build_subgraph *[]){&graph}, 1), LRT_OK);
}

static float expected_chain(float x, int nodes) {
  float y = x;
  for (int i = 0; i < nodes; i++) y = i % 2 == 0 ? y + x : y * x;
  return y;
}

static void chain_reuses_memory(void) {
  build_model m;
  build_session s;
  lrt_memory_info memory;
  lrt_error err = {LRT_OK, ""};
  make_chain(&m, 12);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  float *x = build_view(&s, 0).data;
  for (int i = 0; i < 1000; i++) x[i] = (float)i / 500;
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
  const float *y = build_view(&s, 12).data;
  for (int i = 0; i < 1000; i++) CHECK_NEAR(y[i], expected_chain(x[i], 12), 0);
  lrt_interpreter_memory(s.it, &memory);
  CHECK(memory.arena <= 2 * 4032); /* in place: one block, whatever the length of the chain */
  CHECK(build_view(&s, 3).data == NULL);
  build_close(&s);
  build_clear(&m);
}

static void preserved_tensors_keep_contents(void) {
  const lrt_interpreter_options options = {.preserve_all_tensors = 1};
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  make_chain(&m, 6);
  CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  float *x = build_view(&s, 0).data;
  for (int i = 0; i < 1000; i++) x[i] = (float)(i % 7);
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
  for (int n = 1; n <= 6; n++) {
    const float *y = build_view(&s, n).data;
    REQUIRE(y != NULL);
    CHECK_NEAR(y[5], expected_chain(5, n), 0);
  }
  build_close(&s);
  build_clear(&m);
}

static void resize_replans(void) {
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  make_chain(&m, 3);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  const lrt_shape wide = {2, {4, 10}}, wrong = {1, {-5}};
  CHECK_INT(lrt_interpreter_resize_input(s.it, 0, 0, &wide, 0, &err), LRT_OK);
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_WRONG_STATE);
  CHECK_INT(lrt_interpreter_allocate(s.it, 0, &err), LRT_OK);
  CHECK_INT(build_view(&s, 3).bytes, 160);
  CHECK_INT(build_view(&s, 3).shape.dims[0], 4);
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
  CHECK_INT(lrt_interpreter_resize_input(s.it, 0, 0, &wrong, 0, &err), LRT_INVALID_ARGUMENT);
  CHECK_INT(lrt_interpreter_resize_input(s.it, 0, 2, &wide, 0, &err), LRT_NOT_FOUND);
  CHECK_INT(lrt_interpreter_resize_input(s.it, 3, 0, &wide, 0, &err), LRT_NOT_FOUND);
  const lrt_shape other = {2, {5, 10}};
  CHECK_INT(lrt_interpreter_resize_input(s.it, 0, 0, &other, 1, &err), LRT_INVALID_ARGUMENT);
  build_close(&s);
  build_clear(&m);
}

/* A tensor that a file lists twice among the inputs has one shape. */
static void resize_reaches_every_mention(void) {
  build_model m = {0};
  build_session s;
  lrt_error err = {LRT_OK, ""};
  const lrt_shape wide = {2, {4, 10}};
  memset(&graph, 0, sizeof graph);
  const int32_t x = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 10)),
                y = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 10));
  build_node(&graph, LRT_OP_ADD, &plain_add, 2, (int32_t[]){x, x}, 1, &y);
  build_input(&graph, x), build_input(&graph, x), build_output(&graph, y);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&graph}, 1), LRT_OK);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  CHECK_INT(lrt_interpreter_resize_input(s.it, 0, x, &wide, 0, &err), LRT_OK);
  CHECK_INT(lrt_interpreter_allocate(s.it, 0, &err), LRT_OK);
  CHECK_INT(build_view(&s, x).bytes, 160);
  CHECK_INT(build_view(&s, y).bytes, 160);
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
  build_close(&s);
  build_clear(&m);
}

/* Graphs that a hostile file may describe: none of them gets as far as running. */
static void bad_graphs_are_refused(void) {
  static const float constant[2] = {1, 2};
  static const char *const words[] = {"nothing computes before it", "result of another node",
                                      "computed by no node", "not available: NoSuchOp",
                                      "operator without a name"};
  for (int kind = 0; kind < 5; kind++) {
    build_model m = {0};
    build_session s;
    lrt_error err = {LRT_OK, ""};
    memset(&graph, 0, sizeof graph);
    const int32_t x = build_tensor(&graph, LRT_FLOAT32, build_shape(1, 2)),
                  y = build_tensor(&graph, LRT_FLOAT32, build_shape(1, 2));
    const int32_t z = build_tensor(&graph, LRT_FLOAT32, build_shape(1, 2));
    const int32_t c = build_constant(&graph, LRT_FLOAT32, build_shape(1, 2), constant);
    build_input(&graph, x);
    if (kind == 0) build_node(&graph, LRT_OP_ADD, &plain_add, 2, (int32_t[]){x, z}, 1, (int32_t[]){y});
    if (kind == 1) build_node(&graph, LRT_OP_ADD, &plain_add, 2, (int32_t[]){x, x}, 1, (int32_t[]){c});
    if (kind == 2) build_output(&graph, z);
    if (kind >= 3)
      build_node(&graph, LRT_OP_CUSTOM, NULL, 1, &x, 1, &y)->custom_name = kind == 3 ? "NoSuchOp" : "";
    build_output(&graph, kind == 2 ? x : y);
    CHECK_INT(build_finish(&m, (build_subgraph *[]){&graph}, 1), LRT_OK);
    CHECK_INT(build_open(&m, NULL, &s, &err), kind >= 3 ? LRT_UNRESOLVED_OP : LRT_INVALID_MODEL);
    CHECK(strstr(err.message, words[kind]) != NULL);
    build_close(&s);
    build_clear(&m);
  }
}

typedef struct client {
  lrt_model *model;
  int wrong;
} client;

static void *run_client(void *arg) {
  client *c = arg;
  lrt_interpreter *it = NULL;
  lrt_tensor_view in, out;
  const lrt_interpreter_options options = {.num_threads = 2};
  if (lrt_interpreter_create(c->model, &options, &it, NULL) != LRT_OK ||
      lrt_interpreter_allocate(it, 0, NULL) != LRT_OK) {
    c->wrong = 1;
    lrt_interpreter_destroy(it);
    return NULL;
  }
  for (int round = 0; round < 50; round++) {
    lrt_interpreter_tensor(it, 0, 0, &in, NULL);
    for (int i = 0; i < 1000; i++) ((float *)in.data)[i] = (float)round;
    if (lrt_interpreter_invoke(it, 0, NULL) != LRT_OK) c->wrong++;
    lrt_interpreter_tensor(it, 0, 7, &out, NULL);
    if (((float *)out.data)[999] != expected_chain((float)round, 7)) c->wrong++;
  }
  lrt_interpreter_destroy(it);
  return NULL;
}

static void interpreters_share_a_model(void) {
  build_model m;
  lrt_error err = {LRT_OK, ""};
  pthread_t threads[4];
  client clients[4];
  lrt_model *model = NULL;
  make_chain(&m, 7);
  REQUIRE(lrt_model_open_memory(m.bytes, m.size, NULL, &model, &err) == LRT_OK);
  for (int i = 0; i < 4; i++) {
    clients[i] = (client){model, 0};
    REQUIRE(pthread_create(&threads[i], NULL, run_client, &clients[i]) == 0);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    CHECK_INT(clients[i].wrong, 0);
  }
  lrt_model_destroy(model);
  build_clear(&m);
}

static void memory_limit_is_kept(void) {
  const lrt_interpreter_options options = {.limits = {.bytes = 8000}};
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  make_chain(&m, 6);
  CHECK_INT(build_open(&m, &options, &s, &err), LRT_OVER_BUDGET);
  CHECK(strlen(err.message) > 0);
  build_close(&s);
  build_clear(&m);
}

/* Somebody else's run of a team that lasts until it is told to end. */
typedef struct tenant {
  lrt_threads *team;
  atomic_bool inside, leave;
} tenant;

static void stay(void *arg, const lrt_worker *w) {
  tenant *t = arg;
  if (w->index != 0) return;
  atomic_store(&t->inside, true);
  while (!atomic_load(&t->leave)) usleep(200);
}

static void *occupy_team(void *arg) {
  tenant *t = arg;
  lrt_team_run(t->team, stay, t, true);
  return NULL;
}

static void *leave_soon(void *arg) {
  usleep(50000);
  atomic_store(&((tenant *)arg)->leave, true);
  return NULL;
}

static uint64_t runs_alone(void) {
  uint64_t all[LRT_COUNTER_COUNT] = {0};
  lrt_counters_read(all, LRT_COUNTER_COUNT);
  return all[LRT_COUNTER_RUNS_ALONE];
}

/* An invoke that finds its team busy runs alone, or waits until the other has left. */
static void busy_teams_are_skipped_or_waited_for(void) {
  for (int skip = 0; skip < 2; skip++) {
    tenant t = {.team = NULL};
    pthread_t other, clock;
    build_model m;
    build_session s;
    lrt_error err = {LRT_OK, ""};
    make_chain(&m, 6);
    REQUIRE(lrt_threads_create(2, &t.team, &err) == LRT_OK);
    const lrt_interpreter_options options = {.threads = t.team, .skip_busy_team = skip};
    CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
    REQUIRE(s.it != NULL);
    float *x = build_view(&s, 0).data;
    for (int i = 0; i < 1000; i++) x[i] = (float)(i % 7);
    REQUIRE(pthread_create(&other, NULL, occupy_team, &t) == 0);
    while (!atomic_load(&t.inside)) usleep(200);
    const uint64_t before = runs_alone();
    if (!skip) REQUIRE(pthread_create(&clock, NULL, leave_soon, &t) == 0);
    CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
    CHECK_INT(atomic_load(&t.leave), !skip);
    if (skip) CHECK_INT(runs_alone() - before, 1);
    CHECK_NEAR(((const float *)build_view(&s, 6).data)[5], expected_chain(5, 6), 0);
    atomic_store(&t.leave, true);
    if (!skip) pthread_join(clock, NULL);
    pthread_join(other, NULL);
    build_close(&s);
    lrt_threads_destroy(t.team);
    build_clear(&m);
  }
}

int main(int argc, char **argv) {
  RUN(chain_reuses_memory);
  RUN(preserved_tensors_keep_contents);
  RUN(resize_replans);
  RUN(resize_reaches_every_mention);
  RUN(bad_graphs_are_refused);
  RUN(interpreters_share_a_model);
  RUN(memory_limit_is_kept);
  RUN(busy_teams_are_skipped_or_waited_for);
  DONE();
}
