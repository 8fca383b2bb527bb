/* tflite_c_tensor.c: tensors of TFLite's C API. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/tflite_c.h"

TfLiteType TfLiteTensorType(const TfLiteTensor *tensor) {
  return tensor->type;
}

int32_t TfLiteTensorNumDims(const TfLiteTensor *tensor) {
  return tensor->dims != NULL ? tensor->dims->size : -1;
}

int32_t TfLiteTensorDim(const TfLiteTensor *tensor, int32_t index) {
  return tensor->dims->data[index];
}

size_t TfLiteTensorByteSize(const TfLiteTensor *tensor) {
  return tensor->bytes;
}

void *TfLiteTensorData(const TfLiteTensor *tensor) {
  return tensor->data.data;
}

const char *TfLiteTensorName(const TfLiteTensor *tensor) {
  return tensor->name;
}

TfLiteQuantizationParams TfLiteTensorQuantizationParams(const TfLiteTensor *tensor) {
  return tensor->params;
}

static bool fits(const TfLiteTensor *tensor, const void *buffer, size_t bytes) {
  return bytes == tensor->bytes && (bytes == 0 || (tensor->data.data != NULL && buffer != NULL));
}

TfLiteStatus TfLiteTensorCopyFromBuffer(TfLiteTensor *tensor, const void *buffer, size_t bytes) {
  if (!fits(tensor, buffer, bytes) || tensor->allocation_type == kTfLiteMmapRo) return kTfLiteError;
  if (bytes > 0) memcpy(tensor->data.data, buffer, bytes);
  return kTfLiteOk;
}

TfLiteStatus TfLiteTensorCopyToBuffer(const TfLiteTensor *tensor, void *buffer, size_t bytes) {
  if (!fits(tensor, buffer, bytes)) return kTfLiteError;
  if (bytes > 0) memcpy(buffer, tensor->data.data, bytes);
  return kTfLiteOk;
}
