/* dequantize.c: DEQUANTIZE: quantized and half numbers to f32 or f16, per tensor, per channel or per block. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/half.h"
#include "ops/pieces.h"
#include "ops/quant_axis.h"

typedef struct dequantize_plan {
  lrt_quantize_scale scale;
  int64_t count;
  int64_t row, block;     /* blockwise: elements per row and per scale */
  const uint16_t *scales; /* blockwise: f16 [rows][row / block] */
  const lrt_value *wide;  /* f16 output: the f32 numbers; NULL = they go straight to the output */
} dequantize_plan;

static float *floats_of(const lrt_step *step, const dequantize_plan *plan) {
  return plan->wide != NULL ? plan->wide->data : step->outputs[0]->data;
}

/* Elements [begin, end) from f32 to an f16 output. */
static void narrow(const lrt_step *step, const dequantize_plan *plan, int64_t begin, int64_t end) {
  if (plan->wide == NULL) return;
  lrt_half_from_float_array((const float *)plan->wide->data + begin,
                            (uint16_t *)step->outputs[0]->data + begin, (size_t)(end - begin));
}

static lrt_status dequantize_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const dequantize_plan *plan = step->params;
  const lrt_value *in = step->inputs[0];
  const int64_t first = lrt_pieces_at(begin, LRT_PIECE_CHEAP, plan->count),
                last = lrt_pieces_at(end, LRT_PIECE_CHEAP, plan->count);
  (void)run;
  lrt_dequantize(in->data, in->type, &plan->scale, floats_of(step, plan), first, last);
  narrow(step, plan, first, last);
  return LRT_OK;
}

/* Units are rows. */
static lrt_status blockwise_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const dequantize_plan *plan = step->params;
  const lrt_value *in = step->inputs[0];
  float *out = floats_of(step, plan); /* [rows][row] */
  (void)run;
  for (int64_t r = begin; r < end; r++)
    lrt_dequantize_blockwise(in->data, in->type, r * plan->row, plan->scales + r * (plan->row / plan->block),
                             NULL, plan->block, out + r * plan->row, plan->row);
  narrow(step, plan, begin * plan->row, end * plan->row);
  return LRT_OK;
}

static lrt_status prepare_blockwise(lrt_prepare *p, dequantize_plan *plan) {
  const lrt_value *in = p->inputs[0], *scales = in->block_scales;
  if (in->type != LRT_INT4 && in->type != LRT_INT2 && in->type != LRT_INT8)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "blockwise quantization of %s is not supported",
                            lrt_type_name(in->type));
  if (in->quant->zero_points_tensor >= 0)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "blockwise zero points of tensor \"%s\" are not supported",
                            in->name);
  plan->block = in->quant->block_size;
  plan->row = in->shape.rank > 0 ? in->shape.dims[in->shape.rank - 1] : 0;
  if (scales == NULL || scales->type != LRT_FLOAT16 || !scales->constant || plan->block < 1 ||
      plan->row < 1 || plan->row % plan->block != 0 ||
      lrt_shape_count(&scales->shape) != plan->count / plan->block)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the block scales of tensor \"%s\" do not fit its shape",
                            in->name);
  plan->scales = scales->data;
  return lrt_prepare_step(p, blockwise_step, plan, plan->count / plan->row, 0, "lrt_dequantize_blockwise");
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT16, LRT_BFLOAT16, LRT_FLOAT8_E4M3FN, LRT_FLOAT8_E5M2,
                              LRT_INT8,    LRT_UINT8,    LRT_INT16,         LRT_INT32,
                              LRT_INT4,    LRT_UINT4,    LRT_INT2,          -1};
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  const lrt_value *in = p->inputs[0];
  const bool real = in->type == LRT_FLOAT16 || in->type == LRT_BFLOAT16 || in->type == LRT_FLOAT8_E4M3FN ||
                    in->type == LRT_FLOAT8_E5M2;
  const bool half = p->outputs[0]->type == LRT_FLOAT16 && !real;
  if (p->outputs[0]->type != LRT_FLOAT32 && !half)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "output type %s is not supported",
                            lrt_type_name(p->outputs[0]->type));
  if (in->sparsity != NULL)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "tensor \"%s\" is sparse; DENSIFY must come first", in->name);
  LRT_TRY(lrt_prepare_shape(p, 0, &in->shape));
  dequantize_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  plan->count = lrt_shape_count(&in->shape);
  if (half && (plan->wide = lrt_prepare_temp(p, (size_t)plan->count * sizeof(float))) == NULL)
    return lrt_prepare_no_memory(p);
  if (in->quant->kind == LRT_QUANT_BLOCKWISE) return prepare_blockwise(p, plan);
  if (!real) LRT_TRY(lrt_quant_axis(p, in, &in->shape, &plan->scale));
  return lrt_prepare_step(p, dequantize_step, plan, lrt_pieces_of(plan->count, LRT_PIECE_CHEAP), 0,
                          "lrt_dequantize");
}

const lrt_op lrt_op_dequantize = {prepare, false, 0, false};
