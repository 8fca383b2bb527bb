/* test_control_edges.c: control dependencies in the metadata: the order they ask for, and what is wrong with bad ones. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "build_model.h"

static build_subgraph graph;
static lrt_metadata_entry entry;

/* h = VAR_HANDLE; h := x (1); y = h (2); h := z (3). Numbered as given, y is x. */
static lrt_status open_variable(const uint8_t *edges, size_t bytes, build_model *m, build_session *s,
                                lrt_error *err) {
  static const lrt_var_handle_options options = {.container = "", .shared_name = "v"};
  memset(&graph, 0, sizeof graph);
  memset(m, 0, sizeof *m);
  const int32_t h = build_tensor(&graph, LRT_RESOURCE, build_shape(0)),
                x = build_tensor(&graph, LRT_FLOAT32, build_shape(1, 2)),
                z = build_tensor(&graph, LRT_FLOAT32, build_shape(1, 2)),
                y = build_tensor(&graph, LRT_FLOAT32, build_shape(1, 2));
  build_node(&graph, LRT_OP_VAR_HANDLE, &options, 0, NULL, 1, &h);
  build_node(&graph, LRT_OP_ASSIGN_VARIABLE, NULL, 2, (int32_t[]){h, x}, 0, NULL);
  build_node(&graph, LRT_OP_READ_VARIABLE, NULL, 1, &h, 1, &y);
  build_node(&graph, LRT_OP_ASSIGN_VARIABLE, NULL, 2, (int32_t[]){h, z}, 0, NULL);
  build_input(&graph, x), build_input(&graph, z), build_output(&graph, y);
  entry = (lrt_metadata_entry){"model_control_dependencies", edges, bytes};
  m->graph.metadata = &entry;
  m->graph.metadata_count = edges != NULL;
  CHECK_INT(build_finish(m, (build_subgraph *[]){&graph}, 1), LRT_OK);
  return build_open(m, NULL, s, err);
}

/* What y becomes for x = 1 and z = 2. */
static float read_with(const uint8_t *edges, size_t bytes) {
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  float y = -1;
  CHECK_INT(open_variable(edges, bytes, &m, &s, &err), LRT_OK);
  if (s.it != NULL) {
    *(float *)build_view(&s, 1).data = 1;
    *(float *)build_view(&s, 2).data = 2;
    CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
    y = *(const float *)build_view(&s, 3).data;
  }
  build_close(&s);
  build_clear(&m);
  return y;
}

static void nodes_run_as_the_edges_ask(void) {
  static const uint8_t kept[] = {1, 1, 2, 2, 4, 4, 6}, reversed[] = {1, 1, 2, 6, 4, 2, 6}, none[] = {1, 1, 0},
                       newer[] = {2, 200, 200};
  CHECK_NEAR(read_with(NULL, 0), 1, 0);
  CHECK_NEAR(read_with(none, sizeof none), 1, 0);
  CHECK_NEAR(read_with(kept, sizeof kept), 1, 0);         /* 1 before 2, 2 before 3 */
  CHECK_NEAR(read_with(reversed, sizeof reversed), 2, 0); /* 3 before 2, 1 before 3 */
  CHECK_NEAR(read_with(newer, sizeof newer), 1, 0);       /* a version nobody knows yet */
}

static void edges_are_shown(void) {
  static const uint8_t edges[] = {1, 1, 2, 6, 4, 2, 6};
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  int32_t before = -1, after = -1;
  CHECK_INT(open_variable(edges, sizeof edges, &m, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  CHECK_INT(lrt_model_control_edge_count(s.model, 0), 2);
  CHECK_INT(lrt_model_control_edge_count(s.model, 1), 0);
  CHECK_INT(lrt_model_control_edge(s.model, 0, 0, &before, &after), LRT_OK);
  CHECK_INT(before, 3);
  CHECK_INT(after, 2);
  CHECK_INT(lrt_model_control_edge(s.model, 0, 2, &before, &after), LRT_NOT_FOUND);
  const int32_t order[] = {0, 1, 3, 2};
  for (int32_t i = 0; i < 4; i++) {
    lrt_step_info step;
    CHECK_INT(lrt_interpreter_step(s.it, 0, i, &step), LRT_OK);
    CHECK_INT(step.node, order[i]);
  }
  build_close(&s);
  build_clear(&m);
}

static void bad_edges_are_refused(void) {
  static const struct {
    uint8_t bytes[12];
    size_t size;
    const char *words;
  } bad[] = {
      {{1, 1, 1, 4, 4}, 5, "make node 2 wait for itself"},
      {{1, 1, 2, 2, 6, 6, 2}, 7, "wait for itself"},
      {{1, 1, 1, 4, 0}, 5, "make node 0 wait for itself"}, /* node 2 reads what node 0 makes */
      {{1, 1, 1, 2, 8}, 5, "names node 4, the subgraph has 4"},
      {{1, 1, 1, 1, 2}, 5, "names node -1"},
      {{1, 1, 1, 2}, 4, "cut or damaged"},
      {{1, 1, 1, 2, 4, 0}, 6, "cut or damaged"},
      {{1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f}, 7, "cut or damaged"},
      {{1, 1, 0xff, 0xff, 0xff, 0xff, 0x1f}, 7, "cut or damaged"},
      {{1, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 8, "cut or damaged"},
      {{1, 0x80}, 2, "cut or damaged"},
      {{1}, 1, "cut or damaged"},
      {{1, 2, 0, 0}, 4, "is for 2 subgraphs, the model has 1"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    build_model m;
    build_session s;
    lrt_error err = {LRT_OK, ""};
    CHECK_INT(open_variable(bad[i].bytes, bad[i].size, &m, &s, &err), LRT_INVALID_MODEL);
    if (strstr(err.message, bad[i].words) == NULL) CHECK_TEXT(err.message, bad[i].words);
    build_close(&s);
    build_clear(&m);
  }
}

int main(int argc, char **argv) {
  RUN(nodes_run_as_the_edges_ask);
  RUN(edges_are_shown);
  RUN(bad_edges_are_refused);
  DONE();
}
