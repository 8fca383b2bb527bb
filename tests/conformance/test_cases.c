/* test_cases.c: one-operator models against stored outputs, in both modes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "conformance.h"

#define REF_FLOAT_TOLERANCE 1e-5
#define FAST_FLOAT_TOLERANCE 5e-5
/* Fast mode quantizes activations asymmetrically per row whatever the flag says, as XNNPACK does: of the range. */
#define FAST_HYBRID_TOLERANCE 2e-2

static int judge(const char *name, int output, lrt_mode mode, const lrt_tensor_view *actual,
                 const lrt_npy *expected, bool quantized) {
  if (actual->bytes != expected->bytes || (actual->data == NULL && actual->bytes > 0)) {
    printf("%s: output %d has %zu bytes, expected %zu\n", name, output, actual->bytes, expected->bytes);
    return VERDICT_DIFFERS;
  }
  const compare_result d =
      compare_tensors(actual->type, actual->data, expected->data, lrt_shape_count(&actual->shape));
  double allowed = mode == LRT_MODE_FAST && quantized ? 1 : 0;
  if (compare_is_float(actual->type)) {
    const bool hybrid = strstr(name, "hybrid") != NULL;
    const double relative = mode == LRT_MODE_REF ? REF_FLOAT_TOLERANCE
                            : hybrid             ? FAST_HYBRID_TOLERANCE
                                                 : FAST_FLOAT_TOLERANCE;
    allowed = relative * d.largest + relative;
  }
  if (d.worst <= allowed) return VERDICT_OK;
  printf("%s: output %d differs by %g, allowed %g\n", name, output, d.worst, allowed);
  return VERDICT_DIFFERS;
}

static bool is_quantized(const session *s, int32_t tensor) {
  lrt_tensor_info info;
  return lrt_model_tensor(s->model, 0, tensor, &info) == LRT_OK && info.quant.kind == LRT_QUANT_AFFINE;
}

static int run_case(const char *path, const char *name, lrt_mode mode) {
  char arrays[1200];
  session s;
  npz file;
  lrt_error err = {LRT_OK, ""};
  int verdict = VERDICT_OK;
  snprintf(arrays, sizeof arrays, "%s/cases/ops/%s.npz", LRT_SHARED_DIR, name);
  if (npz_open(&file, arrays, &err) != LRT_OK || session_open(&s, path, mode, &err) != LRT_OK) {
    printf("%s: %s\n", name, err.message);
    return VERDICT_ERROR;
  }
  const lrt_status status = session_run(&s, &file, "", &err);
  if (status == LRT_UNSUPPORTED && strstr(err.message, ".npy") != NULL)
    verdict = VERDICT_SKIPPED;
  else if (status != LRT_OK) {
    printf("%s: %s\n", name, err.message);
    verdict = VERDICT_ERROR;
  }
  for (int32_t o = 0; verdict == VERDICT_OK && o < s.graph.output_count; o++) {
    char key[32];
    lrt_npy expected;
    lrt_tensor_view actual;
    snprintf(key, sizeof key, "out%d", o);
    if (npz_get(&file, key, &expected, &err) != LRT_OK) {
      verdict = VERDICT_SKIPPED;
      break;
    }
    lrt_interpreter_tensor(s.it, 0, s.graph.outputs[o], &actual, NULL);
    verdict = judge(name, o, mode, &actual, &expected, is_quantized(&s, s.graph.outputs[o]));
  }
  session_close(&s);
  npz_close(&file);
  return verdict;
}

int main(int argc, char **argv) {
  tally t = {0};
  char path[1200], name[256];
  const char *only = argc > 1 ? argv[1] : NULL;
  DIR *dir = opendir(LRT_SHARED_DIR "/cases/ops");
  if (dir == NULL) SKIP("the cases of " LRT_SHARED_DIR " are not there");
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    const char *suffix = strstr(entry->d_name, ".tflite");
    if (suffix == NULL || (only != NULL && strstr(entry->d_name, only) == NULL)) continue;
    if (only == NULL && is_left_out(entry->d_name)) continue;
    snprintf(path, sizeof path, "%s/cases/ops/%s", LRT_SHARED_DIR, entry->d_name);
    snprintf(name, sizeof name, "%.*s", (int)(suffix - entry->d_name), entry->d_name);
    if (!is_wanted(name)) continue;
    for (int m = LRT_MODE_FAST; m <= LRT_MODE_REF; m++)
      count_verdict(&t, in_child(run_case, path, name, (lrt_mode)m), name, m == LRT_MODE_REF ? "ref" : "fast",
                    LRT_TESTS_DIR "/conformance/cases.tsv");
  }
  closedir(dir);
  printf("%d runs: %d agree, %d exceptions, %d skipped (arrays that numpy pickles), %d failed\n", t.run,
         t.passed, t.excepted, t.skipped, t.failed);
  check_failures = t.failed;
  DONE();
}
