/* cumsum.c: CUMSUM. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/reduce/reduce.h"
#include "ops/movement.h"

typedef struct cumsum_params {
  int64_t axis, inner;
  bool exclusive, reverse;
} cumsum_params;

static lrt_status cumsum_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const cumsum_params *params = step->params;
  const lrt_value *in = step->inputs[0];
  (void)run;
  lrt_cumsum(in->data, step->outputs[0]->data, in->type, params->axis, params->inner, params->exclusive,
             params->reverse, begin, end);
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_INT32, LRT_INT64, -1};
  const lrt_cumsum_options *options = p->node->options;
  int32_t axis;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  const lrt_shape *in = &p->inputs[0]->shape;
  LRT_TRY(lrt_moved_axis(p, 1, in->rank, &axis));
  LRT_TRY(lrt_prepare_shape(p, 0, in));
  cumsum_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  *params = (cumsum_params){in->dims[axis], 1, options != NULL && options->exclusive != 0,
                            options != NULL && options->reverse != 0};
  for (int i = axis + 1; i < in->rank; i++) params->inner *= in->dims[i];
  const int64_t count = lrt_shape_count(in);
  return lrt_prepare_step(p, cumsum_step, params, count > 0 ? count / in->dims[axis] : 0, 0, "cumsum");
}

const lrt_op lrt_op_cumsum = {prepare, false, 0, false};
