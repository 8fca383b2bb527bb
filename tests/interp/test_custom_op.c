/* test_custom_op.c: registered operators: states, pieces, late shapes, refusals, and libraries of them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdlib.h>

#include "build_model.h"

/* What the functions below have seen. */
typedef struct record {
  int inits, frees;
  atomic_int prepares, evals;
} record;

static lrt_status count_init(void *cookie, const void *options, size_t bytes, void **state, lrt_error *err) {
  (void)err;
  ((record *)cookie)->inits++;
  if (bytes == 0) return LRT_INVALID_MODEL;
  int *runs = calloc(1, sizeof *runs);
  *state = runs;
  *runs = ((const uint8_t *)options)[0];
  return LRT_OK;
}

static void count_free(void *cookie, void *state) {
  ((record *)cookie)->frees++;
  free(state);
}

static lrt_status same_shape(lrt_op_call *call) {
  lrt_op_tensor x;
  atomic_fetch_add(&((record *)lrt_op_call_cookie(call))->prepares, 1);
  CHECK_INT(lrt_op_call_input(call, 0, &x), LRT_OK);
  CHECK(x.data == NULL && !x.is_constant && x.type == LRT_FLOAT32);
  return lrt_op_call_set_shape(call, 0, &x.shape, 0);
}

/* Adds the number of earlier runs of the node. */
static lrt_status add_runs(lrt_op_call *call, int64_t begin, int64_t end) {
  int *runs = lrt_op_call_state(call);
  lrt_op_tensor x, y;
  CHECK(begin == 0 && end == 1);
  CHECK_INT(lrt_op_call_input_count(call), 1);
  CHECK_INT(lrt_op_call_output_count(call), 1);
  CHECK(lrt_op_call_input(call, 1, &x) == LRT_NOT_FOUND && lrt_op_call_output(call, -1, &y) == LRT_NOT_FOUND);
  lrt_op_call_input(call, 0, &x);
  lrt_op_call_output(call, 0, &y);
  for (size_t i = 0; i < x.bytes / sizeof(float); i++)
    ((float *)y.data)[i] = ((const float *)x.data)[i] + (float)*runs;
  ++*runs;
  return LRT_OK;
}

/* Splits 100 pieces of one element each, through scratch and temporary memory. */
static lrt_status split_prepare(lrt_op_call *call) {
  const lrt_shape shape = {1, {100}};
  int32_t index = -1;
  CHECK_INT(lrt_op_call_temporary(call, 100 * sizeof(float), &index), LRT_OK);
  CHECK_INT(index, 0);
  CHECK(lrt_op_call_memory(call, 0) == NULL && lrt_op_call_scratch(call) == NULL);
  CHECK_INT(lrt_op_call_set_shape(call, 0, &shape, 0), LRT_OK);
  return lrt_op_call_split(call, 100, sizeof(float));
}

static lrt_status split_eval(lrt_op_call *call, int64_t begin, int64_t end) {
  float *shared = lrt_op_call_memory(call, 0), *own = lrt_op_call_scratch(call);
  lrt_op_tensor y;
  atomic_fetch_add(&((record *)lrt_op_call_cookie(call))->evals, 1);
  lrt_op_call_output(call, 0, &y);
  CHECK(lrt_op_call_memory(call, 1) == NULL);
  for (int64_t i = begin; i < end; i++) {
    *own = (float)i;
    shared[i] = *own * 2;
    ((float *)y.data)[i] = shared[i];
  }
  return LRT_OK;
}

/* As many ones as the first element of the input says: known in eval only. */
static lrt_status late_prepare(lrt_op_call *call) {
  return lrt_op_call_declare_late(call, 0);
}

static lrt_status late_eval(lrt_op_call *call, int64_t begin, int64_t end) {
  lrt_op_tensor x, y;
  (void)begin;
  (void)end;
  lrt_op_call_input(call, 0, &x);
  const int32_t count = (int32_t) * (const float *)x.data;
  if (count < 0) return LRT_OK; /* forgets its output */
  const lrt_shape shape = {1, {count}};
  const lrt_status status = lrt_op_call_set_shape(call, 0, &shape, 0);
  if (status != LRT_OK) return status;
  lrt_op_call_output(call, 0, &y);
  for (int32_t i = 0; i < count; i++) ((float *)y.data)[i] = 1;
  return LRT_OK;
}

/* Wants the contents of its input before it says a shape. */
static lrt_status need_prepare(lrt_op_call *call) {
  lrt_op_tensor x;
  const lrt_status status = lrt_op_call_need(call, 0);
  if (status != LRT_OK) return status;
  lrt_op_call_input(call, 0, &x);
  const lrt_shape shape = {1, {(int32_t) * (const float *)x.data}};
  return lrt_op_call_set_shape(call, 0, &shape, 0);
}

static lrt_status need_eval(lrt_op_call *call, int64_t begin, int64_t end) {
  lrt_op_tensor y;
  (void)begin;
  (void)end;
  lrt_op_call_output(call, 0, &y);
  for (size_t i = 0; i < y.bytes / sizeof(float); i++) ((float *)y.data)[i] = 3;
  return LRT_OK;
}

static lrt_status fail_eval(lrt_op_call *call, int64_t begin, int64_t end) {
  const int kind = (int)*(const uint8_t *)lrt_op_call_options(call, &(size_t){0});
  (void)begin;
  (void)end;
  if (kind == 1) return lrt_op_call_fail(call, LRT_RUN_FAILED, "number %d", 42);
  if (kind == 2) return LRT_UNSUPPORTED;
  return kind == 3 ? (lrt_status)100 : lrt_op_call_split(call, 2, 0);
}

typedef struct custom_run {
  build_subgraph b;
  build_model m;
  build_session s;
  lrt_op_set *set;
  lrt_error err;
} custom_run;

static lrt_custom_op op_of(const char *name, record *r, lrt_status (*prepare)(lrt_op_call *),
                           lrt_status (*eval)(lrt_op_call *, int64_t, int64_t)) {
  return (lrt_custom_op){
      .abi = LRT_CUSTOM_OP_ABI, .name = name, .cookie = r, .prepare = prepare, .eval = eval};
}

/* One node of `op` over a float input of three elements, opened with a set of that operator. */
static lrt_status open_custom(custom_run *r, const lrt_custom_op *op, uint8_t option, int threads) {
  static uint8_t options[1];
  memset(r, 0, sizeof *r);
  options[0] = option;
  build_subgraph *b = &r->b;
  const int32_t x = build_tensor(b, LRT_FLOAT32, build_shape(1, 3));
  const int32_t y = build_tensor(b, LRT_FLOAT32, build_shape(1, 3));
  lrt_node *node = build_node(b, LRT_OP_CUSTOM, NULL, 1, &x, 1, &y);
  node->custom_name = op->name;
  node->version = 2;
  node->custom_options = options;
  node->custom_options_size = 1;
  build_input(b, x), build_output(b, y);
  CHECK_INT(build_finish(&r->m, &b, 1), LRT_OK);
  CHECK_INT(lrt_op_set_create(&r->set, &r->err), LRT_OK);
  CHECK_INT(lrt_op_set_add(r->set, op, &r->err), LRT_OK);
  const lrt_interpreter_options settings = {.num_threads = threads, .operators = r->set};
  return build_open(&r->m, &settings, &r->s, &r->err);
}

static void close_custom(custom_run *r) {
  build_close(&r->s);
  build_clear(&r->m);
  lrt_op_set_destroy(r->set);
}

static lrt_status run_custom(custom_run *r, float first) {
  ((float *)build_view(&r->s, 0).data)[0] = first;
  return lrt_interpreter_invoke(r->s.it, 0, &r->err);
}

static void state_lives_with_the_interpreter(void) {
  record seen = {0};
  lrt_custom_op op = op_of("Counter", &seen, same_shape, add_runs);
  custom_run r;
  op.init = count_init;
  op.free = count_free;
  CHECK_INT(open_custom(&r, &op, 5, 1), LRT_OK);
  REQUIRE(r.s.it != NULL);
  for (int i = 0; i < 3; i++) {
    const lrt_shape shape = {1, {3 + i}}; /* planned anew: the state stays */
    CHECK_INT(lrt_interpreter_resize_input(r.s.it, 0, 0, &shape, 0, &r.err), LRT_OK);
    CHECK_INT(lrt_interpreter_allocate(r.s.it, 0, &r.err), LRT_OK);
    CHECK_INT(run_custom(&r, 10), LRT_OK);
    CHECK_NEAR(*(const float *)build_view(&r.s, 1).data, 15 + i, 0);
  }
  lrt_interpreter *other = NULL;
  const lrt_interpreter_options settings = {.operators = r.set};
  CHECK_INT(lrt_interpreter_create(r.s.model, &settings, &other, &r.err), LRT_OK);
  CHECK_INT(lrt_interpreter_allocate(other, 0, &r.err), LRT_OK);
  CHECK(seen.inits == 2 && seen.frees == 0);
  lrt_interpreter_destroy(other);
  CHECK_INT(lrt_op_set_add(r.set, &op, &r.err), LRT_WRONG_STATE);
  close_custom(&r);
  CHECK(seen.inits == 2 && seen.frees == 2);
}

static void pieces_go_to_all_workers(void) {
  for (int threads = 1; threads <= 3; threads++) {
    record seen = {0};
    const lrt_custom_op op = op_of("Pieces", &seen, split_prepare, split_eval);
    custom_run r;
    CHECK_INT(open_custom(&r, &op, 0, threads), LRT_OK);
    CHECK_INT(run_custom(&r, 0), LRT_OK);
    CHECK_INT(atomic_load(&seen.evals), threads);
    for (int i = 0; i < 100; i++) CHECK_NEAR(((const float *)build_view(&r.s, 1).data)[i], 2 * i, 0);
    close_custom(&r);
  }
}

static void shapes_may_come_late(void) {
  static lrt_status (*const prepares[])(lrt_op_call *) = {late_prepare, need_prepare};
  static lrt_status (*const evals[])(lrt_op_call *, int64_t, int64_t) = {late_eval, need_eval};
  for (int kind = 0; kind < 2; kind++) {
    record seen = {0};
    const lrt_custom_op op = op_of("Late", &seen, prepares[kind], evals[kind]);
    custom_run r;
    CHECK_INT(open_custom(&r, &op, 0, 2), LRT_OK);
    for (int count = 4; count >= 0; count -= 2) {
      CHECK_INT(run_custom(&r, (float)count), LRT_OK);
      const lrt_tensor_view y = build_view(&r.s, 1);
      CHECK(y.shape.rank == 1 && y.shape.dims[0] == count && y.bytes == (size_t)count * sizeof(float));
      if (count > 0) CHECK_NEAR(((const float *)y.data)[count - 1], kind == 0 ? 1 : 3, 0);
    }
    CHECK_INT(run_custom(&r, -1), kind == 0 ? LRT_RUN_FAILED : LRT_INVALID_MODEL);
    CHECK(strstr(r.err.message, kind == 0 ? "has not given output 0" : "output 0 would have") != NULL);
    close_custom(&r);
  }
}

static void failures_say_why(void) {
  static const struct {
    lrt_status status;
    const char *text;
  } cases[] = {
      {LRT_RUN_FAILED, "Fails (node 0): number 42"},
      {LRT_UNSUPPORTED, "Fails (node 0): eval failed: the operator, type or option is not supported"},
      {LRT_RUN_FAILED, "Fails (node 0): eval failed"},
      {LRT_WRONG_STATE, "Fails (node 0): asks in eval for what only prepare may"}};
  record seen = {0};
  const lrt_custom_op op = op_of("Fails", &seen, same_shape, fail_eval);
  for (int i = 0; i < 4; i++) {
    custom_run r;
    CHECK_INT(open_custom(&r, &op, (uint8_t)(i + 1), 1), LRT_OK);
    CHECK_INT(run_custom(&r, 0), cases[i].status);
    CHECK(strncmp(r.err.message, cases[i].text, strlen(cases[i].text)) == 0);
    close_custom(&r);
  }
}

static lrt_status forget_shape(lrt_op_call *call) {
  (void)call;
  return LRT_OK;
}

static lrt_status late_and_split(lrt_op_call *call) {
  return lrt_op_call_declare_late(call, 0) + lrt_op_call_split(call, 2, 0);
}

static void bad_preparations_are_refused(void) {
  static lrt_status (*const prepares[])(lrt_op_call *) = {forget_shape, late_and_split};
  for (int i = 0; i < 2; i++) {
    record seen = {0};
    const lrt_custom_op op = op_of("Bad", &seen, prepares[i], fail_eval);
    custom_run r;
    CHECK(open_custom(&r, &op, 0, 1) != LRT_OK);
    CHECK(strstr(r.err.message, "Bad (node 0)") != NULL);
    close_custom(&r);
  }
}

static void versions_choose(void) {
  record seen = {0};
  lrt_custom_op op = op_of("Mfcc", &seen, same_shape, need_eval); /* the library has one of that name, too */
  custom_run r;
  op.version_min = op.version_max = 2;
  CHECK_INT(open_custom(&r, &op, 0, 1), LRT_OK);
  CHECK_INT(run_custom(&r, 0), LRT_OK);
  close_custom(&r);
  op.version_max = 3;
  op.version_min = 3;
  CHECK(open_custom(&r, &op, 0, 1) != LRT_OK); /* the library's own, which wants two inputs */
  CHECK(strstr(r.err.message, "Mfcc (node 0): has 1 inputs") != NULL);
  close_custom(&r);
}

static void bad_registrations_are_refused(void) {
  record seen = {0};
  lrt_op_set *set = NULL;
  lrt_error err = {LRT_OK, ""};
  lrt_custom_op op = op_of("X", &seen, same_shape, NULL);
  CHECK_INT(lrt_op_set_create(&set, &err), LRT_OK);
  CHECK_INT(lrt_op_set_add(set, &op, &err), LRT_INVALID_ARGUMENT);
  op = op_of("", &seen, same_shape, add_runs);
  CHECK_INT(lrt_op_set_add(set, &op, &err), LRT_INVALID_ARGUMENT);
  op = op_of("X", &seen, same_shape, add_runs);
  op.abi = 7;
  CHECK_INT(lrt_op_set_add(set, &op, &err), LRT_INVALID_ARGUMENT);
  CHECK(strstr(err.message, "contract 7") != NULL);
  CHECK_INT(lrt_op_set_load(set, "./no/such/library.so", &err), LRT_NOT_FOUND);
  CHECK_INT(lrt_op_set_load(set, LRT_TESTS_DIR "/interp/test_custom_op.c", &err), LRT_IO);
  lrt_op_set_destroy(set);
  lrt_op_set_destroy(NULL);
}

/* All operators that nobody implements are named, each once, from all subgraphs. */
static void the_missing_are_named(void) {
  static const char *const names[] = {"FlexMulNoNan", "FlexMul", "Own", "FlexMul"};
  build_subgraph b[2];
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  memset(b, 0, sizeof b);
  memset(&m, 0, sizeof m);
  for (int g = 0; g < 2; g++) {
    int32_t last = build_tensor(&b[g], LRT_FLOAT32, build_shape(1, 3));
    build_input(&b[g], last);
    for (int i = 0; i < 2; i++) {
      const int32_t next = build_tensor(&b[g], LRT_FLOAT32, build_shape(1, 3));
      build_node(&b[g], LRT_OP_CUSTOM, NULL, 1, &last, 1, &next)->custom_name = names[2 * g + i];
      last = next;
    }
    build_output(&b[g], last);
  }
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b[0], &b[1]}, 2), LRT_OK);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_UNRESOLVED_OP);
  CHECK(strcmp(err.message,
               "the model needs operators that are not available: FlexMulNoNan, FlexMul, Own (Flex "
               "operators are TensorFlow operators)") == 0);
  lrt_node_info info;
  CHECK_INT(lrt_model_node(s.model, 0, 1, &info), LRT_OK);
  CHECK(strcmp(info.name, "FlexMul") == 0 && !info.is_supported && info.is_custom);
  build_close(&s);
  build_clear(&m);
}

int main(int argc, char **argv) {
  RUN(state_lives_with_the_interpreter);
  RUN(pieces_go_to_all_workers);
  RUN(shapes_may_come_late);
  RUN(failures_say_why);
  RUN(bad_preparations_are_refused);
  RUN(versions_choose);
  RUN(bad_registrations_are_refused);
  RUN(the_missing_are_named);
  DONE();
}
