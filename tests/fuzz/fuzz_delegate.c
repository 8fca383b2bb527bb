/* fuzz_delegate.c: any bytes as a model that is run with a TFLite delegate that looks at everything and claims at random. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "api/tflite_plugin.h"
#include "fuzz_entry.h"
#include "litert/interpreter.h"

static volatile uint64_t sink;

/* The delegate's choices, from all bits of the input. */
typedef struct chooser {
  TfLiteDelegate base;
  uint32_t bits;
} chooser;

static uint32_t digest(const uint8_t *bytes, size_t length) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ bytes[i]) * 16777619u;
  return hash ^ hash >> 15;
}

static void read_bytes(const void *data, size_t bytes) {
  for (size_t i = 0; data != NULL && i < bytes; i++) sink = sink + ((const uint8_t *)data)[i];
}

static void read_list(const TfLiteIntArray *list) {
  for (int i = 0; list != NULL && i < list->size; i++) sink = sink + (uint64_t)list->data[i];
}

static void look_at_tensor(const TfLiteTensor *tensor) {
  read_list(tensor->dims);
  read_list(tensor->dims_signature);
  read_bytes(tensor->name, strlen(tensor->name));
  if (tensor->allocation_type == kTfLiteMmapRo) read_bytes(tensor->data.raw, tensor->bytes);
  if (tensor->quantization.type != kTfLiteAffineQuantization) return;
  const TfLiteAffineQuantization *affine = tensor->quantization.params;
  read_bytes(affine->scale->data, (size_t)affine->scale->size * sizeof(float));
  read_list(affine->zero_point);
}

static void look_at_node(const TfLiteNode *node, const TfLiteRegistration *registration) {
  read_list(node->inputs);
  read_list(node->outputs);
  read_list(node->intermediates);
  read_bytes(node->custom_initial_data, (size_t)node->custom_initial_data_size);
  if (registration->custom_name != NULL)
    read_bytes(registration->custom_name, strlen(registration->custom_name));
  if (node->builtin_data != NULL) read_bytes(node->builtin_data, 1);
}

static void *make_kernel(TfLiteContext *context, const char *buffer, size_t length) {
  const TfLiteDelegateParams *params = (const TfLiteDelegateParams *)(const void *)buffer;
  (void)context;
  (void)length;
  return params->delegate;
}

/* Takes the shape it finds, that of an input, or waits with it until the model runs. */
static TfLiteStatus prepare_kernel(TfLiteContext *context, TfLiteNode *node) {
  const chooser *self = node->user_data;
  for (int i = 0; i < node->outputs->size; i++) {
    TfLiteTensor *out = &context->tensors[node->outputs->data[i]];
    const uint32_t choice = (self->bits >> (i & 15)) & 7;
    if (choice == 0 && !out->is_variable) out->allocation_type = kTfLiteDynamic;
    if (choice == 1 && node->inputs->size > 0)
      context->ResizeTensor(context, out, TfLiteIntArrayCopy(context->tensors[node->inputs->data[0]].dims));
  }
  return (self->bits >> 20 & 31) == 7 ? kTfLiteError : kTfLiteOk;
}

static TfLiteStatus run_kernel(TfLiteContext *context, TfLiteNode *node) {
  for (int i = 0; i < node->inputs->size; i++) {
    const TfLiteTensor *in = &context->tensors[node->inputs->data[i]];
    read_bytes(in->data.raw, in->bytes);
  }
  for (int i = 0; i < node->outputs->size; i++) {
    TfLiteTensor *out = &context->tensors[node->outputs->data[i]];
    if (out->allocation_type == kTfLiteDynamic && out->type != kTfLiteString &&
        context->ResizeTensor(context, out, TfLiteIntArrayCopy(out->dims)) != kTfLiteOk)
      return kTfLiteError;
    if (out->type != kTfLiteString && out->data.raw != NULL) memset(out->data.raw, 0, out->bytes);
  }
  return kTfLiteOk;
}

static TfLiteStatus prepare(TfLiteContext *context, TfLiteDelegate *delegate) {
  const chooser *self = (const chooser *)delegate;
  const TfLiteRegistration registration = {
      .init = make_kernel, .prepare = prepare_kernel, .invoke = run_kernel};
  TfLiteIntArray *plan = NULL;
  for (size_t t = 0; t < context->tensors_size; t++) look_at_tensor(&context->tensors[t]);
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk) return kTfLiteError;
  TfLiteIntArray *wanted = TfLiteIntArrayCreate(plan->size);
  wanted->size = 0;
  for (int i = 0; i < plan->size; i++) {
    TfLiteNode *node = NULL;
    TfLiteRegistration *of = NULL;
    if (context->GetNodeAndRegistration(context, plan->data[i], &node, &of) != kTfLiteOk) abort();
    look_at_node(node, of);
    bool text = false; /* its bytes are written by nobody here */
    for (int k = 0; k < node->outputs->size; k++)
      text |= node->outputs->data[k] >= 0 && context->tensors[node->outputs->data[k]].type == kTfLiteString;
    if (!text && (self->bits >> (i * 5 % 29) & 3) != 0) wanted->data[wanted->size++] = plan->data[i];
  }
  TfLiteDelegateParams *groups = NULL;
  int count = 0;
  if (context->PreviewDelegatePartitioning(context, wanted, &groups, &count) == kTfLiteOk)
    for (int g = 0; g < count; g++) read_list(groups[g].nodes_to_replace);
  const TfLiteStatus status =
      context->ReplaceNodeSubsetsWithDelegateKernels(context, registration, wanted, delegate);
  TfLiteIntArrayFree(wanted);
  return status;
}

static void run_subgraph(lrt_interpreter *it, const lrt_model *model, int32_t subgraph, uint32_t bits) {
  lrt_subgraph_info info;
  lrt_tensor_view view;
  lrt_error err;
  if (lrt_model_subgraph(model, subgraph, &info) != LRT_OK) abort();
  for (int round = 0; round < 2; round++) {
    if (lrt_interpreter_allocate(it, subgraph, &err) != LRT_OK) return;
    for (int32_t i = 0; i < info.input_count; i++)
      if (lrt_interpreter_tensor(it, subgraph, info.inputs[i], &view, &err) == LRT_OK && view.data != NULL &&
          lrt_type_bits(view.type) > 0)
        memset(view.data, view.type == LRT_BOOL ? 1 : (int)(bits >> 8 & 3), view.bytes);
    lrt_interpreter_invoke(it, subgraph, &err);
    for (int32_t t = 0; t < info.tensor_count && t < 300; t++)
      if (lrt_interpreter_tensor(it, subgraph, t, &view, &err) == LRT_OK) read_bytes(view.data, view.bytes);
    if (info.input_count == 0 || lrt_interpreter_tensor(it, subgraph, info.inputs[0], &view, &err) != LRT_OK)
      return;
    if (view.shape.rank > 0) view.shape.dims[0] = (int32_t)(bits >> 16 & 3);
    lrt_interpreter_resize_input(it, subgraph, info.inputs[0], &view.shape, 0, &err);
  }
}

static void run_model(lrt_model *model, uint32_t bits) {
  chooser self = {.base = {.Prepare = prepare, .flags = bits & 3}, .bits = bits};
  lrt_delegate *delegate = NULL;
  lrt_interpreter *it = NULL;
  if (lrt_tfl_delegate_wrap(&self.base, &delegate, NULL) != LRT_OK) return;
  const lrt_interpreter_options options = {.num_threads = 1 + (int)(bits >> 2 & 1),
                                           .mode = bits & 8 ? LRT_MODE_REF : LRT_MODE_FAST,
                                           .preserve_all_tensors = bits >> 4 & 1,
                                           .limits = {64u << 20, 10000, 0.5},
                                           .delegates = &delegate,
                                           .delegate_count = 1,
                                           .delegate_policy =
                                               bits & 32 ? LRT_DELEGATE_OPTIONAL : LRT_DELEGATE_REQUIRED};
  if (lrt_interpreter_create(model, &options, &it, NULL) == LRT_OK)
    for (int32_t s = 0; s < lrt_model_subgraph_count(model) && s < 4; s++) run_subgraph(it, model, s, bits);
  lrt_interpreter_destroy(it);
  lrt_delegate_destroy(delegate);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  const lrt_model_options options = {.limits = {.bytes = 64u << 20}};
  lrt_model *model = NULL;
  if (lrt_model_open_memory(bytes, length, &options, &model, NULL) == LRT_OK)
    run_model(model, digest(bytes, length));
  lrt_model_destroy(model);
  return 0;
}
