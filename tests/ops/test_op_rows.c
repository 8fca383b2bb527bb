/* test_op_rows.c: the rows of tests/ops/rows in both modes, and the proof that opset/forms.def says what they prove. */
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

/* What passing rows prove of each builtin operator. */
static struct proof {
  char forms[200][48];
  int count;
  bool versions[32];
} proofs[LRT_OP_CODE_COUNT];

/* Every type that a form names must be the type of a tensor of the model, quantized where it says so. */
static bool form_is_true(const row *r) {
  char form[120];
  char *save = NULL;
  snprintf(form, sizeof form, "%s", r->form);
  for (char *word = strtok_r(form, "*>,:", &save); word != NULL; word = strtok_r(NULL, "*>,:", &save)) {
    const size_t length = strlen(word);
    const bool quantized = row_type(word) == LRT_TYPE_COUNT && length > 1 && word[length - 1] == 'q';
    if (quantized) word[length - 1] = '\0';
    const lrt_type type = row_type(word);
    bool found = type == LRT_TYPE_COUNT; /* "channel", "sparse": other details */
    for (int g = 0; g < r->graph_count; g++)
      for (int t = 0; t < r->graphs[g].tensor_count; t++)
        found |=
            r->tensors[g][t].type == type && (!quantized || r->tensors[g][t].quant.kind != LRT_QUANT_NONE);
    if (!found) return false;
  }
  return true;
}

static bool has_node(const row *r, int32_t code) {
  for (int g = 0; g < r->graph_count; g++)
    for (int n = 0; n < r->graphs[g].node_count; n++)
      if (r->nodes[g][n].code == code) return true;
  return false;
}

static void note_proof(const row *r) {
  const lrt_op_info *info = row_operator(r->op);
  if (info == NULL) return;
  struct proof *p = &proofs[info->code];
  CHECK(has_node(r, info->code) && form_is_true(r));
  CHECK(r->version >= info->version_min && r->version <= info->version_max);
  p->versions[r->version % 32] = true;
  for (int i = 0; i < p->count; i++)
    if (strcmp(p->forms[i], r->form) == 0) return;
  const size_t length = strlen(r->form);
  REQUIRE(p->count < 200 && length < sizeof p->forms[0]);
  memcpy(p->forms[p->count++], r->form, length + 1);
}

static int by_text(const void *a, const void *b) {
  return strcmp(a, b);
}

static void join_forms(struct proof *p, char *out, size_t size) {
  size_t used = 0;
  out[0] = '\0';
  qsort(p->forms, (size_t)p->count, sizeof p->forms[0], by_text);
  for (int i = 0; i < p->count; i++)
    used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? " " : "", p->forms[i]);
}

/* Every operator that runs has a passing row for each of its versions, and the table lists just the forms that passed. */
static void check_proofs(void) {
  static char forms[8192];
  for (int32_t code = 0; code < LRT_OP_CODE_COUNT; code++) {
    const lrt_op_info *info = lrt_op_info_of(code);
    if (info == NULL || info->version_max == 0) continue;
    join_forms(&proofs[code], forms, sizeof forms);
    if (strcmp(forms, lrt_op_forms_of(code)) != 0) {
      check_failures++;
      fprintf(stderr, "%s: the rows prove \"%s\", opset/forms.def says \"%s\"\n", info->name, forms,
              lrt_op_forms_of(code));
    }
    for (int v = info->version_min; v <= info->version_max; v++)
      if (!proofs[code].versions[v]) {
        check_failures++;
        fprintf(stderr, "%s: no row has version %d\n", info->name, v);
      }
  }
}

/* The lines of opset/forms.def. */
static void print_forms(void) {
  printf(
      "/* forms.def: operand types of every builtin operator, as the rows of tests/ops/rows prove them. */\n"
      "/* SPDX-License-Identifier: Apache-2.0 */\n"
      "/* FORMS(NAME, \"form form …\"): written by `test_op_rows --forms`; the test fails where it says "
      "another thing. */"
      "\n\n");
  for (int32_t code = 0; code < LRT_OP_CODE_COUNT; code++) {
    struct proof *p = &proofs[code];
    if (p->count == 0) continue;
    qsort(p->forms, (size_t)p->count, sizeof p->forms[0], by_text);
    int column = printf("FORMS(%s, \"", lrt_op_info_of(code)->name);
    for (int i = 0; i < p->count; i++) {
      if (column + (int)strlen(p->forms[i]) > 104) column = printf("\"\n      \"") - 2;
      column += printf("%s%s", p->forms[i], i + 1 < p->count ? " " : "");
    }
    printf("\")\n");
  }
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
      if (ref && fast) note_proof(&r);
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
  const bool print = argc > 1 && strcmp(argv[1], "--forms") == 0;
  const char *folder = getenv("LRT_OP_ROWS") != NULL ? getenv("LRT_OP_ROWS") : LRT_TESTS_DIR "/ops/rows";
  DIR *dir = opendir(folder);
  CHECK(dir != NULL);
  for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
    if (strstr(entry->d_name, ".rows") == NULL) continue;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    run_file(path, argc > 1 && !print ? argv[1] : NULL, &rows);
  }
  if (dir != NULL) closedir(dir);
  if (print) {
    print_forms();
    return 0;
  }
  if (argc < 2) check_proofs();
  CHECK(rows > 0);
  printf("%d rows, %d failures\n", rows, check_failures);
  DONE();
}
