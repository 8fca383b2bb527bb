/* tflite_delegate.c: hosts delegates of TFLite's contract: opens plug-ins, and lets them claim. */
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

int64_t lrt_tfl_flags(const TfLiteDelegate *plugin) {
  return plugin->opaque_delegate_builder != NULL ? plugin->opaque_delegate_builder->flags : plugin->flags;
}

/* ---- claim ---- */

/* Delegates that do not expect it take the shapes they see for the last word. */
static lrt_status check_static(const tfl_session *s, lrt_error *err) {
  const lrt_partition *p = s->partition;
  if ((lrt_tfl_flags(s->plugin) & kTfLiteDelegateFlagsAllowDynamicTensors) != 0) return LRT_OK;
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
  const lrt_status code = lrt_tfl_fail(s, status, LRT_UNSUPPORTED, &inner);
  return lrt_fail(err, code, "delegate %s refuses the model: %s", s->name, inner.message);
}

static lrt_status claim(lrt_delegate *delegate, lrt_partition *partition, void **session, lrt_error *err) {
  tfl_delegate *self = (tfl_delegate *)delegate;
  LRT_TRY(lrt_tfl_session_open(partition, self->plugin, delegate->name, session, err));
  tfl_session *s = *session;
  LRT_TRY(check_static(s, err));
  pthread_mutex_lock(&self->asking);
  const lrt_status status = let_claim(s, err);
  pthread_mutex_unlock(&self->asking);
  return status;
}

/* ---- open and destroy ---- */

static void destroy(lrt_delegate *delegate) {
  tfl_delegate *self = (tfl_delegate *)delegate;
  if (self->plugin != NULL && self->destroy_plugin != NULL) self->destroy_plugin(self->plugin);
  pthread_mutex_destroy(&self->asking);
  lrt_alloc_free(self);
}

static const lrt_delegate_class tflite_class = {claim, lrt_tfl_session_prepare, lrt_tfl_session_eval,
                                                lrt_tfl_session_close, destroy};

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
  self->base.reusable = (lrt_tfl_flags(self->plugin) & kTfLiteDelegateFlagsAllowDynamicTensors) != 0;
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
  self->base.reusable = (lrt_tfl_flags(plugin) & kTfLiteDelegateFlagsAllowDynamicTensors) != 0;
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
