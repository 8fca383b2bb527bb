/* test_models.c: real models against stored outputs of the peer's three resolvers, in both modes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "conformance.h"

/* Relative to the largest output. Float nets differ by the order of their sums; where only one resolver runs a model,
 * nobody knows how much of that is usual. Dynamic-range nets quantize activations, by rules that differ. */
#define FLOAT_TOLERANCE 2e-5
#define SINGLE_TOLERANCE 1e-3
#define DYNAMIC_TOLERANCE 4e-2 /* the resolvers themselves are up to 0.4 apart on such nets */
#define INT16_TOLERANCE 2e-4   /* a few steps of an int16 result that the net turns into floats */

static const char *const resolvers[3] = {"ref", "blt", "xnn"};

/* Stored outputs of one tensor by resolver; data NULL where a resolver refused the model. */
static void load_expected(npz *file, const char *prefix, int output, lrt_npy expected[3]) {
  char key[64];
  for (int r = 0; r < 3; r++) {
    memset(&expected[r], 0, sizeof expected[r]);
    snprintf(key, sizeof key, "%s%s%d", prefix, resolvers[r], output);
    npz_get(file, key, &expected[r], NULL);
  }
}

/* How far the peer's own resolvers are apart. */
static double spread_of(const lrt_npy expected[3]) {
  double spread = 0;
  for (int a = 0; a < 3; a++)
    for (int b = a + 1; b < 3; b++) {
      if (expected[a].data == NULL || expected[b].data == NULL) continue;
      const compare_result r = compare_tensors(expected[a].type, expected[a].data, expected[b].data,
                                               lrt_shape_count(&expected[a].shape));
      if (r.worst > spread) spread = r.worst;
    }
  return spread;
}

static double float_tolerance(const char *name, lrt_mode mode, const lrt_npy expected[3]) {
  int resolvers_known = 0;
  for (int r = 0; r < 3; r++) resolvers_known += expected[r].data != NULL;
  if (mode == LRT_MODE_REF) return resolvers_known == 1 ? SINGLE_TOLERANCE : FLOAT_TOLERANCE;
  if (strstr(name, "drq") != NULL || strstr(name, "dynamic_w") != NULL) return DYNAMIC_TOLERANCE;
  if (strstr(name, "int16x8") != NULL) return INT16_TOLERANCE;
  return resolvers_known == 1 ? SINGLE_TOLERANCE : FLOAT_TOLERANCE;
}

static int judge(const char *name, const char *prefix, int output, lrt_mode mode,
                 const lrt_tensor_view *actual, const lrt_npy expected[3]) {
  const int first = expected[0].data != NULL ? 0 : expected[1].data != NULL ? 1 : 2;
  const bool is_float = compare_is_float(actual->type);
  const double spread = spread_of(expected);
  double best = INFINITY, allowed = 0;
  for (int r = first; r < 3; r++) {
    if (expected[r].data == NULL || (mode == LRT_MODE_REF && r != first)) continue;
    if (actual->bytes != expected[r].bytes || actual->data == NULL) {
      printf("%s: output %d%s has %zu bytes, expected %zu\n", name, output, prefix, actual->bytes,
             expected[r].bytes);
      return VERDICT_DIFFERS;
    }
    const compare_result d =
        compare_tensors(actual->type, actual->data, expected[r].data, lrt_shape_count(&actual->shape));
    const double floor =
        is_float ? float_tolerance(name, mode, expected) * d.largest + 1e-6 : (mode == LRT_MODE_REF ? 0 : 1);
    double limit = floor;
    if ((mode == LRT_MODE_FAST || is_float) && 2 * spread > limit) limit = 2 * spread;
    if (d.worst < best || limit > allowed) {
      if (d.worst < best) best = d.worst;
      if (limit > allowed) allowed = limit;
    }
  }
  if (best <= allowed) return VERDICT_OK;
  printf("%s: %soutput %d differs by %g, allowed %g\n", name, prefix, output, best, allowed);
  return VERDICT_DIFFERS;
}

static int run_golden(const char *path, const char *name, lrt_mode mode) {
  char golden[1200];
  session s;
  npz file;
  lrt_error err = {LRT_OK, ""};
  int verdict = VERDICT_OK;
  snprintf(golden, sizeof golden, "%s/cases/golden/%s.npz", LRT_SHARED_DIR, name);
  if (npz_open(&file, golden, &err) != LRT_OK || session_open(&s, path, mode, &err) != LRT_OK) {
    printf("%s: %s\n", name, err.message);
    return VERDICT_ERROR;
  }
  for (int set = 0; verdict == VERDICT_OK; set++) {
    char prefix[16];
    lrt_npy ignored;
    snprintf(prefix, sizeof prefix, "s%d_", set);
    char key[32];
    snprintf(key, sizeof key, "%sin0", prefix);
    if (npz_get(&file, key, &ignored, NULL) == LRT_NOT_FOUND) break;
    lrt_interpreter_reset_variables(s.it);
    if (session_run(&s, &file, prefix, &err) != LRT_OK) {
      printf("%s: %s\n", name, err.message);
      verdict = VERDICT_ERROR;
    }
    for (int32_t o = 0; verdict == VERDICT_OK && o < s.graph.output_count; o++) {
      lrt_npy expected[3];
      lrt_tensor_view actual;
      load_expected(&file, prefix, o, expected);
      lrt_interpreter_tensor(s.it, 0, s.graph.outputs[o], &actual, NULL);
      verdict = judge(name, prefix, o, mode, &actual, expected);
    }
  }
  session_close(&s);
  npz_close(&file);
  return verdict;
}

static lrt_status set_texts(session *s, int32_t tensor, int64_t count, lrt_error *err) {
  const char **text = calloc((size_t)count + 1, sizeof *text);
  size_t *length = calloc((size_t)count + 1, sizeof *length);
  for (int64_t k = 0; k < count; k++) text[k] = "text", length[k] = 4;
  const lrt_status status = lrt_interpreter_set_strings(s->it, 0, tensor, (int32_t)count, text, length, err);
  free(text);
  free(length);
  return status;
}

/* Models without stored outputs: those that the peer runs must run. */
static int run_blind(const char *path, const char *name, lrt_mode mode) {
  session s;
  lrt_error err = {LRT_OK, ""};
  lrt_status status = session_open(&s, path, mode, &err);
  if (status == LRT_OK) status = lrt_interpreter_allocate(s.it, 0, &err);
  for (int32_t i = 0; status == LRT_OK && i < s.graph.input_count; i++) {
    lrt_tensor_view view;
    lrt_interpreter_tensor(s.it, 0, s.graph.inputs[i], &view, NULL);
    if (view.type == LRT_STRING) {
      status = set_texts(&s, s.graph.inputs[i], lrt_shape_count(&view.shape), &err);
    } else if (view.bytes > 0) {
      memset(view.data, 0, view.bytes);
    }
  }
  if (status == LRT_OK) status = lrt_interpreter_invoke(s.it, 0, &err);
  if (status != LRT_OK) printf("%s: %s\n", name, err.message);
  const bool explained = status == LRT_OK || strlen(err.message) > 0;
  session_close(&s);
  return status == LRT_OK ? VERDICT_OK : explained ? VERDICT_ERROR : VERDICT_DIFFERS;
}

/* What no_golden.tsv says about a model: 'r' runs, 'x' is refused, 0 not listed. */
static int listed_as(const char *name) {
  char line[1000];
  int found = 0;
  FILE *table = fopen(LRT_SHARED_DIR "/models/no_golden.tsv", "r");
  while (table != NULL && fgets(line, sizeof line, table) != NULL) {
    char *first = strtok(line, "\t"), *second = strtok(NULL, "\t");
    if (first != NULL && second != NULL && strcmp(first, name) == 0)
      found = strncmp(second, "runs", 4) == 0 ? 'r' : 'x';
  }
  if (table != NULL) fclose(table);
  return found;
}

static bool exists(const char *format, const char *name) {
  char path[1200];
  snprintf(path, sizeof path, format, LRT_SHARED_DIR, name);
  return access(path, R_OK) == 0;
}

static void run_folder(const char *folder, tally *golden, tally *blind, const char *only) {
  char path[1200];
  DIR *dir = opendir(folder);
  for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
    const char *name = entry->d_name;
    if (name[0] == '.' || (only != NULL && strstr(name, only) == NULL)) continue;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (only == NULL && is_left_out(name)) continue;
    if (is_too_large(path)) {
      printf("skipped %s: too large for a sanitized build\n", name);
      continue;
    }
    for (int m = LRT_MODE_FAST; m <= LRT_MODE_REF; m++) {
      const char *mode = m == LRT_MODE_REF ? "ref" : "fast";
      if (exists("%s/cases/golden/%s.npz", name))
        count_verdict(golden, in_child(run_golden, path, name, (lrt_mode)m), name, mode,
                      LRT_TESTS_DIR "/conformance/models.tsv");
      else if (listed_as(name) == 'r')
        count_verdict(blind, in_child(run_blind, path, name, (lrt_mode)m), name, mode,
                      LRT_TESTS_DIR "/conformance/models.tsv");
      else if (in_child(run_blind, path, name, (lrt_mode)m) == VERDICT_DIFFERS) {
        blind->failed++;
        printf("FAIL %s (%s): refused without a sentence\n", name, mode);
      }
    }
  }
  if (dir != NULL) closedir(dir);
}

int main(int argc, char **argv) {
  tally golden = {0}, blind = {0};
  const char *only = argc > 1 ? argv[1] : NULL;
  if (getenv("LRT_EMULATED") != NULL && getenv("LRT_FULL") == NULL)
    SKIP("whole models take too long under an emulator");
  if (access(LRT_SHARED_DIR "/models/tflite", R_OK) != 0)
    SKIP("the models of " LRT_SHARED_DIR " are not there");
  run_folder(LRT_SHARED_DIR "/models/tflite/real", &golden, &blind, only);
  run_folder(LRT_SHARED_DIR "/models/tflite/made", &golden, &blind, only);
  printf("with goldens: %d runs, %d agree, %d exceptions, %d failed\n", golden.run, golden.passed,
         golden.excepted, golden.failed);
  printf("without: %d runs, %d run, %d exceptions, %d failed\n", blind.run, blind.passed, blind.excepted,
         blind.failed);
  check_failures = golden.failed + blind.failed;
  DONE();
}
