/* plugin_sinh.c: an operator of an application, y = sinh(x) * factor, made of the public headers alone. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "tensorflow/lite/c/common.h"

/* Custom options, if any: one byte, the factor. */
static void *make(TfLiteContext *context, const char *buffer, size_t length) {
  float *factor = malloc(sizeof *factor);
  (void)context;
  if (factor != NULL) *factor = length > 0 ? (float)(unsigned char)buffer[0] : 1;
  return factor;
}

static void drop(TfLiteContext *context, void *factor) {
  (void)context;
  free(factor);
}

static TfLiteStatus prepare(TfLiteContext *context, TfLiteNode *node) {
  const TfLiteTensor *x = &context->tensors[node->inputs->data[0]];
  if (x->type != kTfLiteFloat32) {
    context->ReportError(context, "Sinh takes floats, not type %d", (int)x->type);
    return kTfLiteError;
  }
  return context->ResizeTensor(context, &context->tensors[node->outputs->data[0]],
                               TfLiteIntArrayCopy(x->dims));
}

static TfLiteStatus invoke(TfLiteContext *context, TfLiteNode *node) {
  const TfLiteTensor *x = &context->tensors[node->inputs->data[0]];
  TfLiteTensor *y = &context->tensors[node->outputs->data[0]];
  for (size_t i = 0; i < x->bytes / sizeof(float); i++)
    y->data.f[i] = sinhf(x->data.f[i]) * *(const float *)node->user_data;
  return kTfLiteOk;
}

TFL_CAPI_EXPORT const TfLiteRegistration *sinh_registration(void);
const TfLiteRegistration *sinh_registration(void) {
  static const TfLiteRegistration registration = {
      .init = make, .free = drop, .prepare = prepare, .invoke = invoke, .custom_name = "Sinh", .version = 1};
  return &registration;
}
