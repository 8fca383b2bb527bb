/* tflite_c.h: the objects of TFLite's C API, for the files that implement it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TFLITE_C_H
#define LRT_TFLITE_C_H

#include "api/tflite_host.h"
#include "api/tflite_plugin.h"
#include "litert/interpreter.h"
#include "tflite/core/c/c_api.h"

/* Who hears about errors; fn NULL = standard error. */
typedef struct tfl_reporter {
  void (*fn)(void *user_data, const char *format, va_list args);
  void *data;
} tfl_reporter;

struct TfLiteModel {
  lrt_model *native;
};

struct TfLiteInterpreterOptions {
  int32_t threads;
  bool cancellable, fallback;
  tfl_reporter reporter;
  TfLiteDelegate **delegates;
  int32_t delegate_count;
  tfl_operator *operators;
  int32_t operator_count;
};

struct TfLiteInterpreter {
  lrt_model *model;
  lrt_interpreter *native;
  tfl_reporter reporter;
  bool cancellable;
  lrt_delegate **delegates;
  int32_t delegate_count;
  tfl_session **views; /* [subgraphs] tensors in TFLite's structs, made on first use */
  int32_t subgraph_count;
  lrt_subgraph_info main;
};

/* Hands a sentence to a reporter. */
void lrt_tfl_say(const tfl_reporter *reporter, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The status of a failed native call; its sentence goes to the reporter. */
TfLiteStatus lrt_tfl_status(const TfLiteInterpreter *interpreter, lrt_status status, const lrt_error *err);
/* A tensor of a subgraph as it is now; NULL out of range or without memory. */
TfLiteTensor *lrt_tfl_tensor(const TfLiteInterpreter *interpreter, int32_t subgraph, int32_t tensor);
/* Shows shapes and memory as they are now in the tensors that somebody may hold. */
void lrt_tfl_refresh(TfLiteInterpreter *interpreter, int32_t subgraph);
/* What both kinds of runners do, on a subgraph. */
TfLiteStatus lrt_tfl_resize(TfLiteInterpreter *interpreter, int32_t subgraph, int32_t tensor, const int *dims,
                            int32_t rank, bool strict);
TfLiteStatus lrt_tfl_allocate(TfLiteInterpreter *interpreter, int32_t subgraph);
TfLiteStatus lrt_tfl_invoke(TfLiteInterpreter *interpreter, int32_t subgraph);

#endif
