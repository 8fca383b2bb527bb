/* reverse.c: REVERSE_V2 and REVERSE_SEQUENCE. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/movement.h"

static lrt_status prepare_reverse(lrt_prepare *p) {
  int64_t axes[LRT_MAX_RANK];
  int32_t begin[LRT_MAX_RANK] = {0}, stride[LRT_MAX_RANK];
  lrt_move move;
  int count;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_prepare_integers(p, 1, axes, LRT_MAX_RANK, &count));
  const lrt_shape *in = &p->inputs[0]->shape;
  for (int i = 0; i < in->rank; i++) stride[i] = 1;
  for (int i = 0; i < count; i++) {
    int32_t axis;
    if (axes[i] < INT32_MIN || axes[i] > INT32_MAX || !lrt_shape_axis((int32_t)axes[i], in->rank, &axis) ||
        stride[axis] < 0)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "axis %lld does not exist or is named twice",
                              (long long)axes[i]);
    stride[axis] = -1;
    begin[axis] = in->dims[axis] > 0 ? in->dims[axis] - 1 : 0;
  }
  LRT_TRY(lrt_prepare_shape(p, 0, in));
  lrt_move_slice(&move, in, begin, stride, in, lrt_moved_size(p->inputs[0]->type));
  return lrt_moved_whole(p, &move, p->inputs[0], p->outputs[0]);
}

const lrt_op lrt_op_reverse = {prepare_reverse, false, 0, false};

static lrt_status sequence_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lrt_value *lengths = step->inputs[1];
  (void)begin;
  (void)end;
  return lrt_reverse_sequence_run(step->params, step->inputs[0]->data, lengths->data, lengths->type,
                                  step->outputs[0]->data, run->err);
}

static int64_t product(const lrt_shape *shape, int from, int to) {
  int64_t count = 1;
  for (int i = from; i < to; i++) count *= shape->dims[i];
  return count;
}

static lrt_status prepare_reverse_sequence(lrt_prepare *p) {
  static const int lengths[] = {LRT_INT32, LRT_INT64, -1};
  const lrt_reverse_sequence_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_prepare_types(p, 1, lengths));
  LRT_TRY(lrt_moved_rank(p, 1, 1));
  const lrt_shape *in = &p->inputs[0]->shape;
  const int32_t seq = options != NULL ? options->seq_dim : -1,
                batch = options != NULL ? options->batch_dim : -1;
  if (lrt_type_bits(p->inputs[0]->type) < 8)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s of input 0 is not supported",
                            lrt_type_name(p->inputs[0]->type));
  if (seq < 0 || seq >= in->rank || batch < 0 || batch >= in->rank || seq == batch ||
      p->inputs[1]->shape.dims[0] != in->dims[batch])
    return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                            "sequence dimension %d and batch dimension %d do not fit the input", seq, batch);
  LRT_TRY(lrt_prepare_shape(p, 0, in));
  lrt_reverse_sequence *r = lrt_prepare_params(p, sizeof *r);
  if (r == NULL) return lrt_prepare_no_memory(p);
  const int low = seq < batch ? seq : batch, high = seq < batch ? batch : seq;
  *r = (lrt_reverse_sequence){product(in, 0, low),
                              in->dims[batch],
                              product(in, low + 1, high),
                              in->dims[seq],
                              (size_t)product(in, high + 1, in->rank) * lrt_moved_size(p->inputs[0]->type),
                              seq < batch};
  return lrt_prepare_step(p, sequence_step, r, lrt_shape_count(in) > 0 ? 1 : 0, 0, "reverse_sequence");
}

const lrt_op lrt_op_reverse_sequence = {prepare_reverse_sequence, false, 0, false};
