/* test_state.c: state tensors: updated in place, shared by signatures, one set per session, cut and cloned. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "build_model.h"
#include "litert/state.h"

#define POSITIONS 4

static build_subgraph graphs[2];
static lrt_signature_entry entries[2][2][3];
static lrt_signature signatures[2];

/* Subgraph s writes `s + 1` rows into cache [1,POSITIONS,2] at `at`: the pattern of a KV cache. */
static void make_writer(int s, build_subgraph *b) {
  const int32_t cache = build_tensor(b, LRT_FLOAT32, build_shape(3, 1, POSITIONS, 2));
  const int32_t rows = build_tensor(b, LRT_FLOAT32, build_shape(3, 1, s + 1, 2));
  const int32_t at = build_tensor(b, LRT_INT32, build_shape(1, 3));
  const int32_t next = build_tensor(b, LRT_FLOAT32, build_shape(3, 1, POSITIONS, 2));
  build_node(b, LRT_OP_DYNAMIC_UPDATE_SLICE, NULL, 3, (int32_t[]){cache, rows, at}, 1, (int32_t[]){next});
  build_input(b, cache), build_input(b, rows), build_input(b, at), build_output(b, next);
  entries[s][0][0] = (lrt_signature_entry){"at", at, 0};
  entries[s][0][1] = (lrt_signature_entry){"cache", cache, 0};
  entries[s][0][2] = (lrt_signature_entry){"rows", rows, 0};
  entries[s][1][0] = (lrt_signature_entry){"cache", next, 0};
  signatures[s] = (lrt_signature){s == 0 ? "decode" : "prefill", s, 3, 1, entries[s][0], entries[s][1]};
}

static void open_writer(build_model *m, build_session *s) {
  const lrt_state_pair pair = {"cache", "cache", 1};
  lrt_error err = {LRT_OK, ""};
  memset(graphs, 0, sizeof graphs);
  memset(m, 0, sizeof *m);
  *s = (build_session){NULL, NULL};
  for (int i = 0; i < 2; i++) make_writer(i, &graphs[i]);
  m->graph.signatures = signatures;
  m->graph.signature_count = 2;
  CHECK_INT(build_finish(m, (build_subgraph *[]){&graphs[0], &graphs[1]}, 2), LRT_OK);
  REQUIRE(lrt_model_open_memory(m->bytes, m->size, NULL, &s->model, &err) == LRT_OK);
  REQUIRE(lrt_interpreter_create(s->model, NULL, &s->it, &err) == LRT_OK);
  CHECK_INT(lrt_interpreter_set_states(s->it, &pair, 1, &err), LRT_OK);
  for (int i = 0; i < 2; i++) CHECK_INT(lrt_interpreter_allocate(s->it, i, &err), LRT_OK);
}

static void *data_of(const build_session *s, int32_t subgraph, int32_t tensor) {
  lrt_tensor_view view = {LRT_FLOAT32, {0, {0}}, NULL, 0};
  lrt_interpreter_tensor(s->it, subgraph, tensor, &view, NULL);
  return view.data;
}

static void write_rows(const build_session *s, int32_t subgraph, int32_t position, float value) {
  float *rows = data_of(s, subgraph, 1);
  for (int i = 0; i < (subgraph + 1) * 2; i++) rows[i] = value + (float)i;
  memcpy(data_of(s, subgraph, 2), (int32_t[]){0, position, 0}, 12);
  CHECK_INT(lrt_interpreter_invoke(s->it, subgraph, NULL), LRT_OK);
}

static void signatures_share_one_memory(void) {
  build_model m;
  build_session s;
  open_writer(&m, &s);
  /* Input and output of both signatures are one address: nothing is copied. */
  const float *cache = data_of(&s, 0, 0);
  CHECK(cache != NULL && cache == data_of(&s, 0, 3) && cache == data_of(&s, 1, 0) &&
        cache == data_of(&s, 1, 3));
  write_rows(&s, 1, 0, 10);
  write_rows(&s, 0, 2, 20);
  const float expected[8] = {10, 11, 12, 13, 20, 21, 0, 0};
  for (int i = 0; i < 8; i++) CHECK_NEAR(cache[i], expected[i], 0);
  build_close(&s);
  build_clear(&m);
}

static void sessions_have_sets_of_their_own(void) {
  build_model m;
  build_session s;
  lrt_state *first = NULL, *copy = NULL;
  lrt_tensor_view view;
  lrt_error err = {LRT_OK, ""};
  open_writer(&m, &s);
  REQUIRE(lrt_state_create(s.it, &first, &err) == LRT_OK);
  CHECK_INT(lrt_interpreter_use_state(s.it, first, &err), LRT_OK);
  write_rows(&s, 1, 0, 5);
  CHECK_INT(lrt_state_clone(first, &copy, &err), LRT_OK);
  CHECK_INT(lrt_state_truncate(first, 1, &err), LRT_OK);
  CHECK_INT(lrt_state_truncate(first, -1, &err), LRT_INVALID_ARGUMENT);
  CHECK_INT(lrt_state_tensor(first, 0, NULL, &view), LRT_OK);
  CHECK_NEAR(((float *)view.data)[1], 6, 0);
  CHECK_NEAR(((float *)view.data)[2], 0, 0);
  CHECK_INT(lrt_state_tensor(copy, 0, NULL, &view), LRT_OK);
  CHECK_NEAR(((float *)view.data)[2], 7, 0);
  CHECK_INT(lrt_interpreter_use_state(s.it, copy, &err), LRT_OK);
  CHECK(data_of(&s, 0, 0) == view.data && data_of(&s, 1, 3) == view.data);
  CHECK_INT(lrt_interpreter_use_state(s.it, NULL, &err), LRT_OK);
  CHECK_NEAR(((float *)data_of(&s, 0, 0))[0], 0, 0);
  CHECK_INT(lrt_state_tensor(copy, 1, NULL, &view), LRT_NOT_FOUND);
  lrt_state_destroy(first);
  lrt_state_destroy(copy);
  build_close(&s);
  build_clear(&m);
}

static void bad_pairs_are_refused(void) {
  const lrt_state_pair unknown = {"nothing", "cache", -1}, differs = {"rows", "cache", -1},
                       late = {"cache", "cache", 1};
  build_model m;
  build_session s;
  lrt_interpreter *fresh = NULL;
  lrt_error err = {LRT_OK, ""};
  open_writer(&m, &s);
  CHECK_INT(lrt_interpreter_set_states(s.it, &late, 1, &err), LRT_WRONG_STATE);
  REQUIRE(lrt_interpreter_create(s.model, NULL, &fresh, &err) == LRT_OK);
  CHECK_INT(lrt_interpreter_set_states(fresh, &unknown, 1, &err), LRT_NOT_FOUND);
  CHECK_INT(lrt_interpreter_set_states(fresh, &differs, 1, &err), LRT_INVALID_ARGUMENT);
  CHECK(strstr(err.message, "rows") != NULL);
  lrt_interpreter_destroy(fresh);
  build_close(&s);
  build_clear(&m);
}

/* A cache of another size than the set's memory; a failed allocate; other pairs after it. */
static void sets_fit_their_pairs(void) {
  const lrt_state_pair pair = {"cache", "cache", 1}, two[2] = {{"cache", "cache", 1}, {"rows", "rows", -1}};
  const lrt_shape larger = {3, {1, 4000, 2}}, fitting = {3, {1, POSITIONS, 2}};
  build_model m;
  build_session s;
  lrt_interpreter *it = NULL;
  lrt_error err = {LRT_OK, ""};
  open_writer(&m, &s);
  CHECK_INT(lrt_interpreter_resize_input(s.it, 0, 0, &larger, 0, &err), LRT_OK);
  CHECK_INT(lrt_interpreter_allocate(s.it, 0, &err), LRT_INVALID_ARGUMENT);
  CHECK(strstr(err.message, "cannot be resized") != NULL);
  CHECK(data_of(&s, 0, 0) == NULL);
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_WRONG_STATE);
  build_close(&s);
  build_clear(&m);

  memset(graphs, 0, sizeof graphs);
  memset(&m, 0, sizeof m);
  make_writer(0, &graphs[0]);
  build_output(&graphs[0], 1); /* the rows come back as they are: a second pair */
  entries[0][1][1] = (lrt_signature_entry){"rows", 1, 0};
  signatures[0].output_count = 2;
  m.graph.signatures = signatures;
  m.graph.signature_count = 1;
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&graphs[0]}, 1), LRT_OK);
  REQUIRE(lrt_model_open_memory(m.bytes, m.size, NULL, &s.model, &err) == LRT_OK);
  REQUIRE(lrt_interpreter_create(s.model, NULL, &it, &err) == LRT_OK);
  CHECK_INT(lrt_interpreter_set_states(it, &pair, 1, &err), LRT_OK);
  CHECK_INT(lrt_interpreter_resize_input(it, 0, 0, &larger, 0, &err), LRT_OK);
  CHECK_INT(lrt_interpreter_allocate(it, 0, &err), LRT_INVALID_ARGUMENT);
  CHECK_INT(lrt_interpreter_set_states(it, two, 2, &err), LRT_OK);
  CHECK_INT(lrt_interpreter_resize_input(it, 0, 0, &fitting, 0, &err), LRT_OK);
  CHECK_INT(lrt_interpreter_allocate(it, 0, &err), LRT_OK);
  s.it = it;
  CHECK(data_of(&s, 0, 1) != NULL);
  write_rows(&s, 0, 1, 3);
  CHECK_NEAR(((const float *)data_of(&s, 0, 0))[2], 3, 0);
  build_close(&s);
  build_clear(&m);
}

/* A signature that calls a constant of the file its state: nothing may be copied over it. */
static void constants_are_not_states(void) {
  static const float first[8] = {1, 2, 3};
  const lrt_state_pair pair = {"cache", "cache", 1};
  build_model m;
  build_session s = {NULL, NULL};
  lrt_error err = {LRT_OK, ""};
  memset(graphs, 0, sizeof graphs);
  memset(&m, 0, sizeof m);
  make_writer(0, &graphs[0]);
  graphs[0].tensors[0].data = first;
  graphs[0].tensors[0].bytes = sizeof first;
  graphs[0].inputs[0] = graphs[0].inputs[2];
  graphs[0].graph.input_count = 2;
  m.graph.signatures = signatures;
  m.graph.signature_count = 1;
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&graphs[0]}, 1), LRT_OK);
  REQUIRE(lrt_model_open_memory(m.bytes, m.size, NULL, &s.model, &err) == LRT_OK);
  REQUIRE(lrt_interpreter_create(s.model, NULL, &s.it, &err) == LRT_OK);
  CHECK_INT(lrt_interpreter_set_states(s.it, &pair, 1, &err), LRT_OK);
  CHECK_INT(lrt_interpreter_allocate(s.it, 0, &err), LRT_OK);
  write_rows(&s, 0, 0, 50);
  CHECK_NEAR(((const float *)data_of(&s, 0, 0))[0], 1, 0);
  build_close(&s);
  build_clear(&m);
}

/* The old contents, seen through two reshapes, are still read after the node that could update them in place. */
static void readers_come_before_the_update(void) {
  static const lrt_add_options plain_add = {.pot_scale_int16 = 1};
  static const int32_t flat[1] = {8}, square[2] = {2, 4};
  const lrt_state_pair pair = {"cache", "cache", 1};
  build_model m;
  build_session s = {NULL, NULL};
  lrt_error err = {LRT_OK, ""};
  build_subgraph *b = &graphs[0];
  memset(graphs, 0, sizeof graphs);
  memset(&m, 0, sizeof m);
  const int32_t c1 = 4, c2 = 5, r1 = 6, r2 = 7, sum = 8;
  make_writer(0, b);
  const lrt_node update = b->nodes[0];
  CHECK_INT(build_constant(b, LRT_INT32, build_shape(1, 1), flat), c1);
  CHECK_INT(build_constant(b, LRT_INT32, build_shape(1, 2), square), c2);
  build_tensor(b, LRT_FLOAT32, build_shape(1, 8));
  build_tensor(b, LRT_FLOAT32, build_shape(2, 2, 4));
  build_tensor(b, LRT_FLOAT32, build_shape(2, 2, 4));
  b->graph.node_count = 1; /* its operands stay in row 0; the order is set below */
  static lrt_reshape_options reshape;
  build_node(b, LRT_OP_RESHAPE, &reshape, 2, (int32_t[]){0, c1}, 1, (int32_t[]){r1});
  build_node(b, LRT_OP_RESHAPE, &reshape, 2, (int32_t[]){r1, c2}, 1, (int32_t[]){r2});
  b->nodes[0] = b->nodes[1];
  b->nodes[1] = b->nodes[2];
  b->nodes[2] = update;
  build_node(b, LRT_OP_ADD, &plain_add, 2, (int32_t[]){r2, r2}, 1, (int32_t[]){sum});
  build_output(b, sum);
  m.graph.signatures = signatures;
  m.graph.signature_count = 1;
  CHECK_INT(build_finish(&m, (build_subgraph *[]){b}, 1), LRT_OK);
  REQUIRE(lrt_model_open_memory(m.bytes, m.size, NULL, &s.model, &err) == LRT_OK);
  REQUIRE(lrt_interpreter_create(s.model, NULL, &s.it, &err) == LRT_OK);
  CHECK_INT(lrt_interpreter_set_states(s.it, &pair, 1, &err), LRT_OK);
  CHECK_INT(lrt_interpreter_allocate(s.it, 0, &err), LRT_OK);
  write_rows(&s, 0, 0, 50);
  CHECK_NEAR(((const float *)data_of(&s, 0, sum))[0], 0, 0);
  write_rows(&s, 0, 0, 60);
  CHECK_NEAR(((const float *)data_of(&s, 0, sum))[0], 100, 0);
  build_close(&s);
  build_clear(&m);
}

/* A graph without nodes whose outputs are its inputs the other way round: a, b, c become b, c, a in each run. */
static void states_may_change_places(void) {
  static const lrt_state_pair pairs[3] = {{"a", "x", -1}, {"b", "y", -1}, {"c", "z", -1}};
  build_model m;
  build_session s = {NULL, NULL};
  lrt_error err = {LRT_OK, ""};
  memset(graphs, 0, sizeof graphs);
  memset(&m, 0, sizeof m);
  int32_t t[3];
  for (int i = 0; i < 3; i++)
    build_input(graphs, t[i] = build_tensor(graphs, LRT_FLOAT32, build_shape(1, 2)));
  for (int i = 0; i < 3; i++) {
    build_output(graphs, t[(i + 1) % 3]);
    entries[0][0][i] = (lrt_signature_entry){pairs[i].input, t[i], 0};
    entries[0][1][i] = (lrt_signature_entry){pairs[i].output, t[(i + 1) % 3], 0};
  }
  signatures[0] = (lrt_signature){"turn", 0, 3, 3, entries[0][0], entries[0][1]};
  m.graph.signatures = signatures;
  m.graph.signature_count = 1;
  CHECK_INT(build_finish(&m, (build_subgraph *[]){graphs}, 1), LRT_OK);
  REQUIRE(lrt_model_open_memory(m.bytes, m.size, NULL, &s.model, &err) == LRT_OK);
  REQUIRE(lrt_interpreter_create(s.model, NULL, &s.it, &err) == LRT_OK);
  CHECK_INT(lrt_interpreter_set_states(s.it, pairs, 3, &err), LRT_OK);
  CHECK_INT(lrt_interpreter_allocate(s.it, 0, &err), LRT_OK);
  for (int i = 0; i < 3; i++) ((float *)data_of(&s, 0, t[i]))[1] = (float)i;
  for (int round = 1; round <= 4; round++) {
    CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
    for (int i = 0; i < 3; i++) CHECK_NEAR(((const float *)data_of(&s, 0, t[i]))[1], (i + round) % 3, 0);
  }
  build_close(&s);
  build_clear(&m);
}

int main(int argc, char **argv) {
  RUN(signatures_share_one_memory);
  RUN(sessions_have_sets_of_their_own);
  RUN(bad_pairs_are_refused);
  RUN(sets_fit_their_pairs);
  RUN(constants_are_not_states);
  RUN(readers_come_before_the_update);
  RUN(states_may_change_places);
  DONE();
}
