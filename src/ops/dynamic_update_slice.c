/* dynamic_update_slice.c: DYNAMIC_UPDATE_SLICE: part of a tensor written anew; in place where the memory allows. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/movement.h"
#include "ops/pieces.h"

typedef struct update_params {
  lrt_move move; /* update -> block of the output at index 0 */
  lrt_moved operand, update, out;
  int32_t rank;
  int64_t strides[LRT_MAX_RANK]; /* of the output, in elements */
  int32_t room[LRT_MAX_RANK];    /* highest start index */
} update_params;

static lrt_status keep_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const update_params *params = step->params;
  const int64_t bytes = (int64_t)params->out.value->bytes;
  const char *from = params->operand.value->data;
  char *to = params->out.value->data;
  (void)run;
  const int64_t first = lrt_pieces_at(begin, LRT_PIECE_CHEAP, bytes),
                last = lrt_pieces_at(end, LRT_PIECE_CHEAP, bytes);
  if (from != to && last > first) memcpy(to + first, from + first, (size_t)(last - first));
  return LRT_OK;
}

/* Start indices are moved so that the update lies within the operand. */
static lrt_status update_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const update_params *params = step->params;
  const lrt_value *indices = step->inputs[2];
  lrt_move move = params->move;
  (void)run;
  for (int32_t d = 0; d < params->rank; d++) {
    const int64_t start = indices->type == LRT_INT64 ? ((const int64_t *)indices->data)[d]
                                                     : ((const int32_t *)indices->data)[d];
    move.out_offset += params->strides[d] * (start < 0                 ? 0
                                             : start > params->room[d] ? params->room[d]
                                                                       : start);
  }
  lrt_move_run(&move, params->update.value->data, params->out.value->data, begin, end);
  return LRT_OK;
}

static lrt_status check(lrt_prepare *p) {
  static const int index_types[] = {LRT_INT32, LRT_INT64, -1};
  LRT_TRY(lrt_prepare_arity(p, 3, 3, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_moved_same_type(p, 1, 0));
  LRT_TRY(lrt_prepare_types(p, 2, index_types));
  const lrt_shape *operand = &p->inputs[0]->shape, *update = &p->inputs[1]->shape;
  if (p->inputs[0]->type == LRT_STRING)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type string of input 0 (tensor \"%s\") is not supported",
                            p->inputs[0]->name);
  if (update->rank != operand->rank || lrt_shape_count(&p->inputs[2]->shape) != operand->rank)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "operand, update and start indices differ in rank");
  for (int i = 0; i < operand->rank; i++)
    if (update->dims[i] > operand->dims[i])
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the update is larger than the operand in dimension %d",
                              i);
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  static const int32_t origin[LRT_MAX_RANK] = {0};
  LRT_TRY(check(p));
  const lrt_shape *operand = &p->inputs[0]->shape, *update = &p->inputs[1]->shape;
  LRT_TRY(lrt_prepare_shape(p, 0, operand));
  update_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  params->rank = operand->rank;
  int64_t stride = 1;
  for (int i = operand->rank - 1; i >= 0; i--) {
    params->strides[i] = stride;
    params->room[i] = operand->dims[i] - update->dims[i];
    stride *= operand->dims[i];
  }
  LRT_TRY(lrt_moved_in(p, p->inputs[0], &params->operand));
  LRT_TRY(lrt_moved_in(p, p->inputs[1], &params->update));
  LRT_TRY(lrt_moved_out(p, p->outputs[0], &params->out));
  lrt_move_into(&params->move, update, operand, origin, params->update.size);
  const int64_t bytes = (int64_t)params->out.value->bytes;
  LRT_TRY(lrt_prepare_step(p, keep_step, params, lrt_pieces_of(bytes, LRT_PIECE_CHEAP), 0, "copy"));
  LRT_TRY(lrt_prepare_step(p, update_step, params, lrt_move_units(&params->move), 0, "update_slice"));
  return lrt_moved_done(p, &params->out, NULL, p->outputs[0]);
}

const lrt_op lrt_op_dynamic_update_slice = {prepare, false, 1u << 0, false};
