/* quantize.c: QUANTIZE: real numbers to quantized ones, and between quantized types; FAKE_QUANT. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "ops/pieces.h"
#include "ops/quant_axis.h"

lrt_status lrt_quant_axis(lrt_prepare *p, const lrt_value *value, const lrt_shape *shape,
                          lrt_quantize_scale *out) {
  const lrt_quant *quant = value->quant;
  if (quant->kind != LRT_QUANT_AFFINE || quant->count < 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "tensor \"%s\" of type %s has no scale", value->name,
                            lrt_type_name(value->type));
  for (int32_t i = 0; i < quant->count; i++)
    if (!(quant->scale[i] > 0) || !isfinite(quant->scale[i]))
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "scale %d of tensor \"%s\" is not positive", i,
                              value->name);
  *out = (lrt_quantize_scale){quant->scale, quant->zero_point, quant->count, 1};
  if (quant->count == 1) return LRT_OK;
  if (quant->dimension < 0 || quant->dimension >= shape->rank ||
      shape->dims[quant->dimension] != quant->count)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the %d scales of tensor \"%s\" do not fit its shape",
                            quant->count, value->name);
  for (int32_t d = quant->dimension + 1; d < shape->rank; d++)
    if (shape->dims[d] > 0) out->inner *= shape->dims[d];
  return LRT_OK;
}

typedef struct quantize_plan {
  lrt_quantize_scale scale;
  int64_t count;
  bool ref;
  lrt_value *widened; /* half input: its f32 form; NULL where the input is f32 */
} quantize_plan;

static lrt_status widen_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const quantize_plan *plan = step->params;
  const lrt_value *in = step->inputs[0];
  (void)run;
  lrt_dequantize(in->data, in->type, NULL, plan->widened->data,
                 lrt_pieces_at(begin, LRT_PIECE_CHEAP, plan->count),
                 lrt_pieces_at(end, LRT_PIECE_CHEAP, plan->count));
  return LRT_OK;
}

static lrt_status quantize_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const quantize_plan *plan = step->params;
  const lrt_value *in = plan->widened != NULL ? plan->widened : step->inputs[0], *out = step->outputs[0];
  (void)run;
  lrt_quantize(in->data, &plan->scale, out->data, out->type, plan->ref,
               lrt_pieces_at(begin, LRT_PIECE_CHEAP, plan->count),
               lrt_pieces_at(end, LRT_PIECE_CHEAP, plan->count));
  return LRT_OK;
}

static lrt_status requantize_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const quantize_plan *plan = step->params;
  const lrt_value *in = step->inputs[0], *out = step->outputs[0];
  const size_t first = (size_t)lrt_pieces_at(begin, LRT_PIECE_CHEAP, plan->count);
  const size_t last = (size_t)lrt_pieces_at(end, LRT_PIECE_CHEAP, plan->count);
  (void)run;
  lrt_requantize((const char *)in->data + first * (lrt_type_bits(in->type) / 8), in->type,
                 lrt_value_scale(in), lrt_value_zero_point(in),
                 (char *)out->data + first * (lrt_type_bits(out->type) / 8), out->type, lrt_value_scale(out),
                 lrt_value_zero_point(out), last - first);
  return LRT_OK;
}

static bool is_byte_quantized(lrt_type type) {
  return type == LRT_INT8 || type == LRT_UINT8 || type == LRT_INT16 || type == LRT_INT32;
}

static bool is_quantized(lrt_type type) {
  return is_byte_quantized(type) || type == LRT_INT4 || type == LRT_UINT4 || type == LRT_INT2;
}

static lrt_status prepare_real(lrt_prepare *p, quantize_plan *plan) {
  const lrt_value *in = p->inputs[0];
  const int64_t units = lrt_pieces_of(plan->count, LRT_PIECE_CHEAP);
  LRT_TRY(lrt_quant_axis(p, p->outputs[0], &in->shape, &plan->scale));
  plan->ref = p->mode == LRT_OP_REF;
  if (in->type != LRT_FLOAT32) {
    plan->widened = lrt_prepare_temp(p, (size_t)plan->count * sizeof(float));
    if (plan->widened == NULL) return lrt_prepare_no_memory(p);
    LRT_TRY(lrt_prepare_step(p, widen_step, plan, units, 0, "lrt_dequantize"));
  }
  return lrt_prepare_step(p, quantize_step, plan, units, 0, plan->ref ? "lrt_quantize__ref" : "lrt_quantize");
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_FLOAT16, LRT_BFLOAT16, LRT_INT8,
                              LRT_UINT8,   LRT_INT16,   LRT_INT32,    -1};
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  const lrt_value *in = p->inputs[0], *out = p->outputs[0];
  const lrt_shape real = in->shape;
  if (!is_quantized(out->type) || (is_byte_quantized(in->type) && !is_byte_quantized(out->type)))
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "tensor \"%s\" cannot be quantized from %s to %s", in->name,
                            lrt_type_name(in->type), lrt_type_name(out->type));
  LRT_TRY(lrt_prepare_shape(p, 0, &in->shape));
  quantize_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  plan->count = lrt_shape_count(&real);
  if (!is_byte_quantized(in->type)) return prepare_real(p, plan);
  LRT_TRY(lrt_prepare_quantized(p, in));
  LRT_TRY(lrt_prepare_quantized(p, out));
  p->identity = in->type == out->type && lrt_value_scale(in) == lrt_value_scale(out) &&
                lrt_value_zero_point(in) == lrt_value_zero_point(out);
  return lrt_prepare_step(p, requantize_step, plan, lrt_pieces_of(plan->count, LRT_PIECE_CHEAP), 0,
                          "lrt_requantize");
}

const lrt_op lrt_op_quantize = {prepare, false, 1, false};

typedef struct fake_plan {
  int64_t count;
  float low, high;
  int bits;
  bool narrow;
} fake_plan;

static lrt_status fake_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const fake_plan *plan = step->params;
  const int64_t first = lrt_pieces_at(begin, LRT_PIECE_CHEAP, plan->count);
  const int64_t last = lrt_pieces_at(end, LRT_PIECE_CHEAP, plan->count);
  (void)run;
  lrt_fake_quantize((const float *)step->inputs[0]->data + first, (float *)step->outputs[0]->data + first,
                    (size_t)(last - first), plan->low, plan->high, plan->bits, plan->narrow);
  return LRT_OK;
}

static lrt_status prepare_fake(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, -1};
  const lrt_fake_quant_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_prepare_same_type(p, p->inputs[0], p->outputs[0]));
  if (options == NULL || !(options->min < options->max) || !isfinite(options->min) ||
      !isfinite(options->max) || options->num_bits < 2 || options->num_bits > 16)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "needs a range and 2 to 16 bits");
  LRT_TRY(lrt_prepare_shape(p, 0, &p->inputs[0]->shape));
  fake_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  *plan = (fake_plan){lrt_shape_count(&p->inputs[0]->shape), options->min, options->max, options->num_bits,
                      options->narrow_range != 0};
  return lrt_prepare_step(p, fake_step, plan, lrt_pieces_of(plan->count, LRT_PIECE_CHEAP), 0,
                          "lrt_fake_quantize");
}

const lrt_op lrt_op_fake_quant = {prepare_fake, false, 1, false};
