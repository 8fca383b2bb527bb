/* tflite_c_external.c: delegates from shared libraries for TFLite's C API. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tflite_c.h"
#include "base/alloc.h"
#include "tflite/delegates/external/external_delegate.h"

/* Speaks for the plug-in, which may look for fields of its own behind its TfLiteDelegate. */
typedef struct relay {
  TfLiteDelegate base;
  TfLiteDelegate *plugin;
  tfl_destroy_function destroy_plugin;
} relay;

static TfLiteDelegate *plugin_of(TfLiteDelegate *delegate) {
  return ((relay *)(void *)delegate)->plugin;
}

static TfLiteStatus relay_prepare(TfLiteContext *context, TfLiteDelegate *delegate) {
  TfLiteDelegate *plugin = plugin_of(delegate);
  const TfLiteOpaqueDelegateBuilder *builder = plugin->opaque_delegate_builder;
  if (builder != NULL && builder->Prepare != NULL)
    return builder->Prepare((TfLiteOpaqueContext *)context, plugin, builder->data);
  return plugin->Prepare(context, plugin);
}

static TfLiteStatus relay_copy_from(TfLiteContext *context, TfLiteDelegate *delegate,
                                    TfLiteBufferHandle handle, TfLiteTensor *tensor) {
  TfLiteDelegate *plugin = plugin_of(delegate);
  return plugin->CopyFromBufferHandle(context, plugin, handle, tensor);
}

static TfLiteStatus relay_copy_to(TfLiteContext *context, TfLiteDelegate *delegate, TfLiteBufferHandle handle,
                                  TfLiteTensor *tensor) {
  TfLiteDelegate *plugin = plugin_of(delegate);
  return plugin->CopyToBufferHandle(context, plugin, handle, tensor);
}

static void relay_free(TfLiteContext *context, TfLiteDelegate *delegate, TfLiteBufferHandle *handle) {
  TfLiteDelegate *plugin = plugin_of(delegate);
  plugin->FreeBufferHandle(context, plugin, handle);
}

TfLiteStatus TfLiteExternalDelegateOptionsInsert(TfLiteExternalDelegateOptions *options, const char *key,
                                                 const char *value) {
  if (options->count >= kExternalDelegateMaxOptions) return kTfLiteError;
  options->keys[options->count] = key;
  options->values[options->count++] = value;
  return kTfLiteOk;
}

TfLiteExternalDelegateOptions TfLiteExternalDelegateOptionsDefault(const char *lib_path) {
  TfLiteExternalDelegateOptions options = {.lib_path = lib_path,
                                           .insert = TfLiteExternalDelegateOptionsInsert};
  return options;
}

static void keep_report(const char *text) {
  const tfl_reporter standard_error = {NULL, NULL};
  lrt_tfl_say(&standard_error, "%s", text != NULL ? text : "a delegate failed and gave no reason");
}

static relay *make_relay(TfLiteDelegate *plugin, tfl_destroy_function destroy_plugin) {
  relay *self = lrt_alloc_zero(lrt_alloc_default(), sizeof *self);
  if (self == NULL) return NULL;
  self->plugin = plugin;
  self->destroy_plugin = destroy_plugin;
  self->base.data_ = self;
  self->base.Prepare = relay_prepare;
  if (plugin->CopyFromBufferHandle != NULL) self->base.CopyFromBufferHandle = relay_copy_from;
  if (plugin->CopyToBufferHandle != NULL) self->base.CopyToBufferHandle = relay_copy_to;
  if (plugin->FreeBufferHandle != NULL) self->base.FreeBufferHandle = relay_free;
  self->base.flags =
      plugin->opaque_delegate_builder != NULL ? plugin->opaque_delegate_builder->flags : plugin->flags;
  return self;
}

TfLiteDelegate *TfLiteExternalDelegateCreate(const TfLiteExternalDelegateOptions *options) {
  tfl_create_function create = NULL;
  tfl_destroy_function destroy_plugin = NULL;
  lrt_error err;
  if (options == NULL || options->lib_path == NULL || options->count < 0 ||
      options->count > kExternalDelegateMaxOptions)
    return NULL;
  if (lrt_tfl_plugin_load(options->lib_path, &create, &destroy_plugin, &err) != LRT_OK) {
    keep_report(err.message);
    return NULL;
  }
  TfLiteDelegate *plugin = create(options->keys, options->values, (size_t)options->count, keep_report);
  if (plugin == NULL) return NULL;
  relay *self = make_relay(plugin, destroy_plugin);
  if (self != NULL) return &self->base;
  destroy_plugin(plugin);
  return NULL;
}

void TfLiteExternalDelegateDelete(TfLiteDelegate *delegate) {
  if (delegate == NULL) return;
  relay *self = (relay *)(void *)delegate;
  self->destroy_plugin(self->plugin);
  lrt_alloc_free(self);
}
