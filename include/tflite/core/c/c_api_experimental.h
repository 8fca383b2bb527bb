/* c_api_experimental.h: calls of TFLite's C API beside its stable part, as far as libtensorflowlite_c.so has them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TFLITE_CORE_C_C_API_EXPERIMENTAL_H_
#define TFLITE_CORE_C_C_API_EXPERIMENTAL_H_

#include "tflite/builtin_ops.h"
#include "tflite/core/c/c_api.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sets every variable tensor back to zero. */
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteInterpreterResetVariableTensors(TfLiteInterpreter *interpreter);
/* Index of the tensor of an input or output; -1 out of range. */
TFL_CAPI_EXPORT extern int32_t TfLiteInterpreterGetInputTensorIndex(const TfLiteInterpreter *interpreter,
                                                                    int32_t input_index);
TFL_CAPI_EXPORT extern int32_t TfLiteInterpreterGetOutputTensorIndex(const TfLiteInterpreter *interpreter,
                                                                     int32_t output_index);
/* Delegates that refuse the model are left out instead of failing TfLiteInterpreterCreate. */
TFL_CAPI_EXPORT extern void
TfLiteInterpreterOptionsSetEnableDelegateFallback(TfLiteInterpreterOptions *options, bool enable);
/* Operators of the application: a custom one by its name, or one that takes the place of a builtin one, for these versions
 * of the operator. Registration and name are borrowed and must live longer than all interpreters. Of several that fit, the
 * last counts. */
TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsAddCustomOp(TfLiteInterpreterOptions *options,
                                                                const char *name,
                                                                const TfLiteRegistration *registration,
                                                                int32_t min_version, int32_t max_version);
TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsAddBuiltinOp(TfLiteInterpreterOptions *options,
                                                                 TfLiteBuiltinOperator op,
                                                                 const TfLiteRegistration *registration,
                                                                 int32_t min_version, int32_t max_version);
/* Stops a running invoke; see TfLiteInterpreterCancel. */
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteSignatureRunnerCancel(TfLiteSignatureRunner *runner);

#ifdef __cplusplus
}
#endif
#endif
