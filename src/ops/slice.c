/* slice.c: SLICE. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/movement.h"

/* Size -1 reaches to the end. */
static lrt_status read_window(lrt_prepare *p, int32_t *begin, lrt_shape *shape) {
  int64_t first[LRT_MAX_RANK], size[LRT_MAX_RANK];
  int firsts, sizes;
  const lrt_shape *in = &p->inputs[0]->shape;
  LRT_TRY(lrt_prepare_integers(p, 1, first, LRT_MAX_RANK, &firsts));
  LRT_TRY(lrt_prepare_integers(p, 2, size, LRT_MAX_RANK, &sizes));
  if (firsts != in->rank || sizes != in->rank)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "begin and size need one entry for each of %d dimensions",
                            in->rank);
  *shape = *in;
  for (int i = 0; i < in->rank; i++) {
    const int64_t wanted = size[i] == -1 ? in->dims[i] - first[i] : size[i];
    if (first[i] < 0 || first[i] > in->dims[i] || wanted < 0 || wanted > in->dims[i] - first[i])
      return lrt_prepare_fail(p, p->running ? LRT_RUN_FAILED : LRT_INVALID_MODEL,
                              "begin %lld and size %lld leave dimension %d of size %d", (long long)first[i],
                              (long long)size[i], i, in->dims[i]);
    begin[i] = (int32_t)first[i];
    shape->dims[i] = (int32_t)wanted;
  }
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  int32_t begin[LRT_MAX_RANK];
  lrt_shape shape;
  lrt_move move;
  LRT_TRY(lrt_prepare_arity(p, 3, 3, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(read_window(p, begin, &shape));
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  p->identity = lrt_shape_equal(&shape, &p->inputs[0]->shape);
  lrt_move_slice(&move, &p->inputs[0]->shape, begin, NULL, &shape, lrt_moved_size(p->inputs[0]->type));
  return lrt_moved_whole(p, &move, p->inputs[0], p->outputs[0]);
}

const lrt_op lrt_op_slice = {prepare, false, 0, false};
