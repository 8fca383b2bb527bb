/* matrix_diag.c: MATRIX_DIAG and MATRIX_SET_DIAG. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/movement.h"

/* The diagonals of `matrices` matrices [rows][columns]. */
static void diagonal_move(lrt_move *move, int64_t matrices, int64_t rows, int64_t columns, size_t size) {
  const int64_t n = rows < columns ? rows : columns;
  memset(move, 0, sizeof *move);
  move->rank = 2;
  move->size = size;
  move->dims[0] = matrices;
  move->dims[1] = n;
  move->in_strides[0] = n;
  move->in_strides[1] = 1;
  move->out_strides[0] = rows * columns;
  move->out_strides[1] = columns + 1;
  lrt_move_finish(move);
}

static lrt_status check(lrt_prepare *p, int inputs) {
  LRT_TRY(lrt_prepare_arity(p, inputs, inputs, 1));
  for (int i = 0; i < inputs; i++) LRT_TRY(lrt_moved_same_type(p, i, 0));
  if (p->inputs[0]->type == LRT_STRING)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type string of input 0 (tensor \"%s\") is not supported",
                            p->inputs[0]->name);
  return LRT_OK;
}

static int64_t matrices_of(const lrt_shape *shape, int inner) {
  int64_t count = 1;
  for (int i = 0; i < shape->rank - inner; i++) count *= shape->dims[i];
  return count;
}

static lrt_status prepare_diag(lrt_prepare *p) {
  static const uint8_t zero[16] = {0};
  lrt_moved diagonal, out;
  lrt_move move;
  LRT_TRY(check(p, 1));
  lrt_shape shape = p->inputs[0]->shape;
  if (shape.rank < 1 || shape.rank == LRT_MAX_RANK)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "an input of rank %d has no diagonals", shape.rank);
  shape.dims[shape.rank] = shape.dims[shape.rank - 1];
  shape.rank++;
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  LRT_TRY(lrt_moved_in(p, p->inputs[0], &diagonal));
  LRT_TRY(lrt_moved_out(p, p->outputs[0], &out));
  LRT_TRY(lrt_moved_fill(p, &out, zero, NULL));
  const int64_t n = shape.dims[shape.rank - 1];
  diagonal_move(&move, matrices_of(&shape, 2), n, n, out.size);
  LRT_TRY(lrt_moved_copy(p, &move, &diagonal, &out));
  return lrt_moved_done(p, &out, NULL, p->outputs[0]);
}

const lrt_op lrt_op_matrix_diag = {prepare_diag, false, 0, false};

static lrt_status check_diagonal(lrt_prepare *p) {
  const lrt_shape *in = &p->inputs[0]->shape, *diagonal = &p->inputs[1]->shape;
  if (in->rank < 2)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "an input of rank %d has no diagonals", in->rank);
  lrt_shape expected = *in;
  expected.rank--;
  if (in->dims[in->rank - 1] < in->dims[in->rank - 2]) expected.dims[in->rank - 2] = in->dims[in->rank - 1];
  if (!lrt_shape_equal(&expected, diagonal))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the diagonal does not fit the input");
  return LRT_OK;
}

static lrt_status prepare_set_diag(lrt_prepare *p) {
  static const int32_t origin[LRT_MAX_RANK] = {0};
  lrt_moved in, diagonal, out;
  lrt_move whole, move;
  LRT_TRY(check(p, 2));
  LRT_TRY(check_diagonal(p));
  const lrt_shape *shape = &p->inputs[0]->shape;
  LRT_TRY(lrt_prepare_shape(p, 0, shape));
  LRT_TRY(lrt_moved_in(p, p->inputs[0], &in));
  LRT_TRY(lrt_moved_in(p, p->inputs[1], &diagonal));
  LRT_TRY(lrt_moved_out(p, p->outputs[0], &out));
  lrt_move_into(&whole, shape, shape, origin, in.size);
  LRT_TRY(lrt_moved_copy(p, &whole, &in, &out));
  diagonal_move(&move, matrices_of(shape, 2), shape->dims[shape->rank - 2], shape->dims[shape->rank - 1],
                in.size);
  LRT_TRY(lrt_moved_copy(p, &move, &diagonal, &out));
  return lrt_moved_done(p, &out, NULL, p->outputs[0]);
}

const lrt_op lrt_op_matrix_set_diag = {prepare_set_diag, false, 0, false};
