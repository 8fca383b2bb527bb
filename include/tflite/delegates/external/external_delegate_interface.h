/* external_delegate_interface.h: entry points that a shared library with a delegate exports. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TFLITE_DELEGATES_EXTERNAL_EXTERNAL_DELEGATE_INTERFACE_H_
#define TFLITE_DELEGATES_EXTERNAL_EXTERNAL_DELEGATE_INTERFACE_H_

#include <stddef.h>

#include "tflite/core/c/common.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes a delegate from `num_options` pairs options_keys[i] = options_values[i], which live during the call only. NULL
 * where that fails; the reason goes to report_error (may be NULL) as one text. */
TFL_CAPI_EXPORT extern TfLiteDelegate *tflite_plugin_create_delegate(const char *const *options_keys,
                                                                     const char *const *options_values,
                                                                     size_t num_options,
                                                                     void (*report_error)(const char *));
/* Frees what tflite_plugin_create_delegate has made, after all interpreters that used it. */
TFL_CAPI_EXPORT extern void tflite_plugin_destroy_delegate(TfLiteDelegate *delegate);

#ifdef __cplusplus
}
#endif
#endif
