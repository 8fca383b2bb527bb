/* normalize.c: L2_NORMALIZATION and LOCAL_RESPONSE_NORMALIZATION over the last dimension. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "kernels/softmax/softmax.h"
#include "ops/op.h"
#include "ops/rows.h"

static lrt_status l2_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lrt_rows *rows = step->params;
  const lrt_value *in = step->inputs[0];
  void *out = step->outputs[0]->data;
  const int64_t first = lrt_rows_at(rows, begin), last = lrt_rows_at(rows, end);
  (void)run;
  if (in->type == LRT_FLOAT32)
    lrt_l2_normalize_f32(in->data, out, rows->depth, first, last);
  else
    lrt_l2_normalize_quant(in->data, out, in->type, lrt_value_zero_point(in), rows->depth, first, last);
  return LRT_OK;
}

static lrt_status prepare_l2(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_INT8, LRT_UINT8, -1};
  const lrt_l2_norm_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  const lrt_value *in = p->inputs[0], *out = p->outputs[0];
  LRT_TRY(lrt_prepare_same_type(p, in, out));
  if (options != NULL && options->activation != LRT_ACT_NONE)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "fused activation %d is not supported", options->activation);
  if (in->type != LRT_FLOAT32) {
    LRT_TRY(lrt_prepare_quantized(p, in));
    LRT_TRY(lrt_prepare_quantized(p, out));
    if (lrt_value_zero_point(out) != (in->type == LRT_INT8 ? 0 : 128) ||
        fabsf(lrt_value_scale(out) - 1.0f / 128) > 1e-5f)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the output's scale must be 1/128 around zero");
  }
  LRT_TRY(lrt_prepare_shape(p, 0, &in->shape));
  lrt_rows *rows = lrt_prepare_params(p, sizeof *rows);
  if (rows == NULL) return lrt_prepare_no_memory(p);
  *rows = lrt_rows_of(&in->shape);
  return lrt_prepare_step(p, l2_step, rows, lrt_rows_units(rows), 0,
                          in->type == LRT_FLOAT32 ? "lrt_l2_normalize_f32" : "lrt_l2_normalize_quant");
}

const lrt_op lrt_op_l2_normalization = {prepare_l2, false, 0, false};

typedef struct response_plan {
  lrt_rows rows;
  lrt_local_response_normalization_options options;
} response_plan;

static lrt_status response_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const response_plan *plan = step->params;
  const lrt_local_response_normalization_options *o = &plan->options;
  (void)run;
  lrt_local_response_normalize(step->inputs[0]->data, step->outputs[0]->data, plan->rows.depth, o->radius,
                               o->bias, o->alpha, o->beta, lrt_rows_at(&plan->rows, begin),
                               lrt_rows_at(&plan->rows, end));
  return LRT_OK;
}

static lrt_status prepare_response(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, -1};
  const lrt_local_response_normalization_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_prepare_same_type(p, p->inputs[0], p->outputs[0]));
  if (options == NULL || options->radius < 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the radius is negative");
  LRT_TRY(lrt_prepare_shape(p, 0, &p->inputs[0]->shape));
  response_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  plan->rows = lrt_rows_of(&p->inputs[0]->shape);
  plan->options = *options;
  return lrt_prepare_step(p, response_step, plan, lrt_rows_units(&plan->rows), 0,
                          "lrt_local_response_normalize");
}

const lrt_op lrt_op_local_response_normalization = {prepare_response, false, 0, false};
