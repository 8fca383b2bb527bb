/* arithmetic.c: ADD, SUB, MUL, DIV and other operators that join two numbers of one type to a third of it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/binary.h"
#include "ops/fused_activation.h"
#include "ops/pieces.h"

/* How int8, uint8 and int16 operands with scales are computed. */
typedef enum rescaling {
  RESCALED,       /* through multipliers */
  STORED,         /* on the stored numbers: scales are the same by construction, or do not matter */
  NO_QUANTIZATION /* not defined */
} rescaling;

typedef struct arithmetic_row {
  int32_t code;
  lrt_binary_op op;
  rescaling quantized;
  int64_t piece;
} arithmetic_row;

static const arithmetic_row rows[] = {
    {LRT_OP_ADD, LRT_BINARY_ADD, RESCALED, LRT_PIECE_CHEAP},
    {LRT_OP_SUB, LRT_BINARY_SUB, RESCALED, LRT_PIECE_CHEAP},
    {LRT_OP_MUL, LRT_BINARY_MUL, RESCALED, LRT_PIECE_CHEAP},
    {LRT_OP_DIV, LRT_BINARY_DIV, RESCALED, LRT_PIECE_CHEAP},
    {LRT_OP_SQUARED_DIFFERENCE, LRT_BINARY_SQUARED_DIFFERENCE, RESCALED, LRT_PIECE_CHEAP},
    {LRT_OP_PRELU, LRT_BINARY_PRELU, RESCALED, LRT_PIECE_CHEAP},
    {LRT_OP_MAXIMUM, LRT_BINARY_MAX, STORED, LRT_PIECE_CHEAP},
    {LRT_OP_MINIMUM, LRT_BINARY_MIN, STORED, LRT_PIECE_CHEAP},
    {LRT_OP_POW, LRT_BINARY_POW, NO_QUANTIZATION, LRT_PIECE_COSTLY},
    {LRT_OP_FLOOR_DIV, LRT_BINARY_FLOOR_DIV, NO_QUANTIZATION, LRT_PIECE_CHEAP},
    {LRT_OP_FLOOR_MOD, LRT_BINARY_FLOOR_MOD, NO_QUANTIZATION, LRT_PIECE_CHEAP},
    {LRT_OP_ATAN2, LRT_BINARY_ATAN2, NO_QUANTIZATION, LRT_PIECE_COSTLY},
    {LRT_OP_BITWISE_XOR, LRT_BINARY_BIT_XOR, STORED, LRT_PIECE_CHEAP},
    {LRT_OP_RIGHT_SHIFT, LRT_BINARY_SHIFT_RIGHT, STORED, LRT_PIECE_CHEAP},
};

static int activation_of(const lrt_node *node) {
  if (node->options == NULL) return LRT_ACT_NONE;
  switch (node->code) {
  case LRT_OP_ADD: return ((const lrt_add_options *)node->options)->activation;
  case LRT_OP_SUB: return ((const lrt_sub_options *)node->options)->activation;
  case LRT_OP_MUL: return ((const lrt_mul_options *)node->options)->activation;
  case LRT_OP_DIV: return ((const lrt_div_options *)node->options)->activation;
  default: return LRT_ACT_NONE;
  }
}

static bool pot_int16(const lrt_node *node) {
  if (node->options == NULL) return true;
  return node->code == LRT_OP_ADD ? ((const lrt_add_options *)node->options)->pot_scale_int16 != 0
                                  : ((const lrt_sub_options *)node->options)->pot_scale_int16 != 0;
}

static bool is_small_integer(lrt_type type) {
  return type == LRT_INT8 || type == LRT_UINT8 || type == LRT_INT16;
}

static lrt_status quantized_params(lrt_prepare *p, lrt_binary_op op, lrt_binary_params *params) {
  const lrt_value *out = p->outputs[0];
  lrt_binary_quant q;
  LRT_TRY(lrt_binary_plan_scales(p, &q));
  LRT_TRY(lrt_prepare_quantized(p, out));
  q.out_scale = lrt_value_scale(out);
  q.out_zero = lrt_value_zero_point(out);
  if (out->type == LRT_INT16 && q.out_zero != 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "int16 tensors must have the zero point 0");
  LRT_TRY(lrt_fused_activation_quantized(p, activation_of(p->node), out, &q.low, &q.high));
  switch (op) {
  case LRT_BINARY_ADD:
  case LRT_BINARY_SUB:
    *params = lrt_binary_quant_add(&q, out->type, pot_int16(p->node), op == LRT_BINARY_SUB);
    break;
  case LRT_BINARY_MUL: *params = lrt_binary_quant_mul(&q); break;
  case LRT_BINARY_DIV: *params = lrt_binary_quant_div(&q); break;
  case LRT_BINARY_PRELU: *params = lrt_binary_quant_prelu(&q); break;
  default: *params = lrt_binary_quant_squared_difference(&q); break;
  }
  return LRT_OK;
}

static lrt_status plain_params(lrt_prepare *p, lrt_binary_params *params) {
  float low, high;
  LRT_TRY(lrt_fused_activation(p, activation_of(p->node), &low, &high));
  params->low = low;
  params->high = high;
  if (low > -INFINITY && params->int_low < (int64_t)low) params->int_low = (int64_t)low;
  if (high < INFINITY) params->int_high = (int64_t)high;
  return LRT_OK;
}

/* Integer division fails where the divisor is zero, POW where the exponent is negative. */
typedef struct operand_check {
  bool negative;
  int32_t zero;
} operand_check;

static lrt_status check_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const operand_check *check = step->params;
  const lrt_value *b = step->inputs[1];
  const size_t count = (size_t)lrt_shape_count(&b->shape);
  (void)begin;
  (void)end;
  if (check->negative && lrt_binary_has_negative(b->data, count))
    return lrt_fail(run->err, LRT_RUN_FAILED, "an integer exponent in tensor \"%s\" is negative", b->name);
  if (!check->negative && lrt_binary_has_zero(b->data, b->type, check->zero, count))
    return lrt_fail(run->err, LRT_RUN_FAILED, "a divisor in tensor \"%s\" is zero", b->name);
  return LRT_OK;
}

static lrt_status emit_check(lrt_prepare *p, lrt_binary_op op, bool quantized) {
  const lrt_value *b = p->inputs[1];
  const bool divides = op == LRT_BINARY_DIV || op == LRT_BINARY_FLOOR_DIV || op == LRT_BINARY_FLOOR_MOD;
  const bool power = op == LRT_BINARY_POW && b->type == LRT_INT32;
  const bool real =
      b->type == LRT_FLOAT32 || b->type == LRT_FLOAT64 || b->type == LRT_FLOAT16 || b->type == LRT_BFLOAT16;
  if (!power && (!divides || real)) return LRT_OK;
  operand_check *check = lrt_prepare_params(p, sizeof *check);
  if (check == NULL) return lrt_prepare_no_memory(p);
  check->negative = power;
  check->zero = quantized ? lrt_value_zero_point(b) : 0;
  return lrt_prepare_step(p, check_step, check, 1, 0, "check_divisor");
}

static lrt_status prepare(lrt_prepare *p) {
  const arithmetic_row *row = rows;
  lrt_binary_plan *plan = NULL;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  while (row->code != p->node->code) row++;
  lrt_value *out = p->outputs[0];
  /* Old quantizers leave intermediate results declared as float32: there the operands decide. */
  if (out->type == LRT_FLOAT32 && is_small_integer(p->inputs[0]->type) && lrt_value_is_quantized(out))
    out->type = p->inputs[0]->type;
  LRT_TRY(lrt_prepare_same_type(p, p->inputs[0], out));
  LRT_TRY(lrt_binary_plan_make(p, row->piece, &plan));
  /* int16 without scales counts as plain numbers; int8 and uint8 need scales where they are rescaled. */
  const bool scaled = row->quantized == RESCALED && is_small_integer(out->type) &&
                      (out->type != LRT_INT16 || lrt_value_is_quantized(out));
  if (scaled)
    LRT_TRY(quantized_params(p, row->op, &plan->params));
  else
    LRT_TRY(plain_params(p, &plan->params));
  plan->fn = lrt_binary_pick(row->op, out->type, scaled, p->mode == LRT_OP_REF);
  LRT_TRY(emit_check(p, row->op, scaled));
  return lrt_binary_plan_emit(p, plan);
}

const lrt_op lrt_op_arithmetic = {prepare, false, 3, false};
