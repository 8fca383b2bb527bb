/* reshape.c: RESHAPE, SQUEEZE, EXPAND_DIMS, BITCAST: the same bytes seen through another shape or type. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/movement.h"

/* Wanted dimensions of RESHAPE: the shape tensor, else the option. */
static lrt_status wanted_dims(lrt_prepare *p, int64_t *dims, int *count) {
  const lrt_reshape_options *options = p->node->options;
  if (p->node->input_count > 1 && p->inputs[1] != NULL) {
    if (p->inputs[1]->shape.rank > 1)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the shape must have rank 1, not %d",
                              p->inputs[1]->shape.rank);
    return lrt_prepare_integers(p, 1, dims, LRT_MAX_RANK, count);
  }
  if (options == NULL || options->new_shape.count > LRT_MAX_RANK)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has no usable shape");
  *count = (int)options->new_shape.count;
  for (int i = 0; i < *count; i++) dims[i] = options->new_shape.data[i];
  /* Old converters wrote [0] for a scalar. */
  if (*count == 1 && dims[0] == 0 && lrt_shape_count(&p->inputs[0]->shape) == 1) *count = 0;
  return LRT_OK;
}

static lrt_status reshaped(lrt_prepare *p, const int64_t *dims, int count, lrt_shape *shape) {
  const int64_t elements = lrt_shape_count(&p->inputs[0]->shape);
  int64_t known = 1;
  int stretch = -1;
  shape->rank = count;
  for (int i = 0; i < count; i++) {
    if (dims[i] < -1 || dims[i] > INT32_MAX || (dims[i] == -1 && stretch >= 0))
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "dimension %d of the shape is %lld", i,
                              (long long)dims[i]);
    shape->dims[i] = (int32_t)dims[i];
    if (dims[i] == -1)
      stretch = i;
    else if (dims[i] > 0 && known > INT64_MAX / dims[i])
      known = INT64_MAX;
    else
      known *= dims[i];
  }
  if (stretch >= 0) {
    const int64_t rest = known > 0 ? elements / known : 0;
    shape->dims[stretch] = rest > INT32_MAX ? -1 : (int32_t)rest;
    known = rest > 0 && known > INT64_MAX / rest ? INT64_MAX : known * rest;
  }
  if (known == elements) return LRT_OK;
  char from[100], to[100];
  return lrt_prepare_fail(p, LRT_INVALID_MODEL, "%s cannot take the shape %s",
                          lrt_shape_text(&p->inputs[0]->shape, from, sizeof from),
                          lrt_shape_text(shape, to, sizeof to));
}

static lrt_status finish(lrt_prepare *p, const lrt_shape *shape) {
  LRT_TRY(lrt_prepare_shape(p, 0, shape));
  return lrt_prepare_copy(p, 0, 0);
}

static lrt_status prepare_reshape(lrt_prepare *p) {
  int64_t dims[LRT_MAX_RANK];
  lrt_shape shape;
  int count;
  LRT_TRY(lrt_prepare_arity(p, 1, 2, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(wanted_dims(p, dims, &count));
  LRT_TRY(reshaped(p, dims, count, &shape));
  return finish(p, &shape);
}

const lrt_op lrt_op_reshape = {prepare_reshape, true, 0, false};

static lrt_status prepare_squeeze(lrt_prepare *p) {
  const lrt_squeeze_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  const lrt_shape *in = &p->inputs[0]->shape;
  const uint32_t count = options != NULL ? options->squeeze_dims.count : 0;
  bool gone[LRT_MAX_RANK] = {false};
  for (uint32_t i = 0; i < count; i++) {
    int32_t axis;
    if (!lrt_shape_axis(options->squeeze_dims.data[i], in->rank, &axis) || in->dims[axis] != 1)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "dimension %d cannot be removed",
                              options->squeeze_dims.data[i]);
    gone[axis] = true;
  }
  for (int i = 0; i < in->rank && count == 0; i++) gone[i] = in->dims[i] == 1;
  const lrt_shape shape = lrt_shape_reduce(in, gone, false);
  return finish(p, &shape);
}

const lrt_op lrt_op_squeeze = {prepare_squeeze, true, 0, false};

static lrt_status prepare_expand_dims(lrt_prepare *p) {
  int32_t axis;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  lrt_shape shape = p->inputs[0]->shape;
  if (shape.rank == LRT_MAX_RANK)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "the result would have more than %d dimensions",
                            LRT_MAX_RANK);
  LRT_TRY(lrt_moved_axis(p, 1, shape.rank + 1, &axis));
  for (int i = shape.rank; i > axis; i--) shape.dims[i] = shape.dims[i - 1];
  shape.dims[axis] = 1;
  shape.rank++;
  return finish(p, &shape);
}

const lrt_op lrt_op_expand_dims = {prepare_expand_dims, true, 0, false};

/* A narrower type adds a last dimension, a wider one takes the last dimension away. */
static lrt_status prepare_bitcast(lrt_prepare *p) {
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  const unsigned in = lrt_type_bits(p->inputs[0]->type);
  const unsigned out = p->outputs[0] != NULL ? lrt_type_bits(p->outputs[0]->type) : in;
  lrt_shape shape = p->inputs[0]->shape;
  if (in == 0 || out == 0)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s cannot be reinterpreted",
                            lrt_type_name(in == 0 ? p->inputs[0]->type : p->outputs[0]->type));
  if (in > out) {
    if (shape.rank == LRT_MAX_RANK)
      return lrt_prepare_fail(p, LRT_UNSUPPORTED, "the result would have more than %d dimensions",
                              LRT_MAX_RANK);
    shape.dims[shape.rank++] = (int32_t)(in / out);
  } else if (in < out) {
    if (shape.rank == 0 || (unsigned)shape.dims[shape.rank - 1] != out / in)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the last dimension must be %u", out / in);
    shape.rank--;
  }
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  if (p->outputs[0] != NULL && p->outputs[0]->bytes != p->inputs[0]->bytes)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input and output differ in size");
  return lrt_prepare_copy(p, 0, 0);
}

const lrt_op lrt_op_bitcast = {prepare_bitcast, true, 0, false};
