/* prepare.c: the services that operators' prepare functions call: checks, shapes, memory and steps. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fingerprint.h"
#include "ops/op.h"
#include "ops/temp.h"

lrt_status lrt_prepare_fail(lrt_prepare *p, lrt_status code, const char *format, ...) {
  char sentence[400];
  va_list args;
  va_start(args, format);
  vsnprintf(sentence, sizeof sentence, format, args);
  va_end(args);
  return lrt_fail(p->err, code, "%s (node %d): %s", lrt_node_name(p->node), p->node_index, sentence);
}

lrt_status lrt_prepare_arity(lrt_prepare *p, int min_inputs, int max_inputs, int outputs) {
  const lrt_node *node = p->node;
  if (node->input_count < min_inputs || (max_inputs >= 0 && node->input_count > max_inputs))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has %d inputs, which this operator does not take",
                            node->input_count);
  if (node->output_count != outputs)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has %d outputs, expected %d", node->output_count, outputs);
  for (int i = 0; i < min_inputs; i++)
    if (p->inputs[i] == NULL)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input %d must not be left out", i);
  for (int i = 0; i < outputs; i++)
    if (p->outputs[i] == NULL)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "output %d must not be left out", i);
  return LRT_OK;
}

lrt_status lrt_prepare_types(lrt_prepare *p, int input, const int *types) {
  for (const int *t = types; *t >= 0; t++)
    if ((int)p->inputs[input]->type == *t) return LRT_OK;
  return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s of input %d (tensor \"%s\") is not supported",
                          lrt_type_name(p->inputs[input]->type), input, p->inputs[input]->name);
}

lrt_status lrt_prepare_need(lrt_prepare *p, int input) {
  return p->running || p->inputs[input]->readable ? LRT_OK : LRT_DEFER;
}

lrt_status lrt_prepare_integers(lrt_prepare *p, int input, int64_t *out, int max, int *count) {
  const lrt_value *value = p->inputs[input];
  if (value->type != LRT_INT32 && value->type != LRT_INT64 && value->type != LRT_INT16)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "input %d (tensor \"%s\") is %s, expected an integer type",
                            input, value->name, lrt_type_name(value->type));
  LRT_TRY(lrt_prepare_need(p, input));
  const int64_t n = lrt_shape_count(&value->shape);
  if (n < 0 || n > max)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                            "input %d (tensor \"%s\") holds %lld numbers, at most %d allowed", input,
                            value->name, (long long)n, max);
  for (int i = 0; i < (int)n; i++) {
    if (value->type == LRT_INT32)
      out[i] = ((const int32_t *)value->data)[i];
    else if (value->type == LRT_INT64)
      out[i] = ((const int64_t *)value->data)[i];
    else
      out[i] = ((const int16_t *)value->data)[i];
  }
  *count = (int)n;
  return LRT_OK;
}

lrt_status lrt_prepare_shape(lrt_prepare *p, int output, const lrt_shape *shape) {
  lrt_value *value = p->outputs[output];
  char text[100];
  if (value == NULL) return LRT_OK;
  for (int i = 0; i < shape->rank; i++)
    if (shape->dims[i] < 0)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "output %d would have the shape %s", output,
                              lrt_shape_text(shape, text, sizeof text));
  const int64_t bytes = lrt_type_bits(value->type) == 0 ? 0 : lrt_shape_bytes(shape, value->type);
  if (bytes < 0 || lrt_shape_count(shape) < 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "output %d of shape %s is too large", output,
                            lrt_shape_text(shape, text, sizeof text));
  value->shape = *shape;
  value->shaped = true;
  value->bytes = (size_t)bytes;
  if (value->type == LRT_STRING)
    value->growable = true;
  else if (lrt_type_bits(value->type) == 0)
    value->bytes = sizeof(int32_t); /* resource id */
  return LRT_OK;
}

void lrt_prepare_grows(lrt_prepare *p, int output) {
  if (p->outputs[output] != NULL) p->outputs[output]->growable = true;
}

void *lrt_prepare_contents(lrt_prepare *p, int output) {
  lrt_value *value = p->outputs[output];
  value->data = lrt_arena_get(p->arena, value->bytes);
  value->readable = value->data != NULL;
  return value->data;
}

void *lrt_prepare_params(lrt_prepare *p, size_t bytes) {
  return lrt_arena_get(p->arena, bytes);
}

lrt_status lrt_prepare_no_memory(lrt_prepare *p) {
  return lrt_alloc_fail(p->err, p->arena->alloc, 0, lrt_node_name(p->node));
}

lrt_value *lrt_prepare_temp(lrt_prepare *p, size_t bytes) {
  static const lrt_quant no_quant = {LRT_QUANT_NONE, 0, NULL, NULL, 0, 0, -1, -1};
  lrt_temp *temp = lrt_arena_get(p->arena, sizeof *temp);
  if (temp == NULL) return NULL;
  temp->value.type = LRT_UINT8;
  temp->value.quant = &no_quant;
  temp->value.bytes = bytes;
  temp->value.shaped = true;
  temp->value.tensor = -1;
  temp->value.name = "temporary";
  temp->next = p->temps;
  p->temps = temp;
  return &temp->value;
}

lrt_status lrt_prepare_step(lrt_prepare *p, lrt_step_fn fn, const void *params, int64_t units,
                            size_t worker_scratch, const char *kernel) {
  lrt_step *step = lrt_arena_get(p->arena, sizeof *step);
  if (step == NULL) return lrt_prepare_no_memory(p);
  step->fn = fn;
  step->params = params;
  step->inputs = p->inputs;
  step->outputs = p->outputs;
  step->units = units < 0 ? 0 : units;
  step->kernel = kernel;
  step->worker_scratch_bytes = (worker_scratch + LRT_ALLOC_ALIGN - 1) / LRT_ALLOC_ALIGN * LRT_ALLOC_ALIGN;
  if (p->last != NULL)
    p->last->next = step;
  else
    p->first = step;
  p->last = step;
  return LRT_OK;
}

void lrt_prepare_elements(lrt_prepare *p, lrt_step_elements_fn elements) {
  p->last->elements = elements;
  p->last->leads = true;
}

void lrt_prepare_leads(lrt_prepare *p) {
  p->last->leads = true;
}

lrt_status lrt_step_do_elements(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const int64_t piece = step->follower != NULL ? 2048 : end - begin;
  for (int64_t at = begin; at < end; at += piece) {
    const int64_t to = end - at < piece ? end : at + piece;
    LRT_TRY(step->elements(step, run, at, to));
    LRT_TRY(lrt_step_made(step, run, at, to));
  }
  return LRT_OK;
}

typedef struct copy_params {
  int input, output;
} copy_params;

static lrt_status copy_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const copy_params *params = step->params;
  const lrt_value *from = step->inputs[params->input];
  lrt_value *to = step->outputs[params->output];
  (void)begin;
  (void)end;
  if (from->data == NULL && (from->bytes > 0 || from->type == LRT_STRING))
    return lrt_fail(run->err, LRT_RUN_FAILED, "tensor \"%s\" was never given contents", from->name);
  if (to->growable) LRT_TRY(lrt_value_reserve(to, from->bytes, run->err));
  if (from->bytes > 0 && from->data != to->data) memmove(to->data, from->data, from->bytes);
  return LRT_OK;
}

lrt_status lrt_prepare_copy(lrt_prepare *p, int input, int output) {
  copy_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  params->input = input;
  params->output = output;
  return lrt_prepare_step(p, copy_step, params, 1, 0, "copy");
}

lrt_status lrt_value_reserve(lrt_value *value, size_t bytes, lrt_error *err) {
  if (value->variable) /* its memory belongs to the runtime and is shared by plans */
    return lrt_fail(err, LRT_RUN_FAILED, "the variable tensor \"%s\" cannot take a result of unknown size",
                    value->name);
  if (bytes > value->capacity || value->data == NULL) {
    const size_t room = bytes + bytes / 2 + LRT_ALLOC_ALIGN;
    void *data = lrt_alloc_get(value->alloc, room);
    if (data == NULL) return lrt_alloc_fail(err, value->alloc, room, value->name);
    lrt_alloc_free(value->data);
    value->data = data;
    value->capacity = room;
  }
  value->bytes = bytes;
  return LRT_OK;
}

bool lrt_value_is_quantized(const lrt_value *value) {
  return value->quant->kind != LRT_QUANT_NONE;
}

int64_t lrt_value_quant_mark(const lrt_value *value) {
  const lrt_quant *q = value->quant;
  const size_t bytes = (size_t)q->count * 4;
  const uint64_t parts[] = {(uint64_t)q->kind,
                            (uint64_t)q->dimension,
                            (uint64_t)q->block_size,
                            (uint64_t)q->scales_tensor,
                            (uint64_t)q->zero_points_tensor,
                            q->scale != NULL ? lrt_fingerprint64(q->scale, bytes) : 0,
                            q->zero_point != NULL ? lrt_fingerprint64(q->zero_point, bytes) : 0};
  return (int64_t)lrt_fingerprint64(parts, sizeof parts);
}

float lrt_value_scale(const lrt_value *value) {
  return value->quant->kind == LRT_QUANT_AFFINE && value->quant->count > 0 ? value->quant->scale[0] : 1.0f;
}

int32_t lrt_value_zero_point(const lrt_value *value) {
  return value->quant->kind == LRT_QUANT_AFFINE && value->quant->count > 0 ? value->quant->zero_point[0] : 0;
}

lrt_status lrt_prepare_same_type(lrt_prepare *p, const lrt_value *a, const lrt_value *b) {
  if (a->type == b->type) return LRT_OK;
  return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                          "tensors \"%s\" and \"%s\" have the types %s and %s, not the same one", a->name,
                          b->name, lrt_type_name(a->type), lrt_type_name(b->type));
}

/* Kernels subtract zero points in 32 bits: they must be numbers of the type. */
static bool is_zero_point_of(lrt_type type, int32_t zero_point) {
  switch (type) {
  case LRT_INT8: return zero_point >= INT8_MIN && zero_point <= INT8_MAX;
  case LRT_UINT8: return zero_point >= 0 && zero_point <= UINT8_MAX;
  case LRT_INT16: return zero_point >= INT16_MIN && zero_point <= INT16_MAX;
  case LRT_UINT16: return zero_point >= 0 && zero_point <= UINT16_MAX;
  case LRT_INT4: return zero_point >= -8 && zero_point <= 7;
  case LRT_UINT4: return zero_point >= 0 && zero_point <= 15;
  case LRT_INT2: return zero_point >= -2 && zero_point <= 1;
  default: return zero_point == 0;
  }
}

lrt_status lrt_prepare_quantized(lrt_prepare *p, const lrt_value *value) {
  const lrt_quant *quant = value->quant;
  if (quant->kind != LRT_QUANT_AFFINE || quant->count != 1 || !(quant->scale[0] > 0) ||
      !isfinite(quant->scale[0]))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "tensor \"%s\" of type %s lacks a per-tensor scale",
                            value->name, lrt_type_name(value->type));
  if (!is_zero_point_of(value->type, quant->zero_point[0]))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the zero point %d of tensor \"%s\" is no %s",
                            quant->zero_point[0], value->name, lrt_type_name(value->type));
  return LRT_OK;
}
