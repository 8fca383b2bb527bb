/* unique.c: UNIQUE: the different elements in order of appearance, and for each element which one it is. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/movement.h"

typedef struct unique_params {
  int64_t count;
  int64_t slots;     /* power of two, at least twice the count */
  lrt_value *table;  /* int32 [slots]: position of an element's first appearance + 1 */
  lrt_value *number; /* int32 [count]: of the element first seen at this position */
} unique_params;

/* An element as bits; zeros of both signs are one. */
static uint64_t bits_of(const lrt_value *in, int64_t i) {
  uint64_t bits = 0;
  const size_t size = lrt_moved_size(in->type);
  if (in->type == LRT_FLOAT32 && ((const float *)in->data)[i] == 0.0f) return 0;
  memcpy(&bits, (const char *)in->data + (size_t)i * size, size);
  return bits;
}

/* Position of the first element equal to element i; enters i where there is none before. */
static int64_t first_of(const unique_params *params, const lrt_value *in, int64_t i) {
  int32_t *table = params->table->data;
  const uint64_t bits = bits_of(in, i);
  uint64_t at = (bits ^ bits >> 29) * 0x9e3779b97f4a7c15u >> 32;
  for (;; at++) {
    int32_t *slot = &table[at & (uint64_t)(params->slots - 1)];
    if (*slot == 0) *slot = (int32_t)i + 1;
    if (bits_of(in, *slot - 1) == bits) return *slot - 1;
  }
}

static lrt_status unique_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const unique_params *params = step->params;
  const lrt_value *in = step->inputs[0], *index = step->outputs[1];
  lrt_value *out = step->outputs[0];
  const size_t size = lrt_moved_size(in->type);
  int32_t *number = params->number->data, found = 0;
  (void)begin;
  (void)end;
  memset(params->table->data, 0, params->table->bytes);
  LRT_TRY(lrt_value_reserve(out, (size_t)params->count * size, run->err));
  for (int64_t i = 0; i < params->count; i++) {
    if (i % 256 == 255) LRT_TRY(lrt_step_check(run)); /* a file may choose numbers that collide */
    const int64_t first = first_of(params, in, i);
    if (first == i) {
      memcpy((char *)out->data + (size_t)found * size, (const char *)in->data + (size_t)i * size, size);
      number[i] = found++;
    }
    if (index->type == LRT_INT64)
      ((int64_t *)index->data)[i] = number[first];
    else
      ((int32_t *)index->data)[i] = number[first];
  }
  out->shape = (lrt_shape){1, {found}};
  out->shaped = true;
  out->bytes = (size_t)found * size;
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_INT8, LRT_UINT8, LRT_INT16, LRT_INT32, LRT_INT64, -1};
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 2));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_moved_rank(p, 0, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  if (p->outputs[1] == NULL || p->outputs[1]->type != LRT_INT64)
    LRT_TRY(lrt_moved_output_type(p, 1, LRT_INT32));
  LRT_TRY(lrt_prepare_shape(p, 1, &p->inputs[0]->shape));
  lrt_prepare_grows(p, 0);
  unique_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  params->count = p->inputs[0]->shape.dims[0];
  for (params->slots = 2; params->slots < 2 * params->count;) params->slots *= 2;
  params->table = lrt_prepare_temp(p, (size_t)params->slots * sizeof(int32_t));
  params->number = lrt_prepare_temp(p, (size_t)params->count * sizeof(int32_t));
  if (params->table == NULL || params->number == NULL) return lrt_prepare_no_memory(p);
  return lrt_prepare_step(p, unique_step, params, 1, 0, "unique");
}

const lrt_op lrt_op_unique = {prepare, false, 0, false};
