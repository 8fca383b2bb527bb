/* test_tflite_c_api.c: TFLite's C API over built models: life of objects, errors, delegates, refused memory. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>

#include "build_model.h"
#include "tensorflow/lite/c/c_api.h"
#include "tensorflow/lite/c/c_api_experimental.h"
#include "tensorflow/lite/delegates/external/external_delegate.h"

static const lrt_add_options plain_add = {.pot_scale_int16 = 1};
static build_subgraph graph;
static char reported[600];

static void keep_report(void *user_data, const char *format, va_list args) {
  (void)user_data;
  vsnprintf(reported, sizeof reported, format, args);
}

/* y = -(x + x), [1,4] */
static void make_model(build_model *m) {
  memset(&graph, 0, sizeof graph);
  memset(m, 0, sizeof *m);
  int32_t t[3];
  for (int i = 0; i < 3; i++) t[i] = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 4));
  build_input(&graph, t[0]);
  build_node(&graph, LRT_OP_ADD, &plain_add, 2, (int32_t[]){t[0], t[0]}, 1, &t[1]);
  build_node(&graph, LRT_OP_NEG, NULL, 1, &t[1], 1, &t[2]);
  build_output(&graph, t[2]);
  CHECK_INT(build_finish(m, (build_subgraph *[]){&graph}, 1), LRT_OK);
}

/* An interpreter whose model and options are gone. */
static TfLiteInterpreter *make_interpreter(const build_model *m, TfLiteDelegate *delegate) {
  TfLiteModel *model = TfLiteModelCreate(m->bytes, m->size);
  TfLiteInterpreterOptions *options = TfLiteInterpreterOptionsCreate();
  TfLiteInterpreter *it = NULL;
  if (model != NULL && options != NULL) {
    TfLiteInterpreterOptionsSetErrorReporter(options, keep_report, NULL);
    TfLiteInterpreterOptionsEnableCancellation(options, true);
    TfLiteInterpreterOptionsAddDelegate(options, delegate);
    TfLiteInterpreterOptions *copy = TfLiteInterpreterOptionsCopy(options);
    it = copy != NULL ? TfLiteInterpreterCreate(model, copy) : NULL;
    TfLiteInterpreterOptionsDelete(copy);
  }
  TfLiteInterpreterOptionsDelete(options);
  TfLiteModelDelete(model);
  return it;
}

static void check_run(TfLiteInterpreter *it, int rows) {
  TfLiteTensor *x = TfLiteInterpreterGetInputTensor(it, 0);
  const TfLiteTensor *y = TfLiteInterpreterGetOutputTensor(it, 0);
  REQUIRE(x != NULL && y != NULL);
  CHECK_INT(TfLiteTensorByteSize(x), 16 * rows);
  float *in = TfLiteTensorData(x);
  REQUIRE(in != NULL);
  for (int i = 0; i < 4 * rows; i++) in[i] = (float)i;
  CHECK_INT(TfLiteInterpreterInvoke(it), kTfLiteOk);
  CHECK_INT(TfLiteTensorDim(y, 0), rows);
  for (int i = 0; i < 4 * rows; i++) CHECK_NEAR(y->data.f[i], -2.0f * (float)i, 0);
}

static void interpreters_outlive_models(void) {
  build_model m;
  make_model(&m);
  TfLiteInterpreter *it = make_interpreter(&m, NULL);
  REQUIRE(it != NULL);
  CHECK_INT(TfLiteInterpreterInvoke(it), kTfLiteError);
  CHECK(strcmp(reported, "Invoke called on model that is not ready.") == 0);
  CHECK_INT(TfLiteInterpreterAllocateTensors(it), kTfLiteOk);
  const TfLiteTensor *y = TfLiteInterpreterGetOutputTensor(it, 0);
  check_run(it, 1);
  for (int rows = 3; rows >= 1; rows--) {
    const int dims[2] = {rows, 4};
    CHECK_INT(TfLiteInterpreterResizeInputTensor(it, 0, dims, 2), kTfLiteOk);
    CHECK_INT(TfLiteInterpreterAllocateTensors(it), kTfLiteOk);
    check_run(it, rows);
    CHECK(TfLiteInterpreterGetOutputTensor(it, 0) == y);
  }
  TfLiteInterpreterDelete(it);
  build_clear(&m);
}

static void bad_calls_are_errors(void) {
  build_model m;
  const int dims[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, negative[2] = {-1, 4};
  float values[8] = {0};
  make_model(&m);
  CHECK(TfLiteModelCreateWithErrorReporter("garbage", 7, keep_report, NULL) == NULL);
  CHECK(strlen(reported) > 0);
  CHECK(TfLiteModelCreateFromFileWithErrorReporter("/no/such/model", keep_report, NULL) == NULL);
  CHECK(strstr(reported, "/no/such/model") != NULL);
  CHECK(TfLiteModelCreateFromFileWithErrorReporter(NULL, keep_report, NULL) == NULL);
  CHECK(TfLiteInterpreterCreate(NULL, NULL) == NULL);
  TfLiteInterpreter *it = make_interpreter(&m, NULL);
  REQUIRE(it != NULL);
  CHECK(TfLiteInterpreterGetInputTensor(it, 1) == NULL && TfLiteInterpreterGetInputTensor(it, -1) == NULL);
  CHECK(TfLiteInterpreterGetOutputTensor(it, 1) == NULL && TfLiteInterpreterGetTensor(it, 3) == NULL);
  CHECK_INT(TfLiteInterpreterGetInputTensorIndex(it, 9), -1);
  CHECK_INT(TfLiteInterpreterGetOutputTensorIndex(it, 0), 2);
  CHECK_INT(TfLiteInterpreterResizeInputTensor(it, 0, dims, 9), kTfLiteError);
  CHECK_INT(TfLiteInterpreterResizeInputTensor(it, 0, negative, 2), kTfLiteError);
  CHECK_INT(TfLiteInterpreterResizeInputTensor(it, 4, dims, 2), kTfLiteError);
  TfLiteTensor *x = TfLiteInterpreterGetInputTensor(it, 0);
  CHECK_INT(TfLiteTensorCopyFromBuffer(x, values, 16), kTfLiteError); /* no memory yet */
  CHECK_INT(TfLiteInterpreterAllocateTensors(it), kTfLiteOk);
  CHECK_INT(TfLiteTensorCopyFromBuffer(x, values, 32), kTfLiteError);
  CHECK_INT(TfLiteTensorCopyFromBuffer(x, values, 16), kTfLiteOk);
  CHECK_INT(TfLiteTensorCopyToBuffer(x, values, 12), kTfLiteError);
  CHECK_INT(TfLiteInterpreterCancel(it), kTfLiteOk);
  CHECK(TfLiteInterpreterGetSignatureKey(it, 0) == NULL);
  CHECK(TfLiteInterpreterGetSignatureRunner(it, NULL) == NULL);
  TfLiteInterpreterDelete(it);
  TfLiteInterpreterDelete(NULL);
  TfLiteModelDelete(NULL);
  TfLiteInterpreterOptionsDelete(NULL);
  TfLiteSignatureRunnerDelete(NULL);
  CHECK(TfLiteInterpreterOptionsCopy(NULL) == NULL);
  build_clear(&m);
}

static void signatures_run(void) {
  static lrt_signature_entry entries[2] = {{"in", 0, 0}, {"out", 2, 0}};
  static const lrt_signature signature = {"negate", 0, 1, 1, &entries[0], &entries[1]};
  const int dims[2] = {2, 4};
  build_model m;
  make_model(&m);
  build_clear(&m);
  m.graph.signatures = &signature;
  m.graph.signature_count = 1;
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&graph}, 1), LRT_OK);
  TfLiteInterpreter *it = make_interpreter(&m, NULL);
  REQUIRE(it != NULL);
  CHECK_INT(TfLiteInterpreterGetSignatureCount(it), 1);
  CHECK(strcmp(TfLiteInterpreterGetSignatureKey(it, 0), "negate") == 0);
  TfLiteSignatureRunner *runner = TfLiteInterpreterGetSignatureRunner(it, "negate");
  REQUIRE(runner != NULL);
  CHECK(TfLiteSignatureRunnerGetInputCount(runner) == 1 && TfLiteSignatureRunnerGetOutputCount(runner) == 1);
  CHECK(strcmp(TfLiteSignatureRunnerGetInputName(runner, 0), "in") == 0);
  CHECK(TfLiteSignatureRunnerGetOutputName(runner, 1) == NULL);
  CHECK_INT(TfLiteSignatureRunnerResizeInputTensor(runner, "in", dims, 2), kTfLiteError); /* strict */
  CHECK_INT(TfLiteSignatureRunnerResizeInputTensor(runner, "out", dims, 2), kTfLiteError);
  CHECK_INT(TfLiteSignatureRunnerInvoke(runner), kTfLiteError);
  CHECK_INT(TfLiteSignatureRunnerAllocateTensors(runner), kTfLiteOk);
  TfLiteTensor *x = TfLiteSignatureRunnerGetInputTensor(runner, "in");
  REQUIRE(x != NULL);
  CHECK_INT(TfLiteTensorCopyFromBuffer(x, (float[]){1, 2, 3, 4}, 16), kTfLiteOk);
  CHECK_INT(TfLiteSignatureRunnerInvoke(runner), kTfLiteOk);
  CHECK_NEAR(TfLiteSignatureRunnerGetOutputTensor(runner, "out")->data.f[3], -8, 0);
  CHECK(TfLiteSignatureRunnerGetInputTensor(runner, "none") == NULL);
  CHECK_INT(TfLiteSignatureRunnerCancel(runner), kTfLiteOk);
  TfLiteSignatureRunnerDelete(runner);
  TfLiteInterpreterDelete(it);
  build_clear(&m);
}

static TfLiteDelegate *open_delegate(const char *key, const char *value) {
  TfLiteExternalDelegateOptions options = TfLiteExternalDelegateOptionsDefault(LRT_PLUGIN);
  CHECK_INT(options.insert(&options, key, value), kTfLiteOk);
  return TfLiteExternalDelegateCreate(&options);
}

static void delegates_are_asked(void) {
  static const char *const options[][2] = {
      {"ops", "add"}, {"handle", "1"}, {"dynamic", "1"}, {"fail", "prepare"}, {"fail", "kernel"}};
  build_model m;
  make_model(&m);
  for (int i = 0; i < 5; i++) {
    TfLiteDelegate *delegate = open_delegate(options[i][0], options[i][1]);
    REQUIRE(delegate != NULL);
    TfLiteInterpreter *it = make_interpreter(&m, delegate);
    CHECK((it != NULL) == (i < 3));
    if (it != NULL) {
      CHECK_INT(TfLiteInterpreterAllocateTensors(it), kTfLiteOk);
      check_run(it, 1);
    } else
      CHECK(strstr(reported, i == 3 ? "is beyond me" : "no room on the device") != NULL);
    TfLiteInterpreterDelete(it);
    TfLiteExternalDelegateDelete(delegate);
  }
  TfLiteExternalDelegateOptions full = TfLiteExternalDelegateOptionsDefault("x");
  for (int i = 0; i < kExternalDelegateMaxOptions; i++)
    CHECK_INT(TfLiteExternalDelegateOptionsInsert(&full, "k", "v"), kTfLiteOk);
  CHECK_INT(TfLiteExternalDelegateOptionsInsert(&full, "k", "v"), kTfLiteError);
  TfLiteExternalDelegateDelete(NULL);
  build_clear(&m);
}

typedef const TfLiteRegistration *(*get_registration)(void);

/* y = Sinh(ADD(x, x)): Sinh is the application's, and sometimes ADD is, too. The kernel's memory is freed with it. */
static void operators_of_the_application_run(void) {
  static const uint8_t factor = 3;
  void *library = dlopen(LRT_SINH, RTLD_NOW);
  get_registration get = NULL;
  REQUIRE(library != NULL);
  *(void **)&get = dlsym(library, "sinh_registration");
  REQUIRE(get != NULL);
  for (int kind = 0; kind < 4; kind++) { /* 0: not given; 1: given; 2: for another version; 3: also as ADD */
    build_model m = {0};
    memset(&graph, 0, sizeof graph);
    int32_t t[3];
    for (int i = 0; i < 3; i++) t[i] = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 4));
    build_input(&graph, t[0]);
    build_node(&graph, LRT_OP_ADD, &plain_add, 2, (int32_t[]){t[0], t[0]}, 1, &t[1]);
    lrt_node *node = build_node(&graph, LRT_OP_CUSTOM, NULL, 1, &t[1], 1, &t[2]);
    node->custom_name = "Sinh";
    node->custom_options = &factor;
    node->custom_options_size = 1;
    build_output(&graph, t[2]);
    CHECK_INT(build_finish(&m, (build_subgraph *[]){&graph}, 1), LRT_OK);
    TfLiteModel *model = TfLiteModelCreate(m.bytes, m.size);
    TfLiteInterpreterOptions *options = TfLiteInterpreterOptionsCreate();
    TfLiteInterpreterOptionsSetErrorReporter(options, keep_report, NULL);
    if (kind > 0)
      TfLiteInterpreterOptionsAddCustomOp(options, "Sinh", get(), 1 + (kind == 2), 1 + (kind == 2));
    if (kind == 3) TfLiteInterpreterOptionsAddBuiltinOp(options, kTfLiteBuiltinAdd, get(), 1, 9);
    TfLiteInterpreterOptions *copy = TfLiteInterpreterOptionsCopy(options);
    TfLiteInterpreterOptionsDelete(options);
    TfLiteInterpreter *it = TfLiteInterpreterCreate(model, copy);
    TfLiteInterpreterOptionsDelete(copy);
    TfLiteModelDelete(model);
    REQUIRE(it != NULL);
    const bool runs = kind == 1 || kind == 3;
    CHECK_INT(TfLiteInterpreterAllocateTensors(it), runs ? kTfLiteOk : kTfLiteUnresolvedOps);
    for (int rows = 1; runs && rows < 3; rows++) {
      CHECK_INT(TfLiteInterpreterResizeInputTensor(it, 0, (int[]){rows, 4}, 2), kTfLiteOk);
      CHECK_INT(TfLiteInterpreterAllocateTensors(it), kTfLiteOk);
      float *x = TfLiteInterpreterGetInputTensor(it, 0)->data.f;
      for (int i = 0; i < 4 * rows; i++) x[i] = 0.25f * (float)i - 0.5f;
      CHECK_INT(TfLiteInterpreterInvoke(it), kTfLiteOk);
      const TfLiteTensor *y = TfLiteInterpreterGetOutputTensor(it, 0);
      for (int i = 0; i < 4 * rows; i++) /* in place of ADD there is no stored factor */
        CHECK_NEAR(y->data.f[i], 3 * sinhf(kind == 3 ? sinhf(x[i]) : 2 * x[i]), 1e-5);
    }
    TfLiteInterpreterDelete(it);
    build_clear(&m);
  }
  dlclose(library);
}

static void refused_memory_is_an_error(void) {
  build_model m;
  make_model(&m);
  TfLiteDelegate *delegate = open_delegate("dynamic", "1");
  REQUIRE(delegate != NULL);
  bool done = false;
  for (uint64_t nth = 1; !done && nth < 3000; nth++) {
    lrt_alloc_fail_from(lrt_alloc_default(), nth);
    TfLiteInterpreter *it = make_interpreter(&m, delegate);
    const bool ready = it != NULL && TfLiteInterpreterAllocateTensors(it) == kTfLiteOk &&
                       TfLiteInterpreterGetOutputTensor(it, 0) != NULL;
    lrt_alloc_fail_from(lrt_alloc_default(), 0);
    if (ready) check_run(it, 1);
    TfLiteInterpreterDelete(it);
    done = ready;
  }
  CHECK(done);
  TfLiteExternalDelegateDelete(delegate);
  build_clear(&m);
}

static void versions_and_lists(void) {
  CHECK(strcmp(TfLiteVersion(), "2.23.0") == 0 && strcmp(TfLiteExtensionApisVersion(), "2.23.0") == 0);
  CHECK_INT(TfLiteSchemaVersion(), 3);
  TfLiteIntArray *list = TfLiteIntArrayCreate(2);
  list->data[0] = 4;
  list->data[1] = 5;
  TfLiteIntArray *copy = TfLiteIntArrayCopy(list);
  CHECK(TfLiteIntArrayEqual(list, copy) && TfLiteIntArrayEqualsArray(list, 2, (int[]){4, 5}));
  copy->data[1] = 6;
  CHECK(!TfLiteIntArrayEqual(list, copy) && !TfLiteIntArrayEqual(list, NULL));
  CHECK(TfLiteIntArrayCreate(-1) == NULL && TfLiteIntArrayCopy(NULL) == NULL);
  CHECK_INT(TfLiteIntArrayGetSizeInBytes(3), 16);
  TfLiteIntArrayFree(list);
  TfLiteIntArrayFree(copy);
}

int main(int argc, char **argv) {
  RUN(interpreters_outlive_models);
  RUN(bad_calls_are_errors);
  RUN(signatures_run);
  RUN(delegates_are_asked);
  RUN(operators_of_the_application_run);
  RUN(refused_memory_is_an_error);
  RUN(versions_and_lists);
  DONE();
}
