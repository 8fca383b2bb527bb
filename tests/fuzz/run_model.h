/* run_model.h: runs whatever a model is: inputs filled, tensors read, an input resized, run again. For fuzz programs. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_RUN_MODEL_H
#define LRT_TESTS_RUN_MODEL_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "litert/interpreter.h"

/* Subgraphs run as if they were the main one, and tensors read of each. */
#define MOST_SUBGRAPHS 4
#define MOST_TENSORS 1000

static volatile uint64_t sink;

/* What has happened since it was set to 0, as a number: which calls failed with which sentences, digits and names left
 * out. Mutants with a new story are worth changing further. */
static uint32_t story;
static unsigned long invokes_done;

static inline void tell(const char *message) {
  bool quoted = false;
  for (; *message != '\0'; message++) {
    quoted ^= *message == '"';
    const bool letter = (*message >= 'a' && *message <= 'z') || (*message >= 'A' && *message <= 'Z');
    if (letter && !quoted) story = (story ^ (uint8_t)*message) * 16777619u;
  }
  story = (story ^ 1) * 16777619u;
}

/* A refusal must say why: one sentence that begins with something. */
static inline int accepted(lrt_status status, lrt_error *err) {
  const size_t length = strnlen(err->message, sizeof err->message);
  if (status != LRT_OK && (err->code != status || length < 8 || length >= sizeof err->message)) {
    fprintf(stderr, "%s without a sentence: \"%.500s\"\n", lrt_status_name(status), err->message);
    abort();
  }
  memset(err, 0, sizeof *err);
  return status == LRT_OK;
}

/* All bits of the input take part, so that every mutation may change how it is run. */
static inline uint32_t digest(const uint8_t *bytes, size_t length) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ bytes[i]) * 16777619u;
  return hash ^ hash >> 15;
}

/* `style` 0: zeros; 1: small numbers; 2, 3: any bits, as NaN and indices far outside. */
static inline void fill_numbers(const lrt_tensor_view *view, uint32_t style, uint32_t state) {
  uint8_t *data = view->data;
  for (size_t i = 0; i < view->bytes; i++) {
    state = state * 1664525u + 1013904223u;
    data[i] = style < 2 ? 0 : (uint8_t)(state >> 24);
    if (view->type == LRT_BOOL) data[i] &= 1;
  }
  if (style != 1) return;
  const size_t size = lrt_type_bits(view->type) / 8;
  for (size_t i = 0; size > 0 && i + size <= view->bytes; i += size) {
    const float number = (float)(i % 7) - 2;
    if (view->type == LRT_FLOAT32)
      memcpy(data + i, &number, sizeof number);
    else
      data[i] = (uint8_t)(i % 3);
    if (view->type == LRT_BOOL) data[i] &= 1;
  }
}

static inline void fill_inputs(lrt_interpreter *it, int32_t subgraph, const lrt_subgraph_info *info,
                               uint32_t bits) {
  static const char *const words[] = {"", "7", "one word"};
  static const size_t lengths[] = {0, 1, 8};
  lrt_error err = {LRT_OK, ""};
  lrt_tensor_view view;
  for (int32_t i = 0; i < info->input_count; i++) {
    if (!accepted(lrt_interpreter_tensor(it, subgraph, info->inputs[i], &view, &err), &err)) continue;
    if (view.type == LRT_STRING)
      accepted(lrt_interpreter_set_strings(it, subgraph, info->inputs[i], 3, words, lengths, &err), &err);
    else if (view.data != NULL && lrt_type_bits(view.type) > 0)
      fill_numbers(&view, bits >> 4 & 3, bits + (uint32_t)i);
  }
}

static inline void read_tensors(const lrt_interpreter *it, int32_t subgraph, int32_t count) {
  lrt_tensor_view view;
  lrt_error err = {LRT_OK, ""};
  for (int32_t t = -1; t <= count && t < MOST_TENSORS; t++) {
    if (!accepted(lrt_interpreter_tensor(it, subgraph, t, &view, &err), &err) || view.data == NULL) continue;
    const uint8_t *data = view.data;
    for (size_t i = 0; i < view.bytes; i++) sink = sink + data[i];
  }
}

static inline void run_once(lrt_interpreter *it, int32_t subgraph, const lrt_subgraph_info *info,
                            uint32_t bits) {
  lrt_error err = {LRT_OK, ""};
  if (!accepted(lrt_interpreter_allocate(it, subgraph, &err), &err)) return;
  fill_inputs(it, subgraph, info, bits);
  invokes_done += accepted(lrt_interpreter_invoke(it, subgraph, &err), &err) != 0;
  read_tensors(it, subgraph, info->tensor_count);
}

/* Another extent, sometimes 0, in one dimension of one input. */
static inline void resize_one(lrt_interpreter *it, int32_t subgraph, const lrt_subgraph_info *info,
                              uint32_t bits) {
  lrt_error err = {LRT_OK, ""};
  lrt_tensor_view view;
  if (info->input_count == 0) return;
  const int32_t input = info->inputs[(bits >> 8) % (uint32_t)info->input_count];
  if (!accepted(lrt_interpreter_tensor(it, subgraph, input, &view, &err), &err)) return;
  if (view.shape.rank > 0)
    view.shape.dims[(bits >> 12) % (uint32_t)view.shape.rank] = (int32_t)(bits >> 16 & 7);
  accepted(lrt_interpreter_resize_input(it, subgraph, input, &view.shape, 0, &err), &err);
}

static inline void run_model(lrt_model *model, uint32_t bits) {
  lrt_interpreter_options options = {.num_threads = 1 + (int)(bits & 1),
                                     .mode = bits & 2 ? LRT_MODE_REF : LRT_MODE_FAST,
                                     .preserve_all_tensors = bits >> 2 & 1,
                                     .limits = {64u << 20, 10000, 0.5}};
  lrt_interpreter *it = NULL;
  lrt_error err = {LRT_OK, ""};
  if (!accepted(lrt_interpreter_create(model, &options, &it, &err), &err)) return;
  for (int32_t s = 0; s < lrt_model_subgraph_count(model) && s < MOST_SUBGRAPHS; s++) {
    lrt_subgraph_info info;
    if (lrt_model_subgraph(model, s, &info) != LRT_OK) abort();
    run_once(it, s, &info, bits);
    resize_one(it, s, &info, bits);
    run_once(it, s, &info, bits);
  }
  lrt_interpreter_destroy(it);
}

#endif
