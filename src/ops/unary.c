/* unary.c: operators that are a function of one number: activations, rounding, roots, exponentials, signs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/elementwise/ew_unary.h"
#include "ops/op.h"
#include "ops/pieces.h"

typedef struct unary_row {
  int32_t code;
  lrt_unary_op op;
  int64_t piece;
} unary_row;

static const unary_row rows[] = {
    {LRT_OP_RELU, LRT_UNARY_RELU, LRT_PIECE_CHEAP},
    {LRT_OP_RELU6, LRT_UNARY_RELU6, LRT_PIECE_CHEAP},
    {LRT_OP_RELU_N1_TO_1, LRT_UNARY_RELU_N1_TO_1, LRT_PIECE_CHEAP},
    {LRT_OP_RELU_0_TO_1, LRT_UNARY_RELU_0_TO_1, LRT_PIECE_CHEAP},
    {LRT_OP_LEAKY_RELU, LRT_UNARY_LEAKY_RELU, LRT_PIECE_CHEAP},
    {LRT_OP_ELU, LRT_UNARY_ELU, LRT_PIECE_COSTLY},
    {LRT_OP_GELU, LRT_UNARY_GELU, LRT_PIECE_COSTLY},
    {LRT_OP_LOGISTIC, LRT_UNARY_LOGISTIC, LRT_PIECE_COSTLY},
    {LRT_OP_TANH, LRT_UNARY_TANH, LRT_PIECE_COSTLY},
    {LRT_OP_HARD_SWISH, LRT_UNARY_HARD_SWISH, LRT_PIECE_CHEAP},
    {LRT_OP_EXP, LRT_UNARY_EXP, LRT_PIECE_COSTLY},
    {LRT_OP_LOG, LRT_UNARY_LOG, LRT_PIECE_COSTLY},
    {LRT_OP_SQRT, LRT_UNARY_SQRT, LRT_PIECE_CHEAP},
    {LRT_OP_RSQRT, LRT_UNARY_RSQRT, LRT_PIECE_CHEAP},
    {LRT_OP_SIN, LRT_UNARY_SIN, LRT_PIECE_COSTLY},
    {LRT_OP_COS, LRT_UNARY_COS, LRT_PIECE_COSTLY},
    {LRT_OP_ABS, LRT_UNARY_ABS, LRT_PIECE_CHEAP},
    {LRT_OP_NEG, LRT_UNARY_NEG, LRT_PIECE_CHEAP},
    {LRT_OP_SQUARE, LRT_UNARY_SQUARE, LRT_PIECE_CHEAP},
    {LRT_OP_FLOOR, LRT_UNARY_FLOOR, LRT_PIECE_CHEAP},
    {LRT_OP_CEIL, LRT_UNARY_CEIL, LRT_PIECE_CHEAP},
    {LRT_OP_ROUND, LRT_UNARY_ROUND, LRT_PIECE_CHEAP},
    {LRT_OP_SIGN, LRT_UNARY_SIGN, LRT_PIECE_CHEAP},
    {LRT_OP_LOGICAL_NOT, LRT_UNARY_LOGICAL_NOT, LRT_PIECE_CHEAP},
};

typedef struct unary_plan {
  lrt_unary_fn fn; /* plain types */
  lrt_unary_params params;
  size_t element;
  int64_t count, piece;
  bool positive_only;             /* quantized roots: a value below the zero point is an error */
  uint8_t table[256];             /* 8-bit quantized types */
  lrt_unary_quant16_state *state; /* int16 quantized */
} unary_plan;

static lrt_status plain_elements(const lrt_step *step, const lrt_step_run *run, int64_t first, int64_t last) {
  const unary_plan *u = step->params;
  (void)run;
  u->fn(&u->params, (const char *)step->inputs[0]->data + (size_t)first * u->element,
        (char *)step->outputs[0]->data + (size_t)first * u->element, (size_t)(last - first));
  return LRT_OK;
}

static lrt_status table_elements(const lrt_step *step, const lrt_step_run *run, int64_t first, int64_t last) {
  const unary_plan *u = step->params;
  const lrt_value *in = step->inputs[0];
  const uint8_t *from = (const uint8_t *)in->data + first;
  if (u->positive_only &&
      lrt_unary_has_below(from, in->type, lrt_value_zero_point(in), (size_t)(last - first)))
    return lrt_fail(run->err, LRT_RUN_FAILED, "the root of a negative value in tensor \"%s\" is not defined",
                    in->name);
  lrt_unary_lut8(u->table, from, (uint8_t *)step->outputs[0]->data + first, (size_t)(last - first));
  return LRT_OK;
}

static lrt_status quant16_elements(const lrt_step *step, const lrt_step_run *run, int64_t first,
                                   int64_t last) {
  const unary_plan *u = step->params;
  (void)run;
  lrt_unary_quant16(u->state, (const int16_t *)step->inputs[0]->data + first,
                    (int16_t *)step->outputs[0]->data + first, (size_t)(last - first));
  return LRT_OK;
}

static lrt_status unary_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const unary_plan *u = step->params;
  return lrt_step_do_elements(step, run, lrt_pieces_at(begin, u->piece, u->count),
                              lrt_pieces_at(end, u->piece, u->count));
}

static const char *kernel_name(lrt_unary_fn fn) {
  size_t count = 0;
  const lrt_unary_variant *variants = lrt_unary_variants(&count);
  for (size_t i = 0; i < count; i++)
    if (variants[i].fn == fn) return variants[i].name;
  return "lrt_unary_half"; /* widened to f32 and back */
}

static lrt_unary_op operation(const lrt_prepare *p, const unary_row *row, lrt_unary_params *params) {
  const void *options = p->node->options;
  params->alpha = 0.0f;
  if (options != NULL && row->op == LRT_UNARY_LEAKY_RELU)
    params->alpha = ((const lrt_leaky_relu_options *)options)->alpha;
  if (options != NULL && row->op == LRT_UNARY_GELU && ((const lrt_gelu_options *)options)->approximate)
    return LRT_UNARY_GELU_TANH;
  return row->op;
}

static lrt_status quantized(lrt_prepare *p, lrt_unary_op op, unary_plan *u, lrt_step_elements_fn *fn,
                            const char **kernel) {
  const lrt_value *in = p->inputs[0], *out = p->outputs[0];
  const bool wide = in->type == LRT_INT16;
  LRT_TRY(lrt_prepare_quantized(p, in));
  LRT_TRY(lrt_prepare_quantized(p, out));
  const lrt_unary_quant q = {lrt_value_scale(in), lrt_value_scale(out), lrt_value_zero_point(in),
                             lrt_value_zero_point(out)};
  if (wide && (q.in_zero != 0 || q.out_zero != 0))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "int16 tensors must have the zero point 0");
  if (wide) {
    u->state = lrt_prepare_params(p, sizeof *u->state);
    if (u->state == NULL) return lrt_prepare_no_memory(p);
  }
  u->positive_only = !wide && (op == LRT_UNARY_SQRT || op == LRT_UNARY_RSQRT);
  *fn = wide ? quant16_elements : table_elements;
  *kernel = wide ? "lrt_unary_quant16" : "lrt_unary_lut8";
  if (wide ? lrt_unary_quant16_make(op, &u->params, &q, u->state)
           : lrt_unary_table8(op, &u->params, &q, in->type, u->table))
    return LRT_OK;
  return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s with a scale (tensor \"%s\") is not supported",
                          lrt_type_name(in->type), in->name);
}

static lrt_status prepare(lrt_prepare *p) {
  const unary_row *row = rows;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  while (row->code != p->node->code) row++;
  const lrt_value *in = p->inputs[0];
  LRT_TRY(lrt_prepare_same_type(p, in, p->outputs[0]));
  LRT_TRY(lrt_prepare_shape(p, 0, &in->shape));
  unary_plan *u = lrt_prepare_params(p, sizeof *u);
  if (u == NULL) return lrt_prepare_no_memory(p);
  const lrt_unary_op op = operation(p, row, &u->params);
  u->count = lrt_shape_count(&in->shape);
  u->piece = row->piece;
  u->element = lrt_type_bits(in->type) / 8;
  u->fn = lrt_unary_pick(op, in->type, p->mode == LRT_OP_REF);
  const bool small = in->type == LRT_INT8 || in->type == LRT_UINT8 || in->type == LRT_INT16;
  lrt_step_elements_fn fn = plain_elements;
  const char *kernel = kernel_name(u->fn);
  /* NEG keeps the stored numbers' own sign change, as its reference does. */
  if (small && op != LRT_UNARY_NEG && (u->fn == NULL || lrt_value_is_quantized(in))) {
    u->piece = LRT_PIECE_CHEAP;
    LRT_TRY(quantized(p, op, u, &fn, &kernel));
  } else if (u->fn == NULL) {
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s of tensor \"%s\" is not supported",
                            lrt_type_name(in->type), in->name);
  }
  LRT_TRY(lrt_prepare_step(p, unary_step, u, lrt_pieces_of(u->count, u->piece), 0, kernel));
  lrt_prepare_elements(p, fn);
  return LRT_OK;
}

const lrt_op lrt_op_unary = {prepare, false, 1, false};
