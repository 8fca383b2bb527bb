/* test_zip_cases.c: archives of generated models with TensorFlow's inputs and outputs as text, in both modes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "conformance.h"
#include "formats/zip.h"

/* Each NAME.bin has a NAME.inputs of lines "test_cases,1" "inputs,N", N times "name,…" "dtype,…" "shape,…" "values,…", and
 * the same for "outputs". Floats must agree to 1e-2, or 1e-4 where they are small; those that are dequantized last to
 * four steps (of 8 bits). */

enum { VALUES_MAX = 8, NAME_BYTES = 200 };

typedef struct text_value {
  char name[NAME_BYTES];
  lrt_shape shape;
  char *values;
  bool is_text;
} text_value;

typedef struct text_case {
  text_value in[VALUES_MAX], out[VALUES_MAX];
  int in_count, out_count;
} text_case;

static char *cut_line(char **at) {
  char *line = *at, *end = strchr(line, '\n');
  if (*line == '\0') return NULL;
  *at = end == NULL ? line + strlen(line) : end + 1;
  if (end != NULL) *end = '\0';
  return line;
}

static bool read_value(char **at, text_value *v) {
  char *name = cut_line(at), *type = cut_line(at), *shape = cut_line(at), *values = cut_line(at);
  if (values == NULL || strncmp(name, "name,", 5) != 0 || strncmp(values, "values,", 7) != 0) return false;
  snprintf(v->name, sizeof v->name, "%s", name + 5);
  v->is_text = strchr(type, 'S') != NULL || strstr(type, "object") != NULL;
  v->values = values + 7;
  for (char *p = shape + 6; *p != '\0' && v->shape.rank < LRT_MAX_RANK; p += strspn(p, ","))
    v->shape.dims[v->shape.rank++] = (int32_t)strtol(p, &p, 10);
  return true;
}

static bool read_list(char **at, const char *head, text_value *list, int *count) {
  const char *line = cut_line(at);
  if (line == NULL || strncmp(line, head, strlen(head)) != 0) return false;
  *count = atoi(line + strlen(head));
  if (*count < 0 || *count > VALUES_MAX) return false;
  for (int i = 0; i < *count; i++)
    if (!read_value(at, &list[i])) return false;
  return true;
}

static bool read_case(char *text, text_case *c) {
  memset(c, 0, sizeof *c);
  const char *first = cut_line(&text);
  return first != NULL && strcmp(first, "test_cases,1") == 0 &&
         read_list(&text, "inputs,", c->in, &c->in_count) &&
         read_list(&text, "outputs,", c->out, &c->out_count);
}

/* A tensor "input:0" is called "input" in some archives. */
static bool is_named(const session *s, int32_t tensor, const char *name) {
  lrt_tensor_info info;
  const size_t length = strlen(name);
  if (lrt_model_tensor(s->model, 0, tensor, &info) != LRT_OK || strncmp(info.name, name, length) != 0)
    return false;
  return info.name[length] == '\0' || info.name[length] == ':';
}

/* The stored value of a tensor; where names do not help, the one at its place. */
static text_value *value_of(const session *s, int32_t tensor, text_value *list, int count, int place) {
  for (int i = 0; i < count; i++)
    if (is_named(s, tensor, list[i].name)) return &list[i];
  return place < count ? &list[place] : NULL;
}

static double next_number(char **at) {
  const double value = strncmp(*at, "True", 4) == 0 ? 1 : strtod(*at, NULL);
  *at += strcspn(*at, ",");
  *at += **at == ',';
  return value;
}

static void store(const lrt_tensor_view *view, int64_t i, double value) {
  switch (view->type) {
  case LRT_FLOAT32: ((float *)view->data)[i] = (float)value; return;
  case LRT_INT32: ((int32_t *)view->data)[i] = (int32_t)value; return;
  case LRT_INT64: ((int64_t *)view->data)[i] = (int64_t)value; return;
  case LRT_INT16: ((int16_t *)view->data)[i] = (int16_t)value; return;
  default: ((uint8_t *)view->data)[i] = (uint8_t)(int)value;
  }
}

static lrt_status run_session(session *s, text_case *c, lrt_error *err) {
  for (int32_t i = 0; i < s->graph.input_count; i++) {
    const text_value *v = value_of(s, s->graph.inputs[i], c->in, c->in_count, i);
    if (v == NULL) return LRT_NOT_FOUND;
    const lrt_status status = lrt_interpreter_resize_input(s->it, 0, s->graph.inputs[i], &v->shape, 0, err);
    if (status != LRT_OK) return status;
  }
  lrt_status status = lrt_interpreter_allocate(s->it, 0, err);
  for (int32_t i = 0; status == LRT_OK && i < s->graph.input_count; i++) {
    lrt_tensor_view view;
    status = lrt_interpreter_tensor(s->it, 0, s->graph.inputs[i], &view, err);
    char *at = value_of(s, s->graph.inputs[i], c->in, c->in_count, i)->values;
    for (int64_t k = 0; status == LRT_OK && k < lrt_shape_count(&view.shape); k++)
      store(&view, k, next_number(&at));
  }
  return status == LRT_OK ? lrt_interpreter_invoke(s->it, 0, err) : status;
}

/* Four steps of the quantized tensor that the output is made from; 0 where it is not. */
static double four_steps(const session *s, int32_t output) {
  lrt_node_info node;
  lrt_tensor_info info;
  for (int32_t i = 0; lrt_model_node(s->model, 0, i, &node) == LRT_OK; i++) {
    if (node.output_count != 1 || node.outputs[0] != output || node.input_count < 1) continue;
    if (lrt_model_tensor(s->model, 0, node.inputs[0], &info) != LRT_OK ||
        info.quant.kind != LRT_QUANT_AFFINE || info.quant.count != 1)
      return 0;
    return 4 * (info.type == LRT_INT16 ? 255 : 1) * (double)info.quant.scale[0];
  }
  return 0;
}

static bool agrees(const lrt_tensor_view *view, const text_value *want, const char *name, double steps) {
  char *at = want->values;
  if (lrt_shape_count(&view->shape) != lrt_shape_count(&want->shape)) return false;
  for (int64_t i = 0; i < lrt_shape_count(&view->shape); i++) {
    const double expected = next_number(&at), actual = compare_at(view->type, view->data, i);
    const double allowed = !compare_is_float(view->type) ? 0
                           : fabs(expected) >= 1e-2      ? 1e-2 * fabs(expected)
                                                         : 1e-4;
    if (isnan(expected) && isnan(actual)) continue;
    if (!(fabs(actual - expected) <= (allowed > steps ? allowed : steps))) {
      printf("%s: element %lld is %g, stored is %g\n", name, (long long)i, actual, expected);
      return false;
    }
  }
  return true;
}

static int run_one(const uint8_t *model, size_t size, char *text, const char *name, lrt_mode mode) {
  const lrt_interpreter_options options = {.num_threads = 1, .mode = mode};
  text_case c;
  session s = {0};
  lrt_error err = {LRT_OK, ""};
  int verdict = VERDICT_OK;
  if (!read_case(text, &c)) return VERDICT_ERROR;
  for (int i = 0; i < c.in_count; i++)
    if (c.in[i].is_text) return VERDICT_SKIPPED;
  lrt_status status = lrt_model_open_memory(model, size, NULL, &s.model, &err);
  if (status == LRT_OK) status = lrt_interpreter_create(s.model, &options, &s.it, &err);
  if (status == LRT_OK) status = lrt_model_subgraph(s.model, 0, &s.graph);
  if (status == LRT_OK) status = run_session(&s, &c, &err);
  if (status != LRT_OK) {
    printf("%s: %s\n", name, err.message);
    verdict = VERDICT_ERROR;
  }
  for (int32_t o = 0; verdict == VERDICT_OK && o < s.graph.output_count; o++) {
    lrt_tensor_view view;
    lrt_interpreter_tensor(s.it, 0, s.graph.outputs[o], &view, NULL);
    const text_value *want = value_of(&s, s.graph.outputs[o], c.out, c.out_count, o);
    if (want == NULL || !agrees(&view, want, name, four_steps(&s, s.graph.outputs[o])))
      verdict = VERDICT_DIFFERS;
  }
  session_close(&s);
  return verdict;
}

static void run_archive(const char *path, tally *t) {
  lrt_arena arena;
  lrt_source *source;
  lrt_zip zip;
  lrt_arena_init(&arena, lrt_alloc_default());
  REQUIRE(lrt_source_open(path, LRT_SOURCE_MAP, lrt_alloc_default(), &source, NULL) == LRT_OK);
  REQUIRE(lrt_zip_open(source, &arena, &zip, NULL) == LRT_OK);
  for (size_t i = 0; i < zip.count; i++) {
    const lrt_zip_entry *model = &zip.entries[i];
    const size_t length = strlen(model->name);
    char name[600];
    if (length < 5 || strcmp(model->name + length - 4, ".bin") != 0 || !is_wanted(model->name)) continue;
    snprintf(name, sizeof name, "%.*s.inputs", (int)length - 4, model->name);
    const lrt_zip_entry *inputs = lrt_zip_find(&zip, name);
    REQUIRE(inputs != NULL);
    uint8_t *bytes = lrt_arena_get(&arena, (size_t)model->size + 1);
    char *text = lrt_arena_get(&arena, (size_t)inputs->size + 1),
         *copy = lrt_arena_get(&arena, (size_t)inputs->size + 1);
    CHECK(lrt_zip_read(&zip, model, bytes, NULL) == LRT_OK);
    CHECK(lrt_zip_read(&zip, inputs, (uint8_t *)text, NULL) == LRT_OK);
    for (int m = LRT_MODE_FAST; m <= LRT_MODE_REF; m++) {
      memcpy(copy, text, (size_t)inputs->size);
      count_verdict(t, run_one(bytes, (size_t)model->size, copy, model->name, (lrt_mode)m), model->name,
                    m == LRT_MODE_REF ? "ref" : "fast", LRT_TESTS_DIR "/conformance/cases.tsv");
    }
  }
  lrt_source_destroy(source);
  lrt_arena_clear(&arena);
}

int main(int argc, char **argv) {
  tally t = {0};
  char path[1200];
  DIR *dir = opendir(LRT_SHARED_DIR "/cases/zip");
  if (dir == NULL) SKIP("the cases of " LRT_SHARED_DIR " are not there");
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    if (strstr(entry->d_name, ".zip") == NULL || (argc > 1 && strstr(entry->d_name, argv[1]) == NULL))
      continue;
    snprintf(path, sizeof path, "%s/cases/zip/%s", LRT_SHARED_DIR, entry->d_name);
    run_archive(path, &t);
  }
  closedir(dir);
  printf("%d runs: %d agree, %d exceptions, %d skipped (strings), %d failed\n", t.run, t.passed, t.excepted,
         t.skipped, t.failed);
  check_failures += t.failed;
  DONE();
}
