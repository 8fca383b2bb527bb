/* select.c: SELECT, SELECT_V2, WHERE: choice by a condition. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/movement.h"
#include "ops/pieces.h"

typedef struct select_params {
  lrt_broadcast space;
  lrt_moved a, b, out;
} select_params;

static lrt_status select_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const select_params *params = step->params;
  const int64_t count = params->space.count;
  (void)run;
  lrt_select_run(&params->space, step->inputs[0]->data, params->a.value->data, params->b.value->data,
                 params->out.value->data, params->out.size, lrt_pieces_at(begin, LRT_PIECE_CHEAP, count),
                 lrt_pieces_at(end, LRT_PIECE_CHEAP, count));
  return LRT_OK;
}

static lrt_status check_select(lrt_prepare *p) {
  static const int condition[] = {LRT_BOOL, -1};
  LRT_TRY(lrt_prepare_arity(p, 3, 3, 1));
  LRT_TRY(lrt_prepare_types(p, 0, condition));
  LRT_TRY(lrt_moved_same_type(p, 1, 0));
  LRT_TRY(lrt_moved_same_type(p, 2, 0));
  if (p->inputs[1]->type == LRT_STRING)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type string of input 1 (tensor \"%s\") is not supported",
                            p->inputs[1]->name);
  return LRT_OK;
}

static lrt_status emit_select(lrt_prepare *p, const lrt_shape *condition) {
  select_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  const lrt_shape *shapes[3] = {condition, &p->inputs[1]->shape, &p->inputs[2]->shape};
  LRT_TRY(lrt_broadcast_make(shapes, 3, &params->space, p->err));
  LRT_TRY(lrt_prepare_shape(p, 0, &params->space.out));
  LRT_TRY(lrt_moved_in(p, p->inputs[1], &params->a));
  LRT_TRY(lrt_moved_in(p, p->inputs[2], &params->b));
  LRT_TRY(lrt_moved_out(p, p->outputs[0], &params->out));
  LRT_TRY(lrt_prepare_step(p, select_step, params, lrt_pieces_of(params->space.count, LRT_PIECE_CHEAP), 0,
                           "select"));
  return lrt_moved_done(p, &params->out, NULL, p->outputs[0]);
}

/* SELECT: equal shapes; or a scalar condition, or a vector that chooses whole rows. */
static lrt_status prepare_select(lrt_prepare *p) {
  LRT_TRY(check_select(p));
  const lrt_shape *a = &p->inputs[1]->shape;
  lrt_shape condition = p->inputs[0]->shape;
  if (!lrt_shape_equal(a, &p->inputs[2]->shape))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "inputs 1 and 2 differ in shape");
  if (condition.rank == 1 && a->rank > 1 && condition.dims[0] == a->dims[0]) {
    condition.rank = a->rank;
    for (int i = 1; i < a->rank; i++) condition.dims[i] = 1;
  } else if (lrt_shape_count(&condition) != 1 && !lrt_shape_equal(&condition, a)) {
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the condition does not fit the other inputs");
  }
  if (lrt_shape_count(&condition) == 1) condition.rank = 0;
  return emit_select(p, &condition);
}

const lrt_op lrt_op_select = {prepare_select, false, 0, false};

static lrt_status prepare_select_v2(lrt_prepare *p) {
  LRT_TRY(check_select(p));
  return emit_select(p, &p->inputs[0]->shape);
}

const lrt_op lrt_op_select_v2 = {prepare_select_v2, false, 0, false};

static lrt_status where_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lrt_value *in = step->inputs[0];
  lrt_value *out = step->outputs[0];
  const int64_t count = lrt_shape_count(&in->shape), found = lrt_where_count(in->data, in->type, count);
  (void)begin;
  (void)end;
  if (found > INT32_MAX) return lrt_fail(run->err, LRT_RUN_FAILED, "WHERE finds too many elements");
  out->shape = (lrt_shape){2, {(int32_t)found, in->shape.rank}};
  out->shaped = true;
  LRT_TRY(lrt_value_reserve(out, (size_t)found * (size_t)in->shape.rank * sizeof(int64_t), run->err));
  if (found > 0 && in->shape.rank > 0) lrt_where_run(in->data, in->type, &in->shape, out->data);
  return LRT_OK;
}

static lrt_status prepare_where(lrt_prepare *p) {
  static const int types[] = {LRT_BOOL,  LRT_FLOAT32, LRT_INT8,  LRT_UINT8,  LRT_INT16, LRT_UINT16,
                              LRT_INT32, LRT_UINT32,  LRT_INT64, LRT_UINT64, -1};
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_INT64));
  lrt_prepare_grows(p, 0);
  return lrt_prepare_step(p, where_step, NULL, 1, 0, "where");
}

const lrt_op lrt_op_where = {prepare_where, false, 0, false};
