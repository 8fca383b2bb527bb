/* tflite_kernel.c: prepares and runs kernels of TFLite's contract over the values of a plan. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/tflite_host.h"
#include "api/tflite_plugin.h"
#include "base/fail.h"

lrt_status lrt_tfl_fail(const tfl_session *s, TfLiteStatus status, lrt_status code, lrt_error *err) {
  if (status == kTfLiteCancelled) code = LRT_CANCELLED;
  if (s->message[0] != 0) return lrt_fail(err, code, "%s", s->message);
  return lrt_fail(err, code, "it returned the status %d and no reason", (int)status);
}

lrt_status lrt_tfl_session_open(lrt_partition *partition, TfLiteDelegate *plugin, const char *name,
                                void **session, lrt_error *err) {
  lrt_alloc *alloc = partition->runtime->alloc;
  tfl_session *s = lrt_alloc_zero(alloc, sizeof *s);
  if (s == NULL) return lrt_alloc_fail(err, alloc, sizeof *s, "a delegate's view of the model");
  *session = s;
  s->plugin = plugin;
  s->name = name;
  s->partition = partition;
  s->graph = partition->runtime->graph;
  s->subgraph = partition->subgraph;
  s->alloc = alloc;
  lrt_arena_init(&s->arena, alloc);
  return lrt_tfl_session_fill(s, err);
}

void lrt_tfl_session_close(lrt_delegate *delegate, void *session) {
  tfl_session *s = session;
  (void)delegate;
  lrt_tfl_session_clear(s);
  lrt_alloc_free(s);
}

/* ---- prepare ---- */

/* The node whose kernel runs a group. */
static tfl_node *node_of(const tfl_session *s, const lrt_group *group) {
  return s->nodes[s->runs_nodes ? group->nodes[0] : group->index];
}

static void show_inputs(tfl_session *s, const lrt_group *group, const lrt_prepare *p) {
  for (int32_t i = 0; i < group->node.input_count; i++) {
    const int32_t t = group->node.inputs[i];
    const lrt_value *value = p->inputs[i];
    TfLiteTensor *tensor = &s->context.tensors[t];
    if (tensor->allocation_type == kTfLiteMmapRo) continue;
    if (lrt_tfl_show_shape(s, t, value->shape.rank, value->shape.dims) != kTfLiteOk) continue;
    if (value->readable || value->constant) tensor->data.data = value->data;
  }
}

static bool get_temporaries(tfl_session *s, const tfl_node *node) {
  for (int i = 0; node->node.temporaries != NULL && i < node->node.temporaries->size; i++) {
    const int t = node->node.temporaries->data[i];
    if (t < 0 || (size_t)t >= s->context.tensors_size) continue;
    TfLiteTensor *tensor = &s->context.tensors[t];
    if (tensor->allocation_type != kTfLiteArenaRw && tensor->allocation_type != kTfLiteArenaRwPersistent)
      continue;
    lrt_alloc_free(s->extras[t].block);
    s->extras[t].block = lrt_alloc_zero(s->alloc, tensor->bytes);
    if (s->extras[t].block == NULL) return false;
    tensor->data.data = s->extras[t].block;
  }
  return true;
}

static lrt_status run_prepare(tfl_session *s, tfl_node *node, lrt_error *err) {
  TfLiteStatus status = kTfLiteOk;
  s->message[0] = 0;
  s->phase = TFL_PREPARE;
  s->current = node;
  lrt_tfl_drop_scratch(s, node);
  if (node->registration.prepare != NULL) status = node->registration.prepare(&s->context, &node->node);
  s->phase = TFL_IDLE;
  s->current = NULL;
  if (status != kTfLiteOk) return lrt_tfl_fail(s, status, LRT_UNSUPPORTED, err);
  if (!get_temporaries(s, node)) return lrt_alloc_fail(err, s->alloc, 0, "a delegate's temporaries");
  return LRT_OK;
}

static lrt_status declare_output(tfl_session *s, int32_t t, int32_t i, lrt_prepare *p) {
  const TfLiteTensor *tensor = &s->context.tensors[t];
  lrt_shape shape = {tensor->dims->size, {0}};
  memcpy(shape.dims, tensor->dims->data, (size_t)shape.rank * sizeof shape.dims[0]);
  if (tensor->allocation_type == kTfLiteDynamic && tensor->type != kTfLiteString) {
    lrt_prepare_grows(p, i);
    return LRT_OK;
  }
  if (s->plugin != NULL && !s->partition->known[t] && !s->extras[t].resized && !p->outputs[i]->variable)
    return lrt_fail(p->err, LRT_UNSUPPORTED, "it leaves tensor \"%s\" without a shape", tensor->name);
  return lrt_prepare_shape(p, i, &shape);
}

/* A kernel that calls ResizeTensor in prepare gives a result of this shape; one that wants to do so while it runs says it
 * by making the tensor dynamic. */
static void reset_output(tfl_session *s, int32_t t) {
  TfLiteTensor *tensor = &s->context.tensors[t];
  s->extras[t].resized = false;
  if (tensor->is_variable) return;
  tensor->allocation_type = tensor->type == kTfLiteString ? kTfLiteDynamic : kTfLiteArenaRw;
  lrt_foreign_free(s->extras[t].foreign);
  s->extras[t].foreign = NULL;
  tensor->data.data = NULL;
}

lrt_status lrt_tfl_session_prepare(void *session, lrt_group *group, lrt_prepare *p) {
  tfl_session *s = session;
  tfl_node *node = node_of(s, group);
  if (s->version != s->partition->version) lrt_tfl_session_show_shapes(s);
  if (p->running && s->plugin != NULL &&
      (lrt_tfl_flags(s->plugin) & kTfLiteDelegateFlagsRequirePropagatedShapes) != 0)
    return lrt_fail(p->err, LRT_UNSUPPORTED,
                    "it needs the shapes of all tensors before the run, and the model finds them on the way");
  show_inputs(s, group, p);
  for (int32_t i = 0; i < group->node.output_count; i++) reset_output(s, group->node.outputs[i]);
  LRT_TRY(run_prepare(s, node, p->err));
  for (int32_t i = 0; i < group->node.output_count; i++)
    LRT_TRY(declare_output(s, group->node.outputs[i], i, p));
  return LRT_OK;
}

/* ---- eval ---- */

static void show_contents(tfl_session *s, const lrt_group *group, lrt_value *const *inputs,
                          lrt_value *const *outputs) {
  for (int32_t i = 0; i < group->node.input_count; i++) {
    TfLiteTensor *tensor = &s->context.tensors[group->node.inputs[i]];
    tensor->data.data = inputs[i]->data;
    tensor->bytes = inputs[i]->bytes;
  }
  for (int32_t i = 0; i < group->node.output_count; i++) {
    TfLiteTensor *tensor = &s->context.tensors[group->node.outputs[i]];
    if (tensor->allocation_type == kTfLiteDynamic) { /* the kernel makes its memory */
      tensor->data.data = s->extras[group->node.outputs[i]].foreign;
      continue;
    }
    tensor->data.data = outputs[i]->data;
    tensor->bytes = outputs[i]->bytes;
  }
}

/* Contents that only the delegate's own buffer holds. */
static TfLiteStatus fetch(tfl_session *s, TfLiteTensor *tensor) {
  TfLiteStatus status = kTfLiteError;
  if (s->plugin == NULL || !tensor->data_is_stale || tensor->buffer_handle == kTfLiteNullBufferHandle)
    return kTfLiteOk;
  const TfLiteOpaqueDelegateBuilder *builder = s->plugin->opaque_delegate_builder;
  if (builder != NULL && builder->CopyFromBufferHandle != NULL)
    status = builder->CopyFromBufferHandle((TfLiteOpaqueContext *)&s->context, s->plugin, builder->data,
                                           tensor->buffer_handle, (TfLiteOpaqueTensor *)tensor);
  else if (s->plugin->CopyFromBufferHandle != NULL)
    status = s->plugin->CopyFromBufferHandle(&s->context, s->plugin, tensor->buffer_handle, tensor);
  if (status == kTfLiteOk) tensor->data_is_stale = false;
  return status;
}

/* Moves a result whose size the kernel has decided into the plan's value. */
static lrt_status take_dynamic(tfl_session *s, int32_t t, lrt_value *value, lrt_error *err) {
  const TfLiteTensor *tensor = &s->context.tensors[t];
  if (tensor->data.data == NULL && tensor->bytes > 0)
    return lrt_fail(err, LRT_RUN_FAILED, "tensor \"%s\" has no contents", tensor->name);
  if (tensor->dims == NULL || tensor->dims->size < 0 || tensor->dims->size > LRT_MAX_RANK)
    return lrt_fail(err, LRT_RUN_FAILED, "tensor \"%s\" has no shape", tensor->name);
  lrt_shape shape = {tensor->dims->size, {0}};
  memcpy(shape.dims, tensor->dims->data, (size_t)shape.rank * sizeof shape.dims[0]);
  if (tensor->type != kTfLiteString && lrt_shape_bytes(&shape, value->type) != (int64_t)tensor->bytes)
    return lrt_fail(err, LRT_RUN_FAILED, "tensor \"%s\" has %zu bytes, which its shape does not say",
                    tensor->name, tensor->bytes);
  LRT_TRY(lrt_value_reserve(value, tensor->bytes, err));
  if (tensor->bytes > 0) memcpy(value->data, tensor->data.data, tensor->bytes);
  value->shape = shape;
  value->shaped = true;
  return LRT_OK;
}

lrt_status lrt_tfl_session_eval(void *session, const lrt_group *group, lrt_value *const *inputs,
                                lrt_value *const *outputs, lrt_error *err) {
  tfl_session *s = session;
  tfl_node *node = node_of(s, group);
  s->message[0] = 0;
  show_contents(s, group, inputs, outputs);
  s->phase = TFL_EVAL;
  s->current = node;
  TfLiteStatus status = node->registration.invoke(&s->context, &node->node);
  for (int32_t i = 0; status == kTfLiteOk && i < group->node.output_count; i++)
    status = fetch(s, &s->context.tensors[group->node.outputs[i]]);
  s->phase = TFL_IDLE;
  s->current = NULL;
  for (int32_t i = 0; i < group->node.output_count; i++) { /* the kernel may have made memory itself */
    const int32_t t = group->node.outputs[i];
    if (s->context.tensors[t].allocation_type == kTfLiteDynamic)
      s->extras[t].foreign = s->context.tensors[t].data.data;
  }
  if (status != kTfLiteOk) return lrt_tfl_fail(s, status, LRT_RUN_FAILED, err);
  for (int32_t i = 0; i < group->node.output_count; i++)
    if (s->context.tensors[group->node.outputs[i]].allocation_type == kTfLiteDynamic)
      LRT_TRY(take_dynamic(s, group->node.outputs[i], outputs[i], err));
  return LRT_OK;
}
