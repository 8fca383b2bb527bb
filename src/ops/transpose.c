/* transpose.c: TRANSPOSE. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/movement.h"

static lrt_status read_permutation(lrt_prepare *p, int32_t *perm) {
  int64_t wanted[LRT_MAX_RANK];
  bool used[LRT_MAX_RANK] = {false};
  const int32_t rank = p->inputs[0]->shape.rank;
  int count;
  LRT_TRY(lrt_prepare_integers(p, 1, wanted, LRT_MAX_RANK, &count));
  if (count != rank)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the permutation has %d entries, the input rank %d", count,
                            rank);
  for (int i = 0; i < rank; i++) {
    const int64_t axis = wanted[i];
    if (axis < -rank || axis >= rank || !lrt_shape_axis((int32_t)axis, rank, &perm[i]) || used[perm[i]])
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the permutation has the wrong entry %lld",
                              (long long)axis);
    used[perm[i]] = true;
  }
  return LRT_OK;
}

/* Dimensions larger than 1 follow each other as before: the bytes stay where they are. */
static bool keeps_order(const lrt_shape *in, const int32_t *perm) {
  int32_t last = -1;
  for (int i = 0; i < in->rank; i++) {
    if (in->dims[perm[i]] == 1) continue;
    if (perm[i] < last) return false;
    last = perm[i];
  }
  return true;
}

static lrt_status prepare(lrt_prepare *p) {
  int32_t perm[LRT_MAX_RANK];
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(read_permutation(p, perm));
  const lrt_shape *in = &p->inputs[0]->shape;
  lrt_shape shape = *in;
  for (int i = 0; i < in->rank; i++) shape.dims[i] = in->dims[perm[i]];
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  p->identity = keeps_order(in, perm);
  lrt_move move;
  lrt_move_transpose(&move, in, perm, lrt_moved_size(p->inputs[0]->type));
  return lrt_moved_whole(p, &move, p->inputs[0], p->outputs[0]);
}

const lrt_op lrt_op_transpose = {prepare, false, 0, false};
