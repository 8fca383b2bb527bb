/* test_tables.c: variables and hash tables of an interpreter, and handles that name neither. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "one_op.h"

typedef struct tables {
  build_subgraph b;
  build_model model;
  build_session session;
  lrt_error error;
} tables;

static lrt_status run_tables(tables *t) {
  build_subgraph *b = &t->b;
  CHECK_INT(build_finish(&t->model, &b, 1), LRT_OK);
  LRT_TRY(build_open(&t->model, NULL, &t->session, &t->error));
  return lrt_interpreter_invoke(t->session.it, 0, &t->error);
}

static void close_tables(tables *t) {
  build_close(&t->session);
  build_clear(&t->model);
}

/* Assigns [7,8] and reads it back; `type` is what the reader expects. */
static lrt_status variable_round(tables *t, lrt_type type, bool assigned, int32_t *out) {
  static const int32_t values[2] = {7, 8};
  const lrt_var_handle_options options = {NULL, "v"};
  memset(t, 0, sizeof *t);
  const int32_t handle = build_tensor(&t->b, LRT_RESOURCE, build_shape(1, 1));
  const int32_t value = build_constant(&t->b, LRT_INT32, build_shape(1, 2), values);
  *out = build_tensor(&t->b, type, build_shape(1, 2));
  build_node(&t->b, LRT_OP_VAR_HANDLE, &options, 0, &handle, 1, &handle);
  if (assigned) build_node(&t->b, LRT_OP_ASSIGN_VARIABLE, NULL, 2, (int32_t[]){handle, value}, 0, &handle);
  build_node(&t->b, LRT_OP_READ_VARIABLE, NULL, 1, &handle, 1, out);
  build_output(&t->b, *out);
  return run_tables(t);
}

static void test_variable(void) {
  tables t;
  int32_t out;
  CHECK_INT(variable_round(&t, LRT_INT32, true, &out), LRT_OK);
  const lrt_tensor_view view = build_view(&t.session, out);
  CHECK_INT(view.bytes, 8);
  CHECK(view.bytes == 8 && ((const int32_t *)view.data)[1] == 8);
  close_tables(&t);
  CHECK(variable_round(&t, LRT_FLOAT32, true, &out) != LRT_OK);
  close_tables(&t);
  CHECK(variable_round(&t, LRT_INT32, false, &out) != LRT_OK);
  close_tables(&t);
}

/* Strings "a", "b" and their numbers; looks "b", "a" up by string or 20, 30 by number. */
static const int32_t letters[5] = {2, 16, 17, 18, 'a' | 'b' << 8}, question[4] = {1, 12, 13, '?'};
static const int64_t numbers[2] = {10, 20}, wanted[2] = {20, 30}, minus[1] = {-1};

static int32_t string_constant(build_subgraph *b, int count, const int32_t *table, uint64_t bytes) {
  const int32_t i = build_constant(b, LRT_STRING, build_shape(1, count), table);
  b->tensors[i].bytes = bytes;
  return i;
}

static lrt_status table_round(tables *t, bool by_string, bool imported, int32_t *out) {
  memset(t, 0, sizeof *t);
  build_subgraph *b = &t->b;
  const lrt_hashtable_options options = {3, by_string ? LRT_STRING : LRT_INT64,
                                         by_string ? LRT_INT64 : LRT_STRING};
  const int32_t handle = build_tensor(b, LRT_RESOURCE, build_shape(1, 1));
  const int32_t text = string_constant(b, 2, letters, 18);
  const int32_t number = build_constant(b, LRT_INT64, build_shape(1, 2), numbers);
  const int32_t keys = by_string ? text : build_constant(b, LRT_INT64, build_shape(1, 2), wanted);
  const int32_t dflt = by_string ? build_constant(b, LRT_INT64, build_shape(1, 1), minus)
                                 : string_constant(b, 1, question, 13);
  *out = build_tensor(b, by_string ? LRT_INT64 : LRT_STRING, build_shape(1, 2));
  build_node(b, LRT_OP_HASHTABLE, &options, 0, &handle, 1, &handle);
  const int32_t import[] = {handle, by_string ? text : number, by_string ? number : text};
  if (imported) build_node(b, LRT_OP_HASHTABLE_IMPORT, NULL, 3, import, 0, &handle);
  build_node(b, LRT_OP_HASHTABLE_FIND, NULL, 3, (int32_t[]){handle, keys, dflt}, 1, out);
  const int32_t size = build_tensor(b, LRT_INT64, build_shape(1, 1));
  build_node(b, LRT_OP_HASHTABLE_SIZE, NULL, 1, &handle, 1, &size);
  build_output(b, *out);
  build_output(b, size);
  return run_tables(t);
}

static void test_table(void) {
  tables t;
  int32_t out;
  CHECK_INT(table_round(&t, true, true, &out), LRT_OK);
  lrt_tensor_view view = build_view(&t.session, out);
  CHECK(view.bytes == 16 && ((const int64_t *)view.data)[0] == 10 && ((const int64_t *)view.data)[1] == 20);
  view = build_view(&t.session, out + 1);
  CHECK(view.bytes == 8 && *(const int64_t *)view.data == 2);
  close_tables(&t);
  CHECK_INT(table_round(&t, false, true, &out), LRT_OK);
  view = build_view(&t.session, out);
  CHECK(view.bytes == 18 && memcmp((const char *)view.data + 16, "b?", 2) == 0);
  close_tables(&t);
  CHECK(table_round(&t, true, false, &out) != LRT_OK);
  close_tables(&t);
}

/* Strings that nobody set: a variable tensor keeps none. */
static void test_unset_strings(void) {
  const lrt_hashtable_options options = {3, LRT_INT64, LRT_STRING};
  tables t;
  memset(&t, 0, sizeof t);
  build_subgraph *b = &t.b;
  const int32_t handle = build_tensor(b, LRT_RESOURCE, build_shape(1, 1));
  const int32_t number = build_constant(b, LRT_INT64, build_shape(1, 2), numbers);
  const int32_t text = build_tensor(b, LRT_STRING, build_shape(1, 2));
  const int32_t out = build_tensor(b, LRT_STRING, build_shape(1, 2));
  b->tensors[text].is_variable = true;
  build_node(b, LRT_OP_HASHTABLE, &options, 0, &handle, 1, &handle);
  build_node(b, LRT_OP_HASHTABLE_IMPORT, NULL, 3, (int32_t[]){handle, number, text}, 0, &handle);
  build_node(b, LRT_OP_HASHTABLE_FIND, NULL, 3,
             (int32_t[]){handle, number, string_constant(b, 1, question, 13)}, 1, &out);
  build_output(b, out);
  CHECK_INT(run_tables(&t), LRT_RUN_FAILED);
  close_tables(&t);
}

/* A constant handle may name anything. */
static void test_forged_handle(void) {
  static const int32_t ids[] = {-1, 0, 5, INT32_MAX};
  for (int i = 0; i < 4; i++) {
    tables t;
    memset(&t, 0, sizeof t);
    const int32_t handle = build_constant(&t.b, LRT_INT32, build_shape(1, 1), &ids[i]);
    const int32_t out = build_tensor(&t.b, LRT_INT32, build_shape(1, 1));
    build_node(&t.b, LRT_OP_READ_VARIABLE, NULL, 1, &handle, 1, &out);
    build_output(&t.b, out);
    CHECK(run_tables(&t) != LRT_OK);
    close_tables(&t);
  }
}

static void test_lookup(void) {
  const one_operand in[] = {ONE_I32(7, 3, 2),
                            ONE_I32(2, 7),
                            {.type = LRT_INT32, .shape = {2, {2, 2}}, .data = (int32_t[]){1, 2, 3, 4}}};
  const one_operand out[] = {{.type = LRT_INT32}, {.type = LRT_UINT8}};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_HASHTABLE_LOOKUP, NULL, in, 3, out, 2), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(2, 3, 2), (int32_t[]){3, 4, 0, 0, 1, 2}));
  CHECK(one_op_gave(&o, 1, build_shape(1, 3), (uint8_t[]){1, 0, 1}));
  one_op_close(&o);
}

/* Two weighted rows fall into bucket 0, one into bucket 2. */
static void test_sparse_embedding(void) {
  const lrt_embedding_lookup_sparse_options mean = {1}, unknown = {3};
  const float values[4] = {1, 2, 3, 4}, weights[3] = {1, 3, 2};
  const one_operand pairs = {.type = LRT_INT32, .shape = {2, {3, 2}}, .data = (int32_t[]){0, 0, 0, 1, 2, 0}};
  const one_operand far = {.type = LRT_INT32, .shape = {2, {3, 2}}, .data = (int32_t[]){0, 0, 0, 1, 3, 0}};
  const one_operand w = {.type = LRT_FLOAT32, .shape = {1, {3}}, .data = weights};
  const one_operand v = {.type = LRT_FLOAT32, .shape = {2, {2, 2}}, .data = values};
  const one_operand in[] = {ONE_I32(0, 1, 1), pairs, ONE_I32(3, 2), w, v},
                    out[] = {ONE_I32(0, 1, 1), far, ONE_I32(3, 2), w, v};
  const one_operand ids[] = {ONE_I32(0, 2, 1), pairs, ONE_I32(3, 2), w, v};
  const int32_t code = LRT_OP_EMBEDDING_LOOKUP_SPARSE;
  one_op_expect(LRT_FLOAT32, code, &mean, in, 5, build_shape(2, 3, 2), (float[]){2.5f, 3.5f, 0, 0, 3, 4});
  one_op_expect(LRT_FLOAT32, code, &unknown, in, 5, ONE_OP_REFUSED, NULL);
  one_op_expect(LRT_FLOAT32, code, &mean, out, 5, ONE_OP_REFUSED, NULL);
  one_op_expect(LRT_FLOAT32, code, &mean, ids, 5, ONE_OP_REFUSED, NULL);
}

int main(int argc, char **argv) {
  RUN(test_variable);
  RUN(test_table);
  RUN(test_unset_strings);
  RUN(test_forged_handle);
  RUN(test_lookup);
  RUN(test_sparse_embedding);
  DONE();
}
