/* split.c: SPLIT, SPLIT_V, UNPACK: one tensor cut into several along one axis. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/movement.h"

/* Output i is sizes[i] wide along the axis; `drop` removes the axis (width 1). */
static lrt_status cut(lrt_prepare *p, int input, int32_t axis, const int32_t *sizes, bool drop) {
  const int32_t count = p->node->output_count;
  const lrt_shape *whole = &p->inputs[input]->shape;
  lrt_moved_part *parts = lrt_prepare_params(p, (size_t)count * sizeof *parts);
  lrt_moved *outs = lrt_prepare_params(p, (size_t)count * sizeof *outs);
  int32_t begin[LRT_MAX_RANK] = {0};
  bool dropped[LRT_MAX_RANK] = {false};
  lrt_moved in;
  if (parts == NULL || outs == NULL) return lrt_prepare_no_memory(p);
  dropped[axis] = drop;
  LRT_TRY(lrt_moved_in(p, p->inputs[input], &in));
  for (int32_t i = 0; i < count; i++) {
    LRT_TRY(lrt_moved_same_type(p, input, i));
    lrt_shape piece = *whole;
    piece.dims[axis] = sizes != NULL ? sizes[i] : 1;
    const lrt_shape shape = lrt_shape_reduce(&piece, dropped, false);
    LRT_TRY(lrt_prepare_shape(p, i, &shape));
    LRT_TRY(lrt_moved_out(p, p->outputs[i], &outs[i]));
    lrt_move_slice(&parts[i].move, whole, begin, NULL, &piece, in.size);
    parts[i].in = in.value;
    parts[i].out = outs[i].value;
    begin[axis] += piece.dims[axis];
  }
  LRT_TRY(lrt_moved_parts(p, parts, count));
  for (int32_t i = 0; i < count; i++) LRT_TRY(lrt_moved_done(p, &outs[i], p->inputs[input], p->outputs[i]));
  return LRT_OK;
}

static lrt_status check(lrt_prepare *p, int inputs, int32_t pieces) {
  LRT_TRY(lrt_prepare_arity(p, inputs, inputs, p->node->output_count));
  if (p->node->output_count < 1 || pieces != p->node->output_count)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has %d outputs, but its options say %d",
                            p->node->output_count, pieces);
  return LRT_OK;
}

static int32_t *new_sizes(lrt_prepare *p) {
  return lrt_prepare_params(p, (size_t)p->node->output_count * sizeof(int32_t));
}

static lrt_status prepare_split(lrt_prepare *p) {
  const lrt_split_options *options = p->node->options;
  int32_t axis;
  LRT_TRY(check(p, 2, options != NULL ? options->num_splits : 0));
  LRT_TRY(lrt_moved_axis(p, 0, p->inputs[1]->shape.rank, &axis));
  const int32_t count = p->node->output_count, size = p->inputs[1]->shape.dims[axis];
  if (size % count != 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "%d entries cannot be cut into %d equal pieces", size,
                            count);
  int32_t *sizes = new_sizes(p);
  if (sizes == NULL) return lrt_prepare_no_memory(p);
  for (int32_t i = 0; i < count; i++) sizes[i] = size / count;
  return cut(p, 1, axis, sizes, false);
}

const lrt_op lrt_op_split = {prepare_split, false, 0, false};

/* One of the sizes may be -1: what is left. */
static lrt_status prepare_split_v(lrt_prepare *p) {
  const lrt_split_v_options *options = p->node->options;
  int32_t axis, open = -1;
  int count;
  LRT_TRY(check(p, 3, options != NULL ? options->num_splits : 0));
  LRT_TRY(lrt_moved_axis(p, 2, p->inputs[0]->shape.rank, &axis));
  const int32_t pieces = p->node->output_count;
  int64_t *wanted = lrt_prepare_params(p, (size_t)pieces * sizeof *wanted),
          left = p->inputs[0]->shape.dims[axis];
  int32_t *sizes = new_sizes(p);
  if (wanted == NULL || sizes == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(lrt_prepare_integers(p, 1, wanted, pieces, &count));
  if (count != pieces)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has %d sizes for %d outputs", count, pieces);
  for (int32_t i = 0; i < pieces; i++) {
    if (wanted[i] == -1 && open < 0) {
      open = i;
      continue;
    }
    if (wanted[i] < 0 || wanted[i] > left)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "size %lld of output %d does not fit",
                              (long long)wanted[i], i);
    sizes[i] = (int32_t)wanted[i];
    left -= wanted[i];
  }
  if (open >= 0)
    sizes[open] = (int32_t)left;
  else if (left != 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the sizes leave %lld entries", (long long)left);
  return cut(p, 0, axis, sizes, false);
}

const lrt_op lrt_op_split_v = {prepare_split_v, false, 0, false};

static lrt_status prepare_unpack(lrt_prepare *p) {
  const lrt_unpack_options *options = p->node->options;
  int32_t axis;
  LRT_TRY(check(p, 1, options != NULL ? options->num : 0));
  const lrt_shape *in = &p->inputs[0]->shape;
  if (!lrt_shape_axis(options->axis, in->rank, &axis) || in->dims[axis] != options->num)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "axis %d does not exist or is not %d long", options->axis,
                            options->num);
  return cut(p, 0, axis, NULL, true);
}

const lrt_op lrt_op_unpack = {prepare_unpack, false, 0, false};
