/* external_delegate.h: delegates from shared libraries for TFLite's C API; from libtensorflowlite_c.so. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TFLITE_DELEGATES_EXTERNAL_EXTERNAL_DELEGATE_H_
#define TFLITE_DELEGATES_EXTERNAL_EXTERNAL_DELEGATE_H_

#include "tflite/core/c/common.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { kExternalDelegateMaxOptions = 256 };

/* Texts are borrowed until the delegate is made. */
typedef struct TfLiteExternalDelegateOptions {
  const char *lib_path;
  int count;
  const char *keys[kExternalDelegateMaxOptions];
  const char *values[kExternalDelegateMaxOptions];
  TfLiteStatus (*insert)(struct TfLiteExternalDelegateOptions *options, const char *key, const char *value);
} TfLiteExternalDelegateOptions;

/* Options without keys for a library. */
TFL_CAPI_EXPORT TfLiteExternalDelegateOptions TfLiteExternalDelegateOptionsDefault(const char *lib_path);
/* Appends a pair; kTfLiteError when there are as many as fit. */
TFL_CAPI_EXPORT TfLiteStatus TfLiteExternalDelegateOptionsInsert(TfLiteExternalDelegateOptions *options,
                                                                 const char *key, const char *value);
/* Loads the library and makes its delegate; NULL where that fails, with the reason on standard error. */
TFL_CAPI_EXPORT TfLiteDelegate *TfLiteExternalDelegateCreate(const TfLiteExternalDelegateOptions *options);
/* After all interpreters that use it; NULL is fine. */
TFL_CAPI_EXPORT void TfLiteExternalDelegateDelete(TfLiteDelegate *delegate);

#ifdef __cplusplus
}
#endif
#endif
