/* tflite_callbacks.c: the functions of TfLiteContext that delegates and their kernels call. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/tflite_host.h"
#include "api/tflite_types.h"
#include "base/log.h"

static TfLiteStatus refuse(tfl_session *s, const char *sentence) {
  lrt_tfl_report(s, "%s", sentence);
  return kTfLiteError;
}

static void report_error(TfLiteContext *context, const char *format, ...) {
  tfl_session *s = tfl_session_of(context);
  va_list args;
  va_start(args, format);
  vsnprintf(s->message, sizeof s->message, format, args);
  va_end(args);
  lrt_log(LRT_LOG_INFO, "api", "delegate_reports", "delegate=\"%s\" text=\"%s\"", s->name, s->message);
}

/* ---- nodes ---- */

static TfLiteStatus get_plan(TfLiteContext *context, TfLiteIntArray **out) {
  tfl_session *s = tfl_session_of(context);
  const lrt_partition *p = s->partition;
  if (s->plan == NULL || s->plan_groups != p->group_count) {
    s->plan = lrt_arena_get(&s->arena, TfLiteIntArrayGetSizeInBytes(p->unit_count));
    if (s->plan == NULL) return refuse(s, "no memory left for the list of nodes");
    s->plan->size = p->unit_count;
    for (int32_t u = 0; u < p->unit_count; u++)
      s->plan->data[u] = p->units[u].group != NULL ? p->units[u].group->index : p->units[u].node;
    s->plan_groups = p->group_count;
  }
  *out = s->plan;
  return kTfLiteOk;
}

static TfLiteStatus get_node(TfLiteContext *context, int index, TfLiteNode **node,
                             TfLiteRegistration **registration) {
  tfl_session *s = tfl_session_of(context);
  if (index < 0 || index >= s->node_count) return refuse(s, "a node is asked for that does not exist");
  *node = &s->nodes[index]->node;
  *registration = &s->nodes[index]->registration;
  return kTfLiteOk;
}

static bool set_params(tfl_session *s, TfLiteDelegateParams *params, const lrt_group *group,
                       TfLiteDelegate *delegate) {
  params->delegate = delegate;
  params->nodes_to_replace = lrt_tflite_list(&s->arena, group->nodes, group->node_count);
  params->input_tensors = lrt_tflite_list(&s->arena, group->node.inputs, group->node.input_count);
  params->output_tensors = lrt_tflite_list(&s->arena, group->node.outputs, group->node.output_count);
  return params->nodes_to_replace != NULL && params->input_tensors != NULL && params->output_tensors != NULL;
}

static TfLiteStatus preview(TfLiteContext *context, const TfLiteIntArray *nodes, TfLiteDelegateParams **out,
                            int *count) {
  tfl_session *s = tfl_session_of(context);
  lrt_group *first = NULL;
  lrt_error err;
  int32_t groups = 0, i = 0;
  if (s->phase != TFL_CLAIM) return refuse(s, "partitions are only previewed in a delegate's Prepare");
  if (lrt_partition_group(s->partition, nodes->data, nodes->size, false, &first, &err) != LRT_OK)
    return refuse(s, err.message);
  for (const lrt_group *g = first; g != NULL; g = g->next) groups++;
  s->preview = lrt_arena_array(&s->arena, (size_t)groups + 1, sizeof *s->preview);
  if (s->preview == NULL) return refuse(s, "no memory left for a preview");
  for (const lrt_group *g = first; g != NULL; g = g->next)
    if (!set_params(s, &s->preview[i++], g, s->plugin)) return refuse(s, "no memory left for a preview");
  *out = s->preview;
  *count = groups;
  return kTfLiteOk;
}

/* Makes the kernel of a group. */
static TfLiteStatus make_kernel(tfl_session *s, const TfLiteRegistration *registration, lrt_group *group,
                                TfLiteDelegate *delegate) {
  tfl_node *node = lrt_tfl_add_group(s, group);
  if (node == NULL || !set_params(s, &node->params, group, delegate))
    return refuse(s, "no memory left for a kernel");
  const char *name = node->registration.custom_name;
  node->registration = *registration;
  node->registration.builtin_code = LRT_OP_DELEGATE;
  if (registration->custom_name == NULL) node->registration.custom_name = name;
  node->node.delegate = delegate;
  node->node.builtin_data = &node->params;
  node->made = true;
  for (int32_t i = 0; i < group->node.output_count; i++)
    s->context.tensors[group->node.outputs[i]].delegate = s->plugin;
  if (registration->init == NULL) return kTfLiteOk;
  s->current = node;
  node->node.user_data = registration->init(&s->context, (const char *)&node->params, 0);
  s->current = NULL;
  return kTfLiteOk;
}

static TfLiteStatus replace(TfLiteContext *context, TfLiteRegistration registration,
                            const TfLiteIntArray *nodes, struct TfLiteDelegate *delegate) {
  tfl_session *s = tfl_session_of(context);
  lrt_group *first = NULL;
  lrt_error err;
  if (s->phase != TFL_CLAIM) return refuse(s, "nodes are only replaced in a delegate's Prepare");
  /* One delegate may speak for another: TFLite's own loader of plug-ins does. */
  if (delegate == NULL) return refuse(s, "nodes are replaced in the name of no delegate");
  if (registration.invoke == NULL)
    return refuse(s, "the kernel has no invoke function; those of TfLiteOperator are not supported");
  if (lrt_partition_group(s->partition, nodes->data, nodes->size, true, &first, &err) != LRT_OK)
    return refuse(s, err.message);
  for (lrt_group *g = first; g != NULL; g = g->next)
    if (make_kernel(s, &registration, g, delegate) != kTfLiteOk) return kTfLiteError;
  return kTfLiteOk;
}

/* ---- tensors ---- */

static TfLiteStatus resize_explicit(TfLiteContext *context, TfLiteTensor *tensor, int rank,
                                    const int *shape) {
  tfl_session *s = tfl_session_of(context);
  const size_t before = tensor->bytes;
  if (tensor < context->tensors || tensor >= context->tensors + context->tensors_size)
    return refuse(s, "a tensor is resized that is none of the subgraph (tensors move in AddTensors)");
  const int32_t t = (int32_t)(tensor - context->tensors);
  if (tensor->allocation_type == kTfLiteMmapRo ||
      (tensor->is_variable && t < s->partition->subgraph->tensor_count))
    return refuse(s, "constants and variables cannot be resized");
  if (lrt_tfl_set_shape(s, t, rank, shape) != kTfLiteOk) return kTfLiteError;
  s->extras[t].resized = true;
  if (s->phase != TFL_EVAL || tensor->allocation_type == kTfLiteDynamic || tensor->bytes == before)
    return kTfLiteOk;
  lrt_tfl_report(s, "tensor \"%s\" is resized while the model runs, and it is not dynamic", tensor->name);
  return kTfLiteError;
}

static TfLiteStatus resize(TfLiteContext *context, TfLiteTensor *tensor, TfLiteIntArray *new_size) {
  if (new_size == NULL) return refuse(tfl_session_of(context), "a tensor is resized to no shape");
  const TfLiteStatus status = resize_explicit(context, tensor, new_size->size, new_size->data);
  lrt_foreign_free(new_size);
  return status;
}

static TfLiteStatus add_tensors(TfLiteContext *context, int count, int *first) {
  tfl_session *s = tfl_session_of(context);
  const int at = (int)context->tensors_size;
  if (s->phase == TFL_EVAL) return refuse(s, "tensors cannot be added while the model runs");
  if (!lrt_tfl_grow_tensors(s, count)) return refuse(s, "no memory left for more tensors");
  if (first != NULL) *first = at;
  return kTfLiteOk;
}

static TfLiteTensor *get_tensor(const TfLiteContext *context, int index) {
  return index >= 0 && (size_t)index < context->tensors_size ? &context->tensors[index] : NULL;
}

static TfLiteEvalTensor *get_eval_tensor(const TfLiteContext *context, int index) {
  const TfLiteTensor *tensor = get_tensor(context, index);
  if (tensor == NULL) return NULL;
  TfLiteEvalTensor *out = &tfl_session_of(context)->eval_tensors[index];
  *out = (TfLiteEvalTensor){tensor->data, tensor->dims, tensor->type};
  return out;
}

/* ---- memory ---- */

static void *get_persistent(TfLiteContext *context, size_t bytes) {
  return lrt_arena_get(&tfl_session_of(context)->arena, bytes);
}

static TfLiteStatus request_scratch(TfLiteContext *context, size_t bytes, int *index) {
  tfl_session *s = tfl_session_of(context);
  int32_t i = 0;
  while (i < s->scratch_count && s->scratch[i].block != NULL) i++;
  if (i == s->scratch_count) {
    void *more = lrt_alloc_resize(s->alloc, s->scratch, (size_t)(i + 1) * sizeof *s->scratch);
    if (more == NULL) return refuse(s, "no memory left for scratch buffers");
    s->scratch = more;
    s->scratch[s->scratch_count++] = (tfl_scratch){NULL, NULL};
  }
  s->scratch[i].block = lrt_alloc_get(s->alloc, bytes);
  s->scratch[i].owner = s->current;
  if (s->scratch[i].block == NULL) return refuse(s, "no memory left for a scratch buffer");
  *index = i;
  return kTfLiteOk;
}

static void *get_scratch(TfLiteContext *context, int index) {
  const tfl_session *s = tfl_session_of(context);
  return index >= 0 && index < s->scratch_count ? s->scratch[index].block : NULL;
}

static TfLiteStatus get_eval_buffer(TfLiteContext *context, size_t bytes, void **out) {
  int index = -1;
  const TfLiteStatus status = request_scratch(context, bytes, &index);
  if (status == kTfLiteOk) *out = get_scratch(context, index);
  return status;
}

/* ---- the rest ---- */

static TfLiteExternalContext *get_external(TfLiteContext *context, TfLiteExternalContextType type) {
  return (unsigned)type < kTfLiteMaxExternalContexts ? tfl_session_of(context)->external[type] : NULL;
}

static void set_external(TfLiteContext *context, TfLiteExternalContextType type,
                         TfLiteExternalContext *external) {
  if ((unsigned)type < kTfLiteMaxExternalContexts) tfl_session_of(context)->external[type] = external;
}

static TfLiteStatus get_metadata(const TfLiteContext *context, const char *name, const char **bytes,
                                 size_t *count) {
  const lrt_graph *graph = tfl_session_of(context)->graph;
  for (int32_t i = 0; i < graph->metadata_count; i++) {
    if (strcmp(graph->metadata[i].name, name) != 0) continue;
    *bytes = graph->metadata[i].data;
    *count = (size_t)graph->metadata[i].bytes;
    return kTfLiteOk;
  }
  return kTfLiteError;
}

static TfLiteStatus acquire_subgraph(TfLiteContext *context, int index, TfLiteContext **out) {
  tfl_session *s = tfl_session_of(context);
  if (index != s->partition->subgraph_index) return refuse(s, "a delegate sees one subgraph at a time");
  *out = context;
  return kTfLiteOk;
}

static TfLiteStatus release_subgraph(TfLiteContext *context, int index) {
  return index == tfl_session_of(context)->partition->subgraph_index ? kTfLiteOk : kTfLiteError;
}

void lrt_tfl_set_functions(TfLiteContext *context) {
  context->GetExecutionPlan = get_plan;
  context->ResizeTensor = resize;
  context->ReportError = report_error;
  context->AddTensors = add_tensors;
  context->GetNodeAndRegistration = get_node;
  context->ReplaceNodeSubsetsWithDelegateKernels = replace;
  context->GetExternalContext = get_external;
  context->SetExternalContext = set_external;
  context->AllocatePersistentBuffer = get_persistent;
  context->AllocateBufferForEval = get_eval_buffer;
  context->RequestScratchBufferInArena = request_scratch;
  context->GetScratchBuffer = get_scratch;
  context->ResizeTensorExplicit = resize_explicit;
  context->PreviewDelegatePartitioning = preview;
  context->GetTensor = get_tensor;
  context->GetEvalTensor = get_eval_tensor;
  context->GetModelMetadata = get_metadata;
  context->AcquireSubgraphContext = acquire_subgraph;
  context->ReleaseSubgraphContext = release_subgraph;
}
