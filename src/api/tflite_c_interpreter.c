/* tflite_c_interpreter.c: interpreters of TFLite's C API over the native one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/tflite_c.h"
#include "base/fail.h"
#include "interp/model_object.h"
#include "tflite/core/c/c_api_experimental.h"

TfLiteStatus lrt_tfl_status(const TfLiteInterpreter *it, lrt_status status, const lrt_error *err) {
  if (status == LRT_OK) return kTfLiteOk;
  lrt_tfl_say(&it->reporter, "%s", err->message);
  switch (status) {
  case LRT_CANCELLED: return kTfLiteCancelled;
  case LRT_UNRESOLVED_OP: return kTfLiteUnresolvedOps;
  default: return kTfLiteError;
  }
}

/* ---- tensors in TFLite's structs ---- */

static void show(const TfLiteInterpreter *it, tfl_session *view, int32_t subgraph, int32_t t) {
  TfLiteTensor *tensor = &view->context.tensors[t];
  lrt_tensor_view now;
  if (lrt_interpreter_tensor(it->native, subgraph, t, &now, NULL) != LRT_OK) return;
  if (lrt_tfl_show_shape(view, t, now.shape.rank, now.shape.dims) != kTfLiteOk) return;
  tensor->data.data = now.data;
  if (lrt_interpreter_is_allocated(it->native, subgraph)) tensor->bytes = now.bytes;
}

static void drop_view(tfl_session *view) {
  if (view == NULL) return;
  lrt_tfl_session_clear(view);
  lrt_alloc_free(view);
}

static tfl_session *make_view(const TfLiteInterpreter *it, int32_t subgraph) {
  tfl_session *view = lrt_alloc_zero(lrt_alloc_default(), sizeof *view);
  if (view == NULL) return NULL;
  view->alloc = lrt_alloc_default();
  view->graph = &it->model->tflite->graph;
  view->subgraph = &view->graph->subgraphs[subgraph];
  lrt_arena_init(&view->arena, view->alloc);
  if (lrt_tfl_session_fill_tensors(view, NULL) == LRT_OK) return view;
  drop_view(view);
  return NULL;
}

TfLiteTensor *lrt_tfl_tensor(const TfLiteInterpreter *it, int32_t subgraph, int32_t tensor) {
  if (it == NULL || subgraph < 0 || subgraph >= it->subgraph_count) return NULL;
  if (it->views[subgraph] == NULL) {
    tfl_session *view = make_view(it, subgraph);
    if (view == NULL) return NULL;
    it->views[subgraph] = view;
    for (int32_t t = 0; t < view->subgraph->tensor_count; t++) show(it, view, subgraph, t);
  }
  tfl_session *view = it->views[subgraph];
  return tensor >= 0 && tensor < view->subgraph->tensor_count ? &view->context.tensors[tensor] : NULL;
}

void lrt_tfl_refresh(TfLiteInterpreter *it, int32_t subgraph) {
  tfl_session *view = it->views[subgraph];
  for (int32_t t = 0; view != NULL && t < view->subgraph->tensor_count; t++) show(it, view, subgraph, t);
}

/* ---- what runners do ---- */

TfLiteStatus lrt_tfl_resize(TfLiteInterpreter *it, int32_t subgraph, int32_t tensor, const int *dims,
                            int32_t rank, bool strict) {
  lrt_shape shape = {rank, {0}};
  lrt_error err = {LRT_OK, ""};
  if (rank < 0 || rank > LRT_MAX_RANK || (rank > 0 && dims == NULL)) {
    lrt_tfl_say(&it->reporter, "a shape of %d dimensions is not supported", (int)rank);
    return kTfLiteError;
  }
  for (int32_t i = 0; i < rank; i++) shape.dims[i] = dims[i];
  const lrt_status status = lrt_interpreter_resize_input(it->native, subgraph, tensor, &shape, strict, &err);
  if (status == LRT_OK) lrt_tfl_refresh(it, subgraph);
  return lrt_tfl_status(it, status, &err);
}

TfLiteStatus lrt_tfl_allocate(TfLiteInterpreter *it, int32_t subgraph) {
  lrt_error err = {LRT_OK, ""};
  const lrt_status status = lrt_interpreter_allocate(it->native, subgraph, &err);
  lrt_tfl_refresh(it, subgraph);
  return lrt_tfl_status(it, status, &err);
}

TfLiteStatus lrt_tfl_invoke(TfLiteInterpreter *it, int32_t subgraph) {
  lrt_error err = {LRT_OK, ""};
  if (!lrt_interpreter_is_allocated(it->native, subgraph)) {
    lrt_tfl_say(&it->reporter, "Invoke called on model that is not ready.");
    return kTfLiteError;
  }
  const lrt_status status = lrt_interpreter_invoke(it->native, subgraph, &err);
  lrt_tfl_refresh(it, subgraph); /* results of unknown size have moved */
  return lrt_tfl_status(it, status, &err);
}

/* ---- create and delete ---- */

static lrt_status wrap_delegates(TfLiteInterpreter *it, const TfLiteInterpreterOptions *options,
                                 lrt_error *err) {
  const int32_t count = options != NULL ? options->delegate_count : 0;
  it->delegates = lrt_alloc_array(lrt_alloc_default(), (size_t)count + 2, sizeof(lrt_delegate *));
  if (it->delegates == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), 0, "an interpreter");
  for (int32_t d = 0; d < count; d++) {
    LRT_TRY(lrt_tfl_delegate_wrap(options->delegates[d], &it->delegates[d], err));
    it->delegate_count++;
  }
  if (options == NULL || options->operator_count == 0) return LRT_OK;
  LRT_TRY(lrt_tfl_operators_create(options->operators, options->operator_count, &it->delegates[count], err));
  it->delegate_count++;
  return LRT_OK;
}

static lrt_status create(TfLiteInterpreter *it, const TfLiteModel *model,
                         const TfLiteInterpreterOptions *options, lrt_error *err) {
  lrt_interpreter_options made = {0};
  it->model = lrt_model_retain(model->native);
  it->subgraph_count = lrt_model_subgraph_count(it->model);
  it->views = lrt_alloc_array(lrt_alloc_default(), (size_t)it->subgraph_count, sizeof(tfl_session *));
  if (it->views == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), 0, "an interpreter");
  LRT_TRY(lrt_model_subgraph(it->model, 0, &it->main));
  LRT_TRY(wrap_delegates(it, options, err));
  if (options != NULL) {
    made.num_threads = options->threads > 1 ? options->threads : 1;
    made.delegate_policy = options->fallback ? LRT_DELEGATE_OPTIONAL : LRT_DELEGATE_REQUIRED;
  }
  made.delegates = it->delegates;
  made.delegate_count = it->delegate_count;
  LRT_TRY(lrt_interpreter_create(it->model, &made, &it->native, err));
  /* Delegates look at the model now, so that a refusal is an error of this call. */
  const bool asks = options != NULL && options->delegate_count > 0;
  return asks ? lrt_interpreter_allocate(it->native, 0, err) : LRT_OK;
}

TfLiteInterpreter *TfLiteInterpreterCreate(const TfLiteModel *model,
                                           const TfLiteInterpreterOptions *options) {
  lrt_error err = {LRT_OK, "no memory left for an interpreter"};
  if (model == NULL) return NULL;
  const tfl_reporter reporter = options != NULL ? options->reporter : (tfl_reporter){NULL, NULL};
  TfLiteInterpreter *it = lrt_alloc_zero(lrt_alloc_default(), sizeof *it);
  if (it != NULL) {
    it->reporter = reporter;
    it->cancellable = options != NULL && options->cancellable;
    if (create(it, model, options, &err) == LRT_OK) return it;
  }
  lrt_tfl_say(&reporter, "%s", err.message);
  TfLiteInterpreterDelete(it);
  return NULL;
}

void TfLiteInterpreterDelete(TfLiteInterpreter *it) {
  if (it == NULL) return;
  lrt_interpreter_destroy(it->native);
  for (int32_t s = 0; it->views != NULL && s < it->subgraph_count; s++) drop_view(it->views[s]);
  for (int32_t d = 0; d < it->delegate_count; d++) lrt_delegate_destroy(it->delegates[d]);
  lrt_alloc_free(it->views);
  lrt_alloc_free(it->delegates);
  lrt_model_destroy(it->model);
  lrt_alloc_free(it);
}

/* ---- inputs and outputs ---- */

int32_t TfLiteInterpreterGetInputTensorCount(const TfLiteInterpreter *it) {
  return it->main.input_count;
}

int32_t TfLiteInterpreterGetOutputTensorCount(const TfLiteInterpreter *it) {
  return it->main.output_count;
}

const int *TfLiteInterpreterInputTensorIndices(const TfLiteInterpreter *it) {
  return it->main.inputs;
}

const int *TfLiteInterpreterOutputTensorIndices(const TfLiteInterpreter *it) {
  return it->main.outputs;
}

int32_t TfLiteInterpreterGetInputTensorIndex(const TfLiteInterpreter *it, int32_t i) {
  return i >= 0 && i < it->main.input_count ? it->main.inputs[i] : -1;
}

int32_t TfLiteInterpreterGetOutputTensorIndex(const TfLiteInterpreter *it, int32_t i) {
  return i >= 0 && i < it->main.output_count ? it->main.outputs[i] : -1;
}

TfLiteTensor *TfLiteInterpreterGetInputTensor(const TfLiteInterpreter *it, int32_t i) {
  return lrt_tfl_tensor(it, 0, TfLiteInterpreterGetInputTensorIndex(it, i));
}

const TfLiteTensor *TfLiteInterpreterGetOutputTensor(const TfLiteInterpreter *it, int32_t i) {
  return lrt_tfl_tensor(it, 0, TfLiteInterpreterGetOutputTensorIndex(it, i));
}

TfLiteTensor *TfLiteInterpreterGetTensor(const TfLiteInterpreter *it, int index) {
  return lrt_tfl_tensor(it, 0, index);
}

TfLiteStatus TfLiteInterpreterResizeInputTensor(TfLiteInterpreter *it, int32_t i, const int *dims,
                                                int32_t rank) {
  return lrt_tfl_resize(it, 0, TfLiteInterpreterGetInputTensorIndex(it, i), dims, rank, false);
}

TfLiteStatus TfLiteInterpreterAllocateTensors(TfLiteInterpreter *it) {
  return lrt_tfl_allocate(it, 0);
}

TfLiteStatus TfLiteInterpreterInvoke(TfLiteInterpreter *it) {
  return lrt_tfl_invoke(it, 0);
}

TfLiteStatus TfLiteInterpreterCancel(const TfLiteInterpreter *it) {
  if (!it->cancellable) return kTfLiteError;
  lrt_interpreter_cancel(it->native);
  return kTfLiteOk;
}

TfLiteStatus TfLiteInterpreterResetVariableTensors(TfLiteInterpreter *it) {
  lrt_interpreter_reset_variables(it->native);
  return kTfLiteOk;
}
