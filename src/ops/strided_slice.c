/* strided_slice.c: STRIDED_SLICE with all its masks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/movement.h"

#define SPEC_MAX (2 * LRT_MAX_RANK) /* an index expression may also add dimensions */

/* The expression x[begin:end:stride, …, newaxis, …] as read from the operands. */
typedef struct spec {
  int count;
  int64_t begin[SPEC_MAX], end[SPEC_MAX], stride[SPEC_MAX];
  uint32_t begin_mask, end_mask, ellipsis, new_axis, shrink;
  bool offset; /* end counts from begin */
} spec;

/* The slice per input dimension, and the result's shape. */
typedef struct window {
  int32_t begin[LRT_MAX_RANK], stride[LRT_MAX_RANK];
  lrt_shape taken; /* rank of the input */
  lrt_shape shape; /* of the result */
  int axis;        /* next input dimension */
} window;

static lrt_status read_spec(lrt_prepare *p, spec *s) {
  const lrt_strided_slice_options *options = p->node->options;
  int ends, strides;
  if (options == NULL) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "lacks its options");
  LRT_TRY(lrt_prepare_integers(p, 1, s->begin, SPEC_MAX, &s->count));
  LRT_TRY(lrt_prepare_integers(p, 2, s->end, SPEC_MAX, &ends));
  LRT_TRY(lrt_prepare_integers(p, 3, s->stride, SPEC_MAX, &strides));
  if (ends != s->count || strides != s->count)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "begin, end and strides differ in length");
  s->begin_mask = (uint32_t)options->begin_mask;
  s->end_mask = (uint32_t)options->end_mask;
  s->ellipsis = (uint32_t)options->ellipsis_mask;
  s->new_axis = (uint32_t)options->new_axis_mask & ~s->ellipsis;
  s->shrink = (uint32_t)options->shrink_axis_mask;
  s->offset = options->offset != 0;
  if ((s->ellipsis & (s->ellipsis - 1)) != 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has more than one ellipsis");
  return LRT_OK;
}

static int64_t clamped(int64_t x, int64_t low, int64_t high) {
  return x < low ? low : x > high ? high : x;
}

static lrt_status add_dimension(lrt_prepare *p, lrt_shape *shape, int64_t size) {
  if (shape->rank == LRT_MAX_RANK)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "the result would have more than %d dimensions",
                            LRT_MAX_RANK);
  shape->dims[shape->rank++] = (int32_t)size;
  return LRT_OK;
}

static lrt_status take_all(lrt_prepare *p, window *w) {
  const int32_t size = p->inputs[0]->shape.dims[w->axis];
  w->begin[w->axis] = 0;
  w->stride[w->axis] = 1;
  w->taken.dims[w->axis++] = size;
  return add_dimension(p, &w->shape, size);
}

/* One entry begin:end:stride of the expression on the next input dimension. */
static lrt_status take_entry(lrt_prepare *p, const spec *s, int i, window *w) {
  const uint32_t bit = 1u << i;
  const int64_t size = p->inputs[0]->shape.dims[w->axis], stride = s->stride[i];
  const bool shrink = (s->shrink & bit) != 0;
  if (stride == 0 || stride < -INT32_MAX || stride > INT32_MAX || (shrink && stride < 0))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "stride %lld of entry %d is not possible",
                            (long long)stride, i);
  const int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? size : size - 1;
  int64_t begin = stride > 0 ? 0 : size - 1, end = stride > 0 ? size : -1;
  if ((s->begin_mask & bit) == 0)
    begin = clamped(s->begin[i] < 0 ? s->begin[i] + size : s->begin[i], low, high);
  if (shrink) {
    const int64_t at = (s->begin_mask & bit) != 0 ? 0 : s->begin[i] < 0 ? s->begin[i] + size : s->begin[i];
    if (at < 0 || at >= size)
      return lrt_prepare_fail(p, p->running ? LRT_RUN_FAILED : LRT_INVALID_MODEL,
                              "index %lld is outside dimension %d of size %lld", (long long)s->begin[i],
                              w->axis, (long long)size);
    begin = at;
    end = at + 1;
  } else if ((s->end_mask & bit) == 0) {
    const int64_t wanted = s->end[i];
    if (s->offset)
      end = clamped(begin + clamped(wanted, -size - 1, size + 1), low, high);
    else
      end = clamped(wanted < 0 ? wanted + size : wanted, low, high);
  }
  const int64_t span = stride > 0 ? end - begin : begin - end, step = stride > 0 ? stride : -stride;
  const int64_t count = span <= 0 ? 0 : (span + step - 1) / step;
  w->begin[w->axis] = (int32_t)(count > 0 ? begin : 0);
  w->stride[w->axis] = (int32_t)stride;
  w->taken.dims[w->axis++] = (int32_t)count;
  return shrink ? LRT_OK : add_dimension(p, &w->shape, count);
}

/* Input dimensions that entries after the ellipsis will take. */
static int taken_after(const spec *s, int i) {
  int count = 0;
  for (int k = i + 1; k < s->count; k++) count += (s->new_axis & (1u << k)) == 0;
  return count;
}

static lrt_status find_window(lrt_prepare *p, const spec *s, window *w) {
  const int32_t rank = p->inputs[0]->shape.rank;
  w->taken.rank = rank;
  for (int i = 0; i < s->count; i++) {
    if ((s->ellipsis & (1u << i)) != 0) {
      while (w->axis < rank - taken_after(s, i)) LRT_TRY(take_all(p, w));
    } else if ((s->new_axis & (1u << i)) != 0) {
      LRT_TRY(add_dimension(p, &w->shape, 1));
    } else if (w->axis >= rank) {
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has %d entries for a tensor of rank %d", s->count, rank);
    } else {
      LRT_TRY(take_entry(p, s, i, w));
    }
  }
  while (w->axis < rank) LRT_TRY(take_all(p, w));
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  spec s = {0};
  window w = {.axis = 0};
  lrt_move move;
  LRT_TRY(lrt_prepare_arity(p, 4, 4, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(read_spec(p, &s));
  LRT_TRY(find_window(p, &s, &w));
  LRT_TRY(lrt_prepare_shape(p, 0, &w.shape));
  lrt_move_slice(&move, &p->inputs[0]->shape, w.begin, w.stride, &w.taken,
                 lrt_moved_size(p->inputs[0]->type));
  return lrt_moved_whole(p, &move, p->inputs[0], p->outputs[0]);
}

const lrt_op lrt_op_strided_slice = {prepare, false, 0, false};
