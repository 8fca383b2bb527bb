/* test_delegation.c: partitions over a small delegate of the test's own: groups, limits, shapes, failures, loops. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "build_model.h"
#include "runtime/delegate.h"

/* Runs ADD and MUL of equal shapes, float32, without activations, and counts what it is asked. */
typedef struct adder {
  lrt_delegate base;
  bool adds, muls;
  bool fail_claim, fail_prepare, fail_eval, grows;
  int claims, prepares, evals, closes, destroys;
  int groups, preview_groups;
} adder;

typedef struct adder_session {
  adder *owner;
} adder_session;

static lrt_status claim(lrt_delegate *delegate, lrt_partition *p, void **session, lrt_error *err) {
  adder *a = (adder *)delegate;
  adder_session *s = calloc(1, sizeof *s);
  int32_t nodes[BUILD_MAX], count = 0;
  lrt_group *first = NULL;
  s->owner = a;
  *session = s;
  a->claims++;
  if (a->fail_claim) return lrt_fail(err, LRT_UNSUPPORTED, "no wish to look at it");
  for (int32_t u = 0; u < p->unit_count; u++) {
    const int32_t n = p->units[u].node;
    if (n < 0) continue;
    const lrt_node *node = &p->subgraph->nodes[n];
    const bool wanted = (node->code == LRT_OP_ADD && a->adds) || (node->code == LRT_OP_MUL && a->muls);
    if (wanted && p->subgraph->tensors[node->outputs[0]].type == LRT_FLOAT32) nodes[count++] = n;
  }
  lrt_status status = lrt_partition_group(p, nodes, count, false, &first, err);
  for (a->preview_groups = 0; first != NULL; first = first->next) a->preview_groups++;
  if (status == LRT_OK) status = lrt_partition_group(p, nodes, count, true, &first, err);
  for (a->groups = 0; first != NULL; first = first->next) a->groups++;
  return status;
}

static lrt_status prepare(void *session, lrt_group *group, lrt_prepare *p) {
  adder *a = ((adder_session *)session)->owner;
  a->prepares++;
  if (a->fail_prepare) return lrt_fail(p->err, LRT_UNSUPPORTED, "this shape is beyond me");
  for (int32_t i = 0; i < p->node->output_count; i++) {
    const lrt_shape *shape = NULL; /* that of any computed input: all shapes are equal */
    for (int32_t k = 0; k < p->node->input_count; k++)
      if (!p->inputs[k]->constant) shape = &p->inputs[k]->shape;
    if (a->grows) {
      lrt_prepare_grows(p, i);
      continue;
    }
    LRT_TRY(lrt_prepare_shape(p, i, shape != NULL ? shape : &group->partition->shapes[p->node->outputs[i]]));
  }
  return LRT_OK;
}

/* Values of one element position through all nodes of the group. */
static void eval_at(const lrt_group *group, lrt_value *const *in, lrt_value *const *out, size_t at) {
  const lrt_subgraph *subgraph = group->partition->subgraph;
  float value[BUILD_MAX];
  for (int32_t i = 0; i < group->node.input_count; i++) {
    const lrt_value *v = in[i];
    value[group->node.inputs[i]] = v->type == LRT_FLOAT32 ? ((const float *)v->data)[at] : 0;
  }
  for (int32_t i = 0; i < group->node_count; i++) {
    const lrt_node *node = &subgraph->nodes[group->nodes[i]];
    const float x = value[node->inputs[0]], y = value[node->inputs[1]];
    value[node->outputs[0]] = node->code == LRT_OP_ADD ? x + y : x * y;
  }
  for (int32_t i = 0; i < group->node.output_count; i++)
    ((float *)out[i]->data)[at] = value[group->node.outputs[i]];
}

static lrt_status eval(void *session, const lrt_group *group, lrt_value *const *in, lrt_value *const *out,
                       lrt_error *err) {
  adder *a = ((adder_session *)session)->owner;
  a->evals++;
  if (a->fail_eval) return lrt_fail(err, LRT_RUN_FAILED, "the device is on fire");
  for (int32_t i = 0; i < group->node.output_count; i++) {
    if (!out[i]->growable) continue;
    out[i]->shape = in[0]->shape;
    LRT_TRY(lrt_value_reserve(out[i], in[0]->bytes, err));
  }
  const size_t count = out[0]->bytes / sizeof(float);
  for (size_t at = 0; at < count; at++) eval_at(group, in, out, at);
  return LRT_OK;
}

static void close_session(lrt_delegate *delegate, void *session) {
  ((adder *)delegate)->closes++;
  free(session);
}

static void destroy(lrt_delegate *delegate) {
  ((adder *)delegate)->destroys++;
}

static const lrt_delegate_class adder_class = {claim, prepare, eval, close_session, destroy};

static adder make_adder(const char *name, bool adds, bool muls) {
  adder a = {.base = {.type = &adder_class, .name = name, .reusable = true}, .adds = adds, .muls = muls};
  atomic_init(&a.base.references, 1);
  return a;
}

static const lrt_add_options plain_add = {.pot_scale_int16 = 1};
static const lrt_mul_options plain_mul = {0};
static build_subgraph graph;

/* t0 = input [1,8]; node i makes t(i+1) from t(i) and t0 by the operator codes[i]. */
static void make_chain(build_model *m, const char *codes) {
  memset(&graph, 0, sizeof graph);
  memset(m, 0, sizeof *m);
  const int32_t x = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 8));
  int32_t last = x;
  build_input(&graph, x);
  for (const char *c = codes; *c != 0; c++) {
    const int32_t y = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 8)), pair[2] = {last, x};
    switch (*c) {
    case '+': build_node(&graph, LRT_OP_ADD, &plain_add, 2, pair, 1, &y); break;
    case '*': build_node(&graph, LRT_OP_MUL, &plain_mul, 2, pair, 1, &y); break;
    default: build_node(&graph, LRT_OP_NEG, NULL, 1, &last, 1, &y);
    }
    last = y;
  }
  build_output(&graph, last);
  CHECK_INT(build_finish(m, (build_subgraph *[]){&graph}, 1), LRT_OK);
}

static float expected(float x, const char *codes) {
  float y = x;
  for (const char *c = codes; *c != 0; c++) y = *c == '+' ? y + x : *c == '*' ? y * x : -y;
  return y;
}

static lrt_interpreter_options with(lrt_delegate **list, int count) {
  return (lrt_interpreter_options){.delegates = list, .delegate_count = count};
}

static void check_chain(const build_session *s, const char *codes, int32_t output) {
  lrt_error err = {LRT_OK, ""};
  lrt_tensor_view in = build_view(s, 0);
  const size_t count = in.bytes / sizeof(float);
  for (size_t i = 0; i < count; i++) ((float *)in.data)[i] = (float)i / 4 - 1;
  CHECK_INT(lrt_interpreter_invoke(s->it, 0, &err), LRT_OK);
  in = build_view(s, 0);
  const lrt_tensor_view out = build_view(s, output);
  REQUIRE(out.data != NULL && out.bytes == in.bytes);
  for (size_t i = 0; i < count; i++)
    CHECK_NEAR(((const float *)out.data)[i], expected(((const float *)in.data)[i], codes), 0);
}

static void groups_follow_dependencies(void) {
  static const char codes[] = "+*-+--*+";
  adder a = make_adder("adder", true, true);
  lrt_delegate *list[] = {&a.base};
  const lrt_interpreter_options options = with(list, 1);
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  lrt_step_info step;
  lrt_delegation_info told;
  make_chain(&m, codes);
  CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  check_chain(&s, codes, 8);
  CHECK_INT(a.groups, 3);
  CHECK_INT(a.preview_groups, 3);
  CHECK_INT(a.evals, 3);
  CHECK_INT(lrt_interpreter_step_count(s.it, 0), 6);
  CHECK_INT(lrt_interpreter_step(s.it, 0, 0, &step), LRT_OK);
  CHECK(step.delegate != NULL && strcmp(step.delegate, "adder") == 0 && strcmp(step.kernel, "adder") == 0);
  CHECK_INT(step.node, 8);
  CHECK(step.node_count == 2 && step.nodes[0] == 0 && step.nodes[1] == 1);
  CHECK_INT(lrt_interpreter_step(s.it, 0, 1, &step), LRT_OK);
  CHECK(step.delegate == NULL && strcmp(step.left, "no delegate claims it") == 0);
  CHECK_INT(lrt_interpreter_delegation(s.it, 0, 0, &told), LRT_OK);
  CHECK(told.node_count == 5 && told.group_count == 3 && told.refused[0] == 0);
  CHECK_INT(lrt_interpreter_delegation(s.it, 0, 1, &told), LRT_NOT_FOUND);
  CHECK(build_view(&s, 1).data == NULL); /* made inside a group */
  build_close(&s);
  CHECK_INT(a.closes, a.claims);
  CHECK_INT(a.destroys, 0);
  lrt_delegate_destroy(&a.base);
  CHECK_INT(a.destroys, 1);
  build_clear(&m);
}

/* A diamond: a -> NEG -> c and a -> c with a and c claimed: one group would wait for itself. */
static void groups_make_no_circles(void) {
  adder a = make_adder("adder", true, true);
  lrt_delegate *list[] = {&a.base};
  const lrt_interpreter_options options = with(list, 1);
  build_model m = {0};
  build_session s;
  lrt_error err = {LRT_OK, ""};
  memset(&graph, 0, sizeof graph);
  int32_t t[6];
  for (int i = 0; i < 6; i++) t[i] = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 8));
  build_input(&graph, t[0]);
  build_node(&graph, LRT_OP_ADD, &plain_add, 2, (int32_t[]){t[0], t[0]}, 1, &t[1]);
  build_node(&graph, LRT_OP_NEG, NULL, 1, &t[1], 1, &t[2]);
  build_node(&graph, LRT_OP_MUL, &plain_mul, 2, (int32_t[]){t[1], t[2]}, 1, &t[3]);
  build_node(&graph, LRT_OP_NEG, NULL, 1, &t[0], 1, &t[4]); /* independent: runs before the first group */
  build_node(&graph, LRT_OP_ADD, &plain_add, 2, (int32_t[]){t[4], t[0]}, 1, &t[5]); /* and joins that group */
  build_output(&graph, t[3]);
  build_output(&graph, t[5]);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&graph}, 1), LRT_OK);
  CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  float *x = build_view(&s, 0).data;
  for (int i = 0; i < 8; i++) x[i] = (float)i;
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
  CHECK_INT(a.groups, 2);
  for (int i = 0; i < 8; i++) {
    CHECK_NEAR(((float *)build_view(&s, 3).data)[i], -4.0f * (float)(i * i), 0);
    CHECK_NEAR(((float *)build_view(&s, 5).data)[i], 0, 0);
  }
  build_close(&s);
  build_clear(&m);
}

/* x + x, -x, x * x, which do not depend on each other, unless the metadata says that they run one after the other. */
static void groups_keep_control_dependencies(void) {
  static const uint8_t edges[] = {1, 1, 2, 0, 2, 2, 4}; /* 0 before 1, 1 before 2 */
  static const lrt_metadata_entry entry = {"model_control_dependencies", edges, sizeof edges};
  for (int given = 0; given < 2; given++) {
    adder a = make_adder("adder", true, true);
    lrt_delegate *list[] = {&a.base};
    const lrt_interpreter_options options = with(list, 1);
    build_model m;
    build_session s;
    lrt_error err = {LRT_OK, ""};
    memset(&graph, 0, sizeof graph);
    memset(&m, 0, sizeof m);
    const int32_t x = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 8)), pair[2] = {x, x};
    int32_t y[3];
    for (int i = 0; i < 3; i++) y[i] = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 8));
    build_node(&graph, LRT_OP_ADD, &plain_add, 2, pair, 1, &y[0]);
    build_node(&graph, LRT_OP_NEG, NULL, 1, &x, 1, &y[1]);
    build_node(&graph, LRT_OP_MUL, &plain_mul, 2, pair, 1, &y[2]);
    build_input(&graph, x);
    for (int i = 0; i < 3; i++) build_output(&graph, y[i]);
    m.graph.metadata = &entry;
    m.graph.metadata_count = given;
    CHECK_INT(build_finish(&m, (build_subgraph *[]){&graph}, 1), LRT_OK);
    CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
    REQUIRE(s.it != NULL);
    CHECK_INT(a.groups, given ? 2 : 1);
    check_chain(&s, "+", y[0]);
    CHECK_NEAR(((const float *)build_view(&s, y[2]).data)[0], 1, 0);
    build_close(&s);
    lrt_delegate_destroy(&a.base);
    build_clear(&m);
  }
}

/* a = v + x; v = -a; y = v * v, v being a variable: no tensor orders the last two, and the product must see the new v. */
static void variables_keep_their_order(void) {
  adder a = make_adder("adder", true, true);
  lrt_delegate *list[] = {&a.base};
  const lrt_interpreter_options options = with(list, 1);
  build_model m = {0};
  build_session s;
  lrt_error err = {LRT_OK, ""};
  memset(&graph, 0, sizeof graph);
  int32_t t[4];
  for (int i = 0; i < 4; i++) t[i] = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 8));
  graph.tensors[t[1]].is_variable = true;
  build_input(&graph, t[0]);
  build_node(&graph, LRT_OP_ADD, &plain_add, 2, (int32_t[]){t[1], t[0]}, 1, &t[2]);
  build_node(&graph, LRT_OP_NEG, NULL, 1, &t[2], 1, &t[1]);
  build_node(&graph, LRT_OP_MUL, &plain_mul, 2, (int32_t[]){t[1], t[1]}, 1, &t[3]);
  build_output(&graph, t[3]);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&graph}, 1), LRT_OK);
  CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  CHECK_INT(a.groups, 2);
  float v = 0;
  for (int round = 0; round < 3; round++) {
    float *x = build_view(&s, t[0]).data;
    for (int i = 0; i < 8; i++) x[i] = (float)(round + 2);
    CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
    v = -(v + (float)(round + 2));
    CHECK_NEAR(((float *)build_view(&s, t[3]).data)[7], v * v, 0);
  }
  build_close(&s);
  build_clear(&m);
}

static void limits_leave_small_groups(void) {
  static const char codes[] = "+-+++-++";
  static const struct {
    lrt_delegate_limits limits;
    int groups, nodes;
    const char *left;
  } rows[] = {{{0, 0}, 3, 6, ""},
              {{0, 2}, 2, 5, "its group is smaller than a delegate's least number of nodes"},
              {{1, 0}, 1, 3, "larger groups have used up a delegate's number of groups"},
              {{2, 3}, 1, 3, "its group is smaller than a delegate's least number of nodes"},
              {{0, 9}, 0, 0, "its group is smaller than a delegate's least number of nodes"}};
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    adder a = make_adder("adder", true, true);
    lrt_delegate *list[] = {&a.base};
    const lrt_interpreter_options options = with(list, 1);
    build_model m;
    build_session s;
    lrt_delegation_info told;
    lrt_step_info step;
    a.base.limits = rows[r].limits;
    make_chain(&m, codes);
    CHECK_INT(build_open(&m, &options, &s, NULL), LRT_OK);
    REQUIRE(s.it != NULL);
    check_chain(&s, codes, 8);
    CHECK_INT(a.preview_groups, 3);
    CHECK_INT(lrt_interpreter_delegation(s.it, 0, 0, &told), LRT_OK);
    CHECK_INT(told.group_count, rows[r].groups);
    CHECK_INT(told.node_count, rows[r].nodes);
    CHECK_INT(lrt_interpreter_step(s.it, 0, 0, &step), LRT_OK);
    CHECK(strcmp(step.left, rows[r].left) == 0);
    build_close(&s);
    build_clear(&m);
  }
}

static void resize_prepares_again(void) {
  static const char codes[] = "+-*";
  for (int reusable = 0; reusable < 2; reusable++) {
    adder a = make_adder("adder", true, true);
    lrt_delegate *list[] = {&a.base};
    const lrt_interpreter_options options = with(list, 1);
    const lrt_shape wide = {2, {3, 8}};
    build_model m;
    build_session s;
    a.base.reusable = reusable != 0;
    make_chain(&m, codes);
    CHECK_INT(build_open(&m, &options, &s, NULL), LRT_OK);
    REQUIRE(s.it != NULL);
    check_chain(&s, codes, 3);
    CHECK_INT(a.prepares, 2);
    CHECK_INT(lrt_interpreter_resize_input(s.it, 0, 0, &wide, 0, NULL), LRT_OK);
    CHECK_INT(lrt_interpreter_allocate(s.it, 0, NULL), LRT_OK);
    CHECK_INT(build_view(&s, 3).bytes, 96);
    check_chain(&s, codes, 3);
    CHECK_INT(a.prepares, 4);
    CHECK_INT(a.claims, reusable ? 1 : 2);
    build_close(&s);
    CHECK_INT(a.closes, a.claims);
    build_clear(&m);
  }
}

static void results_may_grow(void) {
  static const char codes[] = "+-*";
  adder a = make_adder("adder", true, true);
  lrt_delegate *list[] = {&a.base};
  const lrt_interpreter_options options = with(list, 1);
  build_model m;
  build_session s;
  a.grows = true;
  make_chain(&m, codes);
  CHECK_INT(build_open(&m, &options, &s, NULL), LRT_OK);
  REQUIRE(s.it != NULL);
  check_chain(&s, codes, 3);
  check_chain(&s, codes, 3);
  build_close(&s);
  build_clear(&m);
}

static void failures_are_told_or_forgiven(void) {
  static const char codes[] = "+-*";
  static const char *const words[] = {"no wish to look at it", "this shape is beyond me"};
  for (int kind = 0; kind < 2; kind++)
    for (int policy = 0; policy < 2; policy++) {
      adder bad = make_adder("bad", true, true), good = make_adder("good", true, true);
      lrt_delegate *list[] = {&bad.base, &good.base};
      lrt_interpreter_options options = with(list, 2);
      build_model m;
      build_session s;
      lrt_delegation_info told;
      lrt_error err = {LRT_OK, ""};
      bad.fail_claim = kind == 0;
      bad.fail_prepare = kind == 1;
      options.delegate_policy = (lrt_delegate_policy)policy;
      make_chain(&m, codes);
      const lrt_status status = build_open(&m, &options, &s, &err);
      CHECK_INT(status, policy == LRT_DELEGATE_OPTIONAL ? LRT_OK : LRT_UNSUPPORTED);
      if (status == LRT_OK) {
        check_chain(&s, codes, 3);
        CHECK_INT(lrt_interpreter_delegation(s.it, 0, 0, &told), LRT_OK);
        CHECK(strstr(told.refused, words[kind]) != NULL && told.group_count == 0);
        CHECK_INT(lrt_interpreter_delegation(s.it, 0, 1, &told), LRT_OK);
        CHECK(told.refused[0] == 0 && told.group_count == 2);
      } else {
        CHECK(strstr(err.message, words[kind]) != NULL);
      }
      build_close(&s);
      CHECK_INT(bad.closes, bad.claims);
      CHECK_INT(good.closes, good.claims);
      build_clear(&m);
    }
}

static void failed_runs_name_the_delegate(void) {
  adder a = make_adder("adder", true, true);
  lrt_delegate *list[] = {&a.base};
  const lrt_interpreter_options options = with(list, 1);
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  make_chain(&m, "+-*");
  CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  a.fail_eval = true;
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_RUN_FAILED);
  CHECK(strcmp(err.message, "delegate adder failed in group 3: the device is on fire") == 0);
  a.fail_eval = false;
  check_chain(&s, "+-*", 3);
  build_close(&s);
  build_clear(&m);
}

static void several_delegates_in_order(void) {
  static const char codes[] = "+*+-*";
  adder one = make_adder("adds", true, false), two = make_adder("rest", true, true);
  lrt_delegate *list[] = {&one.base, &two.base};
  const lrt_interpreter_options options = with(list, 2);
  build_model m;
  build_session s;
  lrt_delegation_info told;
  make_chain(&m, codes);
  CHECK_INT(build_open(&m, &options, &s, NULL), LRT_OK);
  REQUIRE(s.it != NULL);
  check_chain(&s, codes, 5);
  CHECK_INT(lrt_interpreter_delegation(s.it, 0, 0, &told), LRT_OK);
  CHECK_INT(told.node_count, 2);
  CHECK_INT(lrt_interpreter_delegation(s.it, 0, 1, &told), LRT_OK);
  CHECK_INT(told.node_count, 2);
  CHECK_INT(lrt_interpreter_step_count(s.it, 0), 5);
  build_close(&s);
  build_clear(&m);
}

static void preserved_tensors_outside_groups(void) {
  static const char codes[] = "+*-+";
  adder a = make_adder("adder", true, true);
  lrt_delegate *list[] = {&a.base};
  lrt_interpreter_options options = with(list, 1);
  build_model m;
  build_session s;
  options.preserve_all_tensors = 1;
  make_chain(&m, codes);
  CHECK_INT(build_open(&m, &options, &s, NULL), LRT_OK);
  REQUIRE(s.it != NULL);
  check_chain(&s, codes, 4);
  CHECK(build_view(&s, 1).data == NULL); /* inside the group */
  CHECK(build_view(&s, 2).data != NULL && build_view(&s, 3).data != NULL);
  build_close(&s);
  build_clear(&m);
}

/* Limits of the contract: what a delegate may not claim. */
typedef struct greedy {
  lrt_delegate base;
  int32_t nodes[2], count;
} greedy;

static lrt_status claim_badly(lrt_delegate *delegate, lrt_partition *p, void **session, lrt_error *err) {
  const greedy *g = (const greedy *)delegate;
  lrt_group *first = NULL;
  (void)session;
  return lrt_partition_group(p, g->nodes, g->count, true, &first, err);
}

static void bad_claims_are_refused(void) {
  static const lrt_delegate_class type = {claim_badly, prepare, eval, close_session, destroy};
  static const int32_t claims[][2] = {{-1, 0}, {9, 0}, {1, 1}};
  for (int i = 0; i < 3; i++) {
    greedy g = {.base = {.type = &type, .name = "greedy"}, .nodes = {claims[i][0], claims[i][1]}, .count = 2};
    atomic_init(&g.base.references, 1);
    lrt_delegate *list[] = {&g.base};
    const lrt_interpreter_options options = with(list, 1);
    build_model m;
    build_session s;
    lrt_error err = {LRT_OK, ""};
    make_chain(&m, "++++");
    CHECK_INT(build_open(&m, &options, &s, &err), LRT_INVALID_ARGUMENT);
    CHECK(strstr(err.message, "delegate greedy claims node") != NULL);
    build_close(&s);
    build_clear(&m);
  }
}

static lrt_status prepare_custom(void *session, lrt_group *group, lrt_prepare *p) {
  (void)session;
  (void)group;
  return lrt_prepare_shape(p, 0, &p->inputs[0]->shape);
}

static lrt_status eval_custom(void *session, const lrt_group *group, lrt_value *const *in,
                              lrt_value *const *out, lrt_error *err) {
  (void)session;
  (void)group;
  (void)err;
  memcpy(out[0]->data, in[0]->data, out[0]->bytes);
  return LRT_OK;
}

/* An operator that this library lacks is no obstacle when somebody else runs it. */
static void unknown_operators_may_be_claimed(void) {
  static const lrt_delegate_class type = {claim_badly, prepare_custom, eval_custom, close_session, destroy};
  greedy g = {.base = {.type = &type, .name = "greedy"}, .nodes = {0}, .count = 1};
  atomic_init(&g.base.references, 1);
  lrt_delegate *list[] = {&g.base};
  build_model m = {0};
  build_session s;
  lrt_error err = {LRT_OK, ""};
  memset(&graph, 0, sizeof graph);
  const int32_t x = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 8)),
                y = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 8)),
                z = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 8));
  build_input(&graph, x);
  build_node(&graph, LRT_OP_CUSTOM, NULL, 1, &x, 1, &y)->custom_name = "NoSuchOp";
  build_node(&graph, LRT_OP_NEG, NULL, 1, &y, 1, &z);
  build_output(&graph, z);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&graph}, 1), LRT_OK);
  for (int with_delegate = 0; with_delegate < 2; with_delegate++) {
    const lrt_interpreter_options options = with(list, with_delegate);
    CHECK_INT(build_open(&m, &options, &s, &err), with_delegate ? LRT_OK : LRT_UNRESOLVED_OP);
    if (with_delegate && s.it != NULL) {
      ((float *)build_view(&s, x).data)[7] = 5;
      CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
      CHECK_NEAR(((float *)build_view(&s, z).data)[7], -5, 0);
    }
    build_close(&s);
  }
  build_clear(&m);
}

/* while (x0 < 40) x = x + x: the body's ADD is delegated, in every round and for both shapes. */
static void loops_delegate_their_bodies(void) {
  static build_subgraph main_graph, cond, body;
  static const float limit[1] = {40};
  adder a = make_adder("adder", true, true);
  lrt_delegate *list[] = {&a.base};
  const lrt_interpreter_options options = with(list, 1);
  build_model m = {0};
  build_session s;
  lrt_error err = {LRT_OK, ""};
  memset(&main_graph, 0, sizeof main_graph);
  memset(&cond, 0, sizeof cond);
  memset(&body, 0, sizeof body);
  const lrt_while_options loop = {.cond_subgraph_index = 1, .body_subgraph_index = 2};
  const int32_t x = build_tensor(&main_graph, LRT_FLOAT32, build_shape(1, 1)),
                y = build_tensor(&main_graph, LRT_FLOAT32, build_shape(1, 1));
  build_input(&main_graph, x);
  build_node(&main_graph, LRT_OP_WHILE, &loop, 1, &x, 1, &y);
  build_output(&main_graph, y);
  const int32_t c = build_tensor(&cond, LRT_FLOAT32, build_shape(1, 1)),
                k = build_constant(&cond, LRT_FLOAT32, build_shape(1, 1), limit),
                r = build_tensor(&cond, LRT_BOOL, build_shape(1, 1));
  build_input(&cond, c);
  build_node(&cond, LRT_OP_LESS, NULL, 2, (int32_t[]){c, k}, 1, &r);
  build_output(&cond, r);
  const int32_t b = build_tensor(&body, LRT_FLOAT32, build_shape(1, 1)),
                d = build_tensor(&body, LRT_FLOAT32, build_shape(1, 1));
  build_input(&body, b);
  build_node(&body, LRT_OP_ADD, &plain_add, 2, (int32_t[]){b, b}, 1, &d);
  build_output(&body, d);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&main_graph, &cond, &body}, 3), LRT_OK);
  CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  *(float *)build_view(&s, x).data = 3;
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
  CHECK_NEAR(*(float *)build_view(&s, y).data, 48, 0);
  CHECK_INT(a.evals, 4);
  build_close(&s);
  CHECK_INT(a.closes, a.claims);
  build_clear(&m);
}

typedef struct client {
  lrt_model *model;
  int wrong;
} client;

static void *run_client(void *arg) {
  client *c = arg;
  adder a = make_adder("adder", true, true);
  lrt_delegate *list[] = {&a.base};
  lrt_interpreter_options options = with(list, 1);
  build_session s = {c->model, NULL};
  options.num_threads = 2;
  if (lrt_interpreter_create(c->model, &options, &s.it, NULL) != LRT_OK ||
      lrt_interpreter_allocate(s.it, 0, NULL) != LRT_OK)
    c->wrong = 1;
  for (int round = 0; round < 30 && c->wrong == 0; round++) {
    float *x = build_view(&s, 0).data;
    for (int i = 0; i < 8; i++) x[i] = (float)round;
    if (lrt_interpreter_invoke(s.it, 0, NULL) != LRT_OK) c->wrong = 1;
    if (((float *)build_view(&s, 4).data)[7] != expected((float)round, "+-*+")) c->wrong = 1;
  }
  lrt_interpreter_destroy(s.it);
  return NULL;
}

static void several_interpreters_on_one_model(void) {
  build_model m;
  lrt_model *model = NULL;
  pthread_t threads[3];
  client clients[3];
  make_chain(&m, "+-*+");
  REQUIRE(lrt_model_open_memory(m.bytes, m.size, NULL, &model, NULL) == LRT_OK);
  for (int i = 0; i < 3; i++) {
    clients[i] = (client){model, 0};
    REQUIRE(pthread_create(&threads[i], NULL, run_client, &clients[i]) == 0);
  }
  for (int i = 0; i < 3; i++) {
    pthread_join(threads[i], NULL);
    CHECK_INT(clients[i].wrong, 0);
  }
  lrt_model_destroy(model);
  build_clear(&m);
}

/* Every refused allocation on the way to a delegated plan is an error, and nothing is lost. */
static void refused_memory_is_an_error(void) {
  build_model m;
  build_session s;
  lrt_error err;
  make_chain(&m, "+-*+");
  for (uint64_t nth = 1; nth < 2000; nth++) {
    adder a = make_adder("adder", true, true);
    lrt_delegate *list[] = {&a.base};
    lrt_interpreter_options options = with(list, 1);
    options.delegate_policy = LRT_DELEGATE_OPTIONAL;
    lrt_alloc_fail_from(lrt_alloc_default(), nth);
    const lrt_status status = build_open(&m, &options, &s, &err);
    lrt_alloc_fail_from(lrt_alloc_default(), 0);
    if (status == LRT_OK) check_chain(&s, "+-*+", 4);
    build_close(&s);
    CHECK_INT(a.closes, a.claims);
    if (status == LRT_OK) break;
    CHECK_INT(status, LRT_OUT_OF_MEMORY);
  }
  build_clear(&m);
}

int main(int argc, char **argv) {
  RUN(groups_follow_dependencies);
  RUN(groups_make_no_circles);
  RUN(groups_keep_control_dependencies);
  RUN(variables_keep_their_order);
  RUN(limits_leave_small_groups);
  RUN(resize_prepares_again);
  RUN(results_may_grow);
  RUN(failures_are_told_or_forgiven);
  RUN(failed_runs_name_the_delegate);
  RUN(several_delegates_in_order);
  RUN(preserved_tensors_outside_groups);
  RUN(bad_claims_are_refused);
  RUN(unknown_operators_may_be_claimed);
  RUN(loops_delegate_their_bodies);
  RUN(several_interpreters_on_one_model);
  RUN(refused_memory_is_an_error);
  DONE();
}
