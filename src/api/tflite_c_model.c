/* tflite_c_model.c: models and options of TFLite's C API, versions, and who hears about errors. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/tflite_c.h"
#include "tflite/core/c/c_api_experimental.h"

const char *TfLiteVersion(void) {
  return "2.23.0";
}

const char *TfLiteExtensionApisVersion(void) {
  return TfLiteVersion();
}

int TfLiteSchemaVersion(void) {
  return 3;
}

void lrt_tfl_say(const tfl_reporter *reporter, const char *format, ...) {
  va_list args;
  va_start(args, format);
  if (reporter->fn != NULL) {
    reporter->fn(reporter->data, format, args);
  } else { /* the contract of this face: TFLite's own library writes there, and its users look there */
    char text[600];
    vsnprintf(text, sizeof text, format, args);
    dprintf(STDERR_FILENO, "ERROR: %s\n", text);
  }
  va_end(args);
}

/* ---- models ---- */

static TfLiteModel *wrap(lrt_model *native, lrt_status status, const lrt_error *err,
                         const tfl_reporter *reporter) {
  TfLiteModel *model = status == LRT_OK ? lrt_alloc_zero(lrt_alloc_default(), sizeof *model) : NULL;
  if (model == NULL) {
    lrt_tfl_say(reporter, "%s", status != LRT_OK ? err->message : "no memory left for a model");
    lrt_model_destroy(native);
    return NULL;
  }
  model->native = native;
  return model;
}

TfLiteModel *TfLiteModelCreateWithErrorReporter(const void *data, size_t size,
                                                void (*fn)(void *, const char *, va_list), void *user_data) {
  const tfl_reporter reporter = {fn, user_data};
  lrt_model *native = NULL;
  lrt_error err = {LRT_OK, ""};
  const lrt_status status = lrt_model_open_memory(data, size, NULL, &native, &err);
  return wrap(native, status, &err, &reporter);
}

TfLiteModel *TfLiteModelCreate(const void *data, size_t size) {
  return TfLiteModelCreateWithErrorReporter(data, size, NULL, NULL);
}

TfLiteModel *TfLiteModelCreateFromFileWithErrorReporter(const char *path,
                                                        void (*fn)(void *, const char *, va_list),
                                                        void *user_data) {
  const tfl_reporter reporter = {fn, user_data};
  lrt_model *native = NULL;
  lrt_error err = {LRT_INVALID_ARGUMENT, "a model needs a path"};
  const lrt_status status = path != NULL ? lrt_model_open(path, NULL, &native, &err) : LRT_INVALID_ARGUMENT;
  return wrap(native, status, &err, &reporter);
}

TfLiteModel *TfLiteModelCreateFromFile(const char *path) {
  return TfLiteModelCreateFromFileWithErrorReporter(path, NULL, NULL);
}

void TfLiteModelDelete(TfLiteModel *model) {
  if (model == NULL) return;
  lrt_model_destroy(model->native);
  lrt_alloc_free(model);
}

/* ---- options ---- */

TfLiteInterpreterOptions *TfLiteInterpreterOptionsCreate(void) {
  TfLiteInterpreterOptions *options = lrt_alloc_zero(lrt_alloc_default(), sizeof *options);
  if (options != NULL) options->threads = -1;
  return options;
}

TfLiteInterpreterOptions *TfLiteInterpreterOptionsCopy(const TfLiteInterpreterOptions *from) {
  TfLiteInterpreterOptions *copy = from != NULL ? TfLiteInterpreterOptionsCreate() : NULL;
  if (copy == NULL) return NULL;
  *copy = *from;
  copy->delegates =
      lrt_alloc_array(lrt_alloc_default(), (size_t)from->delegate_count + 1, sizeof(TfLiteDelegate *));
  copy->operators =
      lrt_alloc_array(lrt_alloc_default(), (size_t)from->operator_count + 1, sizeof *copy->operators);
  if (copy->delegates == NULL || copy->operators == NULL) {
    TfLiteInterpreterOptionsDelete(copy);
    return NULL;
  }
  if (from->delegate_count > 0)
    memcpy(copy->delegates, from->delegates, (size_t)from->delegate_count * sizeof(TfLiteDelegate *));
  if (from->operator_count > 0)
    memcpy(copy->operators, from->operators, (size_t)from->operator_count * sizeof *copy->operators);
  return copy;
}

void TfLiteInterpreterOptionsDelete(TfLiteInterpreterOptions *options) {
  if (options == NULL) return;
  lrt_alloc_free(options->delegates);
  lrt_alloc_free(options->operators);
  lrt_alloc_free(options);
}

void TfLiteInterpreterOptionsSetNumThreads(TfLiteInterpreterOptions *options, int32_t num_threads) {
  options->threads = num_threads;
}

void TfLiteInterpreterOptionsAddDelegate(TfLiteInterpreterOptions *options, TfLiteOpaqueDelegate *delegate) {
  if (delegate == NULL) return;
  void *more = lrt_alloc_resize(lrt_alloc_default(), options->delegates,
                                ((size_t)options->delegate_count + 1) * sizeof(TfLiteDelegate *));
  if (more == NULL) {
    lrt_tfl_say(&options->reporter, "no memory left for another delegate");
    return;
  }
  options->delegates = more;
  options->delegates[options->delegate_count++] = delegate;
}

void TfLiteInterpreterOptionsSetErrorReporter(TfLiteInterpreterOptions *options,
                                              void (*reporter)(void *, const char *, va_list),
                                              void *user_data) {
  options->reporter = (tfl_reporter){reporter, user_data};
}

TfLiteStatus TfLiteInterpreterOptionsEnableCancellation(TfLiteInterpreterOptions *options, bool enable) {
  options->cancellable = enable;
  return kTfLiteOk;
}

void TfLiteInterpreterOptionsSetEnableDelegateFallback(TfLiteInterpreterOptions *options, bool enable) {
  options->fallback = enable;
}

static void add_operator(TfLiteInterpreterOptions *options, const tfl_operator *one) {
  if (one->registration == NULL || one->registration->invoke == NULL) {
    lrt_tfl_say(&options->reporter, "an operator without an invoke function is not added");
    return;
  }
  void *more = lrt_alloc_resize(lrt_alloc_default(), options->operators,
                                ((size_t)options->operator_count + 1) * sizeof *one);
  if (more == NULL) {
    lrt_tfl_say(&options->reporter, "no memory left for another operator");
    return;
  }
  options->operators = more;
  options->operators[options->operator_count++] = *one;
}

void TfLiteInterpreterOptionsAddCustomOp(TfLiteInterpreterOptions *options, const char *name,
                                         const TfLiteRegistration *registration, int32_t min_version,
                                         int32_t max_version) {
  const tfl_operator one = {LRT_OP_CUSTOM, name, registration, min_version, max_version};
  if (name != NULL) add_operator(options, &one);
}

void TfLiteInterpreterOptionsAddBuiltinOp(TfLiteInterpreterOptions *options, TfLiteBuiltinOperator op,
                                          const TfLiteRegistration *registration, int32_t min_version,
                                          int32_t max_version) {
  const tfl_operator one = {(int32_t)op, NULL, registration, min_version, max_version};
  if (op != kTfLiteBuiltinCustom) add_operator(options, &one);
}
