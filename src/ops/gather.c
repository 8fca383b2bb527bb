/* gather.c: GATHER and GATHER_ND: slices picked by an index tensor, checked while the model runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/movement.h"

static const int index_types[] = {LRT_INT16, LRT_INT32, LRT_INT64, -1};

typedef struct gather_params {
  lrt_gather gather;          /* GATHER */
  int32_t dims[LRT_MAX_RANK]; /* GATHER_ND: the leading dimensions */
  int32_t depth;
  int64_t count;
  size_t slice;
  const lrt_value *in;
  lrt_value *out;
} gather_params;

static lrt_status gather_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const gather_params *params = step->params;
  const lrt_value *indices = step->inputs[1];
  (void)begin;
  (void)end;
  return lrt_gather_run(&params->gather, params->in->data, indices->data, indices->type, params->out->data,
                        run->err);
}

static int64_t product(const lrt_shape *shape, int from, int to) {
  int64_t count = 1;
  for (int i = from; i < to; i++) count *= shape->dims[i];
  return count;
}

/* Axis and number of batch dimensions, checked against both shapes. */
static lrt_status gather_axes(lrt_prepare *p, int32_t *axis, int32_t *batch_dims) {
  const lrt_gather_options *options = p->node->options;
  const lrt_shape *in = &p->inputs[0]->shape, *indices = &p->inputs[1]->shape;
  const int32_t wanted = options != NULL ? options->batch_dims : 0;
  if (!lrt_shape_axis(options != NULL ? options->axis : 0, in->rank, axis))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the axis does not exist in a tensor of rank %d", in->rank);
  *batch_dims = wanted < 0 ? wanted + indices->rank : wanted;
  if (wanted < -indices->rank || *batch_dims > indices->rank || *batch_dims > *axis)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "%d batch dimensions are not possible", wanted);
  for (int i = 0; i < *batch_dims; i++)
    if (in->dims[i] != indices->dims[i])
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "batch dimension %d differs between input and indices",
                              i);
  return LRT_OK;
}

static lrt_status gathered_shape(lrt_prepare *p, int32_t axis, int32_t batch_dims) {
  const lrt_shape *in = &p->inputs[0]->shape, *indices = &p->inputs[1]->shape;
  lrt_shape shape = {0, {0}};
  if (in->rank + indices->rank - 1 - batch_dims > LRT_MAX_RANK)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "the result would have more than %d dimensions",
                            LRT_MAX_RANK);
  for (int i = 0; i < axis; i++) shape.dims[shape.rank++] = in->dims[i];
  for (int i = batch_dims; i < indices->rank; i++) shape.dims[shape.rank++] = indices->dims[i];
  for (int i = axis + 1; i < in->rank; i++) shape.dims[shape.rank++] = in->dims[i];
  return lrt_prepare_shape(p, 0, &shape);
}

/* Emits one step between unpacking and packing. */
static lrt_status emit(lrt_prepare *p, gather_params *params, lrt_step_fn fn, const char *kernel) {
  lrt_moved in, out;
  LRT_TRY(lrt_moved_in(p, p->inputs[0], &in));
  LRT_TRY(lrt_moved_out(p, p->outputs[0], &out));
  params->in = in.value;
  params->out = out.value;
  const int64_t units = lrt_shape_count(&p->outputs[0]->shape) > 0 ? 1 : 0;
  LRT_TRY(lrt_prepare_step(p, fn, params, units, 0, kernel));
  return lrt_moved_done(p, &out, p->inputs[0], p->outputs[0]);
}

static lrt_status prepare_gather(lrt_prepare *p) {
  int32_t axis = 0, batch_dims = 0;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_prepare_types(p, 1, index_types));
  LRT_TRY(gather_axes(p, &axis, &batch_dims));
  LRT_TRY(gathered_shape(p, axis, batch_dims));
  gather_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  const lrt_shape *in = &p->inputs[0]->shape, *indices = &p->inputs[1]->shape;
  params->gather = (lrt_gather){product(in, 0, batch_dims), product(in, batch_dims, axis), in->dims[axis],
                                product(indices, batch_dims, indices->rank),
                                (size_t)product(in, axis + 1, in->rank) * lrt_moved_size(p->inputs[0]->type)};
  return emit(p, params, gather_step, "gather");
}

const lrt_op lrt_op_gather = {prepare_gather, false, 0, false};

static lrt_status gather_nd_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const gather_params *params = step->params;
  const lrt_value *indices = step->inputs[1];
  (void)begin;
  (void)end;
  return lrt_gather_nd_run(params->in->data, params->dims, params->depth, indices->data, indices->type,
                           params->count, params->slice, params->out->data, run->err);
}

static lrt_status prepare_gather_nd(lrt_prepare *p) {
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_prepare_types(p, 1, index_types));
  const lrt_shape *in = &p->inputs[0]->shape, *indices = &p->inputs[1]->shape;
  gather_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  params->depth = indices->rank > 0 ? indices->dims[indices->rank - 1] : -1;
  if (params->depth < 0 || params->depth > in->rank)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the indices do not fit a tensor of rank %d", in->rank);
  lrt_shape shape = {indices->rank - 1, {0}};
  if (shape.rank + in->rank - params->depth > LRT_MAX_RANK)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "the result would have more than %d dimensions",
                            LRT_MAX_RANK);
  for (int i = 0; i < shape.rank; i++) shape.dims[i] = indices->dims[i];
  for (int i = params->depth; i < in->rank; i++) shape.dims[shape.rank++] = in->dims[i];
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  for (int i = 0; i < params->depth; i++) params->dims[i] = in->dims[i];
  params->count = product(indices, 0, indices->rank - 1);
  params->slice = (size_t)product(in, params->depth, in->rank) * lrt_moved_size(p->inputs[0]->type);
  return emit(p, params, gather_nd_step, "gather_nd");
}

const lrt_op lrt_op_gather_nd = {prepare_gather_nd, false, 0, false};
