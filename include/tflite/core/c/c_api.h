/* c_api.h: TFLite's C API: models, interpreters, tensors, signatures; from libtensorflowlite_c.so. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TFLITE_CORE_C_C_API_H_
#define TFLITE_CORE_C_C_API_H_

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tflite/core/c/common.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Order of calls: model → options → interpreter → (resize inputs) → allocate → fill inputs → invoke → read outputs. Model
 * and options may be deleted once the interpreter exists. An interpreter and its signature runners are used by one thread
 * at a time; TfLiteInterpreterCancel may come from any. NULL is fine for every …Delete. */
typedef struct TfLiteModel TfLiteModel;
typedef struct TfLiteInterpreterOptions TfLiteInterpreterOptions;
typedef struct TfLiteInterpreter TfLiteInterpreter;
typedef struct TfLiteSignatureRunner TfLiteSignatureRunner;

/* Version of TFLite whose behaviour this library follows, "2.23.0"; and of the interface for extensions. */
TFL_CAPI_EXPORT extern const char *TfLiteVersion(void);
TFL_CAPI_EXPORT extern const char *TfLiteExtensionApisVersion(void);
/* Version of the file format: 3. */
TFL_CAPI_EXPORT extern int TfLiteSchemaVersion(void);

/* ---- models ---- */

/* A model in memory of the caller, which stays alive and unchanged as long as the model and its interpreters. NULL where
 * the bytes are no model; the reason goes to the reporter; without one, as a line "ERROR: …" to standard error. */
TFL_CAPI_EXPORT extern TfLiteModel *TfLiteModelCreate(const void *model_data, size_t model_size);
TFL_CAPI_EXPORT extern TfLiteModel *
TfLiteModelCreateWithErrorReporter(const void *model_data, size_t model_size,
                                   void (*reporter)(void *user_data, const char *format, va_list args),
                                   void *user_data);
/* The same from a file. */
TFL_CAPI_EXPORT extern TfLiteModel *TfLiteModelCreateFromFile(const char *model_path);
TFL_CAPI_EXPORT extern TfLiteModel *TfLiteModelCreateFromFileWithErrorReporter(
    const char *model_path, void (*reporter)(void *user_data, const char *format, va_list args),
    void *user_data);
TFL_CAPI_EXPORT extern void TfLiteModelDelete(TfLiteModel *model);

/* ---- options ---- */

TFL_CAPI_EXPORT extern TfLiteInterpreterOptions *TfLiteInterpreterOptionsCreate(void);
/* A copy that refers to the same delegates and reporter. */
TFL_CAPI_EXPORT extern TfLiteInterpreterOptions *
TfLiteInterpreterOptionsCopy(const TfLiteInterpreterOptions *from);
TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsDelete(TfLiteInterpreterOptions *options);
/* Threads for kernels; less than 1 = one. */
TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsSetNumThreads(TfLiteInterpreterOptions *options,
                                                                  int32_t num_threads);
/* Delegates are asked in the order in which they are added. The caller owns them and keeps them alive longer than all
 * interpreters. */
TFL_CAPI_EXPORT extern void TfLiteInterpreterOptionsAddDelegate(TfLiteInterpreterOptions *options,
                                                                TfLiteOpaqueDelegate *delegate);
/* Who hears about errors, as a printf format with its arguments. */
TFL_CAPI_EXPORT extern void
TfLiteInterpreterOptionsSetErrorReporter(TfLiteInterpreterOptions *options,
                                         void (*reporter)(void *user_data, const char *format, va_list args),
                                         void *user_data);
/* Lets TfLiteInterpreterCancel work. */
TFL_CAPI_EXPORT extern TfLiteStatus
TfLiteInterpreterOptionsEnableCancellation(TfLiteInterpreterOptions *options, bool enable);

/* ---- interpreters ---- */

/* NULL where a delegate refuses the model, or without memory. */
TFL_CAPI_EXPORT extern TfLiteInterpreter *
TfLiteInterpreterCreate(const TfLiteModel *model, const TfLiteInterpreterOptions *optional_options);
TFL_CAPI_EXPORT extern void TfLiteInterpreterDelete(TfLiteInterpreter *interpreter);
TFL_CAPI_EXPORT extern int32_t TfLiteInterpreterGetInputTensorCount(const TfLiteInterpreter *interpreter);
/* Indices of tensors, [count]; they belong to the interpreter. */
TFL_CAPI_EXPORT extern const int *TfLiteInterpreterInputTensorIndices(const TfLiteInterpreter *interpreter);
/* NULL for an index out of range. The pointer stays valid as long as the interpreter; contents of its fields change with
 * allocate, resize and invoke. */
TFL_CAPI_EXPORT extern TfLiteTensor *TfLiteInterpreterGetInputTensor(const TfLiteInterpreter *interpreter,
                                                                     int32_t input_index);
/* Gives an input another shape; allocate must follow. kTfLiteError for an index or shape that is not valid. */
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteInterpreterResizeInputTensor(TfLiteInterpreter *interpreter,
                                                                       int32_t input_index,
                                                                       const int *input_dims,
                                                                       int32_t input_dims_size);
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteInterpreterAllocateTensors(TfLiteInterpreter *interpreter);
/* kTfLiteCancelled after a cancel, kTfLiteError otherwise. */
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteInterpreterInvoke(TfLiteInterpreter *interpreter);
TFL_CAPI_EXPORT extern int32_t TfLiteInterpreterGetOutputTensorCount(const TfLiteInterpreter *interpreter);
TFL_CAPI_EXPORT extern const int *TfLiteInterpreterOutputTensorIndices(const TfLiteInterpreter *interpreter);
TFL_CAPI_EXPORT extern const TfLiteTensor *
TfLiteInterpreterGetOutputTensor(const TfLiteInterpreter *interpreter, int32_t output_index);
/* Any tensor by its index in the file. */
TFL_CAPI_EXPORT extern TfLiteTensor *TfLiteInterpreterGetTensor(const TfLiteInterpreter *interpreter,
                                                                int index);
/* Stops a running invoke, also of a signature runner; kTfLiteError unless the options enabled it. */
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteInterpreterCancel(const TfLiteInterpreter *interpreter);

/* ---- tensors ---- */

TFL_CAPI_EXPORT extern TfLiteType TfLiteTensorType(const TfLiteTensor *tensor);
/* -1 where the shape is not known. */
TFL_CAPI_EXPORT extern int32_t TfLiteTensorNumDims(const TfLiteTensor *tensor);
/* dim_index must be within the shape. */
TFL_CAPI_EXPORT extern int32_t TfLiteTensorDim(const TfLiteTensor *tensor, int32_t dim_index);
TFL_CAPI_EXPORT extern size_t TfLiteTensorByteSize(const TfLiteTensor *tensor);
/* NULL before allocate. */
TFL_CAPI_EXPORT extern void *TfLiteTensorData(const TfLiteTensor *tensor);
TFL_CAPI_EXPORT extern const char *TfLiteTensorName(const TfLiteTensor *tensor);
/* Scale 0 where the tensor is not quantized as a whole. */
TFL_CAPI_EXPORT extern TfLiteQuantizationParams TfLiteTensorQuantizationParams(const TfLiteTensor *tensor);
/* Copies all bytes of a tensor; kTfLiteError for another number of bytes, or without memory behind the tensor. */
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteTensorCopyFromBuffer(TfLiteTensor *tensor, const void *input_data,
                                                               size_t input_data_size);
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteTensorCopyToBuffer(const TfLiteTensor *output_tensor,
                                                             void *output_data, size_t output_data_size);

/* ---- signatures ---- */

TFL_CAPI_EXPORT extern int32_t TfLiteInterpreterGetSignatureCount(const TfLiteInterpreter *interpreter);
/* NULL out of range. */
TFL_CAPI_EXPORT extern const char *TfLiteInterpreterGetSignatureKey(const TfLiteInterpreter *interpreter,
                                                                    int32_t signature_index);
/* Runs one signature; NULL for an unknown key. Delete it before the interpreter. */
TFL_CAPI_EXPORT extern TfLiteSignatureRunner *
TfLiteInterpreterGetSignatureRunner(const TfLiteInterpreter *interpreter, const char *signature_key);
TFL_CAPI_EXPORT extern size_t TfLiteSignatureRunnerGetInputCount(const TfLiteSignatureRunner *runner);
/* In the order of the names; NULL out of range. */
TFL_CAPI_EXPORT extern const char *TfLiteSignatureRunnerGetInputName(const TfLiteSignatureRunner *runner,
                                                                     int32_t input_index);
/* Only dimensions that the model leaves open may change. */
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteSignatureRunnerResizeInputTensor(TfLiteSignatureRunner *runner,
                                                                           const char *input_name,
                                                                           const int *input_dims,
                                                                           int32_t input_dims_size);
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteSignatureRunnerAllocateTensors(TfLiteSignatureRunner *runner);
/* NULL for an unknown name. */
TFL_CAPI_EXPORT extern TfLiteTensor *TfLiteSignatureRunnerGetInputTensor(TfLiteSignatureRunner *runner,
                                                                         const char *input_name);
TFL_CAPI_EXPORT extern TfLiteStatus TfLiteSignatureRunnerInvoke(TfLiteSignatureRunner *runner);
TFL_CAPI_EXPORT extern size_t TfLiteSignatureRunnerGetOutputCount(const TfLiteSignatureRunner *runner);
TFL_CAPI_EXPORT extern const char *TfLiteSignatureRunnerGetOutputName(const TfLiteSignatureRunner *runner,
                                                                      int32_t output_index);
TFL_CAPI_EXPORT extern const TfLiteTensor *
TfLiteSignatureRunnerGetOutputTensor(const TfLiteSignatureRunner *runner, const char *output_name);
TFL_CAPI_EXPORT extern void TfLiteSignatureRunnerDelete(TfLiteSignatureRunner *runner);

#ifdef __cplusplus
}
#endif
#endif
