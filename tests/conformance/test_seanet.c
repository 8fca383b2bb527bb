/* test_seanet.c: int16 models of a speech network with exact goldens: ref mode must give them, fast mode within 1 LSB. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "conformance.h"

/* Beside NAME.tflite stand NAME_inputK_TYPE.csv and NAME_golden_TYPE.csv: one line of numbers. */
enum { NUMBERS_MAX = 1 << 16, FOLDER_BYTES = 1200, STEM_BYTES = 1500, PATH_BYTES = 1600 };

static int32_t numbers[NUMBERS_MAX];

/* How many numbers the file holds; -1 where there is no such file of type int16, int32 or int8. */
static int read_numbers(const char *stem, const char *what) {
  static const char *const types[] = {"int16", "int32", "int8"};
  char path[PATH_BYTES];
  FILE *file = NULL;
  for (int i = 0; i < 3 && file == NULL; i++) {
    snprintf(path, sizeof path, "%s_%s_%s.csv", stem, what, types[i]);
    file = fopen(path, "r");
  }
  if (file == NULL) return -1;
  int count = 0;
  for (int value; count < NUMBERS_MAX && fscanf(file, "%d%*[,\n ]", &value) == 1;) numbers[count++] = value;
  fclose(file);
  return count;
}

static void fill(const lrt_tensor_view *view, int count) {
  for (int i = 0; i < count; i++) {
    if (view->type == LRT_INT32) ((int32_t *)view->data)[i] = numbers[i];
    if (view->type == LRT_INT16) ((int16_t *)view->data)[i] = (int16_t)numbers[i];
    if (view->type == LRT_INT8) ((int8_t *)view->data)[i] = (int8_t)numbers[i];
  }
}

static int compare(const lrt_tensor_view *view, int count, const char *name, lrt_mode mode) {
  const double allowed = mode == LRT_MODE_REF ? 0 : 1;
  if (lrt_shape_count(&view->shape) != count) return VERDICT_DIFFERS;
  for (int i = 0; i < count; i++) {
    const double actual = compare_at(view->type, view->data, i);
    if (fabs(actual - numbers[i]) <= allowed) continue;
    printf("%s: element %d is %g, stored is %d\n", name, i, actual, numbers[i]);
    return VERDICT_DIFFERS;
  }
  return VERDICT_OK;
}

static int run_one(const char *stem, const char *name, lrt_mode mode) {
  char path[PATH_BYTES], what[32];
  session s;
  lrt_error err = {LRT_OK, ""};
  snprintf(path, sizeof path, "%s.tflite", stem);
  lrt_status status = session_open(&s, path, mode, &err);
  if (status == LRT_OK) status = lrt_interpreter_allocate(s.it, 0, &err);
  for (int32_t i = 0; status == LRT_OK && i < s.graph.input_count; i++) {
    lrt_tensor_view view;
    snprintf(what, sizeof what, "input%d", i);
    const int count = read_numbers(stem, what);
    status = lrt_interpreter_tensor(s.it, 0, s.graph.inputs[i], &view, &err);
    if (status == LRT_OK && lrt_shape_count(&view.shape) != count) status = LRT_INVALID_ARGUMENT;
    if (status == LRT_OK) fill(&view, count);
  }
  if (status == LRT_OK) status = lrt_interpreter_invoke(s.it, 0, &err);
  int verdict = VERDICT_ERROR;
  if (status == LRT_OK) {
    lrt_tensor_view view;
    lrt_interpreter_tensor(s.it, 0, s.graph.outputs[0], &view, NULL);
    verdict = compare(&view, read_numbers(stem, "golden"), name, mode);
  } else {
    printf("%s: status %d, %s\n", name, (int)status, err.message);
  }
  session_close(&s);
  return verdict;
}

static void run_folder(const char *folder, tally *t) {
  DIR *dir = opendir(folder);
  if (dir == NULL) return;
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    const char *suffix = strstr(entry->d_name, ".tflite");
    char stem[STEM_BYTES];
    if (suffix == NULL || !is_wanted(entry->d_name)) continue;
    const int length = (int)(suffix - entry->d_name);
    snprintf(stem, sizeof stem, "%s/%.*s", folder, length, entry->d_name);
    for (int m = LRT_MODE_FAST; m <= LRT_MODE_REF; m++)
      count_verdict(t, run_one(stem, entry->d_name, (lrt_mode)m), entry->d_name,
                    m == LRT_MODE_REF ? "ref" : "fast", LRT_TESTS_DIR "/conformance/cases.tsv");
  }
  closedir(dir);
}

int main(void) {
  tally t = {0};
  char path[FOLDER_BYTES];
  DIR *dir = opendir(LRT_SHARED_DIR "/cases/seanet");
  if (dir == NULL) SKIP("the cases of " LRT_SHARED_DIR " are not there");
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/cases/seanet/%s", LRT_SHARED_DIR, entry->d_name);
    run_folder(path, &t);
  }
  closedir(dir);
  printf("%d runs: %d agree, %d exceptions, %d failed\n", t.run, t.passed, t.excepted, t.failed);
  check_failures = t.failed;
  DONE();
}
