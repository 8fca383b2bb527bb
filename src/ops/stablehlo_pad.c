/* stablehlo_pad.c: STABLEHLO_PAD: padding at both ends and between elements; negative padding cuts away. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/movement.h"

/* One dimension: input elements first, first + 1, … land `step` apart, beginning at `at`. */
typedef struct placement {
  int64_t first, count, at, step, out;
} placement;

static lrt_status place(lrt_prepare *p, int axis, int64_t low, int64_t high, int64_t interior,
                        placement *out) {
  const int64_t size = p->inputs[0]->shape.dims[axis];
  const int64_t limit = INT32_MAX;
  if (interior < 0 || interior > limit || low < -limit || low > limit || high < -limit || high > limit)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the padding of dimension %d is not possible", axis);
  const int64_t step = interior + 1, spread = size > 0 ? (size - 1) * step + 1 : 0,
                total = low + spread + high;
  if (total > limit)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "dimension %d of the result is too large", axis);
  *out = (placement){0, 0, low, step, total > 0 ? total : 0};
  if (low < 0) { /* elements before the result's begin are cut away */
    out->first = (-low + step - 1) / step;
    out->at = low + out->first * step;
  }
  if (out->first < size && out->at < out->out) {
    const int64_t room = (out->out - out->at + step - 1) / step;
    out->count = size - out->first < room ? size - out->first : room;
  }
  return LRT_OK;
}

static void build_move(lrt_move *move, const lrt_shape *in, const placement *places, size_t size) {
  int64_t in_stride = 1, out_stride = 1;
  memset(move, 0, sizeof *move);
  move->rank = in->rank;
  move->size = size;
  for (int i = in->rank - 1; i >= 0; i--) {
    move->dims[i] = places[i].count;
    move->in_strides[i] = in_stride;
    move->out_strides[i] = places[i].count > 1 ? out_stride * places[i].step : out_stride;
    if (places[i].count > 0) {
      move->in_offset += places[i].first * in_stride;
      move->out_offset += places[i].at * out_stride;
    }
    in_stride *= in->dims[i];
    out_stride *= places[i].out;
  }
  lrt_move_finish(move);
}

static lrt_status prepare(lrt_prepare *p) {
  const lrt_stablehlo_pad_options *options = p->node->options;
  placement places[LRT_MAX_RANK];
  lrt_moved in, fill, out;
  lrt_move move;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_moved_same_type(p, 1, 0));
  lrt_shape shape = p->inputs[0]->shape;
  const uint32_t rank = (uint32_t)shape.rank;
  if (options == NULL || options->edge_padding_low.count != rank ||
      options->edge_padding_high.count != rank || options->interior_padding.count != rank ||
      lrt_shape_count(&p->inputs[1]->shape) != 1 || p->inputs[0]->type == LRT_STRING)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "needs padding for each of %u dimensions and one value",
                            rank);
  for (int i = 0; i < shape.rank; i++) {
    LRT_TRY(place(p, i, options->edge_padding_low.data[i], options->edge_padding_high.data[i],
                  options->interior_padding.data[i], &places[i]));
    shape.dims[i] = (int32_t)places[i].out;
  }
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  LRT_TRY(lrt_moved_in(p, p->inputs[0], &in));
  LRT_TRY(lrt_moved_in(p, p->inputs[1], &fill));
  LRT_TRY(lrt_moved_out(p, p->outputs[0], &out));
  LRT_TRY(lrt_moved_fill(p, &out, NULL, fill.value));
  build_move(&move, &p->inputs[0]->shape, places, in.size);
  LRT_TRY(lrt_moved_copy(p, &move, &in, &out));
  return lrt_moved_done(p, &out, NULL, p->outputs[0]);
}

const lrt_op lrt_op_stablehlo_pad = {prepare, false, 0, false};
