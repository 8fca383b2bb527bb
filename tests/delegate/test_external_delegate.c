/* test_external_delegate.c: a plug-in of TFLite's contract on built models: results, shapes, options, failures. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "build_model.h"

static const lrt_add_options relu_add = {.activation = LRT_ACT_RELU, .pot_scale_int16 = 1};
static const lrt_mul_options plain_mul = {0};
static const float three[4] = {3, -1, 2, 0.5f};
static build_subgraph graph;

/* t0 [2,4]; t2 = relu(t0 + c); t3 = t2 * t2; t4 = -t3; t5 = relu(t4 + t2); t5 is the output. */
static void make_model(build_model *m) {
  memset(&graph, 0, sizeof graph);
  memset(m, 0, sizeof *m);
  int32_t t[6];
  t[0] = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 2, 4));
  t[1] = build_constant(&graph, LRT_FLOAT32, build_shape(1, 4), three);
  for (int i = 2; i < 6; i++) t[i] = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 2, 4));
  build_input(&graph, t[0]);
  build_node(&graph, LRT_OP_ADD, &relu_add, 2, (int32_t[]){t[0], t[1]}, 1, &t[2]);
  build_node(&graph, LRT_OP_MUL, &plain_mul, 2, (int32_t[]){t[2], t[2]}, 1, &t[3]);
  build_node(&graph, LRT_OP_NEG, NULL, 1, &t[3], 1, &t[4]);
  build_node(&graph, LRT_OP_ADD, &relu_add, 2, (int32_t[]){t[4], t[2]}, 1, &t[5]);
  build_output(&graph, t[5]);
  CHECK_INT(build_finish(m, (build_subgraph *[]){&graph}, 1), LRT_OK);
}

static float at_least_0(float x) {
  return x > 0 ? x : 0;
}

static void check_run(const build_session *s) {
  lrt_error err = {LRT_OK, ""};
  lrt_tensor_view in = build_view(s, 0);
  const size_t count = in.bytes / sizeof(float);
  for (size_t i = 0; i < count; i++) ((float *)in.data)[i] = 0.125f * (float)i - 2;
  CHECK_INT(lrt_interpreter_invoke(s->it, 0, &err), LRT_OK);
  const lrt_tensor_view out = build_view(s, 5);
  REQUIRE(out.data != NULL && out.bytes == in.bytes);
  for (size_t i = 0; i < count; i++) {
    const float a = at_least_0(0.125f * (float)i - 2 + three[i % 4]);
    CHECK_NEAR(((const float *)out.data)[i], at_least_0(-(a * a) + a), 0);
  }
}

typedef struct option {
  const char *key, *value;
} option;

static lrt_status open_plugin(const option *options, int count, const lrt_delegate_limits *limits,
                              lrt_delegate **out, lrt_error *err) {
  const char *keys[8], *values[8];
  for (int i = 0; i < count; i++) {
    keys[i] = options[i].key;
    values[i] = options[i].value;
  }
  *out = NULL;
  return lrt_delegate_open(LRT_PLUGIN, keys, values, count, limits, out, err);
}

/* Opens the model with the plug-in; the caller closes the session and drops the delegate. */
static lrt_status open_with(const build_model *m, const option *options, int count,
                            lrt_delegate_policy policy, build_session *s, lrt_error *err) {
  lrt_delegate *delegate = NULL;
  s->model = NULL;
  s->it = NULL;
  CHECK_INT(open_plugin(options, count, NULL, &delegate, err), LRT_OK);
  const lrt_interpreter_options made = {
      .delegates = &delegate, .delegate_count = 1, .delegate_policy = policy};
  const lrt_status status = build_open(m, &made, s, err);
  lrt_delegate_destroy(delegate); /* the interpreter holds one reference */
  return status;
}

static void options_change_the_groups(void) {
  static const struct {
    option options[3];
    int count, groups, nodes;
  } rows[] = {
      {{{"", ""}}, 0, 2, 3},
      {{{"ops", "add"}}, 1, 2, 2},
      {{{"ops", "mul"}}, 1, 1, 1},
      {{{"max_nodes", "1"}}, 1, 1, 1},
      {{{"max_nodes", "0"}}, 1, 0, 0},
      {{{"preview", "1"}}, 1, 1, 2},
      {{{"handle", "1"}}, 1, 2, 3},
      {{{"dynamic", "1"}, {"propagate", "1"}}, 2, 2, 3},
      {{{"dynamic", "1"}, {"grow", "1"}}, 2, 2, 3},
  };
  build_model m;
  make_model(&m);
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    build_session s;
    lrt_error err = {LRT_OK, ""};
    lrt_delegation_info told;
    CHECK_INT(open_with(&m, rows[r].options, rows[r].count, LRT_DELEGATE_REQUIRED, &s, &err), LRT_OK);
    REQUIRE(s.it != NULL);
    check_run(&s);
    check_run(&s);
    CHECK_INT(lrt_interpreter_delegation(s.it, 0, 0, &told), LRT_OK);
    CHECK_INT(told.group_count, rows[r].groups);
    CHECK_INT(told.node_count, rows[r].nodes);
    CHECK(strcmp(told.name, "plugin_arithmetic.so") == 0);
    build_close(&s);
  }
  build_clear(&m);
}

static void resize_works_for_all_kinds(void) {
  static const option kinds[][2] = {{{"dynamic", "0"}, {"grow", "0"}},
                                    {{"dynamic", "1"}, {"grow", "0"}},
                                    {{"dynamic", "1"}, {"grow", "1"}}};
  const lrt_shape shapes[] = {{2, {5, 4}}, {2, {1, 4}}, {3, {2, 3, 4}}};
  build_model m;
  make_model(&m);
  for (int kind = 0; kind < 3; kind++) {
    build_session s;
    lrt_error err = {LRT_OK, ""};
    CHECK_INT(open_with(&m, kinds[kind], 2, LRT_DELEGATE_REQUIRED, &s, &err), LRT_OK);
    REQUIRE(s.it != NULL);
    for (int i = 0; i < 3; i++) {
      CHECK_INT(lrt_interpreter_resize_input(s.it, 0, 0, &shapes[i], 0, &err), LRT_OK);
      CHECK_INT(lrt_interpreter_allocate(s.it, 0, &err), LRT_OK);
      check_run(&s);
    }
    build_close(&s);
  }
  build_clear(&m);
}

static void failures_say_why(void) {
  static const struct {
    const char *where, *sentence;
  } rows[] = {
      {"prepare", "delegate plugin_arithmetic.so refuses the model: a graph of 6 tensors is beyond me"},
      {"kernel", "delegate plugin_arithmetic.so cannot prepare group 4: no room on the device for 2 nodes"},
  };
  build_model m;
  make_model(&m);
  for (size_t r = 0; r < 2; r++)
    for (int policy = 0; policy < 2; policy++) {
      const option fail = {"fail", rows[r].where};
      build_session s;
      lrt_error err = {LRT_OK, ""};
      const lrt_status status = open_with(&m, &fail, 1, (lrt_delegate_policy)policy, &s, &err);
      CHECK_INT(status, policy ? LRT_OK : LRT_UNSUPPORTED);
      if (status == LRT_OK) {
        lrt_delegation_info told;
        check_run(&s);
        CHECK_INT(lrt_interpreter_delegation(s.it, 0, 0, &told), LRT_OK);
        CHECK(strcmp(told.refused, rows[r].sentence) == 0);
      } else
        CHECK(strcmp(err.message, rows[r].sentence) == 0);
      build_close(&s);
    }
  const option fail = {"fail", "invoke"};
  build_session s;
  lrt_error err = {LRT_OK, ""};
  CHECK_INT(open_with(&m, &fail, 1, LRT_DELEGATE_REQUIRED, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_RUN_FAILED);
  CHECK(strcmp(err.message, "delegate plugin_arithmetic.so failed in group 4: the device is gone") == 0);
  build_close(&s);
  build_clear(&m);
}

static void what_is_no_plugin_is_refused(void) {
  static const option unknown = {"colour", "red"}, refusing = {"fail", "create"};
  lrt_delegate *delegate = NULL;
  lrt_error err = {LRT_OK, ""};
  CHECK_INT(lrt_delegate_open("/no/such/library.so", NULL, NULL, 0, NULL, &delegate, &err), LRT_NOT_FOUND);
  CHECK(strstr(err.message, "/no/such/library.so") != NULL);
  CHECK_INT(lrt_delegate_open(LRT_NO_PLUGIN, NULL, NULL, 0, NULL, &delegate, &err), LRT_UNSUPPORTED);
  CHECK(strstr(err.message, "undefined symbol: tflite_plugin_create_delegate") != NULL);
  CHECK_INT(open_plugin(&unknown, 1, NULL, &delegate, &err), LRT_INVALID_ARGUMENT);
  CHECK(strstr(err.message, "unknown option colour") != NULL);
  CHECK_INT(open_plugin(&refusing, 1, NULL, &delegate, &err), LRT_INVALID_ARGUMENT);
  CHECK(strstr(err.message, "told to fail") != NULL);
  CHECK_INT(lrt_delegate_open(NULL, NULL, NULL, 0, NULL, &delegate, &err), LRT_INVALID_ARGUMENT);
  CHECK(delegate == NULL);
}

/* UNIQUE makes a tensor whose size depends on data: a delegate for static shapes cannot be offered that graph. */
static void unknown_shapes_need_a_dynamic_delegate(void) {
  static const lrt_unique_options unique = {.idx_out_type = LRT_INT32};
  for (int dynamic = 0; dynamic < 2; dynamic++) {
    const option options = {"dynamic", dynamic ? "1" : "0"};
    build_model m = {0};
    build_session s;
    lrt_error err = {LRT_OK, ""};
    memset(&graph, 0, sizeof graph);
    const int32_t x = build_tensor(&graph, LRT_FLOAT32, build_shape(1, 4)),
                  u = build_tensor(&graph, LRT_FLOAT32, build_shape(1, 4)),
                  i = build_tensor(&graph, LRT_INT32, build_shape(1, 4)),
                  y = build_tensor(&graph, LRT_FLOAT32, build_shape(1, 4)),
                  z = build_tensor(&graph, LRT_FLOAT32, build_shape(1, 4));
    build_input(&graph, x);
    build_node(&graph, LRT_OP_UNIQUE, &unique, 1, &x, 2, (int32_t[]){u, i});
    build_node(&graph, LRT_OP_ADD, &relu_add, 2, (int32_t[]){u, u}, 1, &y);
    build_node(&graph, LRT_OP_MUL, &plain_mul, 2, (int32_t[]){y, u}, 1, &z);
    build_output(&graph, z);
    CHECK_INT(build_finish(&m, (build_subgraph *[]){&graph}, 1), LRT_OK);
    const lrt_status status = open_with(&m, &options, 1, LRT_DELEGATE_REQUIRED, &s, &err);
    CHECK_INT(status, dynamic ? LRT_OK : LRT_UNSUPPORTED);
    if (!dynamic) CHECK(strstr(err.message, "static shapes only, and that of tensor \"t1\"") != NULL);
    for (int round = 0; status == LRT_OK && round < 3; round++) {
      float *in = build_view(&s, x).data;
      for (int k = 0; k < 4; k++) in[k] = (float)(k / (round + 1) + 1);
      CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
      const lrt_tensor_view out = build_view(&s, z);
      CHECK_INT(out.shape.dims[0], 3 / (round + 1) + 1);
      for (int k = 0; k < out.shape.dims[0]; k++)
        CHECK_NEAR(((const float *)out.data)[k], 2.0f * (float)((k + 1) * (k + 1)), 0);
    }
    build_close(&s);
    build_clear(&m);
  }
}

/* Every refused block on the way is an error or a delegate left out, never a crash; nothing is lost. The plug-in's own
 * malloc is not refused. */
static void refused_memory_is_an_error(void) {
  static const option kinds[][2] = {{{"dynamic", "1"}, {"grow", "1"}}, {{"handle", "1"}, {"preview", "1"}}};
  build_model m;
  make_model(&m);
  for (int kind = 0; kind < 2; kind++) {
    lrt_delegate *delegate = NULL;
    CHECK_INT(open_plugin(kinds[kind], 2, NULL, &delegate, NULL), LRT_OK);
    for (uint64_t nth = 1; nth < 3000; nth++) {
      const lrt_interpreter_options made = {.delegates = &delegate, .delegate_count = 1};
      build_session s;
      lrt_alloc_fail_from(lrt_alloc_default(), nth);
      const lrt_status status = build_open(&m, &made, &s, NULL);
      lrt_alloc_fail_from(lrt_alloc_default(), 0);
      if (status == LRT_OK) check_run(&s);
      build_close(&s);
      if (status == LRT_OK) break;
      CHECK(nth < 2999);
    }
    lrt_delegate_destroy(delegate);
  }
  build_clear(&m);
}

int main(int argc, char **argv) {
  RUN(options_change_the_groups);
  RUN(resize_works_for_all_kinds);
  RUN(failures_say_why);
  RUN(what_is_no_plugin_is_refused);
  RUN(unknown_shapes_need_a_dynamic_delegate);
  RUN(refused_memory_is_an_error);
  DONE();
}
