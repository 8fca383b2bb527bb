/* compare.c: comparisons and logical operators: two operands of one type to bool. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/binary.h"
#include "ops/pieces.h"
#include "ops/string_table.h"

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

/* Strings have no kernel: one unit compares them all. */
typedef struct string_plan {
  lrt_broadcast space;
  bool equal;
} string_plan;

static bool same_string(const lrt_strings *a, int64_t i, const lrt_strings *b, int64_t k) {
  int32_t a_length, b_length;
  const char *x = lrt_strings_at(a, i, &a_length), *y = lrt_strings_at(b, k, &b_length);
  return a_length == b_length && memcmp(x, y, (size_t)a_length) == 0;
}

static lrt_status string_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const string_plan *plan = step->params;
  const int last = plan->space.rank - 1;
  uint8_t *out = step->outputs[0]->data;
  lrt_strings a, b;
  (void)begin;
  (void)end;
  LRT_TRY(lrt_strings_of(step->inputs[0], &a, run->err));
  LRT_TRY(lrt_strings_of(step->inputs[1], &b, run->err));
  for (lrt_broadcast_row r = lrt_broadcast_start(0, plan->space.count); lrt_broadcast_next(&plan->space, &r);)
    for (int64_t i = 0; i < r.count; i++)
      out[r.at - r.count + i] = same_string(&a, r.offset[0] + i * plan->space.strides[0][last], &b,
                                            r.offset[1] + i * plan->space.strides[1][last]) == plan->equal;
  return LRT_OK;
}

static lrt_status prepare_strings(lrt_prepare *p, lrt_binary_op op, const lrt_broadcast *space) {
  if (op != LRT_BINARY_EQUAL && op != LRT_BINARY_NOT_EQUAL)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "strings have no order (tensor \"%s\")", p->inputs[0]->name);
  string_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  plan->space = *space;
  plan->equal = op == LRT_BINARY_EQUAL;
  return lrt_prepare_step(p, string_step, plan, space->count > 0 ? 1 : 0, 0, "compare_strings");
}

/* Stored numbers of one scale compare like the real ones; int16 is always compared so, as its reference does. */
static bool needs_scales(const lrt_value *a, const lrt_value *b) {
  return (a->type == LRT_INT8 || a->type == LRT_UINT8) &&
         (lrt_value_is_quantized(a) || lrt_value_is_quantized(b));
}

static lrt_status prepare(lrt_prepare *p) {
  const compare_row *row = rows;
  lrt_binary_plan *plan = NULL;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  while (row->code != p->node->code) row++;
  if (p->outputs[0]->type != LRT_BOOL)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "output tensor \"%s\" is %s, expected bool",
                            p->outputs[0]->name, lrt_type_name(p->outputs[0]->type));
  LRT_TRY(lrt_binary_plan_make(p, LRT_PIECE_CHEAP, &plan));
  const lrt_type type = p->inputs[0]->type;
  if (type == LRT_STRING) return prepare_strings(p, row->op, &plan->space);
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
