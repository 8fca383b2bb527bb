/* test_op_rows.c: the rows of tests/ops/rows in both modes: every operator, version and form against stored results. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>

#include "../conformance/compare.h"
#include "base/fail.h"
#include "check.h"
#include "kernels/quantize/quantize.h"
#include "litert/interpreter.h"
#include "model/tflite_write.h"
#include "op_rows.h"

typedef struct opened {
  lrt_fb_builder builder;
  lrt_model *model;
  lrt_interpreter *it;
} opened;

static lrt_status open_row(opened *o, const row *r, lrt_mode mode, lrt_error *err) {
  const lrt_graph graph = {.description = "a row", .subgraph_count = r->graph_count, .subgraphs = r->graphs};
  const lrt_interpreter_options options = {.num_threads = 1, .mode = mode};
  const uint8_t *bytes;
  size_t size;
  memset(o, 0, sizeof *o);
  lrt_fb_builder_init(&o->builder, lrt_alloc_default());
  LRT_TRY(lrt_tflite_write(&graph, &o->builder, &bytes, &size, err));
  LRT_TRY(lrt_model_open_memory(bytes, size, NULL, &o->model, err));
  return lrt_interpreter_create(o->model, &options, &o->it, err);
}

static void close_row(opened *o) {
  lrt_interpreter_destroy(o->it);
  lrt_model_destroy(o->model);
  lrt_fb_builder_clear(&o->builder);
}

static lrt_status set_strings(lrt_interpreter *it, int32_t tensor, const row_value *v, lrt_error *err) {
  const char *text[256];
  size_t length[256];
  const int32_t *table = v->data, count = table[0];
  for (int32_t i = 0; i < count; i++) {
    text[i] = (const char *)v->data + table[i + 1];
    length[i] = (size_t)(table[i + 2] - table[i + 1]);
  }
  return lrt_interpreter_set_strings(it, 0, tensor, count, text, length, err);
}

static lrt_status feed(lrt_interpreter *it, const row *r, const row_run *run, lrt_error *err) {
  const int32_t *inputs = r->graphs[0].inputs;
  for (int i = 0; i < run->in_count; i++)
    LRT_TRY(lrt_interpreter_resize_input(it, 0, inputs[i], &run->in[i].shape, 0, err));
  LRT_TRY(lrt_interpreter_allocate(it, 0, err));
  for (int i = 0; i < run->in_count; i++) {
    const row_value *v = &run->in[i];
    lrt_tensor_view view;
    if (v->type == LRT_STRING) {
      LRT_TRY(set_strings(it, inputs[i], v, err));
      continue;
    }
    LRT_TRY(lrt_interpreter_tensor(it, 0, inputs[i], &view, err));
    if (view.bytes != v->bytes) return lrt_fail(err, LRT_INVALID_ARGUMENT, "input %d has another size", i);
    if (v->bytes > 0) memcpy(view.data, v->data, v->bytes);
  }
  return LRT_OK;
}

static bool same_shape(const lrt_shape *a, const lrt_shape *b) {
  for (int i = 0; i < a->rank && i < b->rank; i++)
    if (a->dims[i] != b->dims[i]) return false;
  return a->rank == b->rank;
}

/* Packed elements as bytes; the type they have then. */
static lrt_type unpack(lrt_type type, const void *data, int8_t *out, int64_t count) {
  lrt_unpack_bits(data, type, 0, out, count);
  return type == LRT_UINT4 ? LRT_UINT8 : LRT_INT8;
}

static double limit_of(lrt_type type, const char *allowed, double largest) {
  if (allowed[0] == '@') return strtod(allowed + 1, NULL);
  const double number = strtod(allowed, NULL);
  return compare_is_float(type) ? number * (largest + 1) : number >= 1 ? number : 0;
}

/* NULL, or what is wrong with a result. */
static const char *judge(const lrt_tensor_view *got, const row_value *want, const char *allowed) {
  static char text[200];
  static int8_t unpacked[2][4096];
  const int64_t count = lrt_shape_count(&want->shape);
  const void *a = got->data, *b = want->data;
  lrt_type type = want->type;
  if (got->type != want->type) return "another type";
  if (!same_shape(&got->shape, &want->shape)) return "another shape";
  if (got->bytes != want->bytes) return "another size";
  if (want->bytes == 0) return NULL;
  if (got->data == NULL) return "no memory";
  if (type == LRT_STRING) return memcmp(a, b, want->bytes) == 0 ? NULL : "other strings";
  if (lrt_type_bits(type) < 8) {
    if (count > 4096) return "more packed elements than this test takes";
    unpack(type, a, unpacked[0], count);
    type = unpack(type, b, unpacked[1], count);
    a = unpacked[0];
    b = unpacked[1];
  }
  const compare_result d = compare_tensors(type, a, b, count);
  const double limit = limit_of(type, allowed, d.largest);
  if (d.worst <= limit) return NULL;
  snprintf(text, sizeof text, "%g from the stored values, allowed %g", d.worst, limit);
  return text;
}

static bool run_row(const row *r, lrt_mode mode) {
  opened o;
  lrt_error err = {LRT_OK, ""};
  const char *wrong = NULL;
  lrt_status status = open_row(&o, r, mode, &err);
  for (int i = 0; i < r->run_count && status == LRT_OK && wrong == NULL; i++) {
    const row_run *run = &r->runs[i];
    status = feed(o.it, r, run, &err);
    if (status == LRT_OK) status = lrt_interpreter_invoke(o.it, 0, &err);
    for (int k = 0; k < run->out_count && status == LRT_OK && wrong == NULL; k++) {
      lrt_tensor_view view;
      status = lrt_interpreter_tensor(o.it, 0, r->graphs[0].outputs[k], &view, &err);
      if (status == LRT_OK) wrong = judge(&view, &run->out[k], mode == LRT_MODE_REF ? r->ref : r->fast);
    }
  }
  if (status != LRT_OK) wrong = err.message;
  if (wrong != NULL)
    fprintf(stderr, "%s, %s mode: %s\n", r->name, mode == LRT_MODE_REF ? "ref" : "fast", wrong);
  close_row(&o);
  return wrong == NULL;
}

static char *read_text(const char *path) {
  FILE *file = fopen(path, "rb");
  char *text = NULL;
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  const long size = ftell(file);
  rewind(file);
  if (size >= 0) text = malloc((size_t)size + 1);
  if (text != NULL) text[fread(text, 1, (size_t)size, file)] = '\0';
  fclose(file);
  return text;
}

static void run_file(const char *path, const char *only, int *rows) {
  static row r;
  char *text = read_text(path), *at = text;
  REQUIRE(text != NULL);
  lrt_arena_init(&r.arena, lrt_alloc_default());
  while (row_read(&r, &at)) {
    if (only == NULL || strstr(r.name, only) != NULL) {
      if (r.fault != NULL) fprintf(stderr, "%s: %s\n", r.name, r.fault);
      CHECK(r.fault == NULL);
      const bool ref = run_row(&r, LRT_MODE_REF), fast = run_row(&r, LRT_MODE_FAST);
      check_failures += !ref + !fast;
      ++*rows;
    }
    lrt_arena_clear(&r.arena);
  }
  lrt_arena_clear(&r.arena);
  free(text);
}

int main(int argc, char **argv) {
  char path[1200];
  int rows = 0;
  const char *folder = getenv("LRT_OP_ROWS") != NULL ? getenv("LRT_OP_ROWS") : LRT_TESTS_DIR "/ops/rows";
  DIR *dir = opendir(folder);
  CHECK(dir != NULL);
  for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
    if (strstr(entry->d_name, ".rows") == NULL) continue;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    run_file(path, argc > 1 ? argv[1] : NULL, &rows);
  }
  if (dir != NULL) closedir(dir);
  CHECK(rows > 0);
  printf("%d rows, %d failures\n", rows, check_failures);
  DONE();
}
