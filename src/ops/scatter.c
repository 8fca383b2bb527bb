/* scatter.c: SCATTER_ND, SPARSE_TO_DENSE, DILATE: elements spread over a filled tensor. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/movement.h"

static const int index_types[] = {LRT_INT32, LRT_INT64, -1};

typedef struct scatter_params {
  int64_t count, slice;
  int32_t depth;
  int32_t dims[LRT_MAX_RANK];
} scatter_params;

static lrt_status read_shape(lrt_prepare *p, int input, lrt_shape *shape) {
  int64_t dims[LRT_MAX_RANK];
  LRT_TRY(lrt_prepare_integers(p, input, dims, LRT_MAX_RANK, &shape->rank));
  for (int i = 0; i < shape->rank; i++) {
    if (dims[i] < 0 || dims[i] > INT32_MAX)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the shape has the dimension %lld", (long long)dims[i]);
    shape->dims[i] = (int32_t)dims[i];
  }
  return lrt_prepare_shape(p, 0, shape);
}

static lrt_status scatter_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const scatter_params *params = step->params;
  const lrt_value *indices = step->inputs[0], *updates = step->inputs[1];
  lrt_value *out = step->outputs[0];
  (void)begin;
  (void)end;
  if (out->bytes > 0) memset(out->data, 0, out->bytes);
  return lrt_scatter_nd_run(indices->data, indices->type, params->count, params->depth, params->dims,
                            updates->data, updates->type, params->slice, out->data, run->err);
}

/* The updates are one slice of the result for each index. */
static lrt_status check_scatter(lrt_prepare *p, const lrt_shape *shape, scatter_params *params) {
  const lrt_shape *indices = &p->inputs[0]->shape, *updates = &p->inputs[1]->shape;
  params->depth = indices->rank > 0 ? indices->dims[indices->rank - 1] : 0;
  bool fits = indices->rank > 0 && params->depth <= shape->rank &&
              updates->rank == indices->rank - 1 + shape->rank - params->depth;
  params->count = params->slice = 1;
  for (int i = 0; fits && i < indices->rank - 1; i++) {
    fits = updates->dims[i] == indices->dims[i];
    params->count *= indices->dims[i];
  }
  for (int i = params->depth, k = indices->rank - 1; fits && i < shape->rank; i++, k++) {
    fits = updates->dims[k] == shape->dims[i];
    params->slice *= shape->dims[i];
  }
  for (int i = 0; fits && i < params->depth; i++) params->dims[i] = shape->dims[i];
  if (fits) return LRT_OK;
  return lrt_prepare_fail(p, LRT_INVALID_MODEL, "indices, updates and shape do not fit together");
}

static lrt_status prepare_scatter_nd(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_INT8,  LRT_UINT8,  LRT_INT16,   LRT_UINT16, LRT_INT32,
                              LRT_UINT32,  LRT_INT64, LRT_UINT64, LRT_FLOAT64, LRT_BOOL,   -1};
  lrt_shape shape;
  LRT_TRY(lrt_prepare_arity(p, 3, 3, 1));
  LRT_TRY(lrt_prepare_types(p, 0, index_types));
  LRT_TRY(lrt_prepare_types(p, 1, types));
  LRT_TRY(lrt_moved_same_type(p, 1, 0));
  LRT_TRY(read_shape(p, 2, &shape));
  scatter_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(check_scatter(p, &shape, params));
  if (lrt_shape_count(&p->inputs[1]->shape) == 0) params->count = 0;
  return lrt_prepare_step(p, scatter_step, params, 1, 0, "scatter_nd");
}

const lrt_op lrt_op_scatter_nd = {prepare_scatter_nd, false, 0, false};

/* ---- SPARSE_TO_DENSE ---- */

static lrt_status sparse_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const scatter_params *params = step->params;
  const lrt_value *indices = step->inputs[0], *values = step->inputs[2];
  lrt_value *out = step->outputs[0];
  const size_t size = lrt_moved_size(out->type);
  const bool single = lrt_shape_count(&values->shape) == 1;
  (void)begin;
  (void)end;
  lrt_move_fill(out->data, step->inputs[3]->data, size, (size_t)lrt_shape_count(&out->shape));
  for (int64_t i = 0; i < params->count; i++) {
    int64_t at = 0;
    for (int d = 0; d < params->depth; d++) {
      const int64_t k = i * params->depth + d;
      const int64_t index = indices->type == LRT_INT64 ? ((const int64_t *)indices->data)[k]
                                                       : ((const int32_t *)indices->data)[k];
      if (index < 0 || index >= params->dims[d])
        return lrt_fail(run->err, LRT_RUN_FAILED,
                        "SPARSE_TO_DENSE: index %lld is outside dimension %d of size %d", (long long)index, d,
                        params->dims[d]);
      at = at * params->dims[d] + index;
    }
    memcpy((char *)out->data + (size_t)at * size,
           (const char *)values->data + (single ? 0 : (size_t)i * size), size);
  }
  return LRT_OK;
}

static lrt_status check_sparse(lrt_prepare *p, const lrt_shape *shape, scatter_params *params) {
  const lrt_shape *indices = &p->inputs[0]->shape, *values = &p->inputs[2]->shape;
  params->count = indices->rank == 0 ? 1 : indices->dims[0];
  params->depth = indices->rank == 2 ? indices->dims[1] : 1;
  for (int i = 0; i < shape->rank; i++) params->dims[i] = shape->dims[i];
  const int64_t given = lrt_shape_count(values);
  if (indices->rank > 2 || params->depth != shape->rank || values->rank > 1 ||
      (given != 1 && given != params->count) || lrt_shape_count(&p->inputs[3]->shape) != 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "indices, shape and values do not fit together");
  return LRT_OK;
}

static lrt_status prepare_sparse_to_dense(lrt_prepare *p) {
  lrt_shape shape;
  LRT_TRY(lrt_prepare_arity(p, 4, 4, 1));
  LRT_TRY(lrt_prepare_types(p, 0, index_types));
  LRT_TRY(lrt_moved_same_type(p, 2, 0));
  LRT_TRY(lrt_moved_same_type(p, 3, 0));
  if (lrt_type_bits(p->inputs[2]->type) < 8)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s of input 2 (tensor \"%s\") is not supported",
                            lrt_type_name(p->inputs[2]->type), p->inputs[2]->name);
  LRT_TRY(read_shape(p, 1, &shape));
  scatter_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(check_sparse(p, &shape, params));
  return lrt_prepare_step(p, sparse_step, params, 1, 0, "sparse_to_dense");
}

const lrt_op lrt_op_sparse_to_dense = {prepare_sparse_to_dense, false, 0, false};

/* ---- DILATE ---- */

static void dilated_move(lrt_move *move, const lrt_shape *in, const lrt_shape *out, const int64_t *factors,
                         size_t size) {
  int64_t in_stride = 1, out_stride = 1;
  memset(move, 0, sizeof *move);
  move->rank = in->rank;
  move->size = size;
  for (int i = in->rank - 1; i >= 0; i--) {
    move->dims[i] = in->dims[i];
    move->in_strides[i] = in_stride;
    move->out_strides[i] = out_stride * (in->dims[i] > 1 ? factors[i] : 1);
    in_stride *= in->dims[i];
    out_stride *= out->dims[i];
  }
  lrt_move_finish(move);
}

static lrt_status prepare_dilate(lrt_prepare *p) {
  int64_t factors[LRT_MAX_RANK];
  lrt_moved in, fill, out;
  lrt_move move;
  int count;
  LRT_TRY(lrt_prepare_arity(p, 3, 3, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_moved_same_type(p, 2, 0));
  LRT_TRY(lrt_prepare_integers(p, 1, factors, LRT_MAX_RANK, &count));
  lrt_shape shape = p->inputs[0]->shape;
  if (count != shape.rank || lrt_shape_count(&p->inputs[2]->shape) != 1 || p->inputs[0]->type == LRT_STRING)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                            "needs one factor for each dimension and one number to fill with");
  for (int i = 0; i < shape.rank; i++) {
    if (factors[i] < 1 || factors[i] > INT32_MAX ||
        (shape.dims[i] > 0 && (shape.dims[i] - 1) * factors[i] >= INT32_MAX))
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "a factor of %lld is not possible",
                              (long long)factors[i]);
    if (shape.dims[i] > 0) shape.dims[i] = (int32_t)((shape.dims[i] - 1) * factors[i] + 1);
  }
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  LRT_TRY(lrt_moved_in(p, p->inputs[0], &in));
  LRT_TRY(lrt_moved_in(p, p->inputs[2], &fill));
  LRT_TRY(lrt_moved_out(p, p->outputs[0], &out));
  LRT_TRY(lrt_moved_fill(p, &out, NULL, fill.value));
  dilated_move(&move, &p->inputs[0]->shape, &shape, factors, in.size);
  LRT_TRY(lrt_moved_copy(p, &move, &in, &out));
  return lrt_moved_done(p, &out, NULL, p->outputs[0]);
}

const lrt_op lrt_op_dilate = {prepare_dilate, false, 0, false};
