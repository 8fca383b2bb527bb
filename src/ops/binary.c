/* binary.c: the common part of operators on two broadcast operands. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/binary.h"

#include "ops/pieces.h"

static lrt_status binary_elements(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lrt_binary_plan *b = step->params;
  (void)run;
  lrt_binary_run(&b->space, b->fn, &b->params, step->inputs[0]->data, b->in_size, step->inputs[1]->data,
                 b->in_size, step->outputs[0]->data, b->out_size, begin, end);
  return LRT_OK;
}

static lrt_status binary_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lrt_binary_plan *b = step->params;
  const int64_t count = b->space.count;
  return lrt_step_do_elements(step, run, lrt_pieces_at(begin, b->piece, count),
                              lrt_pieces_at(end, b->piece, count));
}

static const char *kernel_name(lrt_binary_fn fn) {
  size_t count = 0;
  const lrt_binary_variant *variants = lrt_binary_variants(&count);
  for (size_t i = 0; i < count; i++)
    if (variants[i].fn == fn) return variants[i].name;
  return "lrt_binary_half"; /* widened to f32 and back */
}

lrt_status lrt_binary_plan_make(lrt_prepare *p, int64_t piece, lrt_binary_plan **out) {
  const lrt_value *a = p->inputs[0], *b = p->inputs[1];
  const lrt_shape *shapes[2] = {&a->shape, &b->shape};
  char text[2][100];
  lrt_shape shape;
  *out = NULL;
  LRT_TRY(lrt_prepare_same_type(p, a, b));
  if (!lrt_shape_broadcast(&a->shape, &b->shape, &shape))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "shapes %s and %s do not broadcast",
                            lrt_shape_text(&a->shape, text[0], sizeof text[0]),
                            lrt_shape_text(&b->shape, text[1], sizeof text[1]));
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  lrt_binary_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  /* Strides of an empty space are not needed and might not be computable. */
  if (lrt_shape_count(&shape) > 0) LRT_TRY(lrt_broadcast_make(shapes, 2, &plan->space, p->err));
  plan->params = lrt_binary_params_plain(a->type);
  plan->in_size = lrt_type_bits(a->type) / 8;
  plan->out_size = lrt_type_bits(p->outputs[0]->type) / 8;
  plan->piece = piece;
  *out = plan;
  return LRT_OK;
}

lrt_status lrt_binary_plan_emit(lrt_prepare *p, lrt_binary_plan *plan) {
  if (plan->fn == NULL)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s of tensor \"%s\" is not supported",
                            lrt_type_name(p->inputs[0]->type), p->inputs[0]->name);
  LRT_TRY(lrt_prepare_step(p, binary_step, plan, lrt_pieces_of(plan->space.count, plan->piece), 0,
                           kernel_name(plan->fn)));
  lrt_prepare_elements(p, binary_elements);
  return LRT_OK;
}

lrt_status lrt_binary_plan_scales(lrt_prepare *p, lrt_binary_quant *q) {
  const lrt_value *a = p->inputs[0], *b = p->inputs[1];
  LRT_TRY(lrt_prepare_quantized(p, a));
  LRT_TRY(lrt_prepare_quantized(p, b));
  q->a_scale = lrt_value_scale(a);
  q->a_zero = lrt_value_zero_point(a);
  q->b_scale = lrt_value_scale(b);
  q->b_zero = lrt_value_zero_point(b);
  if (a->type == LRT_INT16 && (q->a_zero != 0 || q->b_zero != 0))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "int16 tensors must have the zero point 0");
  return LRT_OK;
}
