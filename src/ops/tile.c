/* tile.c: TILE and BROADCAST_TO: one tensor repeated. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/movement.h"

static lrt_status prepare_tile(lrt_prepare *p) {
  int64_t wanted[LRT_MAX_RANK];
  int32_t multiples[LRT_MAX_RANK];
  lrt_move move;
  int count;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_prepare_integers(p, 1, wanted, LRT_MAX_RANK, &count));
  lrt_shape shape = p->inputs[0]->shape;
  if (count != shape.rank)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has %d multiples for a tensor of rank %d", count,
                            shape.rank);
  for (int i = 0; i < count; i++) {
    if (wanted[i] < 0 || wanted[i] > INT32_MAX || wanted[i] * shape.dims[i] > INT32_MAX)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "dimension %d cannot be repeated %lld times", i,
                              (long long)wanted[i]);
    multiples[i] = (int32_t)wanted[i];
    shape.dims[i] *= multiples[i];
  }
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  lrt_move_tile(&move, &p->inputs[0]->shape, multiples, lrt_moved_size(p->inputs[0]->type));
  return lrt_moved_whole(p, &move, p->inputs[0], p->outputs[0]);
}

const lrt_op lrt_op_tile = {prepare_tile, false, 0, false};

static lrt_status prepare_broadcast_to(lrt_prepare *p) {
  int64_t wanted[LRT_MAX_RANK];
  lrt_shape shape, both;
  lrt_move move;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_prepare_integers(p, 1, wanted, LRT_MAX_RANK, &shape.rank));
  for (int i = 0; i < shape.rank; i++) {
    if (wanted[i] < 0 || wanted[i] > INT32_MAX)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the shape has the dimension %lld", (long long)wanted[i]);
    shape.dims[i] = (int32_t)wanted[i];
  }
  const lrt_shape *in = &p->inputs[0]->shape;
  if (!lrt_shape_broadcast(in, &shape, &both) || !lrt_shape_equal(&both, &shape))
    return lrt_prepare_fail(p, p->running ? LRT_RUN_FAILED : LRT_INVALID_MODEL,
                            "the input cannot be broadcast to the shape");
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  lrt_move_broadcast(&move, in, &shape, lrt_moved_size(p->inputs[0]->type));
  return lrt_moved_whole(p, &move, p->inputs[0], p->outputs[0]);
}

const lrt_op lrt_op_broadcast_to = {prepare_broadcast_to, false, 0, false};
