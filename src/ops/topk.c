/* topk.c: TOPK_V2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/movement.h"

typedef struct topk_params {
  int64_t columns;
  int32_t k;
  lrt_value *indices; /* int32: output 1 or a temporary */
} topk_params;

static lrt_status topk_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const topk_params *params = step->params;
  (void)run;
  lrt_topk(step->inputs[0]->data, step->inputs[0]->type, params->columns, params->k, step->outputs[0]->data,
           params->indices->data, begin, end);
  return LRT_OK;
}

static lrt_status narrow_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const topk_params *params = step->params;
  const int32_t *from = params->indices->data;
  int16_t *to = step->outputs[1]->data;
  (void)run;
  for (int64_t i = begin; i < end; i++) to[i] = (int16_t)from[i];
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_INT8, LRT_UINT8, LRT_INT16, LRT_INT32, LRT_INT64, -1};
  int64_t k;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 2));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  const lrt_value *indices = p->outputs[1];
  if (indices == NULL || (indices->type != LRT_INT32 && indices->type != LRT_INT16))
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "the indices must be int32 or int16");
  LRT_TRY(lrt_moved_integer(p, 1, &k));
  lrt_shape shape = p->inputs[0]->shape;
  const int32_t columns = shape.rank > 0 ? shape.dims[shape.rank - 1] : 0;
  if (shape.rank == 0 || k < 0 || k > columns || (indices->type == LRT_INT16 && columns > 32768))
    return lrt_prepare_fail(p, p->running ? LRT_RUN_FAILED : LRT_INVALID_MODEL,
                            "the largest %lld of %d elements cannot be found", (long long)k, columns);
  shape.dims[shape.rank - 1] = (int32_t)k;
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  LRT_TRY(lrt_prepare_shape(p, 1, &shape));
  topk_params *params = lrt_prepare_params(p, sizeof *params);
  const int64_t count = lrt_shape_count(&shape);
  if (params == NULL) return lrt_prepare_no_memory(p);
  *params = (topk_params){columns, (int32_t)k, p->outputs[1]};
  if (indices->type == LRT_INT16) params->indices = lrt_prepare_temp(p, (size_t)count * sizeof(int32_t));
  if (params->indices == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(lrt_prepare_step(p, topk_step, params, k > 0 ? count / k : 0, 0, "topk"));
  return indices->type == LRT_INT16 ? lrt_prepare_step(p, narrow_step, params, count, 0, "narrow") : LRT_OK;
}

const lrt_op lrt_op_topk = {prepare, false, 0, false};
