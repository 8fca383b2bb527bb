/* cast.c: CAST: numbers of one type to another; scales are not looked at. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/elementwise/ew_unary.h"
#include "ops/op.h"
#include "ops/pieces.h"

typedef struct cast_plan {
  int64_t count;
} cast_plan;

static lrt_status cast_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const cast_plan *plan = step->params;
  const lrt_value *in = step->inputs[0], *out = step->outputs[0];
  const size_t first = (size_t)lrt_pieces_at(begin, LRT_PIECE_CHEAP, plan->count);
  const size_t last = (size_t)lrt_pieces_at(end, LRT_PIECE_CHEAP, plan->count);
  (void)run;
  /* Units begin on a byte, so that all types can be given by address. */
  lrt_cast((const char *)in->data + first * lrt_type_bits(in->type) / 8, in->type, 0,
           (char *)out->data + first * lrt_type_bits(out->type) / 8, out->type, 0, last - first);
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  const lrt_value *in = p->inputs[0], *out = p->outputs[0];
  uint64_t nothing[2] = {0, 0};
  if (!lrt_cast(nothing, in->type, 0, nothing, out->type, 0, 0))
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "tensor \"%s\" cannot be cast from %s to %s", in->name,
                            lrt_type_name(in->type), lrt_type_name(out->type));
  LRT_TRY(lrt_prepare_shape(p, 0, &in->shape));
  p->identity = in->type == out->type;
  if (p->identity) return lrt_prepare_copy(p, 0, 0);
  cast_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  plan->count = lrt_shape_count(&in->shape);
  return lrt_prepare_step(p, cast_step, plan, lrt_pieces_of(plan->count, LRT_PIECE_CHEAP), 0, "lrt_cast");
}

const lrt_op lrt_op_cast = {prepare, false, 0, false};
