/* tflite_c_lists.c: lists of TFLite's C API as exported functions; the header has them inline for plug-ins. */
/* SPDX-License-Identifier: Apache-2.0 */
#define TFLITE_LISTS_FROM_LIBRARY
#include <string.h>

#include "base/alloc.h"
#include "tflite/core/c/common.h"

size_t TfLiteIntArrayGetSizeInBytes(int size) {
  return size < 0 ? 0 : sizeof(TfLiteIntArray) + sizeof(int) * (size_t)size;
}

TfLiteIntArray *TfLiteIntArrayCreate(int size) {
  TfLiteIntArray *list = size < 0 ? NULL : lrt_foreign_resize(NULL, TfLiteIntArrayGetSizeInBytes(size));
  if (list != NULL) list->size = size;
  return list;
}

TfLiteIntArray *TfLiteIntArrayCopy(const TfLiteIntArray *source) {
  TfLiteIntArray *copy = source == NULL ? NULL : TfLiteIntArrayCreate(source->size);
  if (copy != NULL && copy->size > 0) memcpy(copy->data, source->data, sizeof(int) * (size_t)copy->size);
  return copy;
}

void TfLiteIntArrayFree(TfLiteIntArray *array) {
  lrt_foreign_free(array);
}

int TfLiteIntArrayEqualsArray(const TfLiteIntArray *array, int size, const int *data) {
  return array != NULL && array->size == size &&
         (size <= 0 || memcmp(array->data, data, sizeof(int) * (size_t)size) == 0);
}

int TfLiteIntArrayEqual(const TfLiteIntArray *a, const TfLiteIntArray *b) {
  return a == b || (a != NULL && b != NULL && TfLiteIntArrayEqualsArray(a, b->size, b->data));
}

int TfLiteFloatArrayGetSizeInBytes(int size) {
  return size < 0 ? 0 : (int)(sizeof(TfLiteFloatArray) + sizeof(float) * (size_t)size);
}

TfLiteFloatArray *TfLiteFloatArrayCreate(int size) {
  TfLiteFloatArray *list =
      size < 0 ? NULL : lrt_foreign_resize(NULL, sizeof *list + sizeof(float) * (size_t)size);
  if (list != NULL) list->size = size;
  return list;
}

TfLiteFloatArray *TfLiteFloatArrayCopy(const TfLiteFloatArray *source) {
  TfLiteFloatArray *copy = source == NULL ? NULL : TfLiteFloatArrayCreate(source->size);
  if (copy != NULL && copy->size > 0) memcpy(copy->data, source->data, sizeof(float) * (size_t)copy->size);
  return copy;
}

void TfLiteFloatArrayFree(TfLiteFloatArray *array) {
  lrt_foreign_free(array);
}
