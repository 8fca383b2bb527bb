/* tflite_delegate.c: hosts delegates of TFLite's contract: opens plug-ins, lets them claim, prepares and runs kernels. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "api/tflite_host.h"
#include "api/tflite_plugin.h"
#include "base/fail.h"
#include "base/log.h"

typedef struct tfl_delegate {
  lrt_delegate base;
  TfLiteDelegate *plugin;
  tfl_destroy_function destroy_plugin;
  pthread_mutex_t asking; /* plug-ins keep notes in their own struct while they look at a model */
} tfl_delegate;

static int64_t flags_of(const TfLiteDelegate *plugin) {
  return plugin->opaque_delegate_builder != NULL ? plugin->opaque_delegate_builder->flags : plugin->flags;
}

/* The sentence of a failed call: what the plug-in reported, else its number. */
static lrt_status fail(const tfl_session *s, TfLiteStatus status, lrt_status code, lrt_error *err) {
  if (status == kTfLiteCancelled) code = LRT_CANCELLED;
  if (s->message[0] != 0) return lrt_fail(err, code, "%s", s->message);
  return lrt_fail(err, code, "it returned the status %d and no reason", (int)status);
}

/* ---- claim ---- */

/* Delegates that do not expect it take the shapes they see for the last word. */
static lrt_status check_static(const tfl_session *s, lrt_error *err) {
  const lrt_partition *p = s->partition;
  if ((flags_of(s->plugin) & kTfLiteDelegateFlagsAllowDynamicTensors) != 0) return LRT_OK;
  for (int32_t n = 0; n < p->subgraph->node_count; n++)
    for (int32_t i = 0; i < p->subgraph->nodes[n].output_count; i++) {
      const int32_t t = p->subgraph->nodes[n].outputs[i];
      if (t >= 0 && !p->known[t])
        return lrt_fail(
            err, LRT_UNSUPPORTED,
            "delegate %s takes static shapes only, and that of tensor \"%s\" (%s, node %d) is not "
            "known before the model runs",
            s->name, p->subgraph->tensors[t].name, lrt_node_name(&p->subgraph->nodes[n]), n);
    }
  return LRT_OK;
}

static lrt_status let_claim(tfl_session *s, lrt_error *err) {
  const TfLiteOpaqueDelegateBuilder *builder = s->plugin->opaque_delegate_builder;
  lrt_error inner = {LRT_OK, ""};
  TfLiteStatus status;
  s->phase = TFL_CLAIM;
  if (builder != NULL && builder->Prepare != NULL)
    status = builder->Prepare((TfLiteOpaqueContext *)&s->context, s->plugin, builder->data);
  else
    status = s->plugin->Prepare(&s->context, s->plugin);
  s->phase = TFL_IDLE;
  if (status == kTfLiteOk) return LRT_OK;
  const lrt_status code = fail(s, status, LRT_UNSUPPORTED, &inner);
  return lrt_fail(err, code, "delegate %s refuses the model: %s", s->name, inner.message);
}

static lrt_status claim(lrt_delegate *delegate, lrt_partition *partition, void **session, lrt_error *err) {
  tfl_delegate *self = (tfl_delegate *)delegate;
  lrt_alloc *alloc = partition->runtime->alloc;
  tfl_session *s = lrt_alloc_zero(alloc, sizeof *s);
  if (s == NULL) return lrt_alloc_fail(err, alloc, sizeof *s, "a delegate's view of the model");
  *session = s;
  s->plugin = self->plugin;
  s->name = delegate->name;
  s->partition = partition;
  s->graph = partition->runtime->graph;
  s->subgraph = partition->subgraph;
  s->alloc = alloc;
  lrt_arena_init(&s->arena, alloc);
  LRT_TRY(lrt_tfl_session_fill(s, err));
  LRT_TRY(check_static(s, err));
  pthread_mutex_lock(&self->asking);
  const lrt_status status = let_claim(s, err);
  pthread_mutex_unlock(&self->asking);
  return status;
}

static void close_session(lrt_delegate *delegate, void *session) {
  tfl_session *s = session;
  (void)delegate;
  lrt_tfl_session_clear(s);
  lrt_alloc_free(s);
}

/* ---- prepare ---- */

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
  if (status != kTfLiteOk) return fail(s, status, LRT_UNSUPPORTED, err);
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
  if (!s->partition->known[t] && !s->extras[t].resized && !p->outputs[i]->variable)
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

static lrt_status prepare(void *session, lrt_group *group, lrt_prepare *p) {
  tfl_session *s = session;
  tfl_node *node = s->nodes[group->index];
  if (s->version != s->partition->version) lrt_tfl_session_show_shapes(s);
  if (p->running && (flags_of(s->plugin) & kTfLiteDelegateFlagsRequirePropagatedShapes) != 0)
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
  const TfLiteOpaqueDelegateBuilder *builder = s->plugin->opaque_delegate_builder;
  TfLiteStatus status = kTfLiteError;
  if (!tensor->data_is_stale || tensor->buffer_handle == kTfLiteNullBufferHandle) return kTfLiteOk;
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

static lrt_status eval(void *session, const lrt_group *group, lrt_value *const *inputs,
                       lrt_value *const *outputs, lrt_error *err) {
  tfl_session *s = session;
  tfl_node *node = s->nodes[group->index];
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
  if (status != kTfLiteOk) return fail(s, status, LRT_RUN_FAILED, err);
  for (int32_t i = 0; i < group->node.output_count; i++)
    if (s->context.tensors[group->node.outputs[i]].allocation_type == kTfLiteDynamic)
      LRT_TRY(take_dynamic(s, group->node.outputs[i], outputs[i], err));
  return LRT_OK;
}

/* ---- open and destroy ---- */

static void destroy(lrt_delegate *delegate) {
  tfl_delegate *self = (tfl_delegate *)delegate;
  if (self->plugin != NULL && self->destroy_plugin != NULL) self->destroy_plugin(self->plugin);
  pthread_mutex_destroy(&self->asking);
  lrt_alloc_free(self);
}

static const lrt_delegate_class tflite_class = {claim, prepare, eval, close_session, destroy};

/* The contract gives a plug-in no cookie: its complaints go to the thread that opens it. */
static _Thread_local char reported[400];

static void keep_report(const char *text) {
  snprintf(reported, sizeof reported, "%s", text != NULL ? text : "");
}

lrt_status lrt_tfl_plugin_load(const char *path, tfl_create_function *create,
                               tfl_destroy_function *destroy_plugin, lrt_error *err) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return lrt_fail(err, LRT_NOT_FOUND, "%s", dlerror());
  *(void **)create = dlsym(library, "tflite_plugin_create_delegate");
  *(void **)destroy_plugin = dlsym(library, "tflite_plugin_destroy_delegate");
  if (*create != NULL && *destroy_plugin != NULL) return LRT_OK;
  dlclose(library);
  return lrt_fail(err, LRT_UNSUPPORTED, "%s: undefined symbol: %s", path,
                  *create == NULL ? "tflite_plugin_create_delegate" : "tflite_plugin_destroy_delegate");
}

static lrt_status make_plugin(tfl_delegate *self, tfl_create_function create, const char *const *keys,
                              const char *const *values, int32_t count, const char *path, lrt_error *err) {
  reported[0] = 0;
  self->plugin = create(keys, values, (size_t)count, keep_report);
  if (self->plugin == NULL)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "delegate %s cannot be made: %s", path,
                    reported[0] != 0 ? reported : "it gives no reason");
  const TfLiteOpaqueDelegateBuilder *builder = self->plugin->opaque_delegate_builder;
  if (self->plugin->Prepare == NULL && (builder == NULL || builder->Prepare == NULL))
    return lrt_fail(err, LRT_UNSUPPORTED, "delegate %s has no Prepare function", path);
  self->base.reusable = (flags_of(self->plugin) & kTfLiteDelegateFlagsAllowDynamicTensors) != 0;
  return LRT_OK;
}

static tfl_delegate *new_delegate(const char *name, const lrt_delegate_limits *limits) {
  tfl_delegate *self = lrt_alloc_zero(lrt_alloc_default(), sizeof *self + strlen(name) + 1);
  if (self == NULL) return NULL;
  strcpy((char *)(self + 1), name);
  self->base.type = &tflite_class;
  self->base.name = (const char *)(self + 1);
  if (limits != NULL) self->base.limits = *limits;
  atomic_init(&self->base.references, 1);
  pthread_mutex_init(&self->asking, NULL);
  return self;
}

lrt_status lrt_tfl_delegate_wrap(TfLiteDelegate *plugin, lrt_delegate **out, lrt_error *err) {
  const TfLiteOpaqueDelegateBuilder *builder = plugin->opaque_delegate_builder;
  if (plugin->Prepare == NULL && (builder == NULL || builder->Prepare == NULL))
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a delegate has no Prepare function");
  tfl_delegate *self = new_delegate("delegate", NULL);
  if (self == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), sizeof *self, "a delegate");
  self->plugin = plugin;
  self->base.reusable = (flags_of(plugin) & kTfLiteDelegateFlagsAllowDynamicTensors) != 0;
  *out = &self->base;
  return LRT_OK;
}

lrt_status lrt_delegate_open(const char *path, const char *const *keys, const char *const *values,
                             int32_t count, const lrt_delegate_limits *limits, lrt_delegate **out,
                             lrt_error *err) {
  tfl_create_function create = NULL;
  tfl_destroy_function destroy_plugin = NULL;
  if (path == NULL || out == NULL || count < 0 || (count > 0 && (keys == NULL || values == NULL)))
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a delegate needs a path, and a value for each key");
  LRT_TRY(lrt_tfl_plugin_load(path, &create, &destroy_plugin, err));
  const char *slash = strrchr(path, '/'), *file = slash != NULL ? slash + 1 : path;
  tfl_delegate *self = new_delegate(file, limits);
  if (self == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), sizeof *self, "a delegate");
  self->destroy_plugin = destroy_plugin;
  const lrt_status status = make_plugin(self, create, keys, values, count, path, err);
  if (status != LRT_OK) {
    lrt_delegate_destroy(&self->base);
    return status;
  }
  lrt_log(LRT_LOG_INFO, "api", "delegate_opened", "delegate=\"%s\" options=%d", self->base.name, count);
  *out = &self->base;
  return LRT_OK;
}
