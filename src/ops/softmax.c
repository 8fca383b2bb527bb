/* softmax.c: SOFTMAX and LOG_SOFTMAX over the last dimension. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/softmax/softmax.h"

#include <math.h>

#include "kernels/elementwise/ew_unary.h"
#include "ops/op.h"
#include "ops/rows.h"

typedef struct softmax_plan {
  lrt_rows rows;
  lrt_softmax_f32_fn fn;
  float beta;
  bool logarithm;
  lrt_softmax_quant quant;
  lrt_value *wide_in, *wide_out; /* half types: f32 copies */
} softmax_plan;

static lrt_status float_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const softmax_plan *plan = step->params;
  (void)run;
  plan->fn(step->inputs[0]->data, step->outputs[0]->data, plan->rows.depth, plan->beta,
           lrt_rows_at(&plan->rows, begin), lrt_rows_at(&plan->rows, end));
  return LRT_OK;
}

static lrt_status half_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const softmax_plan *plan = step->params;
  const lrt_value *in = step->inputs[0], *out = step->outputs[0];
  const int64_t first = lrt_rows_at(&plan->rows, begin), last = lrt_rows_at(&plan->rows, end);
  const size_t at = (size_t)(first * plan->rows.depth), n = (size_t)((last - first) * plan->rows.depth);
  float *wide_in = plan->wide_in->data, *wide_out = plan->wide_out->data;
  (void)run;
  lrt_cast((const uint16_t *)in->data + at, in->type, 0, wide_in + at, LRT_FLOAT32, 0, n);
  plan->fn(wide_in, wide_out, plan->rows.depth, plan->beta, first, last);
  lrt_cast(wide_out + at, LRT_FLOAT32, 0, (uint16_t *)out->data + at, out->type, 0, n);
  return LRT_OK;
}

static lrt_status quant_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const softmax_plan *plan = step->params;
  const int64_t first = lrt_rows_at(&plan->rows, begin), last = lrt_rows_at(&plan->rows, end);
  (void)run;
  (plan->logarithm ? lrt_log_softmax_quant_run : lrt_softmax_quant_run)(
      &plan->quant, step->inputs[0]->data, step->outputs[0]->data, plan->rows.depth, first, last);
  return LRT_OK;
}

static lrt_status check_scale(lrt_prepare *p, float scale, int32_t zero_point) {
  const lrt_value *out = p->outputs[0];
  LRT_TRY(lrt_prepare_quantized(p, out));
  if (lrt_value_zero_point(out) == zero_point && fabsf(lrt_value_scale(out) - scale) <= 1e-3f * scale)
    return LRT_OK;
  return lrt_prepare_fail(p, LRT_INVALID_MODEL, "output scale %g and zero point %d, expected %g and %d",
                          (double)lrt_value_scale(out), lrt_value_zero_point(out), (double)scale, zero_point);
}

/* Sets how many bits the output has below one. */
static lrt_status check_softmax_scale(lrt_prepare *p, lrt_type in, int *out_bits) {
  const lrt_value *out = p->outputs[0];
  *out_bits = out->type != LRT_INT16 ? 8 : 15;
  if (out->type == LRT_INT16 && in != LRT_INT16 && lrt_value_zero_point(out) == INT16_MIN) *out_bits = 16;
  const int32_t zero = out->type == LRT_INT8 ? INT8_MIN : *out_bits == 16 ? INT16_MIN : 0;
  return check_scale(p, ldexpf(1.0f, -*out_bits), zero);
}

static bool is_half(lrt_type type) {
  return type == LRT_FLOAT16 || type == LRT_BFLOAT16;
}

static lrt_status prepare_real(lrt_prepare *p, softmax_plan *plan) {
  const int64_t elements = plan->rows.count * plan->rows.depth, units = lrt_rows_units(&plan->rows);
  const bool ref = p->mode == LRT_OP_REF;
  plan->fn = plan->logarithm ? lrt_log_softmax_f32_pick(ref) : lrt_softmax_f32_pick(ref);
  const char *kernel = plan->logarithm ? (ref ? "lrt_log_softmax_f32__ref" : "lrt_log_softmax_f32")
                                       : (ref ? "lrt_softmax_f32__ref" : "lrt_softmax_f32");
  if (!is_half(p->inputs[0]->type)) return lrt_prepare_step(p, float_step, plan, units, 0, kernel);
  plan->wide_in = lrt_prepare_temp(p, (size_t)elements * sizeof(float));
  plan->wide_out = lrt_prepare_temp(p, (size_t)elements * sizeof(float));
  if (plan->wide_in == NULL || plan->wide_out == NULL) return lrt_prepare_no_memory(p);
  return lrt_prepare_step(p, half_step, plan, units, 0, kernel);
}

static lrt_status prepare_quantized(lrt_prepare *p, softmax_plan *plan) {
  const lrt_value *in = p->inputs[0], *out = p->outputs[0];
  const bool ref = p->mode == LRT_OP_REF;
  LRT_TRY(lrt_prepare_quantized(p, in));
  if (plan->beta < 0 || !isfinite(lrt_value_scale(in) * plan->beta))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "beta %g does not go with the input's scale",
                            (double)plan->beta);
  bool made = false;
  if (!plan->logarithm) {
    int out_bits = 0;
    LRT_TRY(check_softmax_scale(p, in->type, &out_bits));
    made = lrt_softmax_quant_make(in->type, out->type, out_bits, lrt_value_scale(in), plan->beta, ref,
                                  &plan->quant);
  } else if (in->type != LRT_INT16) {
    LRT_TRY(check_scale(p, 16.0f / 256, in->type == LRT_INT8 ? 127 : 255));
    made = lrt_log_softmax_quant_make(in->type, lrt_value_scale(in), ref, &plan->quant);
  }
  if (!made)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s of tensor \"%s\" to %s is not supported",
                            lrt_type_name(in->type), in->name, lrt_type_name(out->type));
  return lrt_prepare_step(p, quant_step, plan, lrt_rows_units(&plan->rows), 0,
                          plan->logarithm ? "lrt_log_softmax_quant" : "lrt_softmax_quant");
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_FLOAT16, LRT_BFLOAT16, LRT_INT8, LRT_UINT8, LRT_INT16, -1};
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  const lrt_value *in = p->inputs[0], *out = p->outputs[0];
  const bool widens = (in->type == LRT_INT8 || in->type == LRT_UINT8) && out->type == LRT_INT16;
  if (!widens) LRT_TRY(lrt_prepare_same_type(p, in, out));
  LRT_TRY(lrt_prepare_shape(p, 0, &in->shape));
  softmax_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  plan->rows = lrt_rows_of(&in->shape);
  plan->logarithm = p->node->code == LRT_OP_LOG_SOFTMAX;
  plan->beta = plan->logarithm || p->node->options == NULL
                   ? 1.0f
                   : ((const lrt_softmax_options *)p->node->options)->beta;
  if (!isfinite(plan->beta)) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "beta is not finite");
  return in->type == LRT_FLOAT32 || is_half(in->type) ? prepare_real(p, plan) : prepare_quantized(p, plan);
}

const lrt_op lrt_op_softmax = {prepare, false, 0, false};
