/* add_n.c: ADD_N: the sum of any number of tensors of one shape. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/elementwise/ew_binary.h"
#include "ops/op.h"
#include "ops/pieces.h"

typedef struct add_n_plan {
  lrt_binary_fn fn;
  lrt_binary_params params;
  size_t element;
  int64_t count;
  int32_t terms;
} add_n_plan;

/* Each unit adds all terms of its own elements, so sums never meet another worker's. */
static lrt_status add_n_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const add_n_plan *plan = step->params;
  const size_t first = (size_t)lrt_pieces_at(begin, LRT_PIECE_CHEAP, plan->count);
  const size_t n = (size_t)lrt_pieces_at(end, LRT_PIECE_CHEAP, plan->count) - first,
               at = first * plan->element;
  char *out = (char *)step->outputs[0]->data + at;
  (void)run;
  const char *sum = (const char *)step->inputs[0]->data + at;
  for (int32_t i = 1; i < plan->terms; i++) {
    plan->fn(&plan->params, sum, (const char *)step->inputs[i]->data + at, out, n, 1, 1);
    sum = out;
  }
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_INT32, LRT_INT64, LRT_FLOAT64, LRT_FLOAT16, LRT_BFLOAT16, -1};
  const int32_t terms = p->node->input_count;
  LRT_TRY(lrt_prepare_arity(p, terms > 1 ? terms : 1, -1, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  const lrt_value *first = p->inputs[0];
  for (int32_t i = 1; i < terms; i++) {
    LRT_TRY(lrt_prepare_same_type(p, first, p->inputs[i]));
    if (!lrt_shape_equal(&first->shape, &p->inputs[i]->shape))
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "inputs 0 and %d have different shapes", i);
  }
  LRT_TRY(lrt_prepare_same_type(p, first, p->outputs[0]));
  LRT_TRY(lrt_prepare_shape(p, 0, &first->shape));
  if (terms == 1) return lrt_prepare_copy(p, 0, 0);
  add_n_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  plan->fn = lrt_binary_pick(LRT_BINARY_ADD, first->type, false, p->mode == LRT_OP_REF);
  plan->params = lrt_binary_params_plain(first->type);
  plan->element = lrt_type_bits(first->type) / 8;
  plan->count = lrt_shape_count(&first->shape);
  plan->terms = terms;
  return lrt_prepare_step(p, add_n_step, plan, lrt_pieces_of(plan->count, LRT_PIECE_CHEAP), 0,
                          "lrt_binary_add");
}

/* Not in place: an operand may occur twice, and the first sum would overwrite its second occurrence. */
const lrt_op lrt_op_add_n = {prepare, false, 0, false};
