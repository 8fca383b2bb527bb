/* tflite_c_runner.c: signatures of TFLite's C API. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/tflite_c.h"
#include "tflite/core/c/c_api_experimental.h"

struct TfLiteSignatureRunner {
  TfLiteInterpreter *owner;
  int32_t signature;
  lrt_signature_info info;
};

int32_t TfLiteInterpreterGetSignatureCount(const TfLiteInterpreter *it) {
  return lrt_model_signature_count(it->model);
}

const char *TfLiteInterpreterGetSignatureKey(const TfLiteInterpreter *it, int32_t index) {
  lrt_signature_info info;
  return lrt_model_signature(it->model, index, &info) == LRT_OK ? info.key : NULL;
}

TfLiteSignatureRunner *TfLiteInterpreterGetSignatureRunner(const TfLiteInterpreter *it, const char *key) {
  const int32_t signature = key != NULL ? lrt_model_find_signature(it->model, key) : -1;
  if (signature < 0) return NULL;
  TfLiteSignatureRunner *runner = lrt_alloc_zero(lrt_alloc_default(), sizeof *runner);
  if (runner == NULL) return NULL;
  runner->owner = (TfLiteInterpreter *)(uintptr_t)it;
  runner->signature = signature;
  lrt_model_signature(it->model, signature, &runner->info);
  return runner;
}

void TfLiteSignatureRunnerDelete(TfLiteSignatureRunner *runner) {
  lrt_alloc_free(runner);
}

size_t TfLiteSignatureRunnerGetInputCount(const TfLiteSignatureRunner *runner) {
  return (size_t)runner->info.input_count;
}

size_t TfLiteSignatureRunnerGetOutputCount(const TfLiteSignatureRunner *runner) {
  return (size_t)runner->info.output_count;
}

const char *TfLiteSignatureRunnerGetInputName(const TfLiteSignatureRunner *runner, int32_t index) {
  const char *name = NULL;
  int32_t tensor;
  lrt_model_signature_input(runner->owner->model, runner->signature, index, &name, &tensor);
  return name;
}

const char *TfLiteSignatureRunnerGetOutputName(const TfLiteSignatureRunner *runner, int32_t index) {
  const char *name = NULL;
  int32_t tensor;
  lrt_model_signature_output(runner->owner->model, runner->signature, index, &name, &tensor);
  return name;
}

/* Tensor index of a name, -1 = unknown. */
static int32_t find(const TfLiteSignatureRunner *runner, const char *wanted, bool is_output) {
  const int32_t count = is_output ? runner->info.output_count : runner->info.input_count;
  for (int32_t i = 0; wanted != NULL && i < count; i++) {
    const char *name = NULL;
    int32_t tensor = -1;
    if (is_output)
      lrt_model_signature_output(runner->owner->model, runner->signature, i, &name, &tensor);
    else
      lrt_model_signature_input(runner->owner->model, runner->signature, i, &name, &tensor);
    if (name != NULL && strcmp(name, wanted) == 0) return tensor;
  }
  return -1;
}

TfLiteTensor *TfLiteSignatureRunnerGetInputTensor(TfLiteSignatureRunner *runner, const char *name) {
  return lrt_tfl_tensor(runner->owner, runner->info.subgraph, find(runner, name, false));
}

const TfLiteTensor *TfLiteSignatureRunnerGetOutputTensor(const TfLiteSignatureRunner *runner,
                                                         const char *name) {
  return lrt_tfl_tensor(runner->owner, runner->info.subgraph, find(runner, name, true));
}

TfLiteStatus TfLiteSignatureRunnerResizeInputTensor(TfLiteSignatureRunner *runner, const char *name,
                                                    const int *dims, int32_t rank) {
  return lrt_tfl_resize(runner->owner, runner->info.subgraph, find(runner, name, false), dims, rank, true);
}

TfLiteStatus TfLiteSignatureRunnerAllocateTensors(TfLiteSignatureRunner *runner) {
  return lrt_tfl_allocate(runner->owner, runner->info.subgraph);
}

TfLiteStatus TfLiteSignatureRunnerInvoke(TfLiteSignatureRunner *runner) {
  return lrt_tfl_invoke(runner->owner, runner->info.subgraph);
}

TfLiteStatus TfLiteSignatureRunnerCancel(TfLiteSignatureRunner *runner) {
  return TfLiteInterpreterCancel(runner->owner);
}
