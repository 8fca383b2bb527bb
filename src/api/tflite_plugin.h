/* tflite_plugin.h: loading plug-ins of TFLite's external delegates, and delegates that somebody else owns. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TFLITE_PLUGIN_H
#define LRT_TFLITE_PLUGIN_H

#include "litert/delegate.h"
#include "tflite/core/c/common.h"

/* The entry points of a plug-in; see external_delegate_interface.h. */
typedef TfLiteDelegate *(*tfl_create_function)(const char *const *, const char *const *, size_t,
                                               void (*)(const char *));
typedef void (*tfl_destroy_function)(TfLiteDelegate *);

/* Loads a library, which stays. NOT_FOUND, UNSUPPORTED. */
lrt_status lrt_tfl_plugin_load(const char *path, tfl_create_function *create,
                               tfl_destroy_function *destroy_plugin, lrt_error *err);
/* Flags of a delegate, or of its builder. */
int64_t lrt_tfl_flags(const TfLiteDelegate *plugin);
/* An operator of an application: a builtin code, or 32 and a name; for versions min … max. */
typedef struct tfl_operator {
  int32_t code;
  const char *name;
  const TfLiteRegistration *registration;
  int32_t min_version, max_version;
} tfl_operator;
/* A delegate that runs every node of these operators, each by itself; copies the list, not the registrations and names.
 */
lrt_status lrt_tfl_operators_create(const tfl_operator *operators, int32_t count, lrt_delegate **out,
                                    lrt_error *err);
/* A delegate that the caller owns and keeps alive longer. */
lrt_status lrt_tfl_delegate_wrap(TfLiteDelegate *plugin, lrt_delegate **out, lrt_error *err);

#endif
