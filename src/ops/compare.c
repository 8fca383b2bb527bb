/* compare.c: comparisons and logical operators: two operands of one type to bool. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/binary.h"
#include "ops/pieces.h"

typedef struct compare_row {
  int32_t code;
  lrt_binary_op op;
} compare_row;

static const compare_row rows[] = {
    {LRT_OP_EQUAL, LRT_BINARY_EQUAL},
    {LRT_OP_NOT_EQUAL, LRT_BINARY_NOT_EQUAL},
    {LRT_OP_LESS, LRT_BINARY_LESS},
    {LRT_OP_LESS_EQUAL, LRT_BINARY_LESS_EQUAL},
    {LRT_OP_GREATER, LRT_BINARY_GREATER},
    {LRT_OP_GREATER_EQUAL, LRT_BINARY_GREATER_EQUAL},
    {LRT_OP_LOGICAL_AND, LRT_BINARY_LOGICAL_AND},
    {LRT_OP_LOGICAL_OR, LRT_BINARY_LOGICAL_OR},
};

/* Stored numbers of one scale compare like the real ones; int16 is always compared so, as its reference does. */
static bool needs_scales(const lrt_value *a, const lrt_value *b) {
  return (a->type == LRT_INT8 || a->type == LRT_UINT8) && (lrt_value_is_quantized(a) || lrt_value_is_quantized(b));
}

static lrt_status prepare(lrt_prepare *p) {
  const compare_row *row = rows;
  lrt_binary_plan *plan = NULL;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  while (row->code != p->node->code) row++;
  if (p->outputs[0]->type != LRT_BOOL)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "output tensor \"%s\" is %s, expected bool", p->outputs[0]->name,
                            lrt_type_name(p->outputs[0]->type));
  LRT_TRY(lrt_binary_plan_make(p, LRT_PIECE_CHEAP, &plan));
  const lrt_type type = p->inputs[0]->type;
  const bool scaled = needs_scales(p->inputs[0], p->inputs[1]);
  if (scaled) {
    lrt_binary_quant q = {.out_scale = 1.0f, .low = 0, .high = 1};
    LRT_TRY(lrt_binary_plan_scales(p, &q));
    plan->params = lrt_binary_quant_compare(&q);
  }
  plan->fn = lrt_binary_pick(row->op, type, scaled, p->mode == LRT_OP_REF);
  return lrt_binary_plan_emit(p, plan);
}

const lrt_op lrt_op_compare = {prepare, false, 3, false};
