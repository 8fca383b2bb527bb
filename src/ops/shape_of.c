/* shape_of.c: SHAPE, RANK, BROADCAST_ARGS: shapes as tensors; results known while planning. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/movement.h"

static void store(void *to, lrt_type type, int i, int64_t number) {
  if (type == LRT_INT64)
    ((int64_t *)to)[i] = number;
  else
    ((int32_t *)to)[i] = (int32_t)number;
}

/* A vector (rank 1) or scalar (rank 0) of integers as output 0. */
static lrt_status give(lrt_prepare *p, const int32_t *numbers, int count, int rank) {
  const lrt_shape shape = {rank, {count}};
  const lrt_type type = p->outputs[0]->type;
  if (type != LRT_INT32 && type != LRT_INT64)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "an output of type %s is not supported", lrt_type_name(type));
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  void *to = lrt_prepare_contents(p, 0);
  if (to == NULL) return lrt_prepare_no_memory(p);
  for (int i = 0; i < count; i++) store(to, type, i, numbers[i]);
  return LRT_OK;
}

static lrt_status needs_output(lrt_prepare *p) {
  return p->outputs[0] != NULL ? LRT_OK
                               : lrt_prepare_fail(p, LRT_INVALID_MODEL, "output 0 must not be left out");
}

static lrt_status prepare_shape_of(lrt_prepare *p) {
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(needs_output(p));
  return give(p, p->inputs[0]->shape.dims, p->inputs[0]->shape.rank, 1);
}

const lrt_op lrt_op_shape_of = {prepare_shape_of, false, 0, false};

static lrt_status prepare_rank(lrt_prepare *p) {
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(needs_output(p));
  return give(p, &p->inputs[0]->shape.rank, 1, 0);
}

const lrt_op lrt_op_rank = {prepare_rank, false, 0, false};

static lrt_status read_shape(lrt_prepare *p, int input, lrt_shape *out) {
  int64_t dims[LRT_MAX_RANK];
  int count;
  LRT_TRY(lrt_moved_rank(p, input, 1));
  LRT_TRY(lrt_prepare_integers(p, input, dims, LRT_MAX_RANK, &count));
  out->rank = count;
  for (int i = 0; i < count; i++) {
    if (dims[i] < 0 || dims[i] > INT32_MAX)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input %d has the dimension %lld", input,
                              (long long)dims[i]);
    out->dims[i] = (int32_t)dims[i];
  }
  return LRT_OK;
}

static lrt_status prepare_broadcast_args(lrt_prepare *p) {
  lrt_shape a, b, out;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(needs_output(p));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_moved_same_type(p, 1, 0));
  LRT_TRY(read_shape(p, 0, &a));
  LRT_TRY(read_shape(p, 1, &b));
  if (!lrt_shape_broadcast(&a, &b, &out))
    return lrt_prepare_fail(p, p->running ? LRT_RUN_FAILED : LRT_INVALID_MODEL,
                            "the shapes do not fit together");
  return give(p, out.dims, out.rank, 1);
}

const lrt_op lrt_op_broadcast_args = {prepare_broadcast_args, false, 0, false};
